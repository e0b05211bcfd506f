/*
 * metrics: the figures of a report as families of metrics: every row of
 * figure.def, what attempts ended as, the distributions, the requests, the
 * SLOs and the verdict. What was not measured is left out.
 *
 * OpenMetrics and OTLP render them; so both have the same.
 *
 * How many there are of a family is bounded: statuses and requests beyond the
 * first METRICS_LABELS_MAX are one that is called "other".
 */
#ifndef SQUALL_REPORT_METRICS_H
#define SQUALL_REPORT_METRICS_H

#include "measure/unit.h"

#include <cjson/cJSON.h>
#include <stddef.h>

enum { METRICS_LABELS_MAX = 50 };

enum metrics_kind {
    METRICS_GAUGE,
    METRICS_COUNTER,   /* only ever grows in a run */
    METRICS_QUANTILES, /* of a distribution */
    METRICS_BUCKETS    /* the same, counted (report/buckets.h) */
};

struct metrics_family {
    const char *base; /* its place in the report, without its unit */
    enum metrics_kind kind;
    enum metric_unit unit;
    const char *sentence;
};

struct metrics_label {
    const char *name, *value;
};

struct metrics_sample {
    const struct metrics_family *family;
    size_t label_count;
    const struct metrics_label *labels; /* values may be any text */
    double value;                       /* seconds where it is a duration */
    const cJSON *distribution; /* of quantiles and buckets, else NULL */
};

/* All texts are valid during the call. A family is followed by its samples, of
 * which there is at least one. */
struct metrics_visitor {
    void *context;
    void (*family)(void *context, const struct metrics_family *family);
    void (*sample)(void *context, const struct metrics_sample *sample);
};

void metrics_walk(const cJSON *document,
                  const struct metrics_visitor *visitor);

#endif
