/*
 * slo: expressions over measured figures, and their judgement.
 *
 *   metric [ {selector} ] op value
 *   p99 < 250ms    p99{request="checkout"} < 100ms    attempt.p50 < 20ms
 *   success_rate{phase="spike"} >= 99%    amplification <= 1.2
 *   duplicates == 0
 * Operators: < <= > >= == !=. A selector is request="NAME" or phase="NAME";
 * the quotes may be left out. The value carries the metric's unit. Metrics are
 * those of metric.def and [histogram.]stat of histogram.def. A metric that was
 * not measured fails with the reason; it never passes silently.
 */
#ifndef SQUALL_MEASURE_SLO_H
#define SQUALL_MEASURE_SLO_H

#include "base/instant.h"

#include <stdbool.h>
#include <stddef.h>

enum { SLO_MAX = 64, SLO_TEXT_MAX = 160, SLO_NAME_MAX = 64 };

/* Beside the histograms of histogram.def: how late squall itself started its
 * operations. */
enum { SLO_SCHEDULE_LAG = 1000 };

enum slo_operator { SLO_LT, SLO_LE, SLO_GT, SLO_GE, SLO_EQ, SLO_NE };
enum metric_unit { UNIT_DURATION, UNIT_RATIO, UNIT_COUNT, UNIT_PER_S,
                   UNIT_FACTOR };

struct slo {
    char text[SLO_TEXT_MAX];     /* as written */
    int metric;                  /* row of metric.def; -1: a histogram stat */
    int histogram;               /* enum histogram, or SLO_SCHEDULE_LAG; when
                                  * metric is -1 */
    char stat[16];               /* "p99.9", "mean" ... */
    enum metric_unit unit;
    enum slo_operator op;
    double value;                /* durations in us, ratios as fractions */
    char request[SLO_NAME_MAX];  /* "" : not selected */
    char phase[SLO_NAME_MAX];
};

struct slo_judgement {
    bool measured;
    double value;     /* when measured, in the unit of the metric */
    bool pass;
    char reason[120]; /* why it was not measured */
};

/* Parses one expression. On failure returns false with what is wrong in
 * problem, and the offset of the place. Whether selected requests and phases
 * exist is for the plan. */
bool slo_parse(struct slo *slo, const char *text, char *problem,
               size_t problem_size, size_t *problem_at);

struct result;

struct slo_judgement slo_judge(const struct slo *slo,
                               const struct result *result);

/* Walks every metric that may be named, for help: index from 0; false at the
 * end. */
bool slo_metric_describe(size_t index, const char **name, const char **unit,
                         const char **sentence);

/* The name of what is measured ("p99", "attempt.p50", "duplicates"). */
void slo_metric_name(const struct slo *slo, char *name, size_t size);

#endif
