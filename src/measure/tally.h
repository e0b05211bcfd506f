/*
 * tally: counts facts. One a worker, merged at the end in worker order.
 *
 * An attempt is counted when it ends (FACT_DONE), sent or not. FACT_SENT
 * counts where the moment of the send matters: series and herd.
 *
 * Equations that hold at the end of every run, in each panel (tally_check
 * asserts them):
 *   offered  = started + dropped, since it is that sum
 *   started  = succeeded + failed = sum of reasons
 *            = sum of attempts_per_operation
 *   failed   = rejected + unanswered + ambiguous + shed, since it is that sum
 *   attempts = first + retries + hedges + duplicates
 *   attempts = sum of by_outcome >= on_wire
 *   operation.count = started - shed;  succeeded.count = succeeded
 *   failed.count = failed - shed
 *   attempt.count = on_wire;           attempt_ok.count = by_outcome[OK]
 *   shed     = sum of shed_reasons;    shed_reasons[r] <= reasons[r]
 *   limit_wait.count <= rate_limit_waited + concurrency_queued
 *   hedges   = kinds[HEDGE]; hedges_won <= hedges, succeeded
 *   hedges_cancelled <= by_outcome[CANCELLED]
 *   hedge_connections_closed <= hedges_cancelled
 * and the counters of all requests, and of all stages, add up to the total.
 */
#ifndef SQUALL_MEASURE_TALLY_H
#define SQUALL_MEASURE_TALLY_H

#include "base/arena.h"
#include "faults/fault.h"
#include "measure/breakers.h"
#include "measure/fact.h"
#include "measure/failures.h"
#include "measure/figure.h"
#include "measure/hist.h"

enum histogram {
#define HISTOGRAM(id, name, sentence) HISTOGRAM_##id,
#include "measure/histogram.def"
#undef HISTOGRAM
};

enum {
#define HISTOGRAM(id, name, sentence) +1
    HISTOGRAM_COUNT = 0
#include "measure/histogram.def"
#undef HISTOGRAM
};

enum { AMPLIFICATION_BINS = 32, STATUS_MAX = 600 };

/* The counts of a set of operations: all, one request's or one phase's. Those
 * of figure.def first; they say there what they are. */
struct panel {
#define COUNTER(group, member, id, better, when, amount, label, sentence) \
    uint64_t id;
#define BASIS(group, id, when, amount) uint64_t id;
#include "measure/figure.def"
    uint64_t verdicts[VERDICT_COUNT];
    uint64_t reasons[FINISH_REASON_COUNT];
    uint64_t shed_reasons[FINISH_REASON_COUNT]; /* of those that were shed */
    struct instant last_finished; /* the latest verdict; 0: none */
    /* Of the time that rates are taken over: the load, or the phase. */
    struct instant until;       /* its end */
    uint64_t sent_in_time;      /* attempts */
    uint64_t succeeded_in_time; /* operations */
    uint64_t kinds[ATTEMPT_KIND_COUNT];
    uint64_t by_outcome[OUTCOME_COUNT];
    uint64_t by_status[STATUS_MAX];
    /* operations that failed, by the status of their last answer; 0: the last
     * attempt had none */
    uint64_t failed_by_status[STATUS_MAX];
    /* operations by the number of their attempts on the wire; the last bin
     * holds all above */
    uint64_t attempts_per_operation[AMPLIFICATION_BINS];
    struct hist hist[HISTOGRAM_COUNT];
    /* The same values less what may be squall's own part in each; empty where
     * squall has no part in them (policy waits, connection queues). Those of
     * a quantile are the two ends of where it lies. */
    struct hist least[HISTOGRAM_COUNT];
};

/* Operations that were due. */
static inline uint64_t panel_offered(const struct panel *panel)
{
    return panel->started + panel->dropped;
}

/* Operations that have ended otherwise than in success. */
static inline uint64_t panel_failed(const struct panel *panel)
{
    uint64_t failed = 0;
    for (int v = 0; v < VERDICT_COUNT; v++) {
        failed += v == VERDICT_SUCCEEDED ? 0 : panel->verdicts[v];
    }
    return failed;
}

/* Operations that have ended. */
static inline uint64_t panel_finished(const struct panel *panel)
{
    return panel->verdicts[VERDICT_SUCCEEDED] + panel_failed(panel);
}

/* Operations that are under way: none when the run is over. */
static inline uint64_t panel_in_flight(const struct panel *panel)
{
    return panel->started - panel_finished(panel);
}

/* Operations of which it is known what became of them: when the run is over,
 * all that were due. */
static inline uint64_t panel_settled(const struct panel *panel)
{
    return panel_finished(panel) + panel->dropped;
}

/* How many values a distribution would have if none were lacking: of
 * operations, those that were never sent or never started, too. What is
 * lacking is larger than any that is there. */
