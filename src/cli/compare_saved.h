/* compare_saved: squall compare of saved reports instead of policies. */
#ifndef SQUALL_CLI_COMPARE_SAVED_H
#define SQUALL_CLI_COMPARE_SAVED_H

#include "cli/invocation.h"

#include <stdbool.h>

/* Whether the first word is a report of a run. */
bool compare_saved_is_meant(const struct invocation *invocation);

/* The command; returns its exit status. */
int compare_saved(const struct invocation *invocation);

#endif
