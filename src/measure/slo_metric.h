/*
 * slo_metric: the metrics that an SLO can name, found by their names. Pure.
 */
#ifndef SQUALL_MEASURE_SLO_METRIC_H
#define SQUALL_MEASURE_SLO_METRIC_H

#include "measure/slo.h"

/* Fills the metric of this name; its selectors stay as they are. Otherwise
 * false with what is wrong in `problem`, which calls it as it is `shown`: with
 * the parentheses of other tools. The name is shorter than SLO_NAME_MAX. */
bool slo_metric_find(struct slo_metric *metric, const char *written,
                     const char *shown, char *problem, size_t size);

#endif
