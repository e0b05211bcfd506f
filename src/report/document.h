/*
 * document: the report, one JSON document; every other form renders it.
 *
 * Made once from the result, the plan and what the command knows of the run.
 * Schema "squall.report/1" (report/schema.h). Durations are integers in
 * microseconds, ratios are fractions, what was not measured is null.
 */
#ifndef SQUALL_REPORT_DOCUMENT_H
#define SQUALL_REPORT_DOCUMENT_H

#include "effects/replayed.h"
#include "measure/result.h"
#include "plan/plan.h"

#include <cjson/cJSON.h>

struct run_info {
    const char *id; /* the run's number, hexadecimal */
    int64_t started_unix_ms;
    int64_t measured_unix_us; /* when the measured time began; 0: unknown */
    struct duration duration; /* wall time of the whole run */
    uint64_t threads;
    int argc;
    const char *const *argv; /* authenticating values are masked here */
    int exit_status;
    const char *target_url;
    bool embedded_target;
    bool has_service;          /* the service is the plan's, with its faults */
    const char *libcurl;       /* curl_version() */
    const char *engine;        /* its name */
    const char *engine_reason; /* why that one, or NULL */
    const char *problem;       /* why the run could not end well, or NULL */
    const char *aborted;       /* the rule that ended it early, or NULL, */
    struct instant aborted_at; /* and when, on the run clock */
    /* what became of the plan's timeline, one an entry; NULL: it has none */
    const struct timeline_event *events;
    const struct replayed *replayed; /* of a replay, else NULL */
    const char *dead_letters;        /* the file that was replayed */
};

/* Owned by the caller: cJSON_Delete. */
cJSON *document_make(const struct result *result, const struct plan *plan,
                     const struct run_info *run);

/* Adds the command line as the member "argv", secrets masked. */
void document_add_argv(cJSON *object, int argc, const char *const *argv);

#endif
