/*
 * experiment_document: an experiment as one JSON document, "squall.compare/1",
 * which every other form renders (report/writer.h).
 *
 * What was not measured is null; where a value never came it is "never". An
 * end of an interval that is not bounded is null.
 */
#ifndef SQUALL_RUN_EXPERIMENT_DOCUMENT_H
#define SQUALL_RUN_EXPERIMENT_DOCUMENT_H

#include "compare/gate.h"
#include "run/experiment.h"
#include "run/experiment_saved.h"

#include <cjson/cJSON.h>
#include <stdint.h>

struct experiment_info {
    int64_t started_unix_ms;
    int argc;
    const char *const *argv; /* authenticating values are masked here */
    const char *libcurl;
    const char *target; /* NULL: the embedded target, anew for each run */
    const struct saved_remarks *saved; /* the runs are saved ones; or NULL */
    size_t gate_count;
    const struct gate *gates;
};

/* How the experiment ended, as an exit status: 0, 1 a gate does not hold, 3
 * too many rounds were void, 130 stopped. */
int experiment_status(const struct experiment *experiment,
                      const struct experiment_info *info);

/* Owned by the caller: cJSON_Delete. */
cJSON *experiment_document(const struct experiment *experiment,
                           const struct experiment_options *options,
                           const struct experiment_info *info);

#endif
