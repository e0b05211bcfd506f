/* command: what a program of the user's prints; for ledgers that live in a
 * database. Only run where the command line allows it (--allow-exec). */
#ifndef SQUALL_TRANSPORT_COMMAND_H
#define SQUALL_TRANSPORT_COMMAND_H

#include "base/error.h"
#include "base/instant.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

/* Runs `command` with /bin/sh and appends its standard output. A bad exit
 * status, a time-out (its process group is then killed) or more than
 * `bytes_max` is an error (NO_LEDGER). */
bool command_output(const char *command, struct duration timeout,
                    size_t bytes_max, struct str *output,
                    struct errors *errors);

#endif
