/*
 * share: what a count out of a number of trials says of the true share, and
 * the tail of the normal distribution.
 */
#ifndef SQUALL_COMPARE_SHARE_H
#define SQUALL_COMPARE_SHARE_H

#include "compare/signed_rank.h"

#include <stdint.h>

/* Clopper and Pearson: the shares that `hits` of `trials` do not contradict,
 * each end at level/2. `trials` is above 0. */
struct interval share_interval(uint64_t hits, uint64_t trials, double level);

/* The highest of them, where only the upper end is asked for. */
double share_upper(uint64_t hits, uint64_t trials, double level);

/* The z above which a standard normal variable is with probability `tail`,
 * in (0, 0.5]. */
double share_normal_upper(double tail);

#endif
