/* policy: everything that a client decides by; one constant value a run. */
#ifndef SQUALL_POLICY_POLICY_H
#define SQUALL_POLICY_POLICY_H

#include "policy/breaker.h"
#include "policy/budget.h"
#include "policy/concurrency.h"
#include "policy/hedge.h"
#include "policy/key.h"
#include "policy/layer.h"
#include "policy/rate_limit.h"
#include "policy/retry.h"
#include "policy/throttle.h"
#include "policy/timeout.h"

struct policy {
    struct timeout_config timeout;
    struct retry_config retry;
    struct budget_config budget;
    struct hedge_config hedge;
    struct breaker_config breaker;
    struct concurrency_config concurrency;
    struct rate_limit_config rate_limit;
    struct throttle_config throttle;
    struct layer_order order;
    struct layer_chain chains[LEVEL_COUNT]; /* of the order: policy_arrange */
    struct key_config key;
    uint64_t redirects; /* hops of an attempt at most; 0: none is followed */
    bool answers_challenges; /* of HTTP Digest */
};

/* A policy with everything off: one attempt, no timeouts, no key. */
void policy_init(struct policy *policy);

/* Works out the chains of another order. As layer_arrange. */
bool policy_arrange(struct policy *policy, enum layer *first,
                    enum layer *second, const char **problem);

/* Whether a layer is on. */
bool policy_has_layer(const struct policy *policy, enum layer layer);

/* Bits of enum layer: those that are on. */
uint32_t policy_layers(const struct policy *policy);

#endif
