#include "policy/policy.h"

#include <string.h>

void client_init(struct client *client, const struct policy *policy,
                 uint64_t seed, uint64_t index)
{
    client->jitter = rng_stream(seed, RNG_JITTER, index);
    budget_init(&client->budget, &policy->budget);
}

void policy_init(struct policy *policy)
{
    memset(policy, 0, sizeof(*policy));
    policy->timeout = (struct timeout_config){
        .connect = DURATION_FOREVER,
        .attempt = DURATION_FOREVER,
        .operation = DURATION_FOREVER,
        .deadline_rule = DEADLINE_CUT_ATTEMPT,
    };
    policy->retry.max_attempts = 1;
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        policy->retry.backoff[i] = (struct backoff_config){
            .type = BACKOFF_NONE,
            .multiplier = 2.0,
            .max = DURATION_FOREVER,
            .jitter = {.mult_low = 1.0, .mult_high = 1.0},
        };
    }
    policy->retry.hint.max = DURATION_FOREVER;
    budget_config_init(&policy->budget);
    policy->key = (struct key_config){
        .scope = KEY_SCOPE_NONE,
        .kind = KEY_UUID4,
        .header = "Idempotency-Key",
    };
}
