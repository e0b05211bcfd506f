/*
 * tip_document: what was found of tipping points, as one JSON document,
 * "squall.tip/1", which every other form renders (report/writer.h).
 *
 * Sizes are in seconds, or times, as the trigger has it. What was not measured
 * is null, and so is the end of an interval that has no bound.
 */
#ifndef SQUALL_RUN_TIP_DOCUMENT_H
#define SQUALL_RUN_TIP_DOCUMENT_H

#include "base/str.h"
#include "run/tip_gate.h"

#include <cjson/cJSON.h>

struct tip_info {
    int64_t started_unix_ms;
    int argc;
    const char *const *argv; /* authenticating values are masked here */
    const char *libcurl;
    const char *target; /* NULL: the embedded target, anew for each run */
    double rate_per_s;
    size_t gate_count;
    const struct tip_gate *gates;
};

/* How it ended, as an exit status: 0; 1 a gate does not hold; 3 there is
 * nothing to judge by; 130 stopped. */
int tip_status(const struct tip *tip, const struct tip_info *info);

/* A size as people read it: "1.58 s", "x 3.2". */
void tip_append_size(struct str *out, enum tip_trigger trigger, double size);

/* Owned by the caller: cJSON_Delete. */
cJSON *tip_document(const struct tip *tip, const struct tip_options *options,
                    const struct tip_info *info);

#endif
