/*
 * document: the report, one JSON document; every other form renders it.
 *
 * Made once from the result, the plan and what the command knows of the run.
 * Schema "squall.report/1" (report/schema.h). Durations are integers in
 * microseconds, ratios are fractions, what was not measured is null.
 */
#ifndef SQUALL_REPORT_DOCUMENT_H
#define SQUALL_REPORT_DOCUMENT_H

#include "measure/replayed.h"
#include "measure/result.h"
#include "plan/plan.h"

#include <cjson/cJSON.h>

struct run_info {
    const char *id;            /* the run's number, hexadecimal */
    int64_t started_unix_ms;
    struct duration duration;  /* wall time of the whole run */
    uint64_t threads;
    int argc;
    const char *const *argv;   /* authenticating values are masked here */
    int exit_status;
    const char *target_url;
    bool embedded_target;
    const char *libcurl;       /* curl_version() */
    const char *problem;       /* why the run could not end well, or NULL */
    const struct replayed *replayed; /* of a replay, else NULL */
    const char *letters;       /* the file that was replayed */
};

/* Owned by the caller: cJSON_Delete. */
cJSON *document_make(const struct result *result, const struct plan *plan,
                     const struct run_info *run);

/* Writes to a temporary file beside `path` and renames it; "-" is stdout.
 * False after adding an error (NO_REPORT). */
bool document_write(const cJSON *document, const char *path,
                    struct errors *errors);

/* The same for a text of another format. */
bool document_write_text(const char *text, size_t length, const char *path,
                         struct errors *errors);

/* True when a report could be written to `path` now; to be asked before a
 * run. */
bool document_can_write(const char *path, struct errors *errors);

#endif
