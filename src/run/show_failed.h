/*
 * show_failed: what both sides said in the first attempts that failed, as
 * text. Secrets are masked, and what does not print is escaped.
 */
#ifndef SQUALL_RUN_SHOW_FAILED_H
#define SQUALL_RUN_SHOW_FAILED_H

#include "host/fleet.h"
#include "run/observer.h"

/* Tells the observer, in the order of time, of at most `most`. After
 * fleet_join. */
void show_failed(const struct fleet *fleet, size_t most,
                 const struct run_observer *observer);

#endif
