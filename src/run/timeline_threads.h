/*
 * timeline_threads: carries out the timeline of a plan while the load runs.
 *
 * Each entry has a thread of its own, which sleeps until its time comes: no
 * entry waits for another one, and no worker for any. The load's end ends the
 * timeline: nothing begins any more, commands that still run are ended with
 * all of their process group, and what has begun and is to be undone is undone
 * at once, however the load came to its end.
 */
#ifndef SQUALL_RUN_TIMELINE_THREADS_H
#define SQUALL_RUN_TIMELINE_THREADS_H

#include "base/error.h"
#include "plan/plan.h"
#include "run/observer.h"

#include <stdatomic.h>

struct timeline_threads;

/* Starts the threads, which wait. Borrows the plan. NULL after adding an
 * error. */
struct timeline_threads *timeline_threads_new(const struct plan *plan,
                                              struct errors *errors);

/* The load began, or is about to: where 0 of its clock is, on clock_now's. */
void timeline_threads_start(struct timeline_threads *threads,
                            struct instant origin);

/* Notes what went wrong since the last time, while the load still runs: who
 * watches need not wait for its end. For the thread that makes the run. */
void timeline_threads_note(struct timeline_threads *threads,
                           const struct run_observer *observer);

/* The load is over, or never was. */
void timeline_threads_end(struct timeline_threads *threads);

/* After that: waits until all is undone. A command of an undo has its own
 * limit; 5 s more once `stops`, if any, says that an end was asked for twice.
 */
void timeline_threads_await(struct timeline_threads *threads,
                            const struct run_observer *observer,
                            const atomic_uint *stops);

/* After that: what became of the entries, each at its place; they belong to
 * the threads. */
const struct timeline_event *timeline_threads_events(
    const struct timeline_threads *threads);

/* Ends them, if that was not done before. */
void timeline_threads_free(struct timeline_threads *threads);

#endif
