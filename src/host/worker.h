/*
 * worker: one thread's share of the run.
 *
 * A worker owns everything it touches: its engine, timers, clients,
 * random streams and tally; only the plan is shared, and constant. It starts
 * operations when load/schedule says so (or a connection's turn comes, in the
 * closed model), feeds policy/call with what happened, performs the four
 * actions that come back, and records the facts. It decides nothing.
 *
 * A worker's life: load -> drain -> abandon -> over. One rule says when, for
 * every model and whatever its operations wait for:
 *
 * - The load ends with its length, or at a stop. From then on nothing is sent
 *   but duplicates that a fault had already made of what was, and the hops of
 *   attempts that are on the wire and get redirected. What waits
 *   within squall (between tries, for a limit of its client, for one of its
 *   connections, held by a fault) gets its verdict at once.
 * - Its last operation ends it too: none starts any more. But those that are
 *   under way go on, tries and waits included, until their verdict.
 * - Either way verdicts are awaited for load.drain at most. What is left then
 *   is abandoned.
 * - A closed load with a number of operations and no length, of which nothing
 *   can go on but by an answer, is given up when for load.drain none comes.
 *
 * So a run with a length ends with it, load.drain later at the latest.
 */
#ifndef SQUALL_HOST_WORKER_H
#define SQUALL_HOST_WORKER_H

#include "base/error.h"
#include "effects/effect_logs.h"
#include "host/peek.h"
#include "host/snapshot.h"
#include "measure/tally.h"
#include "plan/plan.h"
#include "engine/engine.h"
#include "plan/workload.h"

#include <stdatomic.h>
#include <stdbool.h>

struct worker;
struct journal_part;
struct failed_exchanges;

struct worker_options {
    const struct plan *plan;
    uint64_t index, count; /* which of how many */
    const struct engine_type *engine;
    void *settings;             /* of this engine alone, or NULL */
    const struct engine *first; /* of the first worker; NULL: it is that one */
    const atomic_int *stop;     /* 1: start nothing new; 2: abandon */
    struct operation_ending *endings; /* of a workload that has an end, by
                                       * place; a worker writes its own */
};

/* Makes a worker; all its memory is taken here. NULL after adding an error. */
struct worker *worker_new(const struct worker_options *options,
                          struct errors *errors);
void worker_free(struct worker *worker);

/* Before it runs: keeps a journal, which the caller owns. */
void worker_keep_journal(struct worker *worker, struct journal_part *part);

/* Before it runs: its figures may be asked for (host/peek.h) meanwhile. */
void worker_allow_peek(struct worker *worker);
struct peek *worker_peek(struct worker *worker);

/* Answers, if it is asked: by the thread that runs it, between its turns or
 * when it has ended. */
void worker_answer(struct worker *worker);

/* Runs to the end. `origin` is the start of load on its engine's clock. */
void worker_run(struct worker *worker, struct instant origin);

/* The same in steps: it begins; does what is due, and says until when its
 * engine may wait, false: all of it is over; and ends. Between turns its
 * engine waits, no longer. */
void worker_begin(struct worker *worker, struct instant origin);
bool worker_turn(struct worker *worker, struct instant *until);
void worker_wait(struct worker *worker, struct instant until);
void worker_end(struct worker *worker);

/* From any thread: makes it look at the stop flag. */
void worker_wake(const struct worker *worker);

/* After worker_run has returned: closes its connections. A service that serves
 * no more than those could not serve its ledger to anybody. */
void worker_close_connections(struct worker *worker);

/* Its clock, and whether time is real, are the engine's. */
const struct engine *worker_engine(const struct worker *worker);

void worker_snapshot(struct worker *worker, struct worker_snapshot *snapshot);

/* After worker_run has returned. */
const struct tally *worker_tally(const struct worker *worker);
const struct effect_logs *worker_effect_logs(const struct worker *worker);
const struct failed_exchanges *worker_failed(const struct worker *worker);
double worker_cpu_share(const struct worker *worker);

/* When its load ended, since the origin: the end of the duration or schedule,
 * the last verdict in the closed model, or the stop. */
struct duration worker_load_end(const struct worker *worker);

/* Open model: the number of operations ended the load, not its length. */
bool worker_load_was_counted(const struct worker *worker);

#endif