static inline uint64_t panel_whole(const struct panel *panel,
                                   enum histogram histogram)
{
    return histogram == HISTOGRAM_OPERATION ? panel_settled(panel)
                                            : panel->hist[histogram].count;
}

/* The least and the most that the whole run had; < 0: not measured. */
struct extremes {
#define LOWEST(group, member, form, id, better, when, amount, label, \
               sentence) \
    double id;
#define HIGHEST LOWEST
#include "measure/figure.def"
};

struct fault_tally {
    uint64_t injected;
    uint64_t delivered; /* lost_response: the service had the request whole */
};

/* What all clients were left with; of layers that are off 0. */
struct client_tally {
    uint64_t count;
    uint64_t limits;        /* of calls under way, the sum */
    uint64_t budgets;       /* clients with a retry budget */
    uint64_t budget_levels; /* the sum, in millionths */
};

/* How squall's own workers did. */
struct worker_tally {
    struct duration away_max; /* of a loop, longest; DURATION_ZERO */
    struct duration away_sum; /* of those of a millisecond and more */
    uint64_t stalls;          /* those of 10 ms and more */
    struct duration wall;
    struct duration waiting;     /* for a core; < 0: not known */
    struct duration waiting_max; /* in a tenth of a second; < 0 */
    /* Of the times in which a loop was away, or starts late, by more than a
     * millisecond: how long they were, and how long on a core. */
    struct duration late_wall, late_cpu;
};

struct due;    /* measure/due.h */
struct series; /* measure/series.h */
struct herd;   /* measure/herd.h */

struct tally_config {
    size_t requests;                  /* at least 1 */
    size_t stages;                    /* 0: there are none */
    struct duration load_length;      /* warm-up included; FOREVER when only
                                       * operations end it */
    struct duration warmup;           /* figures start here on the run clock */
    bool first_stage_is_warmup;       /* its panel stays empty */
    const struct instant *stage_ends; /* of each, on the run clock; borrowed
                                       * for tally_init */
    uint32_t layers;  /* bits of enum layer: those that are on */
    bool has_trigger; /* something may end that the service recovers from */
    bool is_level;    /* the plan changes neither load nor service */
};

struct tally {
    struct tally_config config;
    struct panel total;
    /* A panel that would repeat the total is the total: with one request, or
     * one measured stage, requests[0] (stages[i]) points at it. */
    struct panel **requests;
    struct panel **stages;
    uint64_t sent; /* FACT_SENTs: total.on_wire once all ended */
    struct fault_tally faults[FAULT_COUNT];
    struct failures failures; /* attempts; those that were cancelled apart */
    struct extremes extremes;
    struct breakers breakers;
    struct client_tally clients;
    struct worker_tally workers;
    struct hist schedule_lag; /* open model: started - intended */
    struct series *series;
    struct herd *herd;
    struct due *due; /* NULL without a trigger */
};

/* Whether the clients have this layer: what it would have done is counted. */
static inline bool tally_has(const struct tally *tally, enum layer layer)
{
    return tally->config.layers >> layer & 1u;
}

/* Memory from the arena; large arrays cost nothing until they are used, but
 * for what a load of a known length will use of the series. The tally must
 * stay in place: its panels may point into it. */
void tally_init(struct tally *tally, struct arena *arena,
                const struct tally_config *config);

/* The load ended at `at`, which may be before the time that was planned for
 * it: what comes later is in no rate. */
void tally_end_load(struct tally *tally, struct instant at);

/* Counts one fact. No allocation. */
void tally_take(struct tally *tally, const struct fact *fact);

/* Adds other into tally; both were made with the same config. */
void tally_merge(struct tally *tally, const struct tally *other);

/*
 * While the facts still come, what they have come to so far can be taken out
 * in parts: a tally hands over all that it has counted since the last time,
 * which changes hands and is not copied, and goes on with nothing. The merge
 * of all parts, and of the tally at the end, is what the tally would have
 * without them.
 *
 * But for its failures: of those a tally keeps all, since which of them have a
 * kind of their own depends on the order in which they come, and each part has
 * those of the whole time. Who merges parts begins with tally_forget_failures,
 * each time.
 */

/* Gives `part`, which has the same config and is empty, what the tally has.
 * No allocation, and the time that it takes depends on no count. */
void tally_hand_over(struct tally *tally, struct tally *part);

void tally_forget_failures(struct tally *tally);

/* As after tally_init: ready for the next part. */
void tally_reset(struct tally *tally);

/* The panel of a set of operations, until this end; and that of two sets
 * together. */
void tally_init_panel(struct panel *panel, struct arena *arena,
                      struct instant until);
void tally_merge_panel(struct panel *to, const struct panel *from);

/* Asserts the equations above; call when every operation has finished. */
void tally_check(const struct tally *tally);

#endif
