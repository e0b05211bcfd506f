#include "base/rng.h"

#include "base/hash.h"
#include "base/must.h"

#include <math.h>

static uint64_t rotate_left(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

struct rng rng_stream(uint64_t seed, enum rng_purpose purpose, uint64_t index)
{
    struct rng rng;
    /* A chain, not a sum: the numbers may not change places. */
    uint64_t at = mix64(seed);
    at = mix64(at ^ (uint64_t)purpose);
    at = mix64(at ^ index);
    for (int i = 0; i < 4; i++) {
        at += UINT64_C(0x9e3779b97f4a7c15);
        rng.state[i] = mix64(at);
    }
    return rng;
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

double rng_unit(struct rng *rng)
{
    return (double)(rng_next(rng) >> 11) * 0x1.0p-53;
}

uint64_t rng_below(struct rng *rng, uint64_t bound)
{
    must(bound > 0);
    uint64_t reject_below = (UINT64_MAX - bound + 1) % bound;
    for (;;) {
        uint64_t draw = rng_next(rng);
        if (draw >= reject_below) {
            return draw % bound;
        }
    }
}

struct duration rng_exponential(struct rng *rng, struct duration mean)
{
    double u = 1.0 - rng_unit(rng); /* in (0, 1]: the logarithm is finite */
    return duration_from_ns(-log(u) * (double)mean.ns);
}

double rng_normal(struct rng *rng)
{
    for (;;) {
        double x = 2.0 * rng_unit(rng) - 1.0;
        double y = 2.0 * rng_unit(rng) - 1.0;
        double square = x * x + y * y;
        if (square > 0.0 && square < 1.0) {
            return x * sqrt(-2.0 * log(square) / square);
        }
    }
}
