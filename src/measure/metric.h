/*
 * metric: the names of a metric of SLOs.
 *
 * Each has a short one (figure.def, or [histogram.]stat). It may also be
 * written as the path of the figure in the report, "operations.failed" or
 * "latency.succeeded.p99_us", and some have synonyms (metric.def). Pure.
 */
#ifndef SQUALL_MEASURE_METRIC_H
#define SQUALL_MEASURE_METRIC_H

#include <stddef.h>

/* Puts the short name of what was written there into `name`: what is no other
 * name of a metric stays as it is. */
void metric_short_name(const char *written, char *name, size_t size);

/* Puts the metric that is meant by what another tool calls so, "p(95)" or
 * "http_req_failed.rate", into `name`; "" where it is none of those. */
void metric_meant(const char *written, char *name, size_t size);

#endif
