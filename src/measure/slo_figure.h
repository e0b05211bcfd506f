/*
 * slo_figure: what a run measured of a metric, with the two ends between which
 * it lies without squall's own lateness (slo_measure of slo.h). Pure.
 */
#ifndef SQUALL_MEASURE_SLO_FIGURE_H
#define SQUALL_MEASURE_SLO_FIGURE_H

#include "measure/slo.h"

/* What is known of a metric before it is held against a bound: why it was not
 * measured; its value and where it lies; or that it is never, though it may
 * have been `low` but for squall. INFINITY: it is never in any case. */
struct slo_judgement slo_not_measured(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
struct slo_judgement slo_measured(double value, struct figure_ends ends);
struct slo_judgement slo_never(double low, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether it is counted by the status of answers. */
bool slo_figure_knows_status(const struct slo_metric *metric);

#endif
