/*
 * elimination_document: a knock-out as one JSON document, "squall.knockout/1",
 * which every other form renders (report/writer.h).
 */
#ifndef SQUALL_RUN_ELIMINATION_DOCUMENT_H
#define SQUALL_RUN_ELIMINATION_DOCUMENT_H

#include "compare/knockout_gate.h"
#include "run/elimination.h"

#include <cjson/cJSON.h>
#include <stdint.h>

struct elimination_info {
    int64_t started_unix_ms;
    int argc;
    const char *const *argv; /* authenticating values are masked here */
    const char *libcurl;
    const char *target; /* NULL: the embedded target, anew for each run */
    const cJSON *const *profiles; /* of the variants, without what is common */
    size_t gate_count;
    const struct knockout_gate *gates;
};

/* How it ended, as an exit status: 0, 1 a gate does not hold, 3 too many
 * rounds were void, 130 stopped. */
int elimination_status(const struct elimination *elimination,
                       const struct elimination_info *info);

/* Its member "suggestion.profile" is a profile of its own, or null where the
 * knock-out did not end. Owned by the caller: cJSON_Delete. */
cJSON *elimination_document(const struct elimination *elimination,
                            const struct elimination_options *options,
                            const struct elimination_info *info);

#endif
