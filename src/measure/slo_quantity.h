/*
 * slo_quantity: what a term is about, a metric or the ratio of two, of a whole
 * run or of windows of it. Pure.
 */
#ifndef SQUALL_MEASURE_SLO_QUANTITY_H
#define SQUALL_MEASURE_SLO_QUANTITY_H

#include "measure/series.h"
#include "measure/slo.h"

/* Of the whole run. */
struct slo_judgement slo_quantity(const struct slo_term *term,
                                  const struct result *result);

/* Of a window of so many intervals of the series, which are summed. */
struct slo_judgement slo_quantity_of_window(const struct slo_term *term,
                                            const struct result *result,
                                            const struct series_interval *sum,
                                            size_t intervals);

#endif
