/*
 * herd: how the sends bunch, which is what jitter is for.
 *
 * Sends are counted in bins of 10 ms for the first hour, and sends and started
 * operations in aligned seconds for the first 24 hours, from the origin (the
 * end of the warm-up). What lies beyond is counted in `beyond` and in no
 * figure. Merging adds.
 *
 * Figures are taken over the measured load time, whole bins only: a drain
 * after the load would look like calm.
 */
#ifndef SQUALL_MEASURE_HERD_H
#define SQUALL_MEASURE_HERD_H

#include "base/arena.h"
#include "base/instant.h"

#include <stdint.h>

enum {
    HERD_BINS_PER_S = 100,
    HERD_BINS_MAX = 3600 * HERD_BINS_PER_S,
    HERD_SECONDS_MAX = 24 * 3600,
};

struct herd {
    struct instant origin;
    uint32_t *bins;    /* HERD_BINS_MAX: sends in 10 ms */
    uint32_t *sent;    /* HERD_SECONDS_MAX */
    uint32_t *started; /* HERD_SECONDS_MAX */
    int64_t seconds;   /* that are in use: the last one is the one before */
    uint64_t beyond;   /* sends after the last bin */
};

void herd_init(struct herd *herd, struct arena *arena, struct instant origin);
void herd_sent(struct herd *herd, struct instant at);
void herd_started(struct herd *herd, struct instant at);
void herd_merge(struct herd *herd, const struct herd *other);

/* As after herd_init. */
void herd_reset(struct herd *herd);

/* The part of the measured time that the bins cover, in whole 10 ms. */
struct duration herd_covered(struct duration measured);

/* The highest whole 100 ms over the mean of all; < 0 when no whole one fits
 * or nothing was sent. 1 is perfectly even. */
double herd_peak_to_mean_100ms(const struct herd *herd,
                               struct duration measured);

/* Variance over mean of the whole 10 ms bins; < 0 as above. 0 is perfectly
 * even, 1 is Poisson, more is bunched. */
double herd_dispersion_10ms(const struct herd *herd, struct duration measured);

/* Sends by time, for drawing: whole bins of 100 ms, or several of them a
 * column where there are more than columns. */
enum { HERD_COLUMNS_MAX = 240 };

struct herd_arrivals {
    struct duration interval; /* of a column; the last may be shorter */
    size_t columns;           /* 0: no bin is whole, or nothing was sent */
    uint64_t sent[HERD_COLUMNS_MAX];
    uint64_t most_100ms[HERD_COLUMNS_MAX]; /* of a bin in it */
    uint64_t most_10ms[HERD_COLUMNS_MAX];
};

void herd_arrivals_read(const struct herd *herd, struct duration measured,
                        struct herd_arrivals *arrivals);

/*
 * The highest ratio of sends to started operations within one second.
 *
 * What is sent in a second in which none started is load that an earlier one
 * caused: such seconds, the drain's too, are counted together with the last
 * one before them that had some. A last second that was measured in part
 * counts by what it had, but one of less than 100 ms together with the one
 * before. So the peak is never below the mean of the whole. < 0: none
 * started.
 */
double herd_peak_1s(const struct herd *herd, struct duration measured);

#endif
