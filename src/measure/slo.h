/*
 * slo: expressions over measured figures, and their judgement.
 *
 *   objective = term { "and" | "or" term }        "and" binds closer; ( )
 *   term      = quantity op bound
 *   quantity  = metric [ "/" metric ]
 *   metric    = name [ "{" selector { "," selector } "}" ]
 *   selector  = request=NAME | phase=NAME | tier=N | status=503 | status=5xx
 *             | last=10s
 *   bound     = value | [ factor "*" ] "baseline"
 *
 *   p99 < 250ms    p99{request="checkout"} < 100ms    attempt.p50 < 20ms
 *   retries / operations < 0.1    failure_rate{last=10s} < 5%
 *   p99 <= 1.1 * baseline    p99 < 1s or success_rate{tier=1} >= 99.9%
 * Operators: < <= > >= == !=. Quotes may be left out. The value carries the
 * metric's unit; what is divided by its own unit is a plain number, and what
 * is divided by a count keeps its unit. Metrics are those of figure.def and
 * [histogram.]stat of histogram.def; a stat alone is of the time to success.
 *
 * A metric that was not measured is not met, with the reason; it never passes
 * silently. One of which squall's own lateness decides whether it is met
 * cannot be judged. Terms are joined by the logic of three values (Kleene
 * 1952, "Introduction to Metamathematics", section 64): a term that nobody
 * knows decides nothing that the others do not decide without it.
 */
#ifndef SQUALL_MEASURE_SLO_H
#define SQUALL_MEASURE_SLO_H

#include "base/instant.h"
#include "measure/effect_figures.h"
#include "measure/figure.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    SLO_MAX = 64,
    SLO_TEXT_MAX = 400,
    SLO_NAME_MAX = 64,
    SLO_TERMS_MAX = 8,
    SLO_STEPS_MAX = 2 * SLO_TERMS_MAX - 1
};

/* Beside the histograms of histogram.def: how late squall itself started its
 * operations. */
enum { SLO_SCHEDULE_LAG = 1000 };

/* Over all operations that started, the time to success, which a failed one
 * never has: a quantile above the share of successes is "never", and so is
 * the mean and the largest where one failed. A stat without a histogram is of
 * this. */
enum { SLO_TIME_TO_SUCCESS = 1001 };

enum slo_operator { SLO_LT, SLO_LE, SLO_GT, SLO_GE, SLO_EQ, SLO_NE };

/* Of which operations a metric is: figures are kept for each of these. */
enum slo_part { SLO_WHOLE, SLO_REQUEST, SLO_PHASE, SLO_TIER };

struct slo_metric {
    const struct figure *figure; /* NULL: a histogram's stat */
    int histogram;               /* enum histogram, or SLO_*; without one */
    char stat[16];               /* "p99.9", "mean" ... */
    enum metric_unit unit;
    enum slo_part part;
    char name[SLO_NAME_MAX]; /* of the request or phase */
    uint64_t tier;
    uint16_t status_from, status_to; /* of answers, both included; 0: any */
    struct duration last;            /* a window; 0: the whole run */
};

struct slo_term {
    size_t from, length; /* where it stands in the text */
    struct slo_metric metric;
    struct slo_metric divisor; /* looked at where it is a ratio */
    bool is_ratio;
    enum metric_unit unit; /* of its value */
    enum slo_operator op;
    double value;     /* durations in us, ratios as fractions; of a baseline,
                       * how many times it */
    bool of_baseline; /* what is compared with is value * baseline */
    double baseline;  /* NAN: not known */
    struct duration baseline_length; /* what it was measured over */
    double least_noise; /* a difference from a baseline that is no larger than
                         * this share of the bound is none; 0: not declared */
};

/* How terms are joined: postfix, a term by its index. */
enum { SLO_AND = -1, SLO_OR = -2 };

