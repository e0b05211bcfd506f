/*
 * json_content: what a JSON object says, as a hash: equal for equal content,
 * however it is written. White space and the order of members are no part of
 * it, and numbers are compared as numbers.
 */
#ifndef SQUALL_BASE_JSON_CONTENT_H
#define SQUALL_BASE_JSON_CONTENT_H

#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>

/* False: the text is not one JSON object. */
bool json_content(const char *text, size_t length, struct hash128 *content);

#endif
