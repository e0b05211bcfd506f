/*
 * store: puts the argument of an option where its row says.
 */
#ifndef SQUALL_CLI_STORE_H
#define SQUALL_CLI_STORE_H

#include "cli/options.h"

/* An option as it was typed: "-d" or "--duration", and what followed it, which
 * is NULL where it takes nothing. */
struct typed {
    const struct option_row *row;
    const char *spelling;
    const char *written;
    const char *value; /* store completes it: by a unit, a scheme */
};

/* Adds an error that names the option as it was typed when the value is not
 * what its type wants. */
void store_option(struct invocation *invocation, const struct typed *typed,
                  struct errors *errors);

/* The URL, of which there is one; with its scheme, if it names a host. */
void store_url(struct invocation *invocation, const char *word,
               struct errors *errors);

#endif
