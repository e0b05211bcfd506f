/*
 * worker: one thread's share of the run.
 *
 * A worker owns everything it touches: its loop, wires, timers, clients,
 * random streams and tally; only the plan is shared, and constant. It starts
 * operations when load/schedule says so (or a connection's turn comes, in the
 * closed model), feeds policy/call with what happened, performs the four
 * actions that come back, and tells measure the facts. It decides nothing.
 *
 * A worker's life: load (operations start) -> drain (verdicts are awaited, at
 * most plan->load.drain) -> abandon (what is left ends ambiguous) -> over.
 */
#ifndef SQUALL_TRANSPORT_WORKER_H
#define SQUALL_TRANSPORT_WORKER_H

#include "base/error.h"
#include "measure/tally.h"
#include "plan/plan.h"
#include "transport/loop.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdbool.h>

struct worker;
struct journal_part;

enum { RECENT_BINS = 28 * 16 }; /* 16 a doubling of microseconds */

/* What a worker publishes ten times a second. */
struct worker_snapshot {
    uint64_t started, finished, acked, attempts, on_wire, in_flight;
    bool load_over;
    bool ended;
    uint32_t recent[RECENT_BINS]; /* operation latency of the last second */
};

struct worker_options {
    const struct plan *plan;
    uint64_t index, count;      /* which of how many */
    struct curl_slist *pinned;  /* names resolved before the run, or NULL */
    size_t descriptors;         /* the process's limit */
    const atomic_int *stop;     /* 1: start nothing new; 2: abandon */
    struct letter_ending *endings; /* of a replay: one a letter; a worker
                                    * writes those of its own */
};

/* The connections that a worker may have: its share of all, or those of its
 * clients. */
struct loop_shape worker_shape(const struct plan *plan, uint64_t worker,
                               uint64_t workers);

/* Makes a worker; all its memory is taken here. NULL after adding an error. */
struct worker *worker_new(const struct worker_options *options,
                          struct errors *errors);
void worker_free(struct worker *worker);

/* Before it runs: keeps a journal, which the caller owns. */
void worker_keep_journal(struct worker *worker, struct journal_part *part);

/* Runs to the end. `origin` is the start of load on clock_now's clock. */
void worker_run(struct worker *worker, struct instant origin);

/* From any thread: makes it look at the stop flag. */
void worker_wake(const struct worker *worker);

/* After worker_run has returned: closes its connections. A service that serves
 * no more than those could not tell its ledger to anybody. */
void worker_hang_up(struct worker *worker);

void worker_snapshot(struct worker *worker, struct worker_snapshot *snapshot);

/* After worker_run has returned. */
const struct tally *worker_tally(const struct worker *worker);
double worker_cpu_share(const struct worker *worker);

/* When its load ended, since the origin: the end of the duration or schedule,
 * the last verdict in the closed model, or the stop. */
struct duration worker_load_end(const struct worker *worker);

/* Open model: the number of operations ended the load, not its length. */
bool worker_load_was_counted(const struct worker *worker);

/* The bin of worker_snapshot.recent that a latency falls into, and the middle
 * of a bin. */
size_t recent_bin(struct duration latency);
int64_t recent_bin_us(size_t bin);

#endif
