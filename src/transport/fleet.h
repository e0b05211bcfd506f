/*
 * fleet: all workers of a run: started together, watched, stopped, merged.
 *
 * One worker = one thread = one epoll, one curl multi, and its own slots,
 * timers, histograms and clients. Shared: the constant plan, a start barrier
 * and a stop flag. Each worker publishes a small snapshot for the progress
 * view; nothing else crosses threads until all have ended.
 */
#ifndef SQUALL_TRANSPORT_FLEET_H
#define SQUALL_TRANSPORT_FLEET_H

#include "base/error.h"
#include "measure/tally.h"
#include "plan/plan.h"
#include "transport/journal.h"

#include <stdbool.h>

struct fleet;

struct fleet_snapshot {
    uint64_t started, finished, acked, attempts, on_wire, in_flight;
    struct instant now; /* run clock */
    bool load_over;     /* only verdicts are awaited */
    bool ended;         /* all workers have ended */
    int64_t p99_us;     /* operations of about the last second; -1 none */
};

/* Whether the plan's connections fit; `sides` is 2 when the service lives in
 * the same process. Adds an error that names the remedy. */
bool fleet_has_descriptors(const struct plan *plan, uint64_t sides,
                           struct errors *errors);

/* How high load.connections may be to fit, with the plan's pools; at least 1.
 */
uint64_t fleet_connections_max(const struct plan *plan, uint64_t sides);

/* Makes all workers: connections, slots, histograms. NULL after adding an
 * error. Borrows the plan. */
struct fleet *fleet_new(const struct plan *plan, struct errors *errors);

/* Before the start: all workers write this journal, which has a part for each
 * (plan->load.threads). It must outlive the join. */
void fleet_keep_journal(struct fleet *fleet, struct journal *journal);

/* Starts the threads. */
bool fleet_start(struct fleet *fleet, struct errors *errors);

/* From any thread or the signal loop. */
void fleet_snapshot(struct fleet *fleet, struct fleet_snapshot *snapshot);

/* No new operations; verdicts are awaited (drain). Second call: abandon. */
void fleet_stop(struct fleet *fleet);

/* Waits for the end of all workers and merges. The tally belongs to the fleet.
 */
const struct tally *fleet_join(struct fleet *fleet);

/* After the join. */
struct effects_log **fleet_effects_logs(struct fleet *fleet, size_t *count);
struct answers_log **fleet_answers_logs(struct fleet *fleet, size_t *count);

/* How each letter of a replay ended, in the order of the plan's letters; those
 * that were not started say so. NULL when there are none. */
const struct letter_ending *fleet_endings(const struct fleet *fleet);
/* When the run clock was 0, on clock_now's clock. After the start. */
struct instant fleet_origin(const struct fleet *fleet);

/* The highest share of a core that a worker used. */
double fleet_cpu_share(const struct fleet *fleet);

/* From the start of load, warm-up included, to its end. */
struct duration fleet_load_time(const struct fleet *fleet);

/* When 0 of the run clock was, in nanoseconds since 1970. */
int64_t fleet_origin_unix_ns(const struct fleet *fleet);

void fleet_free(struct fleet *fleet);

#endif
