/*
 * trial: one of many runs of a service, each from the same ground: before it
 * the service is reset and at rest. The one that squall starts by itself is
 * new for every run, and so is that of a simulation.
 *
 * A trial counts when its figures can be trusted; else it says why not.
 */
#ifndef SQUALL_RUN_TRIAL_H
#define SQUALL_RUN_TRIAL_H

#include "base/error.h"
#include "plan/plan.h"
#include "run/health.h"
#include "run/run.h"

#include <stdatomic.h>

enum trial_use {
    TRIAL_COUNTS,
    TRIAL_IS_VOID,       /* its figures cannot be trusted */
    TRIAL_HAS_NO_GROUND, /* the service did not come to rest before it */
    TRIAL_STOPPED,       /* somebody asked for it */
    TRIAL_FAILED         /* after adding an error */
};

/* What is asked of all of them alike. */
struct trial_options {
    uint64_t seed;          /* from which come those of the trials */
    uint64_t first_run;     /* run numbers count up from it */
    struct duration budget; /* for all of them; forever: no limit */
    /* Brings the service back to where it was, before every trial: a URL or a
     * command (run/reset.h); NULL: nothing is done. */
    const char *reset;
    /* See run/run.h. */
    const struct virtual_settings *simulation;
    struct run_observer observer;
    const atomic_uint *stops;
    const atomic_bool *give_up;
};

/* Trials while they are made. */
struct trials {
    const struct trial_options *options;
    /* Asks whether the service is at rest. Its seed and run number are not
     * looked at. */
    const struct plan_input *at_rest;
    uint64_t probe; /* number of the next run that asks */
    struct health health;
    char problem[800]; /* why the last was VOID, or had NO_GROUND */
};

struct trial {
    const struct plan_input *input; /* but for what follows */
    uint64_t seed, run;
    void *context;
    /* Changes the plan before it runs; may be NULL. */
    void (*prepare)(void *context, struct plan *plan);
    /* What it came to, whether it counts or not. */
    void (*take)(void *context, const struct result *result);
};

/* `at_rest` may be filled in later. Borrows both. */
struct trials trials_begin(const struct trial_options *options,
                           const struct plan_input *at_rest);

/* Whether somebody asked for an end. */
bool trials_stopped(const struct trials *trials);

enum trial_use trial_make(struct trials *trials, const struct trial *trial,
                          struct errors *errors);

#endif
