/*
 * arrivals: recorded instants at which operations start, and which request
 * each makes: the load of an access log, with its gaps.
 *
 * The text has one arrival a line, "SECONDS NAME": time since the start of
 * load as a decimal number of up to nine digits after its point, which never
 * decreases, a blank, and the name of a request, to the end of the line. Empty
 * lines and lines that begin with "#" say nothing. So a nanosecond that is
 * written is the nanosecond at which the operation is due.
 *
 * Pure: whoever has the text reads it (plan/resolve_arrivals.c), before the
 * run; load/schedule takes arrival k from the list.
 */
#ifndef SQUALL_LOAD_ARRIVALS_H
#define SQUALL_LOAD_ARRIVALS_H

#include "base/arena.h"
#include "base/instant.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sixteen bytes each. */
enum { ARRIVALS_MAX = 10 * 1000 * 1000 };

struct recorded_arrival {
    struct duration at; /* since the start of load, as recorded */
    uint32_t request;   /* index into the names */
};

struct arrivals {
    size_t count;
    const struct recorded_arrival *items; /* owned by the arena; in order */
    double speed; /* of the replay, 2: twice as fast; above 0 */
};

/* Where a text is wrong, and how. */
struct arrivals_problem {
    size_t line;      /* from 1; 0: the text as a whole */
    const char *text; /* static */
};

/* Reads a text of `length` bytes, which needs no NUL, at speed 1. False where
 * a line is not as it must be, a name is none of these (each may stand once
 * only), a time lies beyond `most`, there are more than ARRIVALS_MAX, or there
 * is none. */
bool arrivals_read(struct arrivals *arrivals, struct arena *arena,
                   const char *text, size_t length, struct duration most,
                   const char *const *names, size_t name_count,
                   struct arrivals_problem *problem);

/* When arrival k is due: its recorded time over the speed, to the nearest
 * nanosecond. k must be below the count. */
struct duration arrivals_due(const struct arrivals *arrivals, size_t k);

#endif
