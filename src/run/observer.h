/*
 * observer: who is notified of what a run does, while it does it.
 *
 * Every function may be NULL, and all are called by the thread that makes the
 * run, never by a worker.
 */
#ifndef SQUALL_RUN_OBSERVER_H
#define SQUALL_RUN_OBSERVER_H

#include "measure/result.h"
#include "report/progress.h"
#include "report/writer.h"

/* What a run does now, in this order. Before PHASE_LOAD it prepares: what goes
 * wrong then costs nothing. */
enum run_phase {
    PHASE_LOAD,      /* requests are sent: there is something to lose */
    PHASE_RECONCILE, /* the load is over, the ledger is read */
    PHASE_REPORT     /* figures are computed, the document is made */
};

/*
 * What a run has measured so far: the figures that its report would have if it
 * were over, computed by the same code from the same counts. Operations that
 * are under way have started and have no verdict yet: they are in no quantile
 * and in no success rate. What is known only at the end is not measured: the
 * effects (the ledger has not been read), the last states of the clients. No
 * verdict is given.
 */
struct run_so_far {
    struct run *run;             /* for run_document_so_far */
    const struct result *result; /* until the call returns */
    struct instant at;           /* when they were counted; 0 is the start of
                                  * the load */
    /* What a writer is given beside the document, less single operations. */
    struct writer_run for_writers;
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
    /* Whether somebody wants the figures so far: asked about ten times a
     * second during the load. When it says so they are collected, which takes
     * about a tenth of a second, and handed to `figures`; not more often than
     * once a second. Both or neither; without them nothing is collected. */
    bool (*wants_figures)(void *context);
    /* Returns why the load is to end now, a sentence that is copied, or NULL:
     * it goes on. A run that ends so has failed, and says why. */
    const char *(*figures)(void *context, const struct run_so_far *now);
    /* Waits, at most so long; what is to be noticed at once ends it early.
     * NULL: the thread sleeps. */
    void (*wait)(void *context, struct duration most);
};

void observer_phase(const struct run_observer *observer, enum run_phase phase);
void observer_note(const struct run_observer *observer, const char *format,
                   ...) __attribute__((format(printf, 2, 3)));
void observer_wait(const struct run_observer *observer, struct duration most);

#endif
