/* numbers: what the tests of published numbers share: a seed, a comparison,
 * and policies as the publications have them. Include after cmocka. */
#ifndef SQUALL_TESTS_SIM_NUMBERS_H
#define SQUALL_TESTS_SIM_NUMBERS_H

#include "policy/policy.h"

#include <math.h>

enum { SEED = 20220228 };

#define NEAR(got, wanted, tolerance) \
    expect_near(got, wanted, tolerance, #got, __LINE__)

static inline void expect_near(double got, double wanted, double tolerance,
                               const char *what, int line)
{
    if (!(fabs(got - wanted) <= tolerance)) {
        fail_msg("line %d, seed %d: %s is %.5f, not %.5f within %.5f", line,
                 SEED, what, got, wanted, tolerance);
    }
}

static inline void expand(struct policy *policy, const char *token)
{
    const char *problem = NULL;
    assert_true(classify_expand(&policy->retry.classify, token, &problem));
}

static inline void every_backoff(struct policy *policy, enum backoff_type type,
                                 struct duration initial)
{
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        policy->retry.backoff[i].type = type;
        policy->retry.backoff[i].initial = initial;
    }
}

/* Retries what fails, at once. 0: without a limit. */
static inline void retrying(struct policy *policy, unsigned attempts)
{
    policy_init(policy);
    policy->retry.max_attempts = attempts;
    expand(policy, "connect");
    expand(policy, "reset");
    expand(policy, "timeout");
    expand(policy, "5xx");
    expand(policy, "429");
}

static inline void costs(struct budget_config *budget, double cost)
{
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        budget->cost[i] = cost;
    }
}

#endif
