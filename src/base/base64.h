/* base64: RFC 4648 with padding, as credentials of HTTP are written. */
#ifndef SQUALL_BASE_BASE64_H
#define SQUALL_BASE_BASE64_H

#include "base/str.h"

#include <stdbool.h>

void base64_append(struct str *out, const void *bytes, size_t length);

/* Appends the bytes that a text of whole groups stands for. False, with some
 * of them appended, where it is none. */
bool base64_read(struct str *out, const char *text);

#endif
