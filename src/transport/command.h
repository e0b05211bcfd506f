/* command: what a program of the user's prints; for ledgers that live in a
 * database. Only run where the command line allows it (--allow-exec). */
#ifndef SQUALL_TRANSPORT_COMMAND_H
#define SQUALL_TRANSPORT_COMMAND_H

#include "base/error.h"
#include "base/instant.h"
#include "base/str.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct command_limits {
    struct duration timeout;
    size_t bytes_max;
    const atomic_bool *stop; /* ends it when true; may be NULL */
};

/* Runs `command` with /bin/sh and appends its standard output. A bad exit
 * status, a time-out, more than `bytes_max` or a stop (its process group is
 * then killed) is an error (NO_LEDGER). It has ended when the shell has and
 * nobody holds its output any more. */
bool command_output(const char *command, const struct command_limits *limits,
                    struct str *output, struct errors *errors);

#endif
