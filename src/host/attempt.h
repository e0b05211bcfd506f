/*
 * attempt: one request, from its SEND to its end.
 *
 * It asks the gate of its client's pool for a transfer, and has none while it
 * waits there; nor when its request is lost before sending. When it has one it
 * is sent, as its call sees it (EVENT_SENT): opening a connection is a part of
 * that, and so is a delay that a fault injects. The engine says later when its
 * first byte goes out (attempt_was_sent).
 */
#ifndef SQUALL_HOST_ATTEMPT_H
#define SQUALL_HOST_ATTEMPT_H

#include "base/heap.h"
#include "engine/engine.h"
#include "faults/fault.h"
#include "load/gate.h"
#include "policy/call.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct operation;
struct duplicate;
struct hop;

/* Where what happens is counted: the same of all attempts of an operation. */
struct fact_scope {
    bool warmup;
    uint16_t request, stage;
};

struct attempt {
    struct gate_waiter waiter;   /* first: found from the gate's queue */
    struct heap_node timer;      /* when its fault has something to do */
    struct operation *operation; /* NULL: it is a duplicate, of nobody's */
    size_t pool;                 /* of its client */
    uint64_t client;             /* index among the worker's clients */
    struct transfer *transfer;
    const struct fault_config *fault; /* drawn for it, or NULL; of a duplicate,
                                       * the one that made it */
    struct duplicate *duplicate; /* to be sent beside it, once it was sent */
    struct attempt *next_ended;  /* see ended.h */
    struct instant asked;        /* for a transfer: when the call said SEND,
                                  * or the time of a duplicate had come */
    struct duration delay;       /* of its fault, before it begins */
    struct duration queue;       /* its wait for one */
    struct fact_scope scope;
    const struct hop *hop; /* where a redirect sent it; NULL: it is no hop */
    const char *url;       /* of its operation, once it has begun; NULL: its
                            * request's constant one */
    unsigned number;       /* from 1; 0: this slot is free */
    enum attempt_kind kind;
    enum outcome outcome; /* once is_ended: what it ends as */
    bool is_ended;
    bool is_held;         /* its fault delays it: it does not begin yet */
    bool sent_is_pending; /* it is sent, and its call has not heard of it */
    bool is_timed;        /* its answer is lost at a time of its own */
    bool is_losing;       /* to be given up once it is delivered */
    bool answer_lost;     /* its answer was thrown away, on purpose */
    bool was_duplicated;
};

/* At least a byte of its request went out. */
static inline bool attempt_was_sent(const struct attempt *attempt)
{
    return attempt->transfer && attempt->transfer->facts.is_sent;
}

#endif
