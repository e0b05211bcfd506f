/*
 * start: what the beginnings of commands have in common.
 */
#ifndef SQUALL_CLI_START_H
#define SQUALL_CLI_START_H

#include "cli/command.h"
#include "target/server.h"

#include <stdint.h>

/* A line for people on standard error, unless --quiet. */
void start_note(const struct invocation *invocation, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A number that nobody else has: of a run, or a seed to be drawn from. */
uint64_t start_number(void);

/* Starts the embedded target for a plan without a URL, which then has one, and
 * says so: `doing` is "driving" or "auditing". NULL after adding an error; the
 * caller stops it. */
struct server *start_target(const struct invocation *invocation,
                            struct plan *plan, uint64_t connections,
                            const char *doing, struct errors *errors);

#endif
