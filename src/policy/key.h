/*
 * key: who an operation is, and the idempotency key that its attempts carry.
 *
 * Keys are pure functions of (run, operation, attempt), so that they can be
 * made again for a report and need no storage. They depend on the run's own
 * number and not on the seed: two runs with one seed make the same decisions
 * but must never send a service the keys of an earlier run.
 */
#ifndef SQUALL_POLICY_KEY_H
#define SQUALL_POLICY_KEY_H

#include "base/instant.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum key_scope {
#define KEY_SCOPE(id, name, sentence) KEY_SCOPE_##id,
#include "policy/key_choice.def"
};

enum key_kind {
#define KEY_KIND(id, name, sentence) KEY_##id,
#include "policy/key_choice.def"
};

/* What carries the key: a header that squall adds, or a placeholder of the
 * request's own. */
enum key_place {
#define KEY_PLACE(id, name, sentence) KEY_IN_##id,
#include "policy/key_choice.def"
};

enum { KEY_MAX = 256 };

struct key_config {
    enum key_scope scope;
    enum key_kind kind;
    enum key_place place;
    uint16_t methods;     /* METHOD_* bits of those that have one; 0: all */
    bool quoted;          /* a structured-field string, as the IETF draft */
    const char *header;   /* "Idempotency-Key" */
    const char *template; /* source text when KEY_TEMPLATE */
};

/* Who asks: everything a key may depend on. */
struct key_subject {
    uint64_t run;       /* the number of the run, unique */
    uint64_t operation; /* from 0, unique within the run */
    unsigned attempt;   /* from 1 */
    int64_t unix_ms;    /* uuid7: when the operation was intended */
    const void *body;   /* hash: the rendered body, may be NULL */
    size_t body_length;
};

/* Writes op.id: "RRRRRRRRRR-N", the ten lowest hexadecimal digits of the run
 * and the operation's number, NUL-terminated. Returns its length, < size;
 * size must be at least 32. */
size_t key_operation_id(uint64_t run, uint64_t operation, char *out,
                        size_t size);

/* Writes the bare key (not quoted), NUL-terminated; returns its length. Not
 * for KEY_TEMPLATE nor KEY_SCOPE_NONE. size >= KEY_MAX. */
size_t key_render(const struct key_config *config,
                  const struct key_subject *subject, char *out, size_t size);

/* A version 4 UUID (36 characters) that is a pure function of three numbers:
 * for {{uuid}}, with any small salt, and for uuid4 keys, whose salts lie far
 * from those. out has room for 37. */
void key_uuid4(uint64_t run, uint64_t operation, uint64_t salt, char *out);

enum { TRACE_ID_LENGTH = 32, SPAN_ID_LENGTH = 16 };

/* The ids of W3C Trace Context: one trace an operation and one span an
 * attempt, in lower case hexadecimal digits, never all zeros. `out` has room
 * for the digits and a NUL. */
void key_trace_id(uint64_t run, uint64_t operation, char *out);
void key_span_id(uint64_t run, uint64_t operation, unsigned attempt,
                 char *out);

#endif
