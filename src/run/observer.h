/*
 * observer: who is notified of what a run does, while it does it.
 *
 * Every function may be NULL, and all are called by the thread that makes the
 * run, never by a worker.
 */
#ifndef SQUALL_RUN_OBSERVER_H
#define SQUALL_RUN_OBSERVER_H

#include "report/progress.h"

/* What a run does now, in this order. Before PHASE_LOAD it prepares: what goes
 * wrong then costs nothing. */
enum run_phase {
    PHASE_LOAD,      /* requests are sent: there is something to lose */
    PHASE_RECONCILE, /* the load is over, the ledger is read */
    PHASE_REPORT     /* figures are computed, the document is made */
};

struct run_observer {
    void *context;
    void (*phase)(void *context, enum run_phase phase);
    /* A line for people, without an end of line. */
    void (*note)(void *context, const char *text);
    /* What both sides said in an attempt that failed: lines. After the load,
     * where the plan asks for it. */
    void (*exchange)(void *context, const char *text);
    /* About ten times a second during the load; in virtual time, as often as
     * some thousand events are done. */
    void (*progress)(void *context, const struct progress *progress);
    /* Waits, at most so long; what is to be noticed at once ends it early.
     * NULL: the thread sleeps. */
    void (*wait)(void *context, struct duration most);
};

void observer_phase(const struct run_observer *observer, enum run_phase phase);
void observer_note(const struct run_observer *observer, const char *format,
                   ...) __attribute__((format(printf, 2, 3)));
void observer_wait(const struct run_observer *observer, struct duration most);

#endif
