/* window: when a fault is on: from `from` for `length`, both since the start
 * of load (client faults) or of the service (service faults); and again
 * `every` so often after its first start, when it repeats. */
#ifndef SQUALL_FAULTS_WINDOW_H
#define SQUALL_FAULTS_WINDOW_H

#include "base/instant.h"

#include <stdbool.h>

struct window {
    struct duration from;
    struct duration length; /* DURATION_FOREVER: to the end */
    struct duration every;  /* from start to start; DURATION_ZERO: once */
};

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
