/*
 * concurrency: how many calls a client has under way at once, with a queue of
 * bounded length (a bulkhead). The counting alone: who is next in the queue,
 * and how long one may wait there, is the caller's.
 *
 *   enter -> RUNNING | QUEUED | REJECTED
 *   leave frees a place; next says that a queued call has it now.
 * running never grows past the limit, queued never past the queue. The limit
 * is handed in each time: it may be an adaptive one. When it sinks, calls
 * that run go on.
 */
#ifndef SQUALL_POLICY_CONCURRENCY_H
#define SQUALL_POLICY_CONCURRENCY_H

#include "policy/adaptive.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum concurrency_entry {
    CONCURRENCY_RUNNING,
    CONCURRENCY_QUEUED,
    CONCURRENCY_REJECTED,
};

enum { CONCURRENCY_TIERS_MAX = 8 };

/* A pool of places: that of one tier of requests, or the common one. */
struct pool_config {
    unsigned tier;            /* which requests; the common pool: all others */
    unsigned limit;           /* places */
    unsigned queue;           /* calls that may wait for one */
    struct duration max_wait; /* DURATION_FOREVER: any */
};

struct concurrency_config {
    bool enabled;
    struct pool_config common;
    size_t tier_count;
    struct pool_config tiers[CONCURRENCY_TIERS_MAX];
    bool is_adaptive; /* the common pool's limit adapts itself */
    struct adaptive_config adaptive;
};

struct concurrency {
    unsigned running, queued;
    unsigned running_max, queued_max; /* ever */
    uint64_t rejected;                /* ever */
};

/* A call wants to start. Those that wait already go first. */
enum concurrency_entry concurrency_enter(struct concurrency *concurrency,
                                         unsigned limit, unsigned queue);

/* A running call has ended. */
void concurrency_leave(struct concurrency *concurrency);

/* True: the call at the head of the queue is running now. Asked until false,
 * whenever a call has left or the limit may have grown. */
bool concurrency_next(struct concurrency *concurrency, unsigned limit);

/* A queued call has waited too long, or is not wanted any more. */
void concurrency_give_up(struct concurrency *concurrency);

#endif
