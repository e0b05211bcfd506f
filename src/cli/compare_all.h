/* compare_all: squall compare --all, of every shipped strategy. */
#ifndef SQUALL_CLI_COMPARE_ALL_H
#define SQUALL_CLI_COMPARE_ALL_H

#include "cli/invocation.h"

/* The command; returns its exit status. */
int compare_all(const struct invocation *invocation);

#endif
