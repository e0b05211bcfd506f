/*
 * result: everything that a run measured, computed once. Reports only render
 * it. "Not measured" is a negative number or an oracle of NONE, never 0.
 */
#ifndef SQUALL_MEASURE_RESULT_H
#define SQUALL_MEASURE_RESULT_H

#include "measure/effect_figures.h"
#include "measure/recovery.h"
#include "measure/series.h"
#include "measure/slo.h"
#include "measure/tally.h"

struct herd_figures {
    struct duration covered;   /* the first hour at most, whole bins */
    double peak_to_mean_100ms; /* < 0: not measured */
    double dispersion_10ms;    /* variance over mean; < 0: not measured */
};

/* Figures that are computed from a panel and the time it covers. */
struct panel_figures {
    double seconds; /* measured time of this panel */
    /* per second of the measured time; < 0: there was none. operations: that
     * started. attempts: sent, and goodput: succeeded, before the load (or the
     * phase) ended, so that a backlog worked off after it does not count as
     * what the service can carry; a run that only its number of operations
     * ends lasts until the last verdict */
    double offered_per_s, operations_per_s, attempts_per_s, goodput_per_s;
    double success_rate; /* succeeded / started; < 0: nothing started */
    double attempts_per_operation; /* on the wire; < 0: nothing started */
    /* both of the attempts on the wire; < 0: there were none */
    double retry_share;
    double wasted_share;
    double hedge_share; /* and < 0 where nothing is hedged */
};

/* All requests of one tier. */
struct tier_figures {
    uint64_t tier;
    const struct panel *panel;
    struct panel_figures figures;
};

/* What the clients' policies did, as far as it is computed. */
struct policy_figures {
    struct duration breaker_open; /* summed over clients; < 0: no breaker */
    double limit_end;             /* mean over clients; < 0: not measured */
    double budget_level_end;      /* the same */
};

struct generator_figures {
    struct duration stolen; /* from all cores, by this machine's host; < 0: not
                             * known */
    double cpu_share;       /* highest share of one core used by a worker */
    bool saturated;         /* a worker had no time to spare */
    bool too_late; /* operations began later, at p99, than a tenth of the
                    * measured time: it was another load */
    bool lacks_connections; /* the first warning says so: attempts waited for
                             * squall's own rather than for the service */
    size_t warning_count;
    char warnings[8][200];
};

enum run_verdict {
#define RUN_VERDICT(id, name, exit_status, style, problem, sentence) RUN_##id,
#include "measure/run_verdict.def"
#undef RUN_VERDICT
};

enum {
#define RUN_VERDICT(id, name, exit_status, style, problem, sentence) +1
    RUN_VERDICT_COUNT = 0
#include "measure/run_verdict.def"
#undef RUN_VERDICT
};

struct result {
    /* borrowed names, from the plan */
    size_t request_count, stage_count;
    const char *const *request_names;
    const char *const *stage_names;
    const struct tally *tally; /* merged */
    struct panel_figures total;
    struct panel_figures *requests;
    struct panel_figures *stages;
    size_t tier_count; /* 0 where no SLO asks for one */
    struct tier_figures *tiers;
    double peak_1s;  /* the first 24 h; < 0: not measured */
    bool open_model; /* else schedule lag is not measured */
    struct herd_figures herd;
    struct policy_figures policy;
    struct effect_figures effects;
    struct generator_figures generator;
    /* series: `interval` long each, the first starts with the measured time */
    struct duration series_interval;
    size_t series_count;
    struct series_point *series;
    const struct trigger *triggers; /* in the order of their starts */
    struct recoveries recoveries;
    size_t slo_count;
    const struct slo *slos;
    struct slo_judgement *judgements;
    struct slo_judgement **terms; /* of each, those of its terms */
    enum run_verdict verdict;
    bool only_undecided; /* invalid for nothing but SLOs that squall's own
                          * lateness decides */
    bool is_so_far;      /* it goes on: there is no verdict, and what is under
                          * way is missing */
    char problem[800];   /* what the guard found (measure/guard.h), or of the
                          * timeline, or "" */
    bool complete;       /* false: interrupted */
    struct duration measured; /* length of the measured part of the load */
};

struct result_input {
    const struct tally *tally;
    size_t request_count, stage_count;
    const char *const *request_names;
    const uint64_t *request_tiers; /* NULL: no SLO asks for one */
    const char *const *stage_names;
    const struct duration *stage_lengths; /* what really ran of each */
    size_t trigger_count;
    struct trigger *triggers; /* in any order: they are sorted */
    struct duration measured;
    const struct effect_figures *effects;
    bool open_model;
    bool is_replay;       /* paced to be gentle: to be late spoils nothing */
    uint64_t connections; /* of squall's own, of all workers */
    double cpu_share;
    struct duration stolen;       /* as in generator_figures */
    const char *timeline_problem; /* why what was to be done to the service was
                                   * not; NULL: it was */
    bool complete;
    bool is_so_far;          /* the run goes on */
    const char *stop_reason; /* why it was ended, not by who made it but for
                              * what it had measured; NULL: it was not */
    size_t slo_count;
    const struct slo *slos;
};

/* Computes every figure, judges the SLOs and the verdict:
 * fail where it was ended for what it had measured;
 * incomplete > invalid (effects unverified, nothing sent, or the timeline not
 * carried out) > fail (an SLO missed, or none succeeded) > invalid (squall's
 * own lateness decides an SLO) > pass; without an SLO done, not pass. Memory
 * from the arena; borrows from the input. */
void result_compute(struct result *result, struct arena *arena,
                    const struct result_input *input);

const char *run_verdict_name(enum run_verdict verdict);
int run_verdict_exit_status(enum run_verdict verdict);

/* Why the figures of such a run do not stand; NULL: they do. */
const char *run_verdict_problem(enum run_verdict verdict);

/* The verdict of this name; false: none has it. */
bool run_verdict_find(const char *name, enum run_verdict *verdict);

#endif
