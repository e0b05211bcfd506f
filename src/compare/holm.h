/*
 * holm: several tests at once. Where each of twenty rows may err in 5 % of
 * comparisons, most comparisons err; Holm's step-down keeps the chance of any
 * error within the level.
 */
#ifndef SQUALL_COMPARE_HOLM_H
#define SQUALL_COMPARE_HOLM_H

#include <stddef.h>

/* Adjusts probabilities: a test may be rejected at a level just when its
 * adjusted probability is at most that. */
void holm_adjust(const double *p, double *adjusted, size_t count);

/* The one level at which intervals of all `count` rows agree with the words of
 * tests of which `rejected` were: level / max(1, count - rejected). */
double holm_common_level(double level, size_t count, size_t rejected);

#endif
