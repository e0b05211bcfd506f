/*
 * buckets: a distribution of the report in a few buckets whose bounds are the
 * same for all of them, as metrics have them.
 *
 * The bounds are powers of the square root of two of a second, from 61 us to
 * 128 s, and of two from there to more than an hour. So they are bounds of the
 * exponential histograms of Prometheus (schema 1) and OpenTelemetry (scale 1),
 * too: what stores those loses nothing. They are exact: a bucket of the
 * histogram that was measured, at most 0.1 % wide, is counted by its upper
 * end, as quantiles are.
 */
#ifndef SQUALL_REPORT_BUCKETS_H
#define SQUALL_REPORT_BUCKETS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

enum { BUCKETS_BOUNDS = 48 };

struct buckets {
    /* Values up to bound i and above the one before; the last are above all:
     * there are those that never ended, too. */
    uint64_t counts[BUCKETS_BOUNDS + 1];
    uint64_t count;
    double sum_s; /* NAN where some never ended */
};

/* Upper bounds in seconds, inclusive, in ascending order. */
double buckets_bound_s(unsigned index);

/* Of `distribution`, as report/figures writes them. False where it is none, or
 * its histogram cannot be read. */
bool buckets_read(const cJSON *distribution, struct buckets *buckets);

#endif
