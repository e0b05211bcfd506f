/*
 * ledger: reads back what the service did, and waits until it settles.
 *
 * Its form is that of effects/ledger_text.h. It is read until two equal
 * readings, `settle` apart, with nothing in flight; while effects of
 * operations that succeeded are missing, for `patience` without a change. What
 * cannot be read, parsed or settled is an error (NO_LEDGER) that says where;
 * the effects are then unverified.
 */
#ifndef SQUALL_LEDGER_LEDGER_H
#define SQUALL_LEDGER_LEDGER_H

#include "base/error.h"
#include "effects/effects_join.h"
#include "plan/plan.h"

#include <stdatomic.h>
#include <stdbool.h>

/* How far settling has come. */
struct ledger_progress {
    unsigned readings;     /* that were not the last */
    uint64_t own, foreign; /* effects in the latest */
    uint64_t missing; /* of operations that succeeded; 0 while it changes */
    struct duration left; /* until ledger.timeout */
};

struct ledger_options {
    const atomic_bool *stop; /* gives up when true; may be NULL */
    /* After each reading that was not the last; may be NULL. */
    void (*on_reading)(void *user, const struct ledger_progress *progress);
    void *user;
};

/* Reads until settled, then the history of states where it lies apart. The
 * join knows the baseline and whether it has times. */
bool ledger_read(const struct plan *plan, struct effects_join *join,
                 const struct ledger_options *options, struct errors *errors);

/* One reading, before a run: to find out that the ledger can be read, and for
 * the baseline, which stays empty where the plan wants none. */
bool ledger_probe(const struct plan *plan, struct baseline *baseline,
                  const atomic_bool *stop, struct errors *errors);

#endif
