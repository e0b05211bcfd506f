/*
 * rounds: how many rounds a comparison takes, and what those that were made
 * could have shown. A round runs everything that is compared once, and gives
 * one paired difference.
 */
#ifndef SQUALL_COMPARE_ROUNDS_H
#define SQUALL_COMPARE_ROUNDS_H

#include <stddef.h>

/* How much differences vary from round to round, on the scale of a standard
 * deviation: Gini's mean difference, times sqrt(pi)/2, which outliers move
 * little. NAN for fewer than two, or where one is infinite. Sorts them. */
double rounds_spread(double *differences, size_t count);

/* The least rounds with which a two-sided test at `level` can ever show
 * anything: 2^(1 - rounds) <= level. */
size_t rounds_least(double level);

/* How many rounds find a difference of `detect` in nine of ten comparisons,
 * given the spread over `count` rounds. `level` is that of one row's test.
 * Before it is rounded up, and without the least. NAN without a spread. */
double rounds_wanted(double spread, double detect, double level, size_t count);

/* The same, as a number of rounds: at least rounds_least. 0 without a
 * spread. */
size_t rounds_needed(double spread, double detect, double level, size_t count);

/* The difference that `count` rounds would have found in nine of ten
 * comparisons; NAN where there is none. */
double rounds_resolution(double spread, double level, size_t count);

#endif
