/*
 * baseline: the report of an earlier run, for SLOs that compare with it.
 *
 * Figures are read from where the report has them: those of the whole run, of
 * a request or of a phase. A quantile that it does not list is computed from
 * its histogram. It has no windows and no tiers.
 */
#ifndef SQUALL_RUN_BASELINE_H
#define SQUALL_RUN_BASELINE_H

#include "base/error.h"
#include "plan/plan.h"
#include "run/observer.h"

#include <stdbool.h>

/* Reads a report and fills in what the SLOs of the plan compare with;
 * `noise`: the difference, a share of each bound, that is none, 0 for what the
 * run shows. Notes where the load was another one. False after adding an
 * error: there is no such report, its figures do not stand, or it lacks one.
 */
bool baseline_apply(struct plan *plan, const char *path, double noise,
                    const struct run_observer *observer,
                    struct errors *errors);

/* Whether an SLO of the plan compares with one. */
bool baseline_is_wanted(const struct plan *plan);

#endif
