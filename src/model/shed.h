/*
 * shed: when the modelled service turns orders away, beside the limit of its
 * queue. Pure.
 *
 * token_bucket: an order takes one of at most `burst` tokens, which come at
 *   `rate_per_s`.
 * codel: RFC 8289, section 5, with the wait in the queue.
 * adaptive: a limit on the orders in the service, found from how long they
 *   stay (additive increase, multiplicative decrease, as TCP does it): it
 *   grows by one for as many orders as it is itself while half of it is in
 *   use, and falls to nine tenths when one has stayed longer than `latency`,
 * then not again for those that were there already. By Little's law it swings
 * below capacity x latency. priority: tier 1 of T may use all of the queue,
 * tier t the share (T - t + 1) / T of it.
 */
#ifndef SQUALL_MODEL_SHED_H
#define SQUALL_MODEL_SHED_H

#include "base/instant.h"

#include <stdbool.h>
#include <stdint.h>

enum shed_mode {
#define SHED_MODE(id, name, sentence) SHED_##id,
#include "model/service.def"
};

struct shed_config {
    enum shed_mode mode;
    double rate_per_s, burst; /* token_bucket */
    struct duration codel_target, codel_interval;
    struct duration latency; /* adaptive: the longest acceptable stay */
    uint64_t tiers;          /* priority */
};

struct shed {
    struct shed_config config;
    double tokens;
    struct instant filled;
    struct shed_codel {
        struct instant first_above; /* INSTANT_NEVER: below the target */
        struct instant drop_next;
        uint64_t count, last_count;
        bool dropping;
    } codel;
    double limit;           /* adaptive: orders in the service */
    struct instant lowered; /* when that last fell */
};

/* An order that arrives, and what it finds. */
struct shed_arrival {
    struct instant now;
    uint64_t tier;        /* from 1, the most important */
    uint64_t waiting;     /* in the queue */
    uint64_t inside;      /* waiting or served */
    uint64_t queue_limit; /* 0: none */
    bool starts_at_once;  /* a worker is free for it */
};

/* The limit of adaptive shedding begins with the number of workers. */
void shed_init(struct shed *shed, const struct shed_config *config,
               uint64_t workers, struct instant start);

bool shed_admits(struct shed *shed, const struct shed_arrival *arrival);

/* Whether an order whose turn has come is dropped instead; `waiting` is how
 * many wait behind it. */
bool shed_drops(struct shed *shed, struct instant arrived, struct instant now,
                uint64_t waiting);

/* An order has been served; `inside` counts it too. */
void shed_learn(struct shed *shed, struct instant arrived, struct instant now,
                uint64_t inside);

#endif
