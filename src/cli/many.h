/* many: what commands that make many runs of one service have in common. */
#ifndef SQUALL_CLI_MANY_H
#define SQUALL_CLI_MANY_H

#include "base/instant.h"
#include "cli/interrupt.h"
#include "cli/invocation.h"
#include "run/paired.h"

/* Adds a usage error with its remedy; returns false. */
bool many_refuse(struct errors *errors, const char *hint, const char *format,
                 ...) __attribute__((format(printf, 3, 4)));

/* --rounds: 0 for auto, and where it is left out. False after adding an error.
 */
bool many_read_rounds(const struct invocation *invocation, size_t *fixed,
                      struct errors *errors);

/* "p99,success_rate": measures in their order, each once, at most
 * COMPARED_COUNT. False after adding an error. */
bool many_read_judge(const char *list, enum compared *measures, size_t *count,
                     struct errors *errors);

/* Tells of the run that is about to begin. `is_fixed`: how many rounds there
 * will be is known. */
void many_show_round(const struct invocation *invocation, bool is_fixed,
                     const struct paired_progress *now);

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
