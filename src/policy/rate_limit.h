/*
 * rate_limit: how fast a client sends.
 *
 * token_bucket: `burst` tokens at first, `rate` a second, never more than
 *   `burst`. A send takes one, and waits for it when there is none; a wait
 *   longer than max_wait is refused and takes nothing. With a rate of 10/s, a
 *   burst of 3 and a max_wait of 250ms, six sends that come at once:
 *
 *     send                 1     2     3     4      5      6
 *     tokens left          2     1     0    -1     -2     -2
 *     waits for          0ms   0ms   0ms   100ms  200ms  refused: 300ms
 *
 *   One second later 10 more have come, and the bucket holds 3.
 *
 * cubic (the adaptive mode of the AWS SDKs): off until the first throttled
 *   answer. The client measures how fast answers come, in half seconds,
 *   smoothed by 0.8. A throttled answer sets the rate to 0.7 w, where w is the
 *   lower of what was measured and what was allowed; every good one moves it
 *   along 0.4 (t - K)^3 + w, t seconds after the throttling, with
 *   K = cbrt(0.3 w / 0.4), but to at most twice of what is measured, and at
 *   least 0.5/s. The bucket holds a second's worth, at least one. Throttled at
 *   100 answers a second, so that K is 4.2 s:
 *
 *     t                   0s    1s    2s    4s    6s    8s
 *     rate              70/s  87/s  96/s 100/s 102/s 122/s
 *
 * Which sends it applies to (applies_to) the caller looks at.
 */
#ifndef SQUALL_POLICY_RATE_LIMIT_H
#define SQUALL_POLICY_RATE_LIMIT_H

#include "base/instant.h"

#include <stdbool.h>
#include <stdint.h>

enum rate_limit_type {
    RATE_LIMIT_NONE,
#define RATE_LIMIT(id, name, sentence) RATE_LIMIT_##id,
#include "policy/rate_limit.def"
#undef RATE_LIMIT
};

/* Which sends it applies to, as bits; hedges are like retries. */
enum { RATE_LIMIT_FIRST = 1, RATE_LIMIT_RETRY = 2 };

struct rate_limit_config {
    enum rate_limit_type type;
    uint32_t applies_to; /* RATE_LIMIT_* bits */
    double rate_per_s;   /* token_bucket */
    double burst;
    struct duration max_wait; /* DURATION_FOREVER: any */
};

struct rate_limit {
    bool enabled;  /* cubic: a throttled answer has come */
    double tokens; /* below 0: promised to those who wait */
    double rate_per_s;
    double capacity;
    struct instant last; /* when the tokens were counted */
    /* cubic */
    double measured_per_s;
    double window_max_per_s;
    int64_t half_second;
    uint64_t answers; /* since then */
    struct instant throttled_at;
};

void rate_limit_init(struct rate_limit *limit,
                     const struct rate_limit_config *config,
                     struct instant now);

/* Asks to send. True: after *wait; false: that would be too long. */
bool rate_limit_take(struct rate_limit *limit,
                     const struct rate_limit_config *config,
                     struct instant now, struct duration *wait);

/* cubic: an answer came, throttled or not. */
void rate_limit_on_answer(struct rate_limit *limit,
                          const struct rate_limit_config *config,
                          struct instant now, bool throttled);

#endif
