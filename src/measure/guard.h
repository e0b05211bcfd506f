/*
 * guard: what no run passes with, whatever was asked of it.
 *
 * A run in which nothing was started, or nothing reached the service, says
 * nothing of the service: it is invalid. One in which requests were sent and
 * no operation succeeded has failed, though every answer was quick. The last
 * two give way to an SLO of the user's own that speaks of success, because a
 * service that is to be down, or to refuse, is a test, too.
 */
#ifndef SQUALL_MEASURE_GUARD_H
#define SQUALL_MEASURE_GUARD_H

#include "measure/slo.h"
#include "measure/tally.h"

#include <stddef.h>

enum guard_finding {
    GUARD_HOLDS,
    GUARD_NOTHING_STARTED, /* invalid */
    GUARD_NOTHING_SENT,    /* invalid */
    GUARD_NONE_SUCCEEDED,  /* failed */
};

/* What is found in the panel of a whole run, with the commonest reason in
 * words, and what helps where that is likely; the reason is "" when the guard
 * holds. */
enum guard_finding guard_judge(const struct tally *tally,
                               const struct slo *slos, size_t slo_count,
                               char *reason, size_t reason_size);

#endif
