/*
 * start: what the beginnings of commands have in common.
 */
#ifndef SQUALL_CLI_START_H
#define SQUALL_CLI_START_H

#include "cli/invocation.h"
#include "report/outputs.h"

#include <stdint.h>

/* A line for people on standard error, unless --quiet. */
void start_note(const struct invocation *invocation, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A number that nobody else has: of a run. */
uint64_t start_number(void);

/* The same, for random decisions: short enough to be typed. */
uint64_t start_seed(void);

/* What the invocation asks to be written; with nothing for standard output,
 * text goes there. `input` is a file that the command reads, or NULL. False
 * after adding an error. */
bool start_outputs(const struct invocation *invocation, const char *input,
                   struct outputs *outputs, struct errors *errors);

#endif
