/*
 * events: what happened to every attempt, "squall.events/1": lines of JSON.
 *
 * A line of the run comes first, then operation after operation: a line an
 * attempt in order, then the operation's own. The last line says how many
 * there were, so that a file that was cut is known for what it is.
 */
#ifndef SQUALL_REPORT_EVENTS_H
#define SQUALL_REPORT_EVENTS_H

#include "base/str.h"
#include "effects/effects_join.h"
#include "measure/event.h"
#include "measure/failures.h"
#include "plan/plan.h"
#include "plan/workload.h"

#include <stdbool.h>
#include <stdint.h>

/* What all lines of a run share. */
struct events_run {
    const struct plan *plan;
    const struct operation_ending *endings; /* of a replay, else NULL */
    int64_t zero_unix_us;            /* when the run clock was 0, since 1970 */
    const struct failures *failures; /* what was said of those that failed */
    double sample;       /* the share of the operations that is written */
    uint64_t per_second; /* or so many of each second; 0: a share */
};

/* How many of what were written, and left out. */
struct events_sum {
    uint64_t operations, attempts, left_out;
};

/* Begins the first line of a file about a run: what all such files say of it.
 * `address` is the member that names the service. The caller closes it. */
void events_open(struct str *out, const struct events_run *run,
                 const char *schema, const char *address);

/* What is known of an operation after the run: from the ledger, or where
 * there is none that of answers; and flags (enum event_flag). */
struct events_effect {
    bool is_known;
    enum effect_class class;
    uint64_t count;
    uint8_t flags;
};

void events_head(struct str *out, const struct events_run *run);
/* `stands_for`: how many operations of its second the trace is drawn from; 0
 * where that is not how the file was made. */
void events_trace(struct str *out, const struct events_run *run,
                  const struct event_trace *trace,
                  const struct events_effect *effect, double stands_for);

/* `complete`: nothing of the run is missing but what sampling left out. */
void events_end(struct str *out, const struct events_sum *sum, bool complete);

/* Whether an operation is in the sample: its number alone decides, so that two
 * runs choose alike and a larger share holds all of a smaller one. */
bool events_sampled(uint64_t operation, double share);

/* Whether something went wrong, so that it is always written: it did not
 * succeed, its effects are not what was promised, or it has a flag. */
bool events_offends(const struct event_trace *trace,
                    const struct events_effect *effect);

/* The members of an attempt and of what was found about its operation; dead
 * letters have them, too. */
void events_effect_members(struct str *out,
                           const struct events_effect *effect);
void events_attempt_members(struct str *out, const struct events_run *run,
                            const struct event_attempt *attempt,
                            const struct event_key *key);

#endif
