#include "host/lateness.h"

#include "host/worker_inside.h"

void lateness_begin_event(struct worker *worker, struct duration late)
{
    worker->late = late;
    worker->event++;
}

/* Of an operation, or of nobody's attempt. */
static void add_own_late(struct operation *operation, struct duration late)
{
    if (operation) {
        operation->progress.own_late =
            duration_add(operation->progress.own_late, late);
    }
}

void lateness_add_event(const struct worker *worker,
                        struct operation *operation)
{
    if (operation && operation->progress.late_event != worker->event) {
        operation->progress.late_event = worker->event;
        add_own_late(operation, worker->late);
    }
}

/* Whether squall's own lateness took so much of a time that what did not
 * happen in it may have happened without. */
static bool is_considerable(struct duration late, struct duration time)
{
    return late.ns >= NS_PER_MS && late.ns >= time.ns / 10;
}

struct duration lateness_of(const struct worker *worker,
                            const struct attempt *attempt)
{
    return attempt_was_sent(attempt)
               ? duration_add(worker->late, attempt->transfer->facts.sent_late)
               : worker->late;
}

bool lateness_cuts_short(const struct attempt *attempt, enum outcome outcome,
                         struct instant now)
{
    if (outcome == OUTCOME_TIMEOUT && attempt_was_sent(attempt)) {
        return is_considerable(attempt->transfer->facts.sent_late,
                               instant_since(now, attempt->asked));
    }
    return outcome == OUTCOME_NO_SOCKET;
}

bool lateness_cuts_operation(const struct worker *worker,
                             const struct operation *operation,
                             enum finish_reason reason, struct instant now)
{
    struct duration before = {operation->progress.own_late.ns -
                              worker->late.ns};
    switch (reason) {
    case FINISH_NO_CONNECTION:
    case FINISH_NO_SOCKET:
        return true;
    case FINISH_OPERATION_TIMEOUT:
        return is_considerable(before,
                               instant_since(now, operation->intended));
    default:
        return false;
    }
}

/* What is lost before sending, or still delayed, asks for no transfer. */
static bool waits_for_transfer(const struct attempt *attempt)
{
    return !attempt->is_held &&
           !(attempt->fault && attempt->fault->kind == FAULT_LOST_REQUEST);
}

/* From the beginning to the send. On a connection that is there nobody but
 * squall is waited for. */
static struct duration late_send(const struct worker *worker,
                                 const struct attempt *attempt)
{
    const struct transfer_facts *facts = &attempt->transfer->facts;
    struct instant begun = instant_add(attempt->asked, attempt->queue);
    struct duration wait =
        instant_since(run_clock_of(&worker->clock, facts->sent), begun);
    if (!facts->is_reused) {
        wait = duration_min(wait, facts->connect_late);
    }
    return duration_add(wait, facts->sent_late);
}

void lateness_note(const struct worker *worker, struct operation *operation,
                   const struct attempt *attempt, struct instant now)
{
    if (attempt_was_sent(attempt)) {
        add_own_late(operation, late_send(worker, attempt));
    } else if (!attempt->transfer && waits_for_transfer(attempt)) {
        add_own_late(operation, instant_since(now, attempt->asked));
    }
}

bool lateness_is_miss(const struct worker *worker,
                      const struct operation *operation, enum verdict verdict,
                      struct instant now)
{
    const struct plan *plan = worker->plan;
    struct duration own =
        duration_add(operation->progress.own_late, operation->progress.queue);
    struct duration took = instant_since(now, operation->intended);

    if (!plan->miss_limit.is_on || operation->scope.warmup) {
        return false;
    }
    return verdict != VERDICT_SUCCEEDED ||
           took.ns - own.ns > plan->miss_limit.longest.ns;
}
