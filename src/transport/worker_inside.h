/* worker_inside: what worker.c (the life of a worker), attempts.c (the actions
 * of its calls) and the files named below share. Nobody else includes it. */
#ifndef SQUALL_TRANSPORT_WORKER_INSIDE_H
#define SQUALL_TRANSPORT_WORKER_INSIDE_H

#include "base/heap.h"
#include "load/gate.h"
#include "load/mix.h"
#include "load/schedule.h"
#include "transport/clock.h"
#include "transport/journal.h"
#include "transport/loop.h"
#include "transport/operation.h"
#include "transport/strike.h"
#include "transport/worker.h"

#include <pthread.h>

/* A connection's caller in the closed model. */
struct user {
    struct heap_node timer; /* first: while it thinks */
    uint64_t index;
};

/* The key that an attempt carries, where each has one of its own. */
struct wire_key {
    size_t length;
    char text[KEY_MAX];
};

struct worker {
    struct worker_options options;
    const struct plan *plan;
    struct arena arena;
    struct instant origin; /* of the run clock, on clock_now's clock */
    struct loop loop;
    struct wires wires;
    struct heap timers;   /* of operations */
    struct operation *operations;
    uint64_t operation_count;
    struct operation *free;
    struct flight *ended; /* flights whose ATTEMPT_DONE is due */
    struct flight **ended_tail;
    struct strikes strikes;
    struct tally tally;
    struct fault_drawer faults;
    struct mix mix;
    struct rng mix_rng;
    struct client *clients;
    uint64_t client_count;
    uint64_t client_base; /* index of the first in the run */
    char *scratch; /* a filled body, for keys that hash it */
    size_t scratch_size;
    struct journal_part *journal; /* NULL: no evidence is kept */
    struct wire_key *wire_keys;   /* of each wire; NULL: not needed */

    /* load */
    struct schedule schedule;
    struct arrival_time arrival; /* the next one, when has_arrival */
    bool has_arrival;
    uint64_t operations_left; /* UINT64_MAX: no limit */
    struct user *users;
    struct heap thinking;
    uint64_t *ready; /* users whose turn it is */
    uint64_t ready_count;
    bool load_over;
    bool load_counted; /* open: its number of operations ended it */
    struct instant load_end; /* run clock */
    struct instant drain_end;
    struct instant last_verdict;
    double cpu_share;

    /* counters for the snapshot; warm-up included */
    uint64_t started, finished, acked, attempts, on_wire, active;
    struct instant next_publish;
    struct instant next_recent;
    uint32_t recent[RECENT_BINS];      /* being filled */
    uint32_t recent_done[RECENT_BINS]; /* of the second before */
    pthread_mutex_t published_lock;
    struct worker_snapshot published;
};

static inline struct instant run_now(const struct worker *worker)
{
    return (struct instant){clock_now().ns - worker->origin.ns};
}

static inline struct instant to_run_clock(const struct worker *worker,
                                          struct instant monotonic)
{
    return (struct instant){monotonic.ns - worker->origin.ns};
}

/* Whose connections a client uses: its own, or everybody's. */
static inline struct wire_pool *client_pool(const struct worker *worker,
                                            uint64_t client)
{
    const struct wires *wires = &worker->wires;
    return &wires->pools[wires->pool_count > 1 ? client : 0];
}

/* attempts.c */

/* A new operation takes a slot and its first step. There must be a slot. */
void operation_start(struct worker *worker, struct instant now,
                     struct instant intended, uint16_t stage, uint64_t user);

/* An event for an operation's call, and all that follows from it now. */
void operation_step(struct worker *worker, struct operation *operation,
                    const struct call_event *event, struct instant now);

/* Answers flights that ended without libcurl: cancelled, lost, not sendable.
 * Many at once are answered in turns; the loop must not sleep over the rest. */
void flights_settle(struct worker *worker, struct instant now);

/* For strike.c: a flight asks for a wire; it ends without libcurl; it is
 * answered; what is known of one that got no answer; it gives its wire
 * back. */
void flight_ask(struct worker *worker, struct flight *flight,
                struct instant now);
void flight_put_ended(struct worker *worker, struct flight *flight,
                      enum outcome outcome);
void flight_answer(struct worker *worker, struct flight *flight,
                   const struct attempt_result *result, struct instant now);
struct attempt_result flight_unanswered(const struct flight *flight,
                                        enum outcome outcome);
void flight_leave(struct worker *worker, struct flight *flight,
                  struct instant now);

/* Callbacks of the loop and of the wires. */
void flight_on_done(void *context, CURL *easy, CURLcode code);
void flight_on_sent(void *context, struct wire *wire);
void flight_on_slow(void *context, struct wire *wire, struct instant until);

/* tell.c: what measure is told, as facts, and the journal beside it. */
bool operation_has_key(const struct worker *worker,
                       const struct operation *operation);
void tell_started(struct worker *worker, const struct operation *operation,
                  struct instant now);
void tell_sent(struct worker *worker, const struct flight *flight);
void tell_done(struct worker *worker, struct flight *flight,
               const struct attempt_result *result, struct instant now,
               bool wasted);
void tell_finished(struct worker *worker, const struct operation *operation,
                   const struct action *action, struct instant now);
void tell_answers(struct worker *worker, const struct operation *operation);
void tell_breaker(struct worker *worker, uint64_t index);
/* What each client is left with, when the run is over. */
void clients_tell(struct worker *worker, struct instant now);
/* What all that are done tell, copies too. */
void flight_fill_done(const struct worker *worker, const struct flight *flight,
                      const struct attempt_result *result, struct instant now,
                      struct fact *fact);

/* evidence.c: what the journal is told. */
void evidence_begin(struct worker *worker, struct journal_part *part);
void evidence_sent(struct worker *worker, const struct flight *flight);
void evidence_attempt(struct worker *worker, const struct flight *flight,
                      const struct fact *done, bool struck, bool delivered);
void evidence_verdict(struct operation *operation,
                      const struct action *action, struct instant now);
void evidence_operation(struct worker *worker, struct operation *operation);
/* The same where copies are made: the operation's records are chained in
 * copied from now on; a copy has ended; and so have all. */
void evidence_copied(const struct worker *worker,
                     const struct operation *operation, struct copied *copied);
void evidence_copy(struct worker *worker, const struct flight *flight,
                   struct copied *copied, const struct fact *done,
                   const struct event_key *key);
void evidence_copied_over(struct worker *worker, struct copied *copied);

/* worker.c: an operation of this user has its verdict. */
void worker_user_ready(struct worker *worker, uint64_t user,
                       struct instant now);

#endif
