/*
 * reconcile: what was promised, against what the service did.
 *
 * The ledger is read once before the load, so that an unreadable one costs
 * nothing, and until it settles after it. What cannot be read then makes the
 * effects unverified; the other figures of the run stand.
 */
#ifndef SQUALL_RUN_RECONCILE_H
#define SQUALL_RUN_RECONCILE_H

#include "effects/baseline.h"
#include "effects/effects_join.h"
#include "host/fleet.h"
#include "run/archive.h"
#include "run/observer.h"
#include "run/simulation.h"

#include <stdatomic.h>

struct reconciliation {
    const struct plan *plan;
    struct simulation *simulation; /* whose ledger it is, or NULL */
    const atomic_bool *give_up; /* ends a reading when it is true, or NULL */
    const struct run_observer *observer;
    struct baseline baseline;
    struct effects_join *join;     /* NULL: there is no ledger */
    struct effect_figures effects; /* the result */
};

/* Before the load; what is borrowed has been filled in. False after adding an
 * error. */
bool reconcile_prepare(struct reconciliation *reconciliation,
                       struct errors *errors);

/* After fleet_join: fills in the effects, and those of single operations in
 * the archive. Adds an error where the ledger is unverified. */
void reconcile(struct reconciliation *reconciliation, struct fleet *fleet,
               struct archive *archive, struct errors *errors);

void reconcile_release(struct reconciliation *reconciliation);

#endif
