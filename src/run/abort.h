/*
 * abort: ends a run by the rules of its plan (plan->aborts), by the figures so
 * far.
 */
#ifndef SQUALL_RUN_ABORT_H
#define SQUALL_RUN_ABORT_H

#include "measure/result.h"
#include "plan/plan.h"

#include <stddef.h>

/* How the rules stand; zero at the start. */
struct abort_state {
    struct abort_watch watches[ABORT_RULES_MAX];
    const struct abort_rule *ended_by; /* NULL: none has ended it */
    struct instant ended_at;           /* on the run clock */
};

/* Looks at the figures of a run at `at` of its clock. True once, with a
 * sentence that says which rule ends it, when, and what was measured. */
bool abort_look(struct abort_state *state, const struct plan *plan,
                const struct result *result, struct instant at, char *sentence,
                size_t size);

#endif
