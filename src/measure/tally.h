/*
 * tally: counts facts. One a worker, merged at the end in worker order.
 *
 * An attempt is counted when it ends (FACT_DONE), sent or not. FACT_SENT
 * counts where the moment of the send matters: series and herd.
 *
 * Equations that hold at the end of every run, in each panel (tally_check
 * asserts them):
 *   offered  = started + dropped
 *   started  = acked + refused + ambiguous + shed = sum of reasons
 *            = sum of attempts_per_operation
 *   attempts = first + retries + hedges + duplicates
 *   attempts = sum of by_outcome >= on_wire
 *   operation.count = started - shed;  operation_acked.count = acked
 *   attempt.count = on_wire;           attempt_ok.count = by_outcome[OK]
 *   shed     = sum of shed_reasons;    shed_reasons[r] <= reasons[r]
 *   limit_wait.count = limit_waits <= rate_waits + place_waits
 *   hedges   = the sum over operations; hedges_won <= hedges, acked
 *   hedge_losers <= by_outcome[CANCELLED]; loser_connections <= hedge_losers
 * and the counters of all requests, and of all stages, add up to the total.
 */
#ifndef SQUALL_MEASURE_TALLY_H
#define SQUALL_MEASURE_TALLY_H

#include "base/arena.h"
#include "faults/fault.h"
#include "measure/breakers.h"
#include "measure/fact.h"
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

/* The figures of a set of operations: all, one request's or one phase's. */
struct panel {
    uint64_t offered, started, dropped;
    uint64_t verdicts[VERDICT_COUNT];
    uint64_t reasons[FINISH_REASON_COUNT];
    uint64_t shed_reasons[FINISH_REASON_COUNT]; /* of those that were shed */
    uint64_t acked_in_load;  /* of the acked, before the end of load */
    struct instant last_finished;          /* the latest verdict; 0: none */
    uint64_t attempts;                     /* that ended, sent or not */
    uint64_t kinds[ATTEMPT_KIND_COUNT];
    uint64_t on_wire;                      /* of them, a byte was sent */
    uint64_t retries_on_wire;              /* of those, retries */
    uint64_t wasted;                       /* on the wire, for nothing */
    uint64_t resends_refused;
    uint64_t by_outcome[OUTCOME_COUNT];
    uint64_t by_status[STATUS_MAX];
    /* operations by the number of their attempts on the wire; the last bin
     * holds all above */
    uint64_t attempts_per_operation[AMPLIFICATION_BINS];
    /* What the clients' own policies did; each counted where its layer is
     * on. */
    uint64_t refusals[LAYER_COUNT]; /* tries that a layer refused */
    uint64_t limit_waits;           /* operations that waited for a limit */
    uint64_t rate_waits, place_waits; /* and for which: maybe both */
    uint64_t hedges;                /* made, told by operations */
    uint64_t hedges_on_wire;
    uint64_t hedges_won, hedges_denied;
    uint64_t hedge_losers;          /* cancelled, since another won */
    uint64_t loser_connections;     /* that closed with them */
    struct hist hist[HISTOGRAM_COUNT];
};

struct fault_tally {
    uint64_t injected;
    uint64_t delivered; /* lost_response: the service had the request whole */
};

/* The retry budgets of all clients. Retries that were denied are the
 * operations that ended for it: reasons[FINISH_BUDGET_EXHAUSTED]. */
struct budget_tally {
    uint64_t granted;
    double level_min; /* when an operation ended; < 0: not measured */
};

/* The limits of calls under way, common pools only: when operations ended. */
struct limit_tally {
    uint64_t count; /* 0: the next two mean nothing */
    uint64_t min, max;
};

/* What all clients were left with; of layers that are off 0. */
struct client_tally {
    uint64_t count;
    uint64_t limits;          /* the sum */
    uint64_t running_max, queued_max; /* of any, in any pool, ever */
    uint64_t budgets;         /* clients with a retry budget */
    uint64_t budget_levels;   /* the sum, in millionths */
};

/* A second (or more: see interval) of the run. finished = acked + failed +
 * shed, and some of the failed were refused by the service. What is negative
 * was not measured: its layer is off, or nothing told of it. */
struct series_point {
    uint64_t offered, attempts, retries, finished, started;
    uint64_t acked, failed, refused, shed;
    int64_t in_flight;   /* at the end of the interval */
    int64_t p50_us, p99_us; /* of operations that finished */
    int64_t hedges;
    int64_t breakers_open;  /* clients, at the end of the interval */
    double limit;           /* of calls under way, mean over verdicts */
    double budget_level;    /* the lowest at a verdict */
};

struct series; /* measure/series.h */
struct herd;   /* measure/herd.h */
struct effects_log; /* measure/effects.h */
struct answers_log; /* measure/answers.h */

struct tally_config {
    size_t requests;             /* at least 1 */
    size_t stages;               /* 0: there are none */
    struct duration load_length; /* warm-up included; FOREVER when only
                                  * operations end it */
    struct duration warmup;      /* figures start here on the run clock */
    bool first_stage_is_warmup;  /* its panel stays empty */
    bool keep_effects;           /* a ledger will be read */
    bool keep_times;             /* which tells when effects were */
    bool keep_answers;           /* answers are looked into */
    bool names_effects;          /* and they name effects */
    uint64_t operations_max;     /* room of both logs, this worker */
    uint32_t layers;             /* bits of enum layer: those that are on */
};

struct tally {
    struct tally_config config;
    struct panel total;
    /* A panel that would repeat the total is the total: with one request, or
     * one measured stage, requests[0] (stages[i]) points at it. */
    struct panel **requests;
    struct panel **stages;
    uint64_t sent;             /* FACT_SENTs: total.on_wire once all ended */
    struct fault_tally faults[FAULT_COUNT];
    struct budget_tally budget;
    struct breakers breakers;
    struct limit_tally limit;
    struct client_tally clients;
    struct hist schedule_lag;  /* open model: started - intended */
    struct series *series;
    struct herd *herd;
    struct effects_log *effects; /* NULL unless keep_effects */
    struct answers_log *answers; /* NULL unless keep_answers */
};

/* Whether the clients have this layer: what it would have done is counted. */
static inline bool tally_has(const struct tally *tally, enum layer layer)
{
    return tally->config.layers >> layer & 1u;
}

/* Memory from the arena; large arrays cost nothing until they are used. The
 * tally must stay in place: its panels may point into it. */
void tally_init(struct tally *tally, struct arena *arena,
                const struct tally_config *config);

/* Counts one fact. No allocation. */
void tally_take(struct tally *tally, const struct fact *fact);

/* Adds other into tally; both were made with the same config. The effects
 * logs are not merged here: effects_join_new reads all of them. */
void tally_merge(struct tally *tally, const struct tally *other);

/* Asserts the equations above; call when every operation has finished. */
void tally_check(const struct tally *tally);

#endif
