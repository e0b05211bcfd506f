/* window: when a fault is on: from `from` for `length`, both since the start
 * of load (client faults) or of the service (service faults); and again
 * `every` so often after its first start, when it repeats.
 *
 * A profile may say each as a share of the load. Until window_fit, when the
 * length of the load is known, such a one is negative: -1 ns a billionth. */
#ifndef SQUALL_FAULTS_WINDOW_H
#define SQUALL_FAULTS_WINDOW_H

#include "base/instant.h"
#include "base/must.h"

#include <stdbool.h>
#include <stddef.h>

struct window {
    struct duration from;
    struct duration length; /* DURATION_FOREVER: to the end */
    struct duration every;  /* from start to start; DURATION_ZERO: once */
};

static inline struct duration window_share(double share)
{
    return (struct duration){-(int64_t)(share * 1e9 + 0.5)};
}

/* Replaces shares by times. */
static inline void window_fit(struct window *window, struct duration load)
{
    struct duration *times[] = {&window->from, &window->length,
                                &window->every};
    for (size_t i = 0; i < array_length(times); i++) {
        if (times[i]->ns < 0) {
            times[i]->ns =
                (int64_t)((double)load.ns * 1e-9 * -(double)times[i]->ns);
        }
    }
}

/* Whether the fault is on; if so, *end is when this turn of it ends
 * (DURATION_FOREVER: never). */
static inline bool window_find_end(const struct window *window,
                                   struct duration since_start,
                                   struct duration *end)
{
    if (since_start.ns < window->from.ns) {
        return false;
    }
    *end = DURATION_FOREVER;
    if (window->length.ns == INT64_MAX ||
        (window->every.ns > 0 && window->length.ns >= window->every.ns)) {
        return true;
    }
    struct duration turn = window->from;
    if (window->every.ns > 0) {
        turn.ns += (since_start.ns - window->from.ns) / window->every.ns *
                   window->every.ns;
    }
    *end = duration_add(turn, window->length);
    return since_start.ns < end->ns;
}

static inline bool window_contains(const struct window *window,
                                   struct duration since_start)
{
    struct duration end;
    return window_find_end(window, since_start, &end);
}

#endif
