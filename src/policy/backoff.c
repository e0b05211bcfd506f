#include "policy/backoff.h"

#include "base/must.h"

#include <math.h>

/* base^exponent by squaring: exact for powers of two, the same on every
 * machine, and infinite rather than slow for huge exponents. */
static double power(double base, int64_t exponent)
{
    uint64_t left = exponent < 0 ? (uint64_t)-exponent : (uint64_t)exponent;
    double result = 1.0;
    while (left > 0) {
        if (left & 1) {
            result *= base;
        }
        base *= base;
        left >>= 1;
    }
    return exponent < 0 ? 1.0 / result : result;
}

static double between(double low, double high, double u)
{
    return low + u * (high - low);
}

static struct duration list_entry(const struct backoff_config *config,
                                  unsigned n)
{
    must(config->list_count <= BACKOFF_LIST_MAX);
    if (config->list_count == 0) {
        return DURATION_ZERO;
    }
    size_t last = config->list_count - 1;
    return config->list[n < last ? n : last];
}

static struct duration decorrelated(const struct backoff_config *config,
                                    struct backoff_state *state, double u)
{
    struct duration previous = state->previous;
    if (previous.ns == 0) {
        previous = config->initial;
    }
    struct duration low = config->initial;
    switch (config->decorrelated_low) {
    case LOW_INITIAL:
        break;
    case LOW_PREVIOUS:
        low = previous;
        break;
    }
    struct duration wait = duration_from_ns(
        between((double)low.ns, 3.0 * (double)previous.ns, u));
    wait = duration_min(wait, config->max);
    state->previous = wait;
    return wait;
}

/* By expm1, which is exact near zero where a ratio of exponentials is not. */
static double hyperbolic_tangent(double x)
{
    double above_one = expm1(2.0 * x);
    return x > 20.0 ? 1.0 : above_one / (above_one + 2.0);
}

static struct duration decorrelated_v2(const struct backoff_config *config,
                                       struct backoff_state *state, unsigned n,
                                       double u)
{
    double t = (double)n + (double)config->exponent_offset + u;
    double curve = t > 0 ? exp2(t) * hyperbolic_tangent(sqrt(4.0 * t)) : 0.0;
    if (!isfinite(curve)) {
        return config->max;
    }
    double step = (curve - state->curve) / 1.4;
    state->curve = curve;
    return duration_min(duration_from_ns(step * (double)config->initial.ns),
                        config->max);
}

/* The wait before jitter and caps. */
static struct duration growth(const struct backoff_config *config, unsigned n)
{
    int64_t k = (int64_t)n + config->exponent_offset;

    switch (config->type) {
    case BACKOFF_NONE:
        return DURATION_ZERO;
    case BACKOFF_CONSTANT:
        return config->initial;
    case BACKOFF_LINEAR:
        return duration_max(
            DURATION_ZERO,
            duration_from_ns((double)config->initial.ns +
                             (double)k * (double)config->increment.ns));
    case BACKOFF_QUADRATIC:
        return duration_from_ns((double)config->initial.ns +
                                (double)k * (double)k *
                                    (double)config->increment.ns);
    case BACKOFF_EXPONENTIAL:
        return duration_from_ns((double)config->initial.ns *
                                power(config->multiplier, k));
    case BACKOFF_EXPONENTIAL_MINUS_ONE:
        return duration_max(
            DURATION_ZERO,
            duration_from_ns((double)config->initial.ns *
                             (power(config->multiplier, k + 1) - 1.0)));
    case BACKOFF_LIST:
        return list_entry(config, n);
    case BACKOFF_DECORRELATED:
    case BACKOFF_DECORRELATED_V2:
        break;
    }
    must(false);
    return DURATION_ZERO;
}

static struct duration jittered(const struct backoff_config *config,
                                struct duration base, unsigned n,
                                double u_mult, double u_add)
{
    const struct jitter_config *jitter = &config->jitter;
    double mult = between(jitter->mult_low, jitter->mult_high, u_mult);
    double add = between((double)jitter->add_low.ns,
                         (double)jitter->add_high.ns, u_add);
    if (n + 1 < jitter->mult_from) {
        mult = 1.0;
    }
    if (jitter->add_scales) {
        must(config->initial.ns > 0);
        add *= (double)base.ns / (double)config->initial.ns;
    }
    if (mult == 1.0 && add == 0.0) {
        return base; /* exact, also where a double is too coarse */
    }
    return duration_from_ns((double)base.ns * mult + add);
}

/* Growth, jitter and caps of the types that keep no state. */
static struct duration stateless(const struct backoff_config *config,
                                 unsigned n, double u_mult, double u_add)
{
    struct duration wait = growth(config, n);
    if (config->jitter.at_cap == NO && wait.ns >= config->max.ns) {
        return config->max;
    }
    if (config->cap != CAP_FINAL) {
        wait = duration_min(wait, config->max);
    }
    wait = jittered(config, wait, n, u_mult, u_add);
    if (config->cap != CAP_BASE) {
        wait = duration_min(wait, config->max);
    }
    return wait;
}

struct duration backoff_delay(const struct backoff_config *config,
                              struct backoff_state *state, unsigned n,
                              double u_mult, double u_add)
{
    struct duration wait;

    if (config->type == BACKOFF_DECORRELATED) {
        wait = decorrelated(config, state, u_mult);
    } else if (config->type == BACKOFF_DECORRELATED_V2) {
        wait = decorrelated_v2(config, state, n, u_mult);
    } else {
        wait = stateless(config, n, u_mult, u_add);
    }
    if (n < config->immediate_retries) {
        return DURATION_ZERO;
    }
    return duration_max(wait, config->floor);
}

struct duration backoff_next(const struct backoff_config *config,
                             struct backoff_state *state, unsigned n,
                             struct rng *rng)
{
    double u_mult = rng_unit(rng);
    double u_add = rng_unit(rng);
    return backoff_delay(config, state, n, u_mult, u_add);
}
