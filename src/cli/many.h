/* many: what commands that make many runs of one service have in common. */
#ifndef SQUALL_CLI_MANY_H
#define SQUALL_CLI_MANY_H

#include "base/instant.h"
#include "cli/interrupt.h"
#include "cli/invocation.h"
#include "run/trial.h"

/* Adds a usage error with its remedy; returns false. */
bool many_refuse(struct errors *errors, const char *hint, const char *format,
                 ...) __attribute__((format(printf, 3, 4)));

/* --budget, which may be left out. False after adding an error. */
bool many_read_budget(const struct invocation *invocation,
                      struct duration *budget, struct errors *errors);

/* --reset, which may be left out. `has_target`: the service goes on from run
 * to run. False after adding an error. */
bool many_check_reset(const struct invocation *invocation, bool has_target,
                      struct errors *errors);

/* What the invocation asks of all runs; without a budget, which every command
 * has a default of its own for. */
struct trial_options many_trials(const struct invocation *invocation,
                                 struct interrupt *interrupt);

#endif
