/*
 * progress: how far a run is, as one line: drawn anew on a terminal, or a
 * plain one every few seconds elsewhere. report/live shows more.
 */
#ifndef SQUALL_REPORT_PROGRESS_H
#define SQUALL_REPORT_PROGRESS_H

#include "base/instant.h"
#include "report/term.h"

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

/* How much of the run is over: by time or by operations, whichever is further;
 * < 0: it is not known. */
double progress_share(const struct progress *progress);

/* Appends one line, without an end, within the width of the terminal: the most
 * important figures first, and those that there is no room for left out. */
void progress_line(struct term *term, const struct progress *progress,
                   bool has_bar);

struct progress_view {
    FILE *stream;
    bool color;
    struct instant last; /* when a line was last written */
};

/* Writes a line every few seconds; now is on any monotonic clock. */
void progress_show(struct progress_view *view, struct instant now,
                   const struct progress *progress);

#endif
