/*
 * topic: what squall help explains beside the commands, from topic.def.
 */
#ifndef SQUALL_CLI_TOPIC_H
#define SQUALL_CLI_TOPIC_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

/* Appends the text of a topic; false: there is none of that name. */
bool topic_write(struct str *out, const char *name);

/* The index-th topic; false after the last. */
bool topic_describe(size_t index, const char **name, const char **sentence);

#endif
