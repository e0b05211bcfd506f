/*
 * request: what an order says: its name, and its idempotency key. Pure.
 */
#ifndef SQUALL_MODEL_REQUEST_H
#define SQUALL_MODEL_REQUEST_H

#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ORDER_NAME_MAX = 255 }; /* characters of a name, and of a key */

/* What the body of an order says. */
struct request_body {
    char name[ORDER_NAME_MAX + 1]; /* the member "order"; "" without one */
    bool refused;           /* "amount" is negative: nothing to be done */
    struct hash128 content; /* equal for equal JSON, however it is written:
                             * white space and the order of members are no
                             * part of it */
};

/* Reads a body that is a JSON object, or empty. False: it is neither, or the
 * name is not 1 to ORDER_NAME_MAX visible ASCII characters. */
bool request_read_body(const char *body, size_t length,
                       struct request_body *out);

/* Reads a key, bare or as a quoted string (RFC 8941): both forms of one
 * content are one key. False: it is malformed, or not 1 to ORDER_NAME_MAX
 * visible ASCII characters. */
bool request_read_key(const char *value, char key[ORDER_NAME_MAX + 1]);

/* The header fields that may carry a key, as they came. */
struct request_keys {
    const char *value; /* the first; NULL: none */
    unsigned count;
};

enum request_key {
    REQUEST_NO_KEY,
    REQUEST_KEY,
    REQUEST_BAD_KEY,
    REQUEST_CRASH
};

/* The same with the faults of a service (bits of enum key_fault). */
enum request_key request_find_key(const struct request_keys *found,
                                  uint32_t faults,
                                  char key[ORDER_NAME_MAX + 1]);

#endif
