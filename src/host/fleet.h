/*
 * fleet: all workers of a run: started together, watched, stopped, merged.
 *
 * One worker = one thread = one engine, and its own slots, timers, histograms
 * and clients. Shared: the constant plan, a start barrier
 * and a stop flag. Each worker publishes a small snapshot of how far it is,
 * and what it has counted when somebody asks for it; nothing else crosses
 * threads until all have ended.
 */
#ifndef SQUALL_HOST_FLEET_H
#define SQUALL_HOST_FLEET_H

#include "base/error.h"
#include "measure/tally.h"
#include "plan/plan.h"
#include "engine/engine.h"
#include "host/failed_exchange.h"
#include "host/journal.h"

#include <stdbool.h>

struct fleet;

struct fleet_snapshot {
    uint64_t started, finished, succeeded, attempts, on_wire, in_flight;
    uint64_t missed;    /* as plan->miss_limit counts them */
    struct instant now; /* run clock */
    bool load_over;     /* only verdicts are awaited */
    bool ended;         /* all workers have ended */
    int64_t p99_us;     /* operations of about the last second; -1 none */
};

/* Makes all workers (plan->load.threads) with engines of this type, which says
 * by itself whether the plan fits (engine->fits); `settings` is what its own
 * header asks for, or NULL. NULL after adding an error. Borrows the plan and
 * the settings. */
struct fleet *fleet_new(const struct plan *plan,
                        const struct engine_type *engine, void *settings,
                        struct errors *errors);

/* Before the start: all workers write this journal, which has a part for each
 * (plan->load.threads). It must outlive the join. */
void fleet_keep_journal(struct fleet *fleet, struct journal *journal);

/* Before the start: what the workers count may be looked at while they run. */
void fleet_allow_peek(struct fleet *fleet);

/* Starts the threads. Where time is not real, there must be one worker, which
 * has no thread: its work is done in fleet_work, and what is left of it in
 * fleet_join. */
bool fleet_start(struct fleet *fleet, struct errors *errors);

/* Where time is not real: so many turns of the worker, here and now, or those
 * that are left. False: the threads do the work. */
bool fleet_work(struct fleet *fleet, uint64_t turns);

/* What all workers have counted so far. */
struct fleet_figures {
    const struct tally *tally; /* merged; until the next peek, or the join */
    struct instant at;         /* run clock: the latest of the workers' */
    struct duration load_time; /* as fleet_load_time, so far */
    double cpu_share;          /* as fleet_cpu_share, so far */
};

/* Between start and join, by the thread that joins. Asks the workers for what
 * they have counted; does nothing while an earlier question is open. */
void fleet_ask(struct fleet *fleet);

/* After fleet_ask: false, without a wait, until all workers have answered,
 * which they do within about a tenth of a second; at once where time is not
 * real. Of operations under way their attempts that ended are counted, and
 * that they started. */
bool fleet_peek(struct fleet *fleet, struct fleet_figures *figures);

/* From any thread or the signal loop. */
void fleet_snapshot(struct fleet *fleet, struct fleet_snapshot *snapshot);

/* No new operations; verdicts are awaited (drain). Second call: abandon. */
void fleet_stop(struct fleet *fleet);

/* Waits for the end of all workers and merges. The tally belongs to the fleet.
 */
const struct tally *fleet_join(struct fleet *fleet);

/* After the join. */
struct operation_log **fleet_effects_logs(struct fleet *fleet, size_t *count);
struct answers_log **fleet_answers_logs(struct fleet *fleet, size_t *count);

/* How each operation of a workload that has an end ended, by its place; those
 * that were not started say so. NULL: it has none. */
const struct operation_ending *fleet_endings(const struct fleet *fleet);

/* The highest share of a core that a worker used; negative: time is not real.
 */
double fleet_cpu_share(const struct fleet *fleet);

/* From the start of load, warm-up included, to its end. */
struct duration fleet_load_time(const struct fleet *fleet);

/* Where the requests go: see struct engine. */
const char *fleet_place(const struct fleet *fleet);

/* After fleet_start: when 0 of the run clock is, on the engine's clock. */
struct instant fleet_origin(const struct fleet *fleet);

/* When 0 of the run clock was, in nanoseconds since 1970. */
int64_t fleet_origin_unix_ns(const struct fleet *fleet);

/* After fleet_join: what was kept of the attempts of each worker that failed.
 */
size_t fleet_worker_count(const struct fleet *fleet);
const struct failed_exchanges *fleet_failed(const struct fleet *fleet,
                                            size_t worker);

void fleet_free(struct fleet *fleet);

#endif
