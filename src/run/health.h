/*
 * health: whether a service is at rest before a run: nothing of the run before
 * is still on its way through it.
 *
 * One caller asks for a few operations, one after another. How these go before
 * the first run is what is expected before all others: at least half of that
 * goodput, and no more than one success less.
 */
#ifndef SQUALL_RUN_HEALTH_H
#define SQUALL_RUN_HEALTH_H

#include "base/error.h"
#include "plan/plan.h"
#include "run/run.h"

struct health {
    bool is_known;        /* the service was asked before */
    double goodput_per_s; /* at rest */
    uint64_t succeeded;
};

enum health_finding {
    HEALTH_GOOD,
    HEALTH_BAD, /* not in half a minute, or nothing ever succeeded */
    HEALTH_STOPPED,
    HEALTH_FAILED /* after adding an error */
};

/* Asks, again and again, until the service is as it was. Plans are read from
 * `input`, with numbers of runs from `*number` on. `problem` says what is
 * BAD. */
enum health_finding health_await(struct health *health,
                                 const struct plan_input *input,
                                 const struct run_options *options,
                                 uint64_t *number, char *problem, size_t size,
                                 struct errors *errors);

#endif
