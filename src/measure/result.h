/*
 * result: everything that a run measured, computed once. Reports only render
 * it. "Not measured" is a negative number or an oracle of NONE, never 0.
 */
#ifndef SQUALL_MEASURE_RESULT_H
#define SQUALL_MEASURE_RESULT_H

#include "measure/effects.h"
#include "measure/slo.h"
#include "measure/tally.h"

struct herd_figures {
    struct duration covered;   /* the first hour at most, whole bins */
    double peak_to_mean_100ms; /* < 0: not measured */
    double dispersion_10ms;    /* variance over mean; < 0: not measured */
};

/* Figures that are computed from a panel and the time it covers. */
struct panel_figures {
    double seconds;             /* measured time of this panel */
    /* per second of the measured time; < 0: there was none. operations: that
     * started. goodput: acked before the load ended, so that a backlog worked
     * off after it does not count as what the service can carry; a run that
     * only its number of operations ends lasts until the last verdict */
    double offered_per_s, operations_per_s, attempts_per_s, goodput_per_s;
    double success_rate;        /* acked / started; < 0: nothing started */
    double attempts_per_operation; /* on the wire; < 0: nothing started */
    /* both of the attempts on the wire; < 0: there were none */
    double retry_share;
    double wasted_share;
    double hedge_share;         /* and < 0 where nothing is hedged */
};

/* What the clients' policies did, as far as it is computed. */
struct policy_figures {
    struct duration breaker_open; /* summed over clients; < 0: no breaker */
    double limit_end;        /* mean over clients; < 0: not measured */
    double budget_level_end; /* the same */
};

struct generator_figures {
    double cpu_share;     /* highest share of one core used by a worker */
    bool saturated;       /* figures are not to be trusted */
    size_t warning_count;
    char warnings[8][200];
};

enum run_verdict { RUN_PASS, RUN_FAIL, RUN_INVALID, RUN_INCOMPLETE };

struct result {
    /* borrowed names, from the plan */
    size_t request_count, stage_count;
    const char *const *request_names;
    const char *const *stage_names;
    const struct tally *tally; /* merged */
    struct panel_figures total;
    struct panel_figures *requests;
    struct panel_figures *stages;
    double peak_1s;            /* the first 24 h; < 0: not measured */
    bool open_model;           /* else schedule lag is not measured */
    struct herd_figures herd;
    struct policy_figures policy;
    struct effects effects;
    struct generator_figures generator;
    /* series: `interval` long each, the first starts with the measured time */
    struct duration series_interval;
    size_t series_count;
    struct series_point *series;
    size_t slo_count;
    const struct slo *slos;
    struct slo_judgement *judgements;
    enum run_verdict verdict;
    bool complete;             /* false: interrupted */
    struct duration measured;  /* length of the measured part of the load */
};

struct result_input {
    const struct tally *tally;
    size_t request_count, stage_count;
    const char *const *request_names;
    const char *const *stage_names;
    const struct duration *stage_lengths; /* what really ran of each */
    struct duration measured;
    const struct effects *effects;
    bool open_model;
    bool is_replay; /* paced to be gentle: to be late spoils nothing */
    double cpu_share;
    bool complete;
    size_t slo_count;
    const struct slo *slos;
};

/* Computes every figure, judges the SLOs and the verdict:
 * incomplete > invalid (saturated, or effects unverified) > fail > pass.
 * Memory from the arena; borrows from the input. */
void result_compute(struct result *result, struct arena *arena,
                    const struct result_input *input);

const char *run_verdict_name(enum run_verdict verdict);

#endif
