/*
 * secrets: what authenticates in imported texts becomes ${env:NAME}.
 *
 * Found are the values of names that base/mask takes to be secret, in headers,
 * queries, JSON, forms and any other text, and every other place where a value
 * of at least eight bytes that was found stands again. Each value has one
 * variable, named like the first place; another value there gets NAME_2. Pure,
 * but that base/mask is told the values, so that no message shows them.
 */
#ifndef SQUALL_IMPORT_SECRETS_H
#define SQUALL_IMPORT_SECRETS_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct secret {
    char *value;    /* NULL: it is a variable of the shell (import.h) */
    char *variable; /* in whose place it stands */
    char *what;     /* the name that it was the value of; NULL: like value */
    size_t length;
};

struct secrets {
    size_t count, capacity;
    struct secret *list;
};

#define SECRETS_INIT \
    { \
        0 \
    }

void secrets_release(struct secrets *secrets);

/* Notes the variables of the shell in a text, of which all must be known
 * before a secret is named. */
void secrets_find_variables(struct secrets *secrets, const char *text,
                            size_t length);

/* Notes what is secret in a text, or in the value of a header (`name`; NULL:
 * it is none). All texts are looked at before the first is written. */
void secrets_find(struct secrets *secrets, const char *name, const char *text,
                  size_t length);

/* The variable of a value, noted under this name if it is new. */
const char *secrets_variable(struct secrets *secrets, const char *name,
                             size_t name_length, const char *value,
                             size_t length);

/* Appends the text as a template, with its secrets replaced. */
void secrets_write(struct secrets *secrets, struct str *out, const char *name,
                   const char *text, size_t length);

#endif
