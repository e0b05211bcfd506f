/*
 * template: text with {{holes}}, compiled once and filled for every attempt.
 *
 *   {{op.id}}     who the operation is: run number and operation number
 *   {{op.seq}}    the operation's number in the run, from 0
 *   {{attempt}}   the attempt's number, from 1
 *   {{retry}}     the number of the retry: that of the attempt less 1
 *   {{retry_if_any}}  the same, but nothing at all for the first attempt
 *   {{max_attempts}}  the limit of attempts of an operation, 0 without one
 *   {{key}}       the idempotency key, without quotes
 *   {{uuid}}      a fresh UUID; the same over the attempts of one operation
 *   {{rand:A:B}}  a whole number from A to B, both included; the same over
 *                 the attempts of one operation
 *   {{trace.id}}  the id of the operation's trace, as in traceparent
 *   {{span.id}}   the id of the attempt's span in it
 *   {{client}}    the number of the client, from 0
 * "{{{{" writes "{{". Filling is pure: random holes draw from a stream that
 * the subject seeds per operation, so that a retry repeats the same request.
 */
#ifndef SQUALL_LOAD_TEMPLATE_H
#define SQUALL_LOAD_TEMPLATE_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct template_piece;

struct template {
    size_t count;
    struct template_piece *pieces; /* owned by the arena */
    size_t length_max; /* of a filled text, KEY_MAX counted for keys */
    bool is_constant;  /* no holes at all */
    bool uses_key;
    bool uses_trace;   /* {{trace.id}} or {{span.id}} */
    bool uses_attempt; /* must be filled again for every attempt */
    bool uses_client;
};

struct template_subject {
    uint64_t run;
    uint64_t operation;
    unsigned attempt;      /* from 1 */
    unsigned max_attempts; /* of the policy */
    uint64_t client;
    uint64_t seed;     /* for {{rand}} */
    const char *key;   /* NUL-terminated, may be NULL */
    size_t key_length;
};

/* Compiles text (length bytes, may contain NUL). On failure returns false
 * with a static sentence and the offset of the bad hole. */
bool template_compile(struct template *template, struct arena *arena,
                      const char *text, size_t length, const char **problem,
                      size_t *problem_at);

/* Fills; returns the length written. size must be > length_max; a NUL is
 * added after the text. */
size_t template_fill(const struct template *template,
                     const struct template_subject *subject, char *out,
                     size_t size);

#endif
