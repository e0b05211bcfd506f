/*
 * story: one operation's story, found in a file of events.
 */
#ifndef SQUALL_REPORT_STORY_H
#define SQUALL_REPORT_STORY_H

#include "base/error.h"
#include "report/text.h"

#include <cjson/cJSON.h>
#include <stdio.h>

enum { STORY_NEAR_MAX = 3, STORY_OPERATIONS_MAX = 100 };

/* Reads a file of events ("squall.events/1") for the operations that carried
 * a key, or have an op.id: several where they share a key. Returns the story,
 * one document (cJSON_Delete), or NULL after adding an error: the file is none
 * of events, or nothing in it has that name; then it says what is near. The
 * document is {"schema": "squall.story/1", "run", "operations": [{"operation",
 * "attempts"}], "more", "complete"}, of the file's own lines. Keeps only what
 * it finds; names near it are looked for in a second reading. */
cJSON *story_read(FILE *stream, const char *path, const char *wanted,
                  struct errors *errors);

/* Adds "effects", a count, and "class" to each operation: what the report of
 * the run tells of it, else what the events do; null where neither does. The
 * report may be NULL. False after adding an error when it is of another run.
 */
bool story_add_effects(cJSON *story, const cJSON *report, const char *path,
                       struct errors *errors);

void story_render(const cJSON *story, const struct text_options *options,
                  FILE *stream);

#endif
