/*
 * fact: what happened, recorded by a host. Facts are the only input of
 * measure, the same whatever the engine: in a run and in a simulation.
 *
 * Instants are on the host's run clock (0 is the start of load). A fact of an
 * operation that was intended during the warm-up says so and is counted
 * nowhere, except that its effects are known not to be foreign.
 *
 * What hosts promise: all facts of one operation carry the same request,
 * stage and warmup. Each STARTED is followed by one FINISHED. Each attempt
 * has exactly one DONE, also when its operation ended first (then it is
 * CANCELLED or wasted); before a DONE that says was_sent stands one SENT, and
 * none before any other. An attempt with the expected answer was sent. A
 * duplicate is an attempt of nobody's: it may be sent when its operation has
 * ended, and is wasted.
 *
 * Where the bodies of answers are read, a FACT_ANSWERS follows the FINISHED of
 * each operation that has an effect, when its last attempt has ended, and the
 * last duplicate that a fault made of one.
 *
 * What is squall's own: a latency is at most what was seen, and at least that
 * less what squall itself was late by: at the start, in the wait for one of
 * its connections, at timers, and in seeing what had come (engine/look.h). A
 * failure is cut short where squall's lateness took a considerable part of the
 * time that an attempt or an operation was given.
 *
 * Three facts are of no operation; of them only `at` is looked at beside their
 * own part. A WORKER fact says how a worker did since its one before. A
 * BREAKER is recorded of every transition,
 * in the order of its client, also in the warm-up; a CLIENT once of each
 * client, when the run is over.
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
    FACT_FAULT,    /* squall injected a fault into an attempt */
    FACT_FINISHED, /* an operation has its verdict */
    FACT_BREAKER,  /* a client's breaker changed its state */
    FACT_CLIENT,   /* what a client was left with */
    FACT_ANSWERS,  /* what the answers of an operation named */
    FACT_WORKER,   /* how a worker of squall's did */
};

/* One attempt, as remembered for the examples of offenders. */
struct attempt_note {
    struct duration sent; /* since the operation was intended; < 0: never */
    struct duration done; /* the same origin */
    uint16_t status;
    uint16_t number; /* of the attempt, from 1: they are noted as they
                      * end */
    uint8_t outcome; /* enum outcome */
    uint8_t kind;    /* enum attempt_kind */
    int8_t fault;    /* enum fault_kind, -1 none */
    uint8_t named;   /* which of its operation's effects the answer
                      * named, from 1; 0: none */
};

enum { ATTEMPT_NOTES_MAX = 16 };

enum { NAMED_EFFECTS_MAX = 8 };

/* What the complete, expected answers of one operation said, to duplicates of
 * its attempts too; `busy` is of any answer but those. */
struct answers_seen {
    unsigned count;   /* of those answers */
    unsigned unnamed; /* of them, those that named no effect */
    unsigned named;   /* distinct effects; past the room, at least that */
    unsigned given;   /* of those, the ones that the caller was given */
    bool busy;        /* the last answer: its key is in flight */
    bool differ;      /* in status, media type or body from the first */
    uint16_t first_status;
    struct hash128 first; /* of the first: media type and body */
    struct hash128 effects[NAMED_EFFECTS_MAX];
    bool was_given[NAMED_EFFECTS_MAX];
};

/* Durations that were not measured are negative. */
#define NOT_MEASURED ((struct duration){-1})

