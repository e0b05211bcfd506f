/*
 * figures: the figures of one set of operations as JSON: the whole run's, one
 * request's or one phase's, in the same form.
 */
#ifndef SQUALL_REPORT_FIGURES_H
#define SQUALL_REPORT_FIGURES_H

#include "measure/result.h"

#include <cjson/cJSON.h>

/* Adds operations, attempts, rates, success_rate, latency and amplification.
 */
void figures_add(cJSON *object, const struct figure_view *view);

/* Adds the members of one group, in the order of measure/figure.def; null
 * where one was not measured. */
void figures_add_group(cJSON *object, enum figure_group group,
                       const struct figure_view *view);

/* The quantiles of a distribution: their members, in order. */
struct figures_quantile {
    const char *member;
    double q;
};
enum { FIGURES_QUANTILES = 7 };
extern const struct figures_quantile figures_quantiles[FIGURES_QUANTILES];

/* A distribution; every figure but the count is null when it is empty. */
cJSON *figures_distribution(const struct hist *hist);

/* Rows [{low_us, high_us, count}] that cover a histogram, at round numbers
 * that fit its span: about 20 of them, evenly spaced on a log scale when the
 * largest value is at least 3 times the smallest, else on a linear one. low_us
 * is within a row and high_us is not. */
cJSON *figures_rows(const struct hist *hist);

#endif
