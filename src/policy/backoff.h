/*
 * backoff: how long to wait before a retry.
 *
 * delay(n) = jitter(growth(n)), n = 0 for the first retry, with a cap on the
 * growth (base), on the jittered value (final), or on both. Two ranges cover
 * every stateless client: delay = x * U(mult) + U(add). "full" is mult [0,1],
 * "equal" [0.5,1], "none" [1,1]. Pure: draws are handed in, so that a schedule
 * can be shown for u = 0, 0.5 and 1.
 *
 * How each type grows is said in backoff.def. With initial 100ms, multiplier 2
 * and max 1s, an exponential backoff waits
 *
 *     retry                       1     2     3     4     5     6
 *     growth                    100   200   400   800  1000  1000 ms
 *     "full" jitter, u = 0.5     50   100   200   400   500   500 ms
 *     "equal" jitter, u = 0.5    75   150   300   600   750   750 ms
 *     add [0ms, 100ms], u = 1   200   300   500   900  1100  1100 ms
 *       and cap "final"         200   300   500   900  1000  1000 ms
 *
 * Refinements of the jitter: from retry mult_from on (1 is the first, 0 too)
 * the factor is drawn, before it is 1; add_scales lets the added range grow
 * as the wait does (x / i); at_cap NO spreads nothing once the growth has
 * reached max.
 * Last, the floor is applied (it wins over max), and immediate_retries of the
 * first retries wait 0 whatever came out.
 */
#ifndef SQUALL_POLICY_BACKOFF_H
#define SQUALL_POLICY_BACKOFF_H

#include "base/instant.h"
#include "base/rng.h"
#include "policy/tristate.h"

#include <stdbool.h>
#include <stddef.h>

enum backoff_type {
#define BACKOFF_TYPE(id, name, sentence) BACKOFF_##id,
#include "policy/backoff.def"
};

enum {
#define BACKOFF_TYPE(id, name, sentence) +1
    BACKOFF_TYPE_COUNT = 0
#include "policy/backoff.def"
};

enum backoff_cap {
#define BACKOFF_CAP(id, name, sentence) CAP_##id,
#include "policy/backoff.def"
};
enum decorrelated_low {
#define DECORRELATED_LOW(id, name, sentence) LOW_##id,
#include "policy/backoff.def"
};

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
