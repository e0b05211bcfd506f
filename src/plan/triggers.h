/*
 * triggers: what in a plan begins and may end while the load runs, for
 * measure/recovery: the windows of faults, squall's and those of a service of
 * its own, and the stages of an open load in which it is higher than before
 * and after; the timeline.
 */
#ifndef SQUALL_PLAN_TRIGGERS_H
#define SQUALL_PLAN_TRIGGERS_H

#include "measure/recovery.h"
#include "plan/plan.h"

/* Room for TRIGGERS_MAX; returns how many there are. A window that opens again
 * is one for each time, as far as there is room and `load` lasts: its length,
 * warm-up included. `events` is what became of the timeline; NULL: it goes as
 * planned. */
size_t plan_triggers(const struct plan *plan, bool has_service,
                     struct duration load, const struct timeline_event *events,
                     struct trigger *triggers);

/* Whether one of them ends before the load is over, as it is planned. */
bool plan_has_trigger(const struct plan *plan, bool has_service);

/* Whether the plan leaves load and service as they are while it measures: no
 * stages, no ramps, no windows and no timeline. What varies then is noise. */
bool plan_is_level(const struct plan *plan, bool has_service);

#endif
