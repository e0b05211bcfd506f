/*
 * adaptive: a limit of concurrency that adapts to how long calls take.
 *
 * vegas, gradient2, aimd: as in Netflix's concurrency-limits, a step a sample.
 *   vegas guesses the queue, limit * (1 - least rtt / rtt): short, it grows;
 *   long, it shrinks; the least rtt is forgotten now and then.
 *   gradient2 compares a long average of the rtt with the sample.
 *   aimd adds 1, and cuts to a share when a call was dropped or took too long.
 * envoy_gradient: as Envoy's adaptive concurrency, a step a window: the least
 *   rtt is measured by some calls at a low limit, every so often; between
 *   that, limit = limit * g + sqrt(limit * g), g = least * (1 + buffer) /
 *   sampled.
 * A limit does not grow while less than half of it is in use (but for envoy).
 */
#ifndef SQUALL_POLICY_ADAPTIVE_H
#define SQUALL_POLICY_ADAPTIVE_H

#include "base/instant.h"
#include "base/rng.h"
#include "policy/latency_estimate.h"

#include <stdbool.h>
#include <stdint.h>

enum adaptive_algorithm {
#define ADAPTIVE(id, name, sentence) ADAPTIVE_##id,
#include "policy/adaptive.def"
#undef ADAPTIVE
};

struct adaptive_config {
    enum adaptive_algorithm algorithm;
    double initial, min, max;
    double smoothing;             /* vegas, gradient2: weight of a new limit */
    double alpha, beta;           /* vegas: times log10 of the limit */
    unsigned probe_multiplier;    /* vegas */
    double queue;                 /* gradient2 */
    double tolerance;             /* gradient2 */
    unsigned long_window;         /* gradient2: samples */
    unsigned warmup;              /* gradient2: samples */
    double backoff_ratio;         /* aimd */
    struct duration too_long;     /* aimd */
    struct duration update;       /* envoy: of the limit */
    struct duration min_interval; /* envoy: of the least rtt */
    double min_jitter;            /* envoy: of min_interval, a share */
    unsigned min_samples;         /* envoy: calls that measure it */
    double buffer;                /* envoy */
};

struct adaptive {
    double limit;
    int64_t least_ns; /* vegas, envoy: 0 is unknown */
    /* vegas */
    unsigned samples;
    double probe_at; /* a share of probe_multiplier * limit */
    /* gradient2 */
    double long_ns, sum_ns;
    /* envoy */
    bool measuring;
    double limit_before;
    unsigned at_min; /* windows in a row */
    struct instant update_at, measure_at;
    struct latency_estimate window;
};

/* What the libraries ship. */
void adaptive_config_init(struct adaptive_config *config,
                          enum adaptive_algorithm algorithm);

void adaptive_init(struct adaptive *adaptive,
                   const struct adaptive_config *config, struct instant now,
                   struct rng *rng);

/* A call ended that took `rtt`, while so many were in flight, itself too;
 * dropped: refused for load, or timed out. */
void adaptive_on_sample(struct adaptive *adaptive,
                        const struct adaptive_config *config,
                        struct instant now, struct duration rtt,
                        unsigned in_flight, bool dropped, struct rng *rng);

/* The limit in whole calls, at least 1. */
unsigned adaptive_limit(const struct adaptive *adaptive);

#endif
