/*
 * progress: what a run shows while it runs, on stderr: one live line that is
 * redrawn on a terminal, a plain line every few seconds elsewhere.
 */
#ifndef SQUALL_REPORT_PROGRESS_H
#define SQUALL_REPORT_PROGRESS_H

#include "base/instant.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Counters since the start of load, and figures of the last second. */
struct progress {
    const char *phase; /* "warm-up", a stage, "drain", "settle" */
    struct duration elapsed;
    struct duration total;     /* FOREVER: bounded by operations */
    uint64_t operations_total; /* 0: bounded by time */
    uint64_t started, finished, succeeded;
    uint64_t attempts, errors; /* errors: finished and not succeeded */
    uint64_t in_flight;
    double rate_per_s; /* operations finished in the last second */
    int64_t p99_us;    /* time to success of the last second; INT64_MAX: never,
                        * -1: nothing finished */
    double amplification; /* so far; < 0: nothing started */
};

struct progress_view {
    FILE *stream;
    bool live; /* a terminal: redraw in place */
    bool color;
    int width;
    struct instant last; /* plain: when a line was last written */
};

/* now is on any monotonic clock. */
void progress_show(struct progress_view *view, struct instant now,
                   const struct progress *progress);

/* Clears the live line; nothing else may be printed before. */
void progress_end(struct progress_view *view);

#endif
