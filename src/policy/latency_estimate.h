/*
 * latency_estimate: a quantile of how long calls took lately.
 *
 * A histogram of the last `window` in three parts, of which the oldest is
 * dropped when a new one begins; the quantile is worked out anew at most once
 * in `refresh`. Bins are 1/32 of a power of two wide and known by their upper
 * end: what comes out is at most 3.2 % above the sample of that rank, and
 * never below it. Until min_samples are there, there is no estimate, and so
 * no hedge. All in one struct of about 15 KiB.
 */
#ifndef SQUALL_POLICY_LATENCY_ESTIMATE_H
#define SQUALL_POLICY_LATENCY_ESTIMATE_H

#include "base/instant.h"

#include <stdbool.h>
#include <stdint.h>

enum { LATENCY_PARTS = 3, LATENCY_BINS = 32 * 38 };

struct latency_config {
    double quantile; /* in (0, 1] */
    struct duration window;
    struct duration refresh; /* 0: at every question */
    unsigned min_samples;
    struct duration least; /* the estimate is never below */
};

struct latency_estimate {
    int64_t newest; /* number of the newest part */
    uint32_t total; /* samples in all parts */
    uint32_t totals[LATENCY_PARTS];
    uint32_t bins[LATENCY_PARTS][LATENCY_BINS];
    bool known;
    struct instant asked; /* when the value was worked out */
    struct duration value;
};

void latency_estimate_init(struct latency_estimate *estimate);

void latency_estimate_add(struct latency_estimate *estimate,
                          const struct latency_config *config,
                          struct instant now, struct duration took);

/* DURATION_FOREVER while there is no estimate. */
struct duration latency_estimate_quantile(struct latency_estimate *estimate,
                                          const struct latency_config *config,
                                          struct instant now);

#endif
