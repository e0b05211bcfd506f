#include "policy/client.h"

#include "base/must.h"
#include "policy/call.h"

#include <stddef.h>
#include <string.h>

void client_init(struct client *client, const struct policy *policy,
                 uint64_t seed, uint64_t index)
{
    struct instant start = {0};

    /* What is large is touched only where it is used, so that ten thousand
     * clients with little policy take little memory. */
    memset(client, 0, offsetof(struct client, throttle));
    client->jitter = rng_stream(seed, RNG_JITTER, index);
    client->limits = rng_stream(seed, RNG_LIMITS, index);
    budget_init(&client->budget, &policy->budget);
    rate_limit_init(&client->rate_limit, &policy->rate_limit, start);
    if (policy_has_layer(policy, LAYER_THROTTLE)) {
        throttle_init(&client->throttle, &policy->throttle);
    }
    if (policy_has_layer(policy, LAYER_BREAKER)) {
        breaker_init(&client->breaker, &policy->breaker, start);
    }
    if (policy_has_layer(policy, LAYER_HEDGE)) {
        budget_init(&client->hedge_budget, &policy->hedge.budget);
        latency_estimate_init(&client->latency);
    }
    if (policy->concurrency.is_adaptive) {
        adaptive_init(&client->adaptive, &policy->concurrency.adaptive, start,
                      &client->limits);
    }
}

void call_queue_push(struct call_queue *queue, struct call *call)
{
    must(!call->queue);
    call->queue = queue;
    call->queue_next = NULL;
    call->queue_previous = queue->tail;
    if (queue->tail) {
        queue->tail->queue_next = call;
    } else {
        queue->head = call;
    }
    queue->tail = call;
}

void call_queue_leave(struct call *call)
{
    struct call_queue *queue = call->queue;
    if (!queue) {
        return;
    }
    *(call->queue_previous ? &call->queue_previous->queue_next
                           : &queue->head) = call->queue_next;
    *(call->queue_next ? &call->queue_next->queue_previous : &queue->tail) =
        call->queue_previous;
    call->queue = NULL;
}

struct call *client_next_ready(struct client *client)
{
    struct call *call = client->ready.head;
    if (call) {
        call_queue_leave(call);
    }
    return call;
}

unsigned client_limit(const struct client *client, const struct policy *policy,
                      size_t pool)
{
    const struct concurrency_config *config = &policy->concurrency;
    must(pool <= config->tier_count);
    if (pool > 0) {
        return config->tiers[pool - 1].limit;
    }
    return config->is_adaptive ? adaptive_limit(&client->adaptive)
                               : config->common.limit;
}
