/*
 * hist: a high dynamic range histogram of durations, 1 us to 1 h.
 *
 * Layout as HdrHistogram's with 2048 sub-buckets: values below 2048 us are
 * exact, larger ones fall into buckets at most 1/1024 of the value wide, so
 * that a reported value is off by at most 0.1 % (a quantile reports the
 * highest value equivalent to its bucket, as HdrHistogram does). Values above
 * 1 h are kept as 1 h and counted in `clamped`, never silently. Merging adds
 * integers: exact, associative, and independent of order.
 *
 * min, max, sum and sum of squares are kept exactly beside the buckets.
 */
#ifndef SQUALL_MEASURE_HIST_H
#define SQUALL_MEASURE_HIST_H

#include "base/arena.h"
#include "base/instant.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HIST_US_MAX (INT64_C(3600) * 1000 * 1000)

/* 22 powers of two above the exact half, and the exact half itself, of 1024
 * counters each. */
enum { HIST_BUCKETS = 23 * 1024 };

struct hist {
    uint64_t *counts; /* HIST_BUCKETS of them */
    uint64_t count;
    uint64_t unknown; /* of count: not ended when squall gave them up, so
                       * larger than any, by how much nobody knows */
    uint64_t clamped;
    int64_t min_us, max_us; /* valid when hist_known > 0; of the known */
    uint64_t sum_us;
    uint64_t squares_low, squares_high; /* sum of squares, 128 bits */
};

/* Memory from the arena. */
void hist_init(struct hist *hist, struct arena *arena);

/* Rounds to the nearest microsecond; negative durations are a bug. */
void hist_record(struct hist *hist, struct duration value);

/* One that had not ended: it is in no bucket, sum or extreme. */
void hist_record_unknown(struct hist *hist);

static inline uint64_t hist_known(const struct hist *hist)
{
    return hist->count - hist->unknown;
}

/* Adds other into hist. */
void hist_merge(struct hist *hist, const struct hist *other);

void hist_reset(struct hist *hist);

/* Nearest rank: the value number ceil(q * count), q in [0, 1]; 0 when empty,
 * -1 when it is unknown. Never above max_us nor below min_us. */
int64_t hist_quantile_us(const struct hist *hist, double q);

/* The same of `whole` values, of which those that hist lacks are larger than
 * any: -1 where the rank is theirs, or whole is 0. */
int64_t hist_quantile_of_us(const struct hist *hist, double q, uint64_t whole);

/* The same for `count` of q in ascending order, in one walk over the values.
 */
void hist_quantiles_of_us(const struct hist *hist, const double *q,
                          size_t count, uint64_t whole, int64_t *us);

/* The same of `whole` values, of which `below` more are smaller than any of
 * hist, and the rest larger: 0 where the rank is of those below. */
int64_t hist_quantile_among_us(const struct hist *hist, double q,
                               uint64_t below, uint64_t whole);

/* Both of the known; 0 where there are none. The deviation is that of the
 * values themselves (divided
 * by n), from the exact sums, not from the buckets. */
double hist_mean_us(const struct hist *hist);
double hist_stddev_us(const struct hist *hist);

/* From this index on all counters are empty. */
size_t hist_end(const struct hist *hist);

/* The bounds of a bucket, inclusive. */
void hist_bounds_us(size_t index, int64_t *low_us, int64_t *high_us);

/* Walks buckets that are not empty, in order; for drawing and export. Start
 * with *cursor = 0; false at the end. Bounds are inclusive. */
bool hist_next(const struct hist *hist, size_t *cursor, int64_t *low_us,
               int64_t *high_us, uint64_t *count);

#endif
