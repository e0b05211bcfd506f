/*
 * request: what an order says: its name, and its idempotency key. Pure.
 */
#ifndef SQUALL_TARGET_REQUEST_H
#define SQUALL_TARGET_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

enum { ORDER_NAME_MAX = 255 }; /* characters of a name, and of a key */

/* Reads the member "order" of a body that is a JSON object, or empty; "" when
 * there is none. False: the body is neither, or the name is not 1 to
 * ORDER_NAME_MAX visible ASCII characters. */
bool request_read_name(const char *body, size_t length,
                       char name[ORDER_NAME_MAX + 1]);

/* Reads a key, bare or as a quoted string (RFC 8941): both forms of one
 * content are one key. False: it is malformed, or not 1 to ORDER_NAME_MAX
 * visible ASCII characters. */
bool request_read_key(const char *value, char key[ORDER_NAME_MAX + 1]);

#endif
