/*
 * rng: seeded random streams, one a purpose.
 *
 * xoshiro256** (Blackman and Vigna, 2018), seeded through SplitMix64. Streams
 * are split by (seed, purpose, index), so that one more draw for jitter never
 * moves an arrival. A stream is a value: copy it to take a snapshot.
 */
#ifndef SQUALL_BASE_RNG_H
#define SQUALL_BASE_RNG_H

#include "base/instant.h"

#include <stdint.h>

struct rng {
    uint64_t state[4];
};

enum rng_purpose {
    RNG_ARRIVAL,
    RNG_MIX,
    RNG_JITTER,
    RNG_HEDGE,
    RNG_FAULT,
    RNG_TEMPLATE,
    RNG_SERVICE_TIME,
    RNG_SERVICE_FAULT,
    RNG_LIMITS,
    RNG_NETWORK,
    RNG_ORDER,
};

/* The stream of one purpose and one index (worker, client, fault row ...). */
struct rng rng_stream(uint64_t seed, enum rng_purpose purpose, uint64_t index);

/* 64 fair bits. */
uint64_t rng_next(struct rng *rng);

/* Uniform in [0, 1), 53 bits. */
double rng_unit(struct rng *rng);

/* Uniform integer in [0, bound), without bias. bound must not be 0. */
uint64_t rng_below(struct rng *rng, uint64_t bound);

/* Exponentially distributed with the given mean, quantised to ns. */
struct duration rng_exponential(struct rng *rng, struct duration mean);

/* Standard normal deviate (Marsaglia's polar method, one of the pair kept
 * nowhere: a stream stays a plain value). */
double rng_normal(struct rng *rng);

#endif
