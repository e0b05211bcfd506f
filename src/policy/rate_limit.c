#include "policy/rate_limit.h"

#include <math.h>
#include <string.h>

static const double beta = 0.7;
static const double steepness = 0.4;
static const double smoothing = 0.8;
static const double rate_min_per_s = 0.5;
static const double capacity_min = 1.0;

static double least(double a, double b)
{
    return a < b ? a : b;
}

static double most(double a, double b)
{
    return a > b ? a : b;
}

static void refill(struct rate_limit *limit, struct instant now)
{
    double passed = duration_in_seconds(instant_since(now, limit->last));
    if (passed > 0) {
        limit->tokens =
            least(limit->tokens + passed * limit->rate_per_s, limit->capacity);
        limit->last = now;
    }
}

void rate_limit_init(struct rate_limit *limit,
                     const struct rate_limit_config *config,
                     struct instant now)
{
    memset(limit, 0, sizeof(*limit));
    limit->last = now;
    limit->half_second = now.ns / (NS_PER_S / 2);
    if (config->type == RATE_LIMIT_BUCKET) {
        limit->enabled = true;
        limit->rate_per_s = config->rate_per_s;
        limit->capacity = config->burst;
        limit->tokens = config->burst;
    }
}

bool rate_limit_take(struct rate_limit *limit,
                     const struct rate_limit_config *config,
                     struct instant now, struct duration *wait)
{
    *wait = DURATION_ZERO;
    if (!limit->enabled) {
        return true;
    }
    refill(limit, now);
    double left = limit->tokens - 1.0;
    /* A token is there when it is there but for the last bits of a double. */
    if (left < -1e-9) {
        *wait = duration_from_ns(-left / limit->rate_per_s * (double)NS_PER_S);
        if (wait->ns > config->max_wait.ns) {
            return false;
        }
    }
    limit->tokens = left;
    return true;
}

/* How fast answers come, by whole half seconds. */
static void measure(struct rate_limit *limit, struct instant now)
{
    int64_t half_second = now.ns / (NS_PER_S / 2);
    limit->answers++;
    if (half_second > limit->half_second) {
        double seconds = 0.5 * (double)(half_second - limit->half_second);
        limit->measured_per_s =
            smoothing * ((double)limit->answers / seconds) +
            (1.0 - smoothing) * limit->measured_per_s;
        limit->answers = 0;
        limit->half_second = half_second;
    }
}

static void set_rate(struct rate_limit *limit, struct instant now,
                     double rate_per_s)
{
    refill(limit, now);
    rate_per_s = least(rate_per_s, 2.0 * limit->measured_per_s);
    limit->rate_per_s = most(rate_per_s, rate_min_per_s);
    limit->capacity = most(rate_per_s, capacity_min);
    limit->tokens = least(limit->tokens, limit->capacity);
}

static double cubic(const struct rate_limit *limit, struct instant now)
{
    double w = limit->window_max_per_s;
    double k = cbrt(w * (1.0 - beta) / steepness);
    double t =
        duration_in_seconds(instant_since(now, limit->throttled_at)) - k;
    return steepness * t * t * t + w;
}

void rate_limit_on_answer(struct rate_limit *limit,
                          const struct rate_limit_config *config,
                          struct instant now, bool throttled)
{
    if (config->type != RATE_LIMIT_CUBIC) {
        return;
    }
    measure(limit, now);
    if (throttled) {
        limit->window_max_per_s =
            limit->enabled ? least(limit->measured_per_s, limit->rate_per_s)
                           : limit->measured_per_s;
        limit->throttled_at = now;
        limit->enabled = true;
        set_rate(limit, now, beta * limit->window_max_per_s);
    } else if (limit->enabled) {
        set_rate(limit, now, cubic(limit, now));
    }
}
