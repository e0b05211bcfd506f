/*
 * knockout_gate: what must, or must not, become of a variant of a knock-out,
 * for CI.
 *
 *   VARIANT dropped   full-jitter dropped
 *   VARIANT kept      budgeted kept
 *   VARIANT suggested
 */
#ifndef SQUALL_COMPARE_KNOCKOUT_GATE_H
#define SQUALL_COMPARE_KNOCKOUT_GATE_H

#include "compare/knockout.h"

enum { KNOCKOUT_GATE_TEXT_MAX = 160 };

enum knockout_fate { FATE_DROPPED, FATE_KEPT, FATE_SUGGESTED, FATE_COUNT };

struct knockout_gate {
    char text[KNOCKOUT_GATE_TEXT_MAX];
    bool is_demand; /* it must; else it must not */
    size_t variant;
    enum knockout_fate fate;
};

/* `names` are those of the variants. Returns false with what is wrong in
 * problem. */
bool knockout_gate_parse(struct knockout_gate *gate, const char *text,
                         bool is_demand, const char *const *names,
                         size_t variants, char *problem, size_t problem_size);

/* Whether it holds. */
bool knockout_gate_holds(const struct knockout_gate *gate,
                         const struct knockout *knockout, size_t suggested);

#endif
