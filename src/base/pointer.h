/*
 * pointer: finds one value in a text of JSON, by a JSON pointer (RFC 6901).
 *
 * For texts that come by the thousand, of which one member matters: the text
 * is scanned once, up to the value, with no tree and no memory. The scan is
 * lazy: what follows the value is not looked at, and what lies before it is
 * held to no more than what is needed to step over it. Of members that share
 * a name the first is meant.
 *
 * A text may have been cut at its end, when it was longer than somebody
 * wanted to keep: what is not found then is CUT, never ABSENT.
 */
#ifndef SQUALL_BASE_POINTER_H
#define SQUALL_BASE_POINTER_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

enum { POINTER_DEPTH_MAX = 16 };

struct pointer_token {
    const char *text; /* ~0 and ~1 undone */
    size_t length;
    long index; /* in a list; -1: it can only be a name */
};

struct pointer {
    size_t count;
    struct pointer_token tokens[POINTER_DEPTH_MAX];
};

/* Compiles "/order/lines/0/id". NULL, or what is wrong with it. The texts are
 * copied into the arena. */
const char *pointer_compile(struct pointer *pointer, struct arena *arena,
                            const char *text);

enum json_kind {
    JSON_STRING, /* the span lies between the quotes, escapes as written */
    JSON_NUMBER,
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL,
    JSON_COMPOUND, /* an object or a list; the span is its first byte */
};

struct json_span {
    enum json_kind kind;
    const char *text;
    size_t length;
};

enum pointer_result {
    POINTER_FOUND,
    POINTER_ABSENT,    /* the text has no such value */
    POINTER_CUT,       /* it ended before that was known */
    POINTER_MALFORMED, /* it is no JSON */
};

enum pointer_result pointer_find(const struct pointer *pointer,
                                 const char *text, size_t length,
                                 struct json_span *span);

/* Writes what the escapes of a string's span stand for, at most `length` bytes
 * of its span; `out` may be the span itself. A half of a surrogate pair is
 * written as U+FFFD. */
size_t json_span_decode(const struct json_span *span, char *out);

/* Whether a string's span stands for exactly these bytes. */
bool json_span_is(const struct json_span *span, const char *bytes,
                  size_t length);

#endif
