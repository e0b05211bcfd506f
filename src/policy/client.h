/*
 * client: what one caller carries from operation to operation: its random
 * streams, and the state of its budget, breaker, limits and estimates, as one
 * process of a fleet has. It starts full and is shared with nobody.
 *
 * A call that waits for a place among those under way stands in a queue of its
 * client. When another call of the client leaves, the place is granted in that
 * step, and the call that has it now is handed out by client_next_ready; the
 * host steps it with WOKE at the same instant.
 */
#ifndef SQUALL_POLICY_CLIENT_H
#define SQUALL_POLICY_CLIENT_H

#include "policy/policy.h"

struct call;

/* First in, first out; linked through the calls, each in one at most. */
struct call_queue {
    struct call *head, *tail;
};

void call_queue_push(struct call_queue *queue, struct call *call);

/* Takes it out of the queue that it stands in, if any. */
void call_queue_leave(struct call *call);

/* A change of the breaker's state, for the host to record. */
struct breaker_change {
    enum breaker_state from, to;
    struct instant at;
};

/* A step of one call makes at most so many. */
enum { BREAKER_CHANGES_MAX = 8 };

struct client {
    struct rng jitter;
    struct rng limits; /* throttle, breaker, adaptive limit */
    struct budget budget;
    struct rate_limit rate_limit;
    struct concurrency pools[1 + CONCURRENCY_TIERS_MAX]; /* the common first */
    struct call_queue queues[1 + CONCURRENCY_TIERS_MAX];
    struct call_queue ready; /* have their place, to be stepped */
    size_t change_count; /* the host reads them after each step, and sets 0 */
    struct breaker_change changes[BREAKER_CHANGES_MAX];
    /* Each of these means something only where its layer is on. */
    struct throttle throttle;
    struct breaker breaker;
    struct budget hedge_budget;
    struct latency_estimate latency; /* of first attempts */
    struct adaptive adaptive;
};

_Static_assert(sizeof(struct client) < 64 * 1024, "a thousand are cheap");

void client_init(struct client *client, const struct policy *policy,
                 uint64_t seed, uint64_t index);

/* A call that got its place in somebody else's step, or NULL. The host feeds
 * it WOKE before time goes on; asked until NULL, after every step. */
struct call *client_next_ready(struct client *client);

/* The limit of calls under way of a pool, now. */
unsigned client_limit(const struct client *client, const struct policy *policy,
                      size_t pool);

#endif
