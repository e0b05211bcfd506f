/*
 * record: what happened to operations and their attempts: facts for the tally
 * and the logs of effects, and entries for the journal. Nothing here decides
 * what happens next.
 */
#ifndef SQUALL_HOST_RECORD_H
#define SQUALL_HOST_RECORD_H

#include "effects/effect_logs.h"
#include "host/journal_entry.h"
#include "measure/tally.h"
#include "plan/workload.h"

struct recorder {
    const struct plan *plan;
    const struct run_clock *clock;
    struct client *clients; /* of the worker */
    uint64_t client_count;
    uint64_t client_base; /* the number of the first in the run */
    struct tally tally;
    struct effect_logs logs;
    struct journal_entries journal;
    struct operation_ending *endings; /* of repeated operations */
};

/* How an attempt ended. */
struct attempt_ending {
    struct attempt_result result;
    struct instant at;
    struct duration late; /* how much of its latency may be squall's own */
    bool after_late;      /* see measure/fact.h */
    bool wasted;          /* nobody waits for it any more */
    bool injected;        /* its fault did something, */
    bool delivered;       /* and the service had all of it */
};

/* An operation was offered and not started. */
void record_dropped(struct recorder *recorder, const struct fact_scope *scope,
                    struct instant intended, struct instant now);

void record_started(struct recorder *recorder,
                    const struct operation *operation, struct instant now);

/* An attempt has its transfer and its key; it is sent; it has ended. */
void record_begun(struct recorder *recorder, const struct attempt *attempt);
void record_sent(struct recorder *recorder, const struct attempt *attempt);
void record_done(struct recorder *recorder, const struct attempt *attempt,
                 const struct attempt_ending *ending);

/* It has its verdict. */
void record_finished(struct recorder *recorder, struct operation *operation,
                     const struct action *action, struct instant now);

/* Nothing of it is left but its duplicates: what its answers said, those after
 * its verdict too, goes to the logs, or to what is kept of it. */
void record_over(struct recorder *recorder, struct operation *operation);

/* Whether anything would be recorded of an operation after its end. If so, its
 * records go to what is kept of it from now on; and all of it has ended. */
bool record_is_kept(const struct recorder *recorder,
                    const struct operation *operation);
void record_keep(struct recorder *recorder, struct operation *operation);
void record_kept(struct recorder *recorder, struct kept_operation *kept);

/* The breaker of a client changed its state. */
void record_breaker(struct recorder *recorder, uint64_t client);

/* What each client is left with, when the run is over. */
void record_clients(struct recorder *recorder, struct instant now);

#endif
