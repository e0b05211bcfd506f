/*
 * signed_rank: paired differences, and what they show: where their middle
 * lies, how sure that is, and whether it may be 0.
 *
 * The estimate is that of Hodges and Lehmann, the median of the Walsh averages
 * (of all pairs, each difference with itself too); test and interval are those
 * of Wilcoxon's signed-rank statistic, by its exact distribution. If what is
 * compared is the same, and who goes first is left to chance, each sign is a
 * fair coin whatever the noise; so the test holds for any number of pairs and
 * any distribution. Ties and zeros make it conservative.
 *
 * Differences may be infinite ("never"); an average of both infinities is 0.
 */
#ifndef SQUALL_COMPARE_SIGNED_RANK_H
#define SQUALL_COMPARE_SIGNED_RANK_H

#include "base/arena.h"

#include <stddef.h>

enum { SIGNED_RANK_MAX = 200 }; /* differences */

struct interval {
    double low;
    double high;
};

struct signed_rank {
    size_t count;         /* of differences */
    size_t average_count; /* count (count + 1) / 2 */
    double *averages;     /* ascending */
    double *below;        /* [t]: probability of a statistic of at most t */
};

/* Takes 1 to SIGNED_RANK_MAX differences, none of them NAN. The arrays are the
 * arena's. Time and memory grow with count^3 and count^2. */
struct signed_rank signed_rank_make(struct arena *arena,
                                    const double *differences, size_t count);

double signed_rank_estimate(const struct signed_rank *ranks);

/* The two-sided probability of what was seen, or more, if the middle were 0:
 * in (0, 1]. With a margin above 0, averages within it speak for neither
 * side. */
double signed_rank_p(const struct signed_rank *ranks, double margin);

/* The one-sided probability of what was seen, or more, if the middle were at
 * most `bound`: in (0, 1]. */
double signed_rank_p_above(const struct signed_rank *ranks, double bound);

/* The interval that covers the middle except with probability `level`; its
 * ends are infinite where there are too few differences for that. It leaves
 * out 0 just when signed_rank_p is at most the level. */
struct interval signed_rank_interval(const struct signed_rank *ranks,
                                     double level);

/* Whether a probability is at most a level, but for what rounding did to
 * either. */
int signed_rank_is_within(double probability, double level);

#endif
