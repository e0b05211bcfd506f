/* window: when a fault is on: from `from` for `length`, both since the start
 * of load (client faults) or of the service (service faults). */
#ifndef SQUALL_FAULTS_WINDOW_H
#define SQUALL_FAULTS_WINDOW_H

#include "base/instant.h"

#include <stdbool.h>

struct window {
    struct duration from;
    struct duration length; /* DURATION_FOREVER: to the end */
};

static inline bool window_contains(const struct window *window,
                                   struct duration since_start)
{
    return since_start.ns >= window->from.ns &&
           (window->length.ns == INT64_MAX ||
            since_start.ns - window->from.ns < window->length.ns);
}

#endif
