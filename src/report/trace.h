/*
 * trace: what happened to one operation, found in a file of events.
 */
#ifndef SQUALL_REPORT_TRACE_H
#define SQUALL_REPORT_TRACE_H

#include "base/error.h"
#include "report/text.h"

#include <cjson/cJSON.h>
#include <stdio.h>

enum { TRACE_NEAR_MAX = 3, TRACE_OPERATIONS_MAX = 100 };

/* Reads a file of events ("squall.events/1") for the operations that carried
 * a key, or have an op.id: several where they share a key. Returns the trace,
 * one document (cJSON_Delete), or NULL after adding an error: the file is none
 * of events, or nothing in it has that name; then it says what is near. The
 * document is {"schema": "squall.trace/1", "run", "operations": [{"operation",
 * "attempts"}], "more", "complete"}, of the file's own lines. Keeps only what
 * it finds; names near it are looked for in a second reading. */
cJSON *trace_read(FILE *stream, const char *path, const char *wanted,
                  struct errors *errors);

/* Adds "effects", a count, and "class" to each operation: from the report of
 * the run, else from the events; null where neither has them. The
 * report may be NULL. False after adding an error when it is of another run.
 */
bool trace_add_effects(cJSON *trace, const cJSON *report, const char *path,
                       struct errors *errors);

void trace_render(const cJSON *trace, const struct text_options *options,
                  FILE *stream);

#endif
