/*
 * backoff: how long to wait before a retry.
 *
 * delay(n) = jitter(growth(n)), n = 0 for the first retry, with a cap on the
 * growth (base), on the jittered value (final), or on both. Two ranges cover
 * every stateless client: delay = x * U(mult) + U(add). "full" is mult [0,1],
 * "equal" [0.5,1], "none" [1,1]. Pure: draws are handed in, so that a schedule
 * can be shown for u = 0, 0.5 and 1.
 *
 * Growth, with i = initial, m = multiplier, k = n + exponent_offset:
 *   none 0; constant i; linear i + k * increment, at least 0;
 *   quadratic i + k^2 * increment;
 *   exponential i * m^k; exponential_minus_one i * (m^(k + 1) - 1), so that
 *     with m = 2 the first wait is i;
 *   list: entry n, the last one repeated;
 *   decorrelated: min(max, U(low, 3 * previous)), previous = i at first,
 *     low = initial or previous (Brooker 2015; Finagle). It brings its own
 *     jitter: mult and add are not applied, cap is not looked at;
 *   decorrelated_v2: with t = k + U(0,1) and f = 2^t * tanh(sqrt(4t)), the
 *     wait is i * (f - f of the last retry) / 1.4, at most max: steps along a
 *     smooth curve that doubles, taken at random points of it (Polly). It has
 *     its own jitter too, and does not look at m.
 * Refinements of the jitter: from retry mult_from on (1 is the first, 0 too)
 * the factor is drawn, before it is 1; add_scales lets the added range grow
 * as the wait does (x / i); at_cap NO spreads nothing once the growth has
 * reached max.
 * Last, the floor is applied (it wins over max), and immediate_retries of the
 * first retries wait 0 whatever came out.
 * More types are additions to enum backoff_type and one function.
 */
#ifndef SQUALL_POLICY_BACKOFF_H
#define SQUALL_POLICY_BACKOFF_H

#include "base/instant.h"
#include "base/rng.h"
#include "policy/tristate.h"

#include <stdbool.h>
#include <stddef.h>

enum backoff_type {
    BACKOFF_NONE,
    BACKOFF_CONSTANT,
    BACKOFF_LINEAR,
    BACKOFF_EXPONENTIAL,
    BACKOFF_LIST,
    BACKOFF_DECORRELATED,
    BACKOFF_QUADRATIC,
    BACKOFF_EXPONENTIAL_MINUS_ONE,
    BACKOFF_DECORRELATED_V2,
};

enum backoff_cap { CAP_BASE, CAP_FINAL, CAP_BOTH };
enum decorrelated_low { LOW_INITIAL, LOW_PREVIOUS };

enum { BACKOFF_LIST_MAX = 32 };

struct jitter_config {
    double mult_low, mult_high;
    struct duration add_low, add_high;
    unsigned mult_from;   /* the first retry, from 1, that mult is for */
    bool add_scales;      /* needs an initial above 0 */
    enum tristate at_cap; /* NO: none once growth has reached max */
};

struct backoff_config {
    enum backoff_type type;
    struct duration initial;
    double multiplier;
    struct duration increment; /* linear, quadratic */
    struct duration max;       /* DURATION_FOREVER: no cap */
    struct duration floor;     /* of the final value */
    int exponent_offset;
    unsigned immediate_retries; /* first so many wait 0; growth goes on */
    enum backoff_cap cap;
    enum decorrelated_low decorrelated_low;
    struct jitter_config jitter;
    size_t list_count;
    struct duration list[BACKOFF_LIST_MAX];
};

/* Of one operation. */
struct backoff_state {
    struct duration previous; /* decorrelated: the last delay; 0 at first */
    double curve;             /* decorrelated_v2: the last f; 0 at first */
    unsigned origin;          /* retries made when growth last began anew */
};

/* Growth begins anew with the next wait, as a server may ask for. `retries`
 * counts those made so far, the one that is due included. */
static inline void backoff_restart(struct backoff_state *state,
                                   unsigned retries)
{
    *state = (struct backoff_state){.origin = retries};
}

/* The wait before retry n (0 first) for given uniform draws in [0, 1]. */
struct duration backoff_delay(const struct backoff_config *config,
                              struct backoff_state *state, unsigned n,
                              double u_mult, double u_add);

/* The same with draws from a stream: always two draws, so that a change of
 * configuration does not shift the stream. */
struct duration backoff_next(const struct backoff_config *config,
                             struct backoff_state *state, unsigned n,
                             struct rng *rng);

#endif