struct slo {
    char text[SLO_TEXT_MAX]; /* as written */
    size_t term_count;       /* at least 1 */
    struct slo_term terms[SLO_TERMS_MAX];
    size_t step_count;
    signed char steps[SLO_STEPS_MAX];
};

enum slo_word {
#define SLO_WORD(id, word, sentence) SLO_##id,
#include "measure/slo_word.def"
#undef SLO_WORD
};

enum {
#define SLO_WORD(id, word, sentence) +1
    SLO_WORD_COUNT = 0
#include "measure/slo_word.def"
#undef SLO_WORD
};

/* What was seen may be more than what was: squall's own lateness is in it. So
 * a value is known as two ends, and an SLO is judged where both agree. */
struct slo_judgement {
    bool measured;
    double value; /* when measured, in the unit of the metric; < 0: never */
    double low, high; /* where it lies without squall's own lateness;
                       * INFINITY: no bound is known, or never */
    double bound;     /* what it was compared with; NAN: nothing */
    double baseline;  /* NAN: there is none */
    double noise;     /* a difference from the bound that is no more than this
                       * is none; NAN: none is taken off */
    double at_s;      /* of a window, when the worst one ended, since the
                       * measured time began; < 0: it is of no window */
    enum slo_word word;
    bool pass;        /* it was met */
    char reason[160]; /* why it was not measured, is never, or cannot be
                       * judged; or is met though it is beyond the bound */
};

const char *slo_word_name(enum slo_word word);

/* Parses one expression. On failure returns false with what is wrong in
 * problem, and the offset of the place. Whether selected requests, phases and
 * tiers exist is for the plan. */
bool slo_parse(struct slo *slo, const char *text, char *problem,
               size_t problem_size, size_t *problem_at);

/* The metric of this name, or false. */
bool slo_read_metric(struct slo_metric *metric, const char *name);

/* What a run is going to measure, as far as that is known before it. */
struct slo_ground {
    enum effect_oracle oracle;
    uint32_t layers; /* bits of enum layer: those that are on */
    bool open_model;
    bool has_trigger;         /* something may end that it recovers from */
    bool has_baseline;        /* a report to compare with */
    struct duration measured; /* at most; FOREVER: not known */
};

/* Why a term can be judged of no run on this ground; NULL: it may be. */
const char *slo_why_unseen(const struct slo_term *term,
                           const struct slo_ground *ground);

struct result;

/* Judges each term into `terms`, and all of them together. A combination of
 * several has no value of its own. */
struct slo_judgement slo_judge_all(const struct slo *slo,
                                   const struct result *result,
                                   struct slo_judgement *terms);

/* The same, without the terms. */
struct slo_judgement slo_judge(const struct slo *slo,
                               const struct result *result);

/* The value of a metric, to be held against nothing. */
struct slo_judgement slo_measure(const struct slo_metric *metric,
                                 const struct result *result);

/* Whether it holds now, of a run that is under way and whose series goes up to
 * `now`: windows are those that end with the last whole interval, and what is
 * "never" is more than any bound. Only what holds however late squall itself
 * was does. `terms` as in slo_judge_all. */
bool slo_holds_now(const struct slo *slo, const struct result *result,
                   struct duration now, struct slo_judgement *terms);

/* Whether it is met only where each of its terms is: "and" joins them. */
bool slo_needs_each(const struct slo *slo);

/* The fraction of "p99" or "p99.9"; false when the stat is not a quantile. */
bool slo_quantile(const char *stat, double *q);

/* Walks every metric that may be named, for help: index from 0; false at the
 * end. */
bool slo_metric_describe(size_t index, const char **name, const char **unit,
                         const char **sentence);

/* The name of what is measured ("p99", "attempt.p50", "duplicates"). */
void slo_metric_name(const struct slo_metric *metric, char *name, size_t size);

/* The text of one of its terms, into a room of SLO_TEXT_MAX. */
void slo_term_text(const struct slo *slo, size_t term, char *room);

#endif
