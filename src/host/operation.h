/*
 * operation: the slot of one operation in flight.
 *
 * It embeds the pure call (policy/call.h), what the plan's workload gave, and
 * what only a host needs: the one timer, its attempts, and what is known of
 * them for the report's examples and the journal.
 */
#ifndef SQUALL_HOST_OPERATION_H
#define SQUALL_HOST_OPERATION_H

#include "base/heap.h"
#include "host/attempt.h"
#include "measure/fact.h"
#include "plan/workload.h"
#include "policy/call.h"

#include <stddef.h>

struct duplicate;
struct kept_operation;

/* What begins anew with each operation of a slot. */
struct operation_progress {
    struct duration queue;    /* total wait for transfers */
    uint64_t late_event;      /* the last whose lateness is in the next */
    struct duration own_late; /* squall's own part in all the rest */
    bool is_cut_short;        /* an attempt of it was, by squall's lateness */
    uint8_t waits; /* bits of enum call_wait: those that it was seen in */
    unsigned on_wire;
    unsigned duplicates;         /* made of its attempts by a fault */
    struct duplicate *late;      /* those that wait for its verdict */
    struct kept_operation *kept; /* where its answers are collected then */
    enum verdict verdict;        /* once it is finished */
    enum finish_reason reason;
    uint16_t status; /* of the last attempt that ended; 0: no answer */
    struct instant verdict_at;
    size_t note_count;
    unsigned in_journal; /* of its attempts */
    uint64_t chain;      /* of its records there */
};

struct operation {
    struct heap_node timer; /* first: found from the heap */
    struct call call;
    struct attempt attempts[CALL_IN_FLIGHT_MAX];
    struct operation *next; /* free list */
    bool active;
    struct fact_scope scope;
    uint64_t client; /* index among the worker's clients */
    uint64_t user;   /* closed model: whose turn this is */
    struct instant intended;
    struct planned_operation planned;
    struct hash128 join;
    struct operation_progress progress;
    struct answers_seen *seen; /* its own, or those that are kept */
    struct answers_seen own_seen;
    struct attempt_note notes[ATTEMPT_NOTES_MAX];
};

static inline struct operation *operation_of_call(struct call *call)
{
    return (struct operation *)(void *)((char *)call -
                                        offsetof(struct operation, call));
}

#endif
