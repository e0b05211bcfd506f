/*
 * json: strict reading of JSON with comments, with places for errors.
 *
 * cJSON builds the tree, but forgives too much and keeps no positions. So the
 * text is scanned first: comments become blanks of the same width, and
 * duplicate keys, trailing commas and garbage, bad numbers, bad escapes, raw
 * control characters, invalid UTF-8 and nesting deeper than JSON_DEPTH_MAX are
 * refused with line and column. A place is looked up again, by walking the
 * text, only when an error must be shown.
 */
#ifndef SQUALL_BASE_JSON_H
#define SQUALL_BASE_JSON_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

enum { JSON_DEPTH_MAX = 64, JSON_SIZE_MAX = 16 * 1024 * 1024 };

/* A text and the name that errors show for it. Owns both. */
struct json_source {
    char *name;
    char *text; /* as read, comments included; NUL-terminated */
    size_t length;
    bool may_be_large; /* parse it, be it longer than JSON_SIZE_MAX */
};

/* Reads a file, which may be compressed by gzip; "-" is not special. On
 * failure adds an error (NO_FILE) and leaves the source empty. */
bool json_source_read(struct json_source *source, const char *path,
                      struct errors *errors);

/* Copies a text that is in memory already. */
void json_source_set(struct json_source *source, const char *name,
                     const char *text, size_t length);

void json_source_release(struct json_source *source);

/* Parses; returns the tree, owned by the caller (cJSON_Delete), or NULL after
 * adding an error with its place. */
cJSON *json_parse(const struct json_source *source, struct errors *errors);

enum json_part { JSON_KEY, JSON_VALUE };

/* Finds where a path such as "load.stages[2].rate" stands in the text: the
 * line and column (from 1) of its key or its value, and the text of the line.
 * False when the source does not contain it. A key that contains a dot or
 * bracket is written in the path as ["the.key"]. */
bool json_locate(const struct json_source *source, const char *path,
                 enum json_part part, int *line, int *column, char *excerpt,
                 size_t excerpt_size);

/* RFC 7396 merge patch: changes *target in place, copying from patch, in which
 * every name stands once. */
void json_merge(cJSON **target, const cJSON *patch);

/* The first member of an object; NULL of any other value. Elements of a list
 * have no name: who reads names begins here. */
cJSON *json_members(const cJSON *value);

/* Finds a member with exactly this name, or NULL. */
cJSON *json_get(const cJSON *object, const char *name);

/* Masks what is secret in the texts of a document (base/mask.h), and makes all
 * of them valid UTF-8: to be done before one is shown or written. */
void json_mask(cJSON *tree);

#endif
