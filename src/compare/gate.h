/*
 * gate: what a comparison must not, or must, have found, for CI.
 *
 *   MEASURE FINDING[|FINDING...] [of VARIANT]
 *   MEASURE better|worse MARGIN [of VARIANT]
 *   MEASURE within MARGIN [of VARIANT]
 *   VARIANT FINDING[|FINDING...] MEASURE [MARGIN]
 *   p99 worse      success_rate worse|undecided of budgeted
 *   p99 worse 10%  p99 within 10%  budgeted better amplification
 *
 * Without a variant it speaks of every one but the baseline. A margin is a
 * share, of points where the measure is in points, or a count. It must lie
 * between "no difference" and the whole interval; within one is what cannot be
 * worse by more. What was not measured fails a gate, always: nothing passes
 * that nobody has seen.
 */
#ifndef SQUALL_COMPARE_GATE_H
#define SQUALL_COMPARE_GATE_H

#include "compare/comparison.h"

enum { GATE_TEXT_MAX = 160 };

struct gate {
    char text[GATE_TEXT_MAX];
    bool is_demand; /* to be found; else it must not be */
    enum compared measure;
    bool findings[FINDING_COUNT];
    double margin;  /* 0: none */
    bool is_within; /* of the margin; else what is found lies beyond it */
    size_t variant; /* SIZE_MAX: all but the baseline */
};

/* `names` are those of the variants. Returns false with what is wrong in
 * problem. */
bool gate_parse(struct gate *gate, const char *text, bool is_demand,
                const char *const *names, size_t variants, char *problem,
                size_t problem_size);

/* Whether it holds. */
bool gate_holds(const struct gate *gate, const struct comparison *comparison);

/* The undecided row that a gate is about, or NULL: how much worse it is could
 * not be seen. */
const struct comparison_row *gate_undecided(
    const struct gate *gate, const struct comparison *comparison);

#endif
