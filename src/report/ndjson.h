/*
 * ndjson: lines of JSON, one object each, written straight into a buffer.
 *
 * For files of millions of lines, where a tree for each would cost more than
 * the run. An object is opened, filled and closed in order; values come from
 * outside and are escaped, bytes that are not UTF-8 become U+FFFD.
 */
#ifndef SQUALL_REPORT_NDJSON_H
#define SQUALL_REPORT_NDJSON_H

#include "base/instant.h"
#include "base/str.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

void ndjson_open(struct str *out);

/* Ends the object and the line. */
void ndjson_close(struct str *out);

/* Members; names are trusted. NULL texts are null, and so are numbers that are
 * none or not finite. */
void ndjson_text(struct str *out, const char *name, const char *text);
void ndjson_bytes(struct str *out, const char *name, const char *bytes,
                  size_t length);
void ndjson_count(struct str *out, const char *name, uint64_t count);
void ndjson_number(struct str *out, const char *name, double value);
/* A whole number in quotes, as JSON has those that are too large for it. */
void ndjson_digits(struct str *out, const char *name, uint64_t count);
void ndjson_bool(struct str *out, const char *name, bool value);
void ndjson_null(struct str *out, const char *name);

/* Whole microseconds of the run clock; null when it never came. */
void ndjson_us(struct str *out, const char *name, struct instant at);

/* A tree, on the same line. Borrows it. */
void ndjson_tree(struct str *out, const char *name, const cJSON *tree);

/* Begins an array or an object inside of the object, or one of an array; what
 * follows, up to the end, are its values or members. */
void ndjson_begin_array(struct str *out, const char *name);
void ndjson_begin_member(struct str *out, const char *name);
void ndjson_begin_object(struct str *out);
void ndjson_value(struct str *out, const char *text);
void ndjson_end(struct str *out, char bracket);

/* Base64 of any bytes, as text. */
void ndjson_base64(struct str *out, const char *name, const char *bytes,
                   size_t length);

/* Whether all of it is UTF-8 without NUL. */
bool ndjson_is_text(const char *bytes, size_t length);

#endif
