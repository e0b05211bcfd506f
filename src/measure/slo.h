/*
 * slo: expressions over measured figures, and their judgement.
 *
 *   metric [ {selector} ] op value
 *   p99 < 250ms    p99{request="checkout"} < 100ms    attempt.p50 < 20ms
 *   success_rate{phase="spike"} >= 99%    amplification <= 1.2
 *   duplicates == 0
 * Operators: < <= > >= == !=. A selector is request="NAME" or phase="NAME";
 * the quotes may be left out. The value carries the metric's unit. Metrics are
 * those of figure.def and [histogram.]stat of histogram.def; a stat alone is
 * of the time to success. A metric that was not measured fails with the
 * reason; it never passes silently. One of which squall's own lateness decides
 * whether it is met cannot be judged.
 */
#ifndef SQUALL_MEASURE_SLO_H
#define SQUALL_MEASURE_SLO_H

#include "base/instant.h"
#include "measure/effect_figures.h"
#include "measure/figure.h"

#include <stdbool.h>
#include <stddef.h>

enum { SLO_MAX = 64, SLO_TEXT_MAX = 160, SLO_NAME_MAX = 64 };

/* Beside the histograms of histogram.def: how late squall itself started its
 * operations. */
enum { SLO_SCHEDULE_LAG = 1000 };

/* Over all operations that started, the time to success, which a failed one
 * never has: a quantile above the share of successes is "never", and so is
 * the mean and the largest where one failed. A stat without a histogram is of
 * this. */
enum { SLO_TIME_TO_SUCCESS = 1001 };

enum slo_operator { SLO_LT, SLO_LE, SLO_GT, SLO_GE, SLO_EQ, SLO_NE };
struct slo {
    char text[SLO_TEXT_MAX];     /* as written */
    const struct figure *metric; /* NULL: a histogram's stat */
    int histogram; /* enum histogram, or SLO_*; without a metric */
    char stat[16]; /* "p99.9", "mean" ... */
    enum metric_unit unit;
    enum slo_operator op;
    double value;               /* durations in us, ratios as fractions */
    char request[SLO_NAME_MAX]; /* "" : not selected */
    char phase[SLO_NAME_MAX];
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
    enum slo_word word;
    bool pass;        /* it was met */
    char reason[120]; /* why it was not measured, is never, or cannot be
                       * judged */
};

const char *slo_word_name(enum slo_word word);

/* Parses one expression. On failure returns false with what is wrong in
 * problem, and the offset of the place. Whether selected requests and phases
 * exist is for the plan. */
bool slo_parse(struct slo *slo, const char *text, char *problem,
               size_t problem_size, size_t *problem_at);

/* The metric of this name, or false: to be measured by slo_judge, and to be
 * held against nothing. */
bool slo_read_metric(struct slo *slo, const char *name);

/* Why it can be judged of no run with this oracle; NULL: it may be. */
const char *slo_why_unseen(const struct slo *slo, enum effect_oracle oracle);

struct result;

struct slo_judgement slo_judge(const struct slo *slo,
                               const struct result *result);

/* The fraction of "p99" or "p99.9"; false when the stat is not a quantile. */
bool slo_quantile(const char *stat, double *q);

/* Walks every metric that may be named, for help: index from 0; false at the
 * end. */
bool slo_metric_describe(size_t index, const char **name, const char **unit,
                         const char **sentence);

/* The name of what is measured ("p99", "attempt.p50", "duplicates"). */
void slo_metric_name(const struct slo *slo, char *name, size_t size);

#endif
