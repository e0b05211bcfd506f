/*
 * operation: the slot of one operation in flight in the real transport.
 *
 * It embeds the pure call (policy/call.h) and what only a host needs: the one
 * timer, the place in the gate's queue, the wires of its attempts, the key,
 * and notes of its attempts for the report's examples.
 */
#ifndef SQUALL_TRANSPORT_OPERATION_H
#define SQUALL_TRANSPORT_OPERATION_H

#include "base/heap.h"
#include "load/gate.h"
#include "load/template.h"
#include "measure/fact.h"
#include "policy/call.h"
#include "transport/wire.h"

#include <stddef.h>

struct operation;
struct copy; /* strike.c */
struct copied; /* copied.h */

/* An attempt from its SEND to its end. It has no wire while it waits in the
 * gate for a free one, nor when its request is lost before sending. */
struct flight {
    struct gate_waiter waiter; /* first: found from the gate's queue */
    struct operation *operation; /* NULL: a copy */
    struct wire_pool *pool;     /* of its client */
    struct flight *next_ended; /* list of flights to answer */
    struct wire *wire;
    const struct fault_config *fault;
    struct instant asked; /* when the call said SEND */
    unsigned attempt;     /* from 1; 0: this slot is free */
    enum attempt_kind kind;
    bool is_ended;        /* in the list of the ended */
    enum outcome outcome; /* what a flight in that list ends as */
    struct heap_node strike; /* when its fault has something to do */
    struct copy *copy;       /* to be sent beside it, once it was sent */
    bool was_copied;
    bool is_held;         /* its fault delays it: it asks for no wire yet */
    bool is_timed;        /* its answer is lost at a time of its own */
};

struct operation {
    struct heap_node timer; /* first: found from the heap */
    struct call call;
    struct flight flights[CALL_IN_FLIGHT_MAX];
    struct operation *next; /* free list */
    bool active;
    bool warmup;
    uint16_t request, stage;
    uint64_t number; /* in the run */
    uint64_t client; /* index among the worker's clients */
    uint64_t user;   /* closed model: whose turn this is */
    struct instant intended;
    enum verdict verdict; /* once it is finished */
    struct duration queue; /* total wait for wires */
    uint8_t waits;   /* bits of enum call_wait: those that it was seen in */
    unsigned on_wire;
    unsigned copies;   /* made of its attempts by a fault */
    struct copy *late; /* those that wait for its verdict */
    struct copied *copied; /* where its answers are gathered then */
    struct hash128 join;
    const struct letter *letter; /* that it is; NULL: not a replay */
    size_t key_length;
    char key[KEY_MAX];
    struct answers_seen *seen; /* its own, or those in copied */
    struct answers_seen own_seen;
    size_t note_count;
    struct attempt_note notes[ATTEMPT_NOTES_MAX];
    /* for the journal, see evidence.c */
    uint64_t chain;
    unsigned attempts_told;
    uint8_t reason;
    struct instant verdict_at;
};

static inline struct operation *operation_of_call(struct call *call)
{
    return (struct operation *)(void *)((char *)call -
                                        offsetof(struct operation, call));
}

#endif
