/*
 * series: what happened when, in intervals of equal length.
 *
 * The interval is 1 s. A run that is longer than SERIES_POINTS_MAX intervals
 * doubles it, by adding each pair of neighbours into one, so memory is
 * constant. Each interval counts, and keeps a small histogram of the
 * operations that finished in it: values below 128 us are exact, above, a
 * quantile is the middle of its bucket and off by at most 0.8 %.
 *
 * Merging adds counters; where two series have different intervals, the finer
 * is coalesced first. So the counters of a merge are those of the whole.
 * Times before the origin (there should be none) count in the first interval.
 */
#ifndef SQUALL_MEASURE_SERIES_H
#define SQUALL_MEASURE_SERIES_H

#include "base/arena.h"
#include "base/instant.h"
#include "measure/hist.h"

#include <stdbool.h>
#include <stdint.h>

/* Small histograms: 26 powers of two above the exact half, and that half, of
 * 64 counters each: 1 us to 1 h. */
enum { SERIES_POINTS_MAX = 1024, SERIES_BUCKETS = 27 * 64 };

/* What is less of squall's own in a latency makes it no late one. */
enum { SERIES_LATE_US = 1000 };

struct series_times {
    uint32_t low, high; /* range of buckets in use; valid when measured */
    uint64_t measured;  /* values */
    uint32_t buckets[SERIES_BUCKETS];
};

struct series_interval {
#define SUM(id, sentence) uint64_t id;
#define PART(id) uint64_t id;
#include "measure/series.def"
    uint64_t levels;             /* budget levels that facts had */
    double level_min;            /* of those; valid when there are some */
    uint64_t late_max_us;        /* of an operation's latency, squall's own
                                  * part at most */
    struct series_times times;   /* of the operations that finished */
    struct series_times success; /* of those that succeeded */
};

/* What the report says of an interval; < 0: not measured. */
struct series_point {
#define SUM(id, sentence) double id;
#define POINT(id, type, null, group, value, sentence) double id;
#include "measure/series.def"
};

/* What runs on from interval to interval, at the end of one. */
struct series_running {
    int64_t in_flight;     /* operations */
    int64_t breakers_open; /* clients */
};

struct series {
    struct instant origin;
    struct duration interval;
    size_t first; /* below it none is in use; valid when count > 0 */
    size_t count; /* intervals up to the last one in use */
    struct series_interval *intervals; /* SERIES_POINTS_MAX of them */
    /* the interval that was asked for last, to save a division */
    struct series_interval *current;
    struct instant current_from, current_to;
};

void series_init(struct series *series, struct arena *arena,
                 struct instant origin);

/* Uses the memory of all intervals up to a time now, so that a run that has
 * begun needs no more. Before the first is used. */
void series_settle(struct series *series, struct duration length);

/* The interval that contains `at`, made by coalescing when it lies beyond
 * the last one. Valid until the next call. */
struct series_interval *series_at(struct series *series, struct instant at);

void series_record(struct series_interval *interval, struct duration value,
                   bool succeeded);

/* How much of one that was recorded may be squall's own. */
void series_note_late(struct series_interval *interval, struct duration late);

/* How long a worker was away of the time before `at`. It makes no interval
 * after others: it is in the last one then. */
void series_note_worker(struct series *series, struct instant at,
                        struct duration wall, struct duration away);

/* What was left of a client's retry budget. */
void series_level(struct series_interval *interval, double level);

void series_merge(struct series *series, const struct series *other);

/* As after series_init; the interval stays as long as it was. */
void series_reset(struct series *series);

/* The points of all intervals, in order; of layers (bits of enum layer) that
 * are off nothing was measured. */
void series_points(const struct series *series, uint32_t layers,
                   struct series_point *points);

/* Adds up so many intervals from this one on, into `sum`, which is zero or an
 * earlier sum. */
void series_sum(const struct series *series, size_t from, size_t count,
                struct series_interval *sum);

/* The value of this rank, from 1, of those that were recorded. */
int64_t series_rank_us(const struct series_times *times, double rank);

/* Nearest rank; -1 when nothing was recorded. */
int64_t series_quantile_us(const struct series_interval *interval, double q);

/* The rank of a quantile among so many. */
double series_rank(double q, uint64_t count);

/* Of the time to success of those that finished: a failed one never did. -1:
 * it is never, or none finished. */
int64_t series_success_us(const struct series_interval *interval, double q);

/* Where a bucket of struct series_times begins, in microseconds. */
int64_t series_bucket_us(uint32_t bucket);

/* Records each value in hist, as the middle of its bucket. */
void series_fill(const struct series_times *times, struct hist *hist);

#endif
