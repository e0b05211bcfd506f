/*
 * template: text with {{placeholders}}, compiled once and filled for every
 * attempt.
 *
 * What a placeholder may be is a row of placeholder.def each.
 * "{{{{" writes "{{".
 *
 * Where its writer gives it values, ${env:NAME} stands for one of them. Its
 * bytes are what is sent: nothing in them is a placeholder. What is shown of
 * the text, and kept of it, has ${env:NAME} in that place: see template_show.
 * "$${env:" writes "${env:".
 *
 * Filling is pure: random placeholders draw from a stream that
 * the subject seeds per operation, so that a retry repeats the same request.
 */
#ifndef SQUALL_LOAD_TEMPLATE_H
#define SQUALL_LOAD_TEMPLATE_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct template_piece;

/* How the bytes of a value are written in a text. */
enum template_encoding {
    TEMPLATE_PLAIN,
    TEMPLATE_JSON, /* in a string of JSON */
    TEMPLATE_URL,  /* in a URL: what no URL has is percent-encoded */
    TEMPLATE_FORM, /* in a field of a form that is urlencoded */
};

struct template_values {
    /* The value of a name that is `length` bytes long; NULL: there is none. */
    const char *(*find)(const char *name, size_t length);
    enum template_encoding encoding;
};

struct template
{
    size_t count;
    struct template_piece *pieces; /* owned by the arena */
    size_t length_max; /* of a filled text, KEY_MAX counted for keys */
    bool is_constant;  /* no placeholders at all */
    bool uses_key;
    bool uses_trace;   /* {{trace.id}} or {{span.id}} */
    bool uses_attempt; /* must be filled again for every attempt */
    bool uses_client;
    bool uses_values;                /* ${env:NAME}, */
    size_t value_count;              /* so often */
    enum template_encoding encoding; /* of those */
    bool encodes_values; /* one of them is written otherwise than it is */
    size_t shown_max;    /* of a shown text, like length_max */
};

struct template_subject {
    uint64_t run;
    uint64_t operation;
    unsigned attempt;      /* from 1 */
    unsigned max_attempts; /* of the policy */
    uint64_t client;
    uint64_t seed;   /* for {{rand}} */
    const char *key; /* NUL-terminated, may be NULL */
    size_t key_length;
};

/* Compiles text (length bytes, may contain NUL). On failure returns false
 * with a static sentence and the offset of the bad placeholder. */
bool template_compile(struct template *template, struct arena *arena,
                      const char *text, size_t length, const char **problem,
                      size_t *problem_at);
/* The same with values; without them ${env:NAME} is plain text. */
bool template_compile_with(struct template *template, struct arena *arena,
                           const char *text, size_t length,
                           const struct template_values *values,
                           const char **problem, size_t *problem_at);

/* A text in which nothing is a placeholder. */
void template_compile_plain(struct template *template, struct arena *arena,
                            const char *text, size_t length);

/* Whether its own text or a value has a byte that `is_bad` says yes to. */
bool template_has(const struct template *template,
                  bool (*is_bad)(unsigned char byte));

/* Fills; returns the length written. size must be > length_max; a NUL is
 * added after the text. */
size_t template_fill(const struct template *template,
                     const struct template_subject *subject, char *out,
                     size_t size);

/* Fills, with ${env:NAME} where a value is; size must be > shown_max. */
size_t template_show(const struct template *template,
                     const struct template_subject *subject, char *out,
                     size_t size);

/* Appends a value as an encoding writes it. */
void template_encode(struct str *out, const char *value,
                     enum template_encoding encoding);

#endif
