/*
 * fact: what happened, told by a host. Facts are the only input of measure,
 * the same from the real transport and from the simulator.
 *
 * Instants are on the host's run clock (0 is the start of load). A fact of an
 * operation that was intended during the warm-up says so and is counted
 * nowhere, except that its effects are known not to be foreign.
 *
 * What hosts promise: all facts of one operation carry the same request,
 * stage and warmup. Each STARTED is followed by one FINISHED. Each attempt
 * has exactly one DONE, also when its operation ended first (then it is
 * CANCELLED or wasted); before a DONE that says was_sent stands one SENT, and
 * none before any other. An attempt with the expected answer was sent.
 */
#ifndef SQUALL_MEASURE_FACT_H
#define SQUALL_MEASURE_FACT_H

#include "base/hash.h"
#include "base/instant.h"
#include "policy/call.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fact_kind {
    FACT_DROPPED,  /* offered, never started */
    FACT_STARTED,  /* an operation began */
    FACT_SENT,     /* a request went on the wire */
    FACT_DONE,     /* an attempt ended, sent or not */
    FACT_FAULT,    /* squall struck an attempt on purpose */
    FACT_FINISHED, /* an operation has its verdict */
};

/* One attempt, as remembered for the examples of offenders. */
struct attempt_note {
    struct duration sent;  /* since the operation was intended; < 0: never */
    struct duration done;  /* the same origin */
    uint16_t status;
    uint8_t outcome;       /* enum outcome */
    uint8_t kind;          /* enum attempt_kind */
    int8_t fault;          /* enum fault_kind, -1 none */
};

enum { ATTEMPT_NOTES_MAX = 16 };

/* Durations that were not measured are negative. */
#define NOT_MEASURED ((struct duration){-1})

struct fact {
    enum fact_kind kind;
    bool warmup;
    uint16_t request;      /* index into the plan's requests */
    uint16_t stage;        /* index into the stages, 0 in the closed model */
    struct instant at;
    union {
        struct {
            struct instant intended;
        } started;
        struct {
            enum attempt_kind kind;
        } sent;
        struct {
            enum attempt_kind kind;
            enum outcome outcome;
            uint16_t status;
            bool was_sent;
            bool wasted;   /* ended after the verdict, or lost a hedge */
            bool resend_refused; /* libcurl's silent re-send was stopped */
            struct duration latency;    /* sent to done, when was_sent */
            struct duration first_byte; /* sent to the first answer byte */
            struct duration connect;    /* when it opened a connection */
            struct duration queue;      /* wait for one of squall's own
                                         * connections before the send */
        } done;
        struct {
            uint8_t fault;    /* enum fault_kind */
            bool delivered;   /* lost_response: the service had it all */
        } fault;
        struct {
            enum verdict verdict;
            enum finish_reason reason;
            struct instant intended;
            unsigned attempts;        /* sent on the wire */
            struct duration backoff;  /* total wait between attempts */
            struct duration queue;    /* total wait for connections */
            bool has_budget;          /* the next two are looked at */
            unsigned retries_granted; /* by the client's retry budget */
            double budget_level;      /* what is left of it, at least 0 */
            uint64_t operation;       /* number in the run */
            struct hash128 join;      /* of the ledger id */
            bool has_effect;          /* its request performs one: the
                                       * ledger is expected to tell */
            bool one_key;             /* every attempt carried the same key */
            size_t note_count;        /* <= ATTEMPT_NOTES_MAX */
            const struct attempt_note *notes; /* borrowed */
        } finished;
    };
};

#endif
