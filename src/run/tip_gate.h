/*
 * tip_gate: what a search for tipping points must not, or must, have found,
 * for CI.
 *
 *   back_up_to op SIZE [of VARIANT]
 *   back_up_to < 1s     back_up_to >= 3 of budgeted
 *
 * It speaks of the size from which the service comes back in nine of ten runs;
 * without a variant, of every one.
 */
#ifndef SQUALL_RUN_TIP_GATE_H
#define SQUALL_RUN_TIP_GATE_H

#include "run/tip.h"
#include "search/bound.h"

enum { TIP_GATE_TEXT_MAX = 160 };

struct tip_gate {
    char text[TIP_GATE_TEXT_MAX]; /* as written */
    struct bound_gate gate;
    size_t variant; /* SIZE_MAX: all */
};

/* How sizes of a trigger are written: "1.5s"; "3" and "x3". */
bound_parse_size *tip_gate_size_of(enum tip_trigger trigger);

/* `names` are those of the variants. Returns false with what is wrong in
 * problem. */
bool tip_gate_parse(struct tip_gate *gate, const char *text, bool is_demand,
                    enum tip_trigger trigger, const char *const *names,
                    size_t variants, char *problem, size_t problem_size);

/* Whether it holds. */
enum bound_truth tip_gate_holds(const struct tip_gate *gate,
                                const struct tip *tip);

#endif
