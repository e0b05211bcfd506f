/* policy: everything that a client decides by; one constant value a run. */
#ifndef SQUALL_POLICY_POLICY_H
#define SQUALL_POLICY_POLICY_H

#include "policy/budget.h"
#include "policy/key.h"
#include "policy/retry.h"
#include "policy/timeout.h"

struct policy {
    struct timeout_config timeout;
    struct retry_config retry;
    struct budget_config budget;
    struct key_config key;
};

/* What one caller carries from operation to operation: its random streams
 * and its retry budget; its breaker and limiter as they come. */
struct client {
    struct rng jitter;
    struct budget budget;
};

void client_init(struct client *client, const struct policy *policy,
                 uint64_t seed, uint64_t index);

/* A policy with everything off: one attempt, no timeouts, no key. */
void policy_init(struct policy *policy);

#endif
