/*
 * axis: the scale of a plot and the places of its ticks.
 *
 * Ticks stand at round numbers, in ascending order and within [low, high];
 * there are at most as many as were asked for, and AXIS_TICKS_MAX.
 */
#ifndef SQUALL_REPORT_AXIS_H
#define SQUALL_REPORT_AXIS_H

#include <stdbool.h>
#include <stddef.h>

enum { AXIS_TICKS_MAX = 12 };

struct axis {
    double low, high;
    bool is_log;
    size_t count;
    double ticks[AXIS_TICKS_MAX];
};

/* From 0 to the first round number that is no less than `high`, in steps of 1,
 * 2 or 5 times a power of ten; of counts in steps of whole numbers. */
struct axis axis_from_zero(double high, size_t most);
struct axis axis_counts(double high, size_t most);

/* Decades, or 1, 2 and 5 of each where these are few, that hold both ends;
 * both are above 0. */
struct axis axis_log(double low, double high, size_t most);

/* From 0 to exactly `seconds`, in steps that clocks have: 1, 2, 5, 10, 15 and
 * 30 s, minutes, or hours. */
struct axis axis_time(double seconds, size_t most);

/* Where a value stands, from 0 at the low end to 1 at the high one; what lies
 * beyond them stands at the end. NAN stays that. */
double axis_place(const struct axis *axis, double value);

#endif
