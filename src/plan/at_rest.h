/* at_rest: a plan that asks how its service is when nothing is wrong and
 * nobody else asks. */
#ifndef SQUALL_PLAN_AT_REST_H
#define SQUALL_PLAN_AT_REST_H

#include "plan/plan.h"

/* Makes of a plan, before it runs, one caller's `operations`, one after
 * another, in `most` at the longest: without faults, SLOs and ledger. */
void plan_at_rest(struct plan *plan, uint64_t operations,
                  struct duration most);

#endif
