/*
 * limits: makes a plan fit this process.
 *
 * What was asked for must fit; what is only a default is lowered, and the
 * plan's profile with it, since the report shows the profile as it was run.
 */
#ifndef SQUALL_RUN_LIMITS_H
#define SQUALL_RUN_LIMITS_H

#include "base/error.h"
#include "engine/engine.h"
#include "plan/plan.h"
#include "run/observer.h"

/* `sides` is 2 when the service lives in the same process. False after adding
 * an error that names the remedy. */
bool limits_fit(struct plan *plan, const struct engine_type *engine,
                uint64_t sides, const struct run_observer *observer,
                struct errors *errors);

#endif
