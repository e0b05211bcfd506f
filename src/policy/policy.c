#include "policy/policy.h"

#include "base/must.h"

#include <string.h>

static void init_retry(struct retry_config *retry)
{
    retry->max_attempts = 1;
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        retry->backoff[i] = (struct backoff_config){
            .type = BACKOFF_NONE,
            .multiplier = 2.0,
            .max = DURATION_FOREVER,
            .jitter = {.mult_low = 1.0, .mult_high = 1.0},
        };
    }
    retry->hint.max = DURATION_FOREVER;
}

static void init_limits(struct policy *policy)
{
    policy->concurrency.common.max_wait = DURATION_FOREVER;
    policy->rate_limit.applies_to = RATE_LIMIT_FIRST | RATE_LIMIT_RETRY;
    policy->rate_limit.max_wait = DURATION_FOREVER;
    throttle_config_init(&policy->throttle);
    policy->throttle.type = THROTTLE_NONE;
}

void policy_init(struct policy *policy)
{
    enum layer first, second;
    const char *problem;

    memset(policy, 0, sizeof(*policy));
    policy->timeout = (struct timeout_config){
        .connect = DURATION_FOREVER,
        .attempt = DURATION_FOREVER,
        .operation = DURATION_FOREVER,
        .deadline_rule = DEADLINE_CUT_ATTEMPT,
    };
    init_retry(&policy->retry);
    budget_config_init(&policy->budget);
    hedge_config_init(&policy->hedge);
    init_limits(policy);
    policy->key = (struct key_config){
        .scope = KEY_SCOPE_NONE,
        .kind = KEY_UUID4,
        .header = "Idempotency-Key",
    };
    layer_order_init(&policy->order);
    must(policy_arrange(policy, &first, &second, &problem));
}

bool policy_has_layer(const struct policy *policy, enum layer layer)
{
    switch (layer) {
    case LAYER_RATE_LIMIT:
        return policy->rate_limit.type != RATE_LIMIT_NONE;
    case LAYER_CONCURRENCY:
        return policy->concurrency.enabled;
    case LAYER_THROTTLE:
        return policy->throttle.type != THROTTLE_NONE;
    case LAYER_OPERATION_TIMEOUT:
        return policy->timeout.operation.ns != INT64_MAX;
    case LAYER_RETRY:
        return policy->retry.max_attempts != 1;
    case LAYER_HEDGE:
        return policy->hedge.max_extra > 0;
    case LAYER_BREAKER:
        return policy->breaker.condition_count > 0;
    case LAYER_ATTEMPT_TIMEOUT:
        return policy->timeout.attempt.ns != INT64_MAX;
    }
    return false;
}

bool policy_arrange(struct policy *policy, enum layer *first,
                    enum layer *second, const char **problem)
{
    return layer_arrange(&policy->order, policy->chains, first, second,
                         problem);
}

uint32_t policy_layers(const struct policy *policy)
{
    uint32_t layers = 0;
    for (unsigned i = 0; i < LAYER_COUNT; i++) {
        if (policy_has_layer(policy, (enum layer)i)) {
            layers |= 1u << i;
        }
    }
    return layers;
}
