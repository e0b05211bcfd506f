/*
 * error: what a person reads when something cannot be done.
 *
 * A fallible function returns bool and takes `struct errors *` last: it adds
 * what went wrong and returns false; it never prints. Only the commands print
 * (errors_print). Several errors are collected, because mending a profile one
 * error at a time is rude; past ERRORS_MAX they are counted, not kept.
 *
 * Outcomes of requests are not errors: they are data (policy/outcome.def).
 */
#ifndef SQUALL_BASE_ERROR_H
#define SQUALL_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum error_code {
#define ERROR(id, exit_status, title) ERROR_##id,
#include "base/error.def"
#undef ERROR
};

enum { ERRORS_MAX = 16, ERROR_TEXT_MAX = 400, ERROR_EXCERPT_MAX = 200 };

struct error {
    enum error_code code;
    char file[256]; /* "" when there is no file: flags, the run itself */
    int line;       /* from 1; 0: no place */
    int column;     /* from 1; 0: no place */
    char path[128]; /* the profile key, "" when there is none */
    char text[ERROR_TEXT_MAX];       /* what is wrong */
    char hint[ERROR_TEXT_MAX];       /* what to write or do instead, or "" */
    char excerpt[ERROR_EXCERPT_MAX]; /* the offending line, or "" */
};

struct errors {
    size_t count; /* kept in list: at most ERRORS_MAX */
    size_t more;  /* those that did not fit */
    struct error list[ERRORS_MAX];
    struct error spare; /* the last of those that did not fit */
};

#define ERRORS_INIT \
    { \
        0 \
    }

/* Adds an error and returns it, so that the caller may fill in the place.
 * Never NULL: past the limit it returns a spare that is not printed. */
struct error *errors_add(struct errors *errors, enum error_code code,
                         const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Whether the next error is only counted. Finding out its place and its remedy
 * is then work for nothing, which a text with many errors must not cost. */
static inline bool errors_is_full(const struct errors *errors)
{
    return errors->count == ERRORS_MAX;
}

/* What the error that was added last says, printed or not. There must be one.
 * Valid until the next is added. */
const char *errors_last_text(const struct errors *errors);

/* Sets the remedy of an error. */
void error_hint(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints all of them, in the form
 *   file:line:column: error: path: text
 *      14 |   the line
 *         |   ^ hint
 * Control characters from outside are shown escaped. */
void errors_print(const struct errors *errors, FILE *stream);

/* Prints a text as errors do: bytes from profiles, servers and file names must
 * not steer a terminal, so control characters are shown escaped. */
void error_print_text(const char *text, FILE *stream);

/* The exit status of the first error; 0 when there is none. */
int errors_exit_status(const struct errors *errors);

/* The exit status that goes with a code. */
int error_exit_status(enum error_code code);

#endif
