/*
 * drive: the load of a run, from the first operation to the last verdict.
 */
#ifndef SQUALL_RUN_DRIVE_H
#define SQUALL_RUN_DRIVE_H

#include "host/fleet.h"
#include "run/observer.h"
#include "run/timeline_threads.h"

#include <stdatomic.h>

/* Who is handed the figures so far, when somebody wants them; NULL: nobody
 * ever does. `take` returns whether the load is to end. */
struct drive_figures {
    void *context;
    bool (*wants)(void *context);
    bool (*take)(void *context, const struct fleet_figures *now);
};

/* Starts the workers, waits for their end and merges what they measured.
 * `stops`, if any, is how often an end has been asked for: at the first time
 * no operation is started any more and verdicts are awaited, at the second
 * what is open is abandoned. The timeline, if any, starts and ends with the
 * load. NULL after adding an error. */
const struct tally *drive(const struct plan *plan, struct fleet *fleet,
                          struct timeline_threads *timeline,
                          const struct run_observer *observer,
                          const struct drive_figures *figures,
                          const atomic_uint *stops, struct errors *errors);

#endif
