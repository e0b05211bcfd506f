/* base64: RFC 4648 with padding, as credentials of HTTP are written. */
#ifndef SQUALL_BASE_BASE64_H
#define SQUALL_BASE_BASE64_H

#include "base/str.h"

void base64_append(struct str *out, const void *bytes, size_t length);

#endif
