/* command: what a program of the user's prints; for ledgers that live in a
 * database. Only run where the command line allows it (--allow-exec). */
#ifndef SQUALL_LEDGER_COMMAND_H
#define SQUALL_LEDGER_COMMAND_H

#include "base/error.h"
#include "base/instant.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct command_limits {
    const char *subject; /* in errors: "the ledger's command" */
    const char *name; /* the same, instead of its text: that may be secret */
    enum error_code code;
    struct duration timeout;
    const char *time_limit;  /* how errors call that */
    const atomic_bool *stop; /* ends it when true; may be NULL */
};

/* Runs `command` with /bin/sh, nothing on its standard input, and hands its
 * standard output to `take`, piece by piece; when that returns false, having
 * added an error, the command is killed. A bad exit status, a time-out or a
 * stop (its process group is then killed) is an error. It has
 * ended when the shell has and nobody holds its output any more. */
bool command_read(const char *command, const struct command_limits *limits,
                  bool (*take)(void *user, const char *bytes, size_t length,
                               struct errors *errors),
                  void *user, struct errors *errors);

#endif
