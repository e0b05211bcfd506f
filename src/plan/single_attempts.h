/* single_attempts: a policy as it would be without retries and hedges. */
#ifndef SQUALL_PLAN_SINGLE_ATTEMPTS_H
#define SQUALL_PLAN_SINGLE_ATTEMPTS_H

#include "plan/plan.h"

/* Whether the policy sends more than one attempt for an operation, ever. */
bool plan_repeats_attempts(const struct plan *plan);

/* Before a run: takes retries and hedges out, and leaves all else. */
void plan_single_attempts(struct plan *plan);

#endif
