/*
 * event: what is kept of one attempt and of one operation.
 *
 * Facts are counted and forgotten; these are kept until the run is over, by
 * the journal of the host, and then written for people and tools. Instants are
 * on the host's run clock; those that never came are EVENT_NEVER.
 *
 * What hosts promise: each DONE is one event_attempt, each FINISHED one
 * event_operation, those of the warm-up included.
 *
 * Both are written to disk as they are in memory: neither has padding, whose
 * bytes nobody would have set.
 */
#ifndef SQUALL_MEASURE_EVENT_H
#define SQUALL_MEASURE_EVENT_H

#include "base/instant.h"
#include "policy/call.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EVENT_NEVER ((struct instant){-1})

struct event_attempt {
    uint64_t operation;        /* number in the run */
    uint64_t client;           /* the same */
    struct instant intended;   /* of its operation */
    struct instant asked;      /* the policy said: send */
    struct instant sent;       /* it had a connection */
    struct instant first_byte; /* of an answer */
    struct instant done;
    uint64_t error;   /* what was said of a failure: failure_hash */
    unsigned number;  /* from 1 */
    uint16_t request; /* index into the plan's requests */
    uint16_t status;  /* 0: no whole answer */
    uint16_t kind;    /* enum attempt_kind */
    uint16_t outcome; /* enum outcome */
    int8_t fault;     /* enum fault_kind injected, -1 none */
    bool was_sent;
    bool wasted;    /* ended after the verdict, or lost a hedge */
    bool delivered; /* lost answer: the service had it all */
};

/* What was found about an operation beside the class of its effects
 * (measure/effect.def): a bit each. */
enum {
#define EFFECT_FLAG(id, name, sentence) FLAG_AT_##id,
#include "measure/effect.def"
};

enum event_flag {
#define EFFECT_FLAG(id, name, sentence) FLAG_##id = 1 << FLAG_AT_##id,
#include "measure/effect.def"
};

struct event_operation {
    uint64_t operation;
    uint64_t client;
    struct instant intended;
    struct instant verdict_at;
    unsigned attempts; /* that were made, sent or not */
    unsigned on_wire;  /* that were sent */
    uint16_t request;
    uint16_t stage;   /* index into the stages, 0 in the closed model
                       */
    uint16_t verdict; /* enum verdict */
    uint8_t reason;   /* enum finish_reason */
    bool warmup;
};

/* An operation from its start to its end. The keys are those that requests
 * carried, without quotes, not NUL-terminated; length 0: none. */
struct event_key {
    const char *text;
    size_t length;
};

struct event_trace {
    struct event_operation operation;
    struct event_key key;
    size_t attempt_count;
    const struct event_attempt *attempts; /* in order of their numbers */
    const struct event_key *keys;         /* of each attempt */
};

#endif
