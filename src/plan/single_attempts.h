/* single_attempts: whether a policy sends more than one attempt for an
 * operation, how they are to be known for one, and what it would be without.
 */
#ifndef SQUALL_PLAN_SINGLE_ATTEMPTS_H
#define SQUALL_PLAN_SINGLE_ATTEMPTS_H

#include "plan/plan.h"

/* Whether the policy sends more than one attempt for an operation, ever. */
bool plan_repeats_attempts(const struct plan *plan);

/* Whether it gives the attempts of one operation different keys: no service
 * can know them for one. */
bool plan_breaks_keys(const struct plan *plan);

/* Before a run: takes retries and hedges out, and leaves all else. */
void plan_single_attempts(struct plan *plan);

#endif
