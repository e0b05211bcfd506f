#include "plan/single_attempts.h"

bool plan_repeats_attempts(const struct plan *plan)
{
    return policy_has_layer(&plan->policy, LAYER_RETRY) ||
           policy_has_layer(&plan->policy, LAYER_HEDGE);
}

bool plan_breaks_keys(const struct plan *plan)
{
    return plan_repeats_attempts(plan) &&
           plan->policy.key.scope == KEY_SCOPE_ATTEMPT;
}

void plan_single_attempts(struct plan *plan)
{
    plan->policy.retry.max_attempts = 1;
    plan->policy.hedge.max_extra = 0;
}
