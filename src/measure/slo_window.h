/*
 * slo_window: figures of a window of a run, a number of intervals of the
 * series (measure/series.h) one after another.
 *
 * A window has no histogram of least latencies; how late squall was is known
 * of each interval as the number of operations that were late, and the most
 * that any was. k late ones among n sorted values can move the value of a rank
 * r down to that of the rank r - k at most, and by the most of them at most:
 * the nearer of both is the lower end. Quantiles are off by 0.8 % at most.
 */
#ifndef SQUALL_MEASURE_SLO_WINDOW_H
#define SQUALL_MEASURE_SLO_WINDOW_H

#include "measure/series.h"
#include "measure/slo.h"

/* Whether a metric is measured by the second. */
bool slo_window_has(const struct slo_metric *metric);

/* Of the sum of some intervals that are `seconds` long together; `is_full`:
 * squall had no time to spare in the run. A negative value is "never", and it
 * is not measured where there was nothing to measure. */
struct slo_judgement slo_window_measure(const struct slo_metric *metric,
                                        const struct series_interval *sum,
                                        double seconds, bool is_full);

/* Of how many intervals this window is: as many as make it at least as long.
 */
size_t slo_window_length(const struct series *series, struct duration last);

#endif
