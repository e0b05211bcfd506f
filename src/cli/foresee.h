/*
 * foresee: what can be said of the judgement of a run before it is run.
 */
#ifndef SQUALL_CLI_FORESEE_H
#define SQUALL_CLI_FORESEE_H

#include "base/error.h"
#include "cli/invocation.h"

/* Reads the baseline of --baseline into the plan, and notes which SLOs and
 * conditions of --abort-if no run of this plan can judge. False after adding
 * an error. */
bool foresee(const struct invocation *invocation, struct plan *plan,
             struct errors *errors);

#endif