struct fact {
    enum fact_kind kind;
    bool warmup;
    uint16_t request; /* index into the plan's requests */
    uint16_t stage;   /* index into the stages, 0 in the closed model */
    struct instant at;
    union {
        struct {
            struct instant intended;
        } dropped;
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
            bool wasted; /* ended after the verdict, or lost a hedge: then
                          * it is CANCELLED, unless it was let run */
            bool closed_connection;  /* cancelling it closed a connection of
                                      * HTTP/1.1, its request was on it */
            bool spoke_http2;        /* its answer came by HTTP/2 */
            bool unreadable;         /* the body could not be decoded */
            uint32_t interim;        /* answers of 1xx that came before */
            bool resend_refused;     /* libcurl's silent re-send was stopped */
            struct duration latency; /* sent to done, when was_sent */
            struct duration first_byte; /* sent to the first answer byte */
            struct duration connect;    /* when it opened a connection */
            struct duration dns;      /* of its name; 0: none was asked for */
            struct duration tcp, tls; /* the parts of that; 0: none */
            uint64_t bytes_sent, bytes_received; /* heads and bodies; 0 were
                                                  * sent: not measured */
            struct duration queue; /* wait for one of squall's own
                                    * connections before the send */
            bool in_queue;         /* it ended in that wait */
            /* Of the three durations before: how much of each may be
             * squall's own (see above) */
            struct duration late, first_byte_late, connect_late;
            bool after_late;  /* it would not have been made, perhaps, but
                               * for an earlier attempt that was cut short */
            const char *text; /* borrowed: what was said of a failure */
            size_t text_length;
            uint64_t text_hash; /* failure_hash of it; 0: it did not fail */
        } done;
        struct {
            uint8_t fault;  /* enum fault_kind */
            bool delivered; /* lost_response: the service had it all */
        } fault;
        struct {
            enum verdict verdict;
            enum finish_reason reason;
            uint16_t status; /* of the last of its attempts that ended; 0:
                              * that one had no answer */
            struct instant intended;
            unsigned attempts;        /* of its own, sent on the wire */
            unsigned duplicates;      /* made of them by a fault */
            struct duration backoff;  /* total wait between attempts */
            struct duration queue;    /* total wait for connections */
            struct duration late;     /* how much of its latency may be
                                       * squall's own (see above) */
            bool is_cut_short;        /* it failed, perhaps, since squall's
                                       * own lateness left it less time */
            bool has_budget;          /* the next four are looked at */
            unsigned retries_granted; /* by the client's retry budget */
            unsigned retries_denied;  /* the same, whatever came of it */
            unsigned hedges_granted;  /* by it, where it covers hedges */
            double budget_level;      /* what is left of it, at least 0 */
            uint64_t operation;       /* number in the run */
            struct hash128 join;      /* of the ledger id */
            bool has_effect;          /* its request performs one: the
                                       * ledger is expected to show it */
            bool one_key;             /* every attempt carried the same key */
            bool was_before;          /* it is sent again: it had, in runs */
            enum verdict verdict_before; /* before this one, that verdict */
            unsigned attempts_before;    /* and so many on the wire */
            bool rejects_all;            /* see replayed_verdict */
            size_t note_count;           /* <= ATTEMPT_NOTES_MAX */
            const struct attempt_note *notes; /* borrowed */
            /* What the client's own policy did. Each is looked at where its
             * layer is on (tally_config.layers). */
            uint32_t refusals[LAYER_COUNT]; /* tries that a layer refused */
            uint32_t hedges;                /* made, sent or not */
            uint32_t hedges_denied;         /* due, but not affordable */
            bool won_by_hedge;
            bool waited_rate;           /* for the rate limit, at all */
            bool waited_place;          /* for one among those under way */
            struct duration limit_wait; /* total of both */
            unsigned limit; /* the client's limit of calls under way, now */
        } finished;
        struct {
            const struct answers_seen *seen; /* borrowed, like the notes */
            uint64_t operation;
            enum verdict verdict;
            struct instant intended;
            unsigned attempts; /* sent, duplicates too */
            bool has_key;
            bool one_key; /* as in finished */
            size_t note_count;
            const struct attempt_note *notes;
        } answers;
        struct {
            uint64_t client; /* number in the run */
            enum breaker_state from, to;
        } breaker;
        struct {
            double budget_level;  /* < 0: it has no retry budget */
            unsigned limit;       /* of calls under way: looked at, like */
            unsigned running_max; /* the next two, where the layer is on */
            unsigned queued_max;  /* both ever, in any pool */
        } client;
        struct {
            struct duration wall;     /* since its last fact */
            struct duration cpu;      /* of that on a core, */
            struct duration waiting;  /* and ready, but without one; both
                                       * negative where that is not known */
            struct duration away;     /* its loop, at most: between two turns,
                                       * less the sleep it asked for */
            struct duration away_sum; /* of all that took a millisecond */
            unsigned stalls;          /* times that it was away for 10 ms */
            struct duration lag;      /* of its starts, at most */
        } worker;
    };
};

#endif
