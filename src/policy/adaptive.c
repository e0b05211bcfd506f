#include "policy/adaptive.h"

#include "base/must.h"

#include <math.h>
#include <string.h>

static double clamp(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

void adaptive_config_init(struct adaptive_config *config,
                          enum adaptive_algorithm algorithm)
{
    *config = (struct adaptive_config){
        .algorithm = algorithm,
        .initial = 20,
        .min = 20,
        .max = 200,
        .smoothing = 0.2,
        .alpha = 3,
        .beta = 6,
        .probe_multiplier = 30,
        .queue = 4,
        .tolerance = 1.5,
        .long_window = 600,
        .warmup = 10,
        .backoff_ratio = 0.9,
        .too_long = duration_s(5),
        .update = duration_ms(100),
        .min_interval = duration_s(60),
        .min_jitter = 0.15,
        .min_samples = 50,
        .buffer = 0.25,
    };
    if (algorithm == ADAPTIVE_VEGAS) {
        config->min = 1;
        config->max = 1000;
        config->smoothing = 1.0;
    } else if (algorithm == ADAPTIVE_ENVOY_GRADIENT) {
        config->initial = 3;
        config->min = 3;
        config->max = 1000;
    }
}

/* -- vegas -- */

static void set_probe(struct adaptive *adaptive, struct rng *rng)
{
    adaptive->samples = 0;
    adaptive->probe_at = 0.5 + 0.5 * rng_unit(rng);
}

static double vegas_target(const struct adaptive_config *config, double limit,
                           double queue, bool dropped)
{
    double step = floor(log10(limit));
    step = step > 1 ? step : 1;
    if (dropped || queue > config->beta * step) {
        return limit - step;
    }
    if (queue <= step) {
        return limit + config->beta * step;
    }
    return queue < config->alpha * step ? limit + step : limit;
}

static void vegas(struct adaptive *adaptive,
                  const struct adaptive_config *config, int64_t rtt_ns,
                  unsigned in_flight, bool dropped, struct rng *rng)
{
    double limit = adaptive->limit;
    adaptive->samples++;
    if (adaptive->samples >=
        adaptive->probe_at * config->probe_multiplier * limit) {
        set_probe(adaptive, rng);
        adaptive->least_ns = rtt_ns;
        return;
    }
    if (adaptive->least_ns == 0 || rtt_ns < adaptive->least_ns) {
        adaptive->least_ns = rtt_ns;
        return;
    }
    if (!dropped && 2.0 * in_flight < limit) {
        return;
    }
    double queue =
        ceil(limit * (1.0 - (double)adaptive->least_ns / (double)rtt_ns));
    double target = clamp(vegas_target(config, limit, queue, dropped),
                          config->min, config->max);
    adaptive->limit =
        (1.0 - config->smoothing) * limit + config->smoothing * target;
}

/* -- gradient2 -- */

/* A plain mean of the first samples, then an exponential one. */
static double long_average(struct adaptive *adaptive,
                           const struct adaptive_config *config, double rtt)
{
    if (adaptive->samples < config->warmup) {
        adaptive->samples++;
        adaptive->sum_ns += rtt;
        adaptive->long_ns = adaptive->sum_ns / adaptive->samples;
    } else {
        double weight = 2.0 / (config->long_window + 1.0);
        adaptive->long_ns = adaptive->long_ns * (1.0 - weight) + rtt * weight;
    }
    return adaptive->long_ns;
}

static void gradient2(struct adaptive *adaptive,
                      const struct adaptive_config *config, int64_t rtt_ns,
                      unsigned in_flight)
{
    double limit = adaptive->limit;
    double rtt = (double)rtt_ns;
    double average = long_average(adaptive, config, rtt);

    /* Out of an overload the average comes down faster than by samples. */
    if (average / rtt > 2.0) {
        adaptive->long_ns *= 0.95;
    }
    if (in_flight < limit / 2.0) {
        return;
    }
    double gradient = clamp(config->tolerance * average / rtt, 0.5, 1.0);
    double target = limit * gradient + config->queue;
    adaptive->limit =
        clamp((1.0 - config->smoothing) * limit + config->smoothing * target,
              config->min, config->max);
}

/* -- aimd -- */

static void aimd(struct adaptive *adaptive,
                 const struct adaptive_config *config, struct duration rtt,
                 unsigned in_flight, bool dropped)
{
    double limit = adaptive->limit;
    if (dropped || rtt.ns > config->too_long.ns) {
        limit = floor(limit * config->backoff_ratio);
    } else if (2.0 * in_flight >= limit) {
        limit += 1.0;
    }
    adaptive->limit = clamp(limit, config->min, config->max);
}

/* -- envoy_gradient -- */

static const struct latency_config median = {.quantile = 0.5,
                                             .window = {INT64_MAX}};

static void start_measuring(struct adaptive *adaptive,
                            const struct adaptive_config *config)
{
    adaptive->measuring = true;
    adaptive->limit_before = adaptive->limit;
    adaptive->limit = config->min;
    adaptive->at_min = 0;
    latency_estimate_init(&adaptive->window);
}

static void finish_measuring(struct adaptive *adaptive,
                             const struct adaptive_config *config,
                             struct instant now, struct rng *rng)
{
    adaptive->least_ns =
        latency_estimate_quantile(&adaptive->window, &median, now).ns;
    adaptive->measuring = false;
    adaptive->limit = adaptive->limit_before;
    double later = (double)config->min_interval.ns *
                   (1.0 + config->min_jitter * rng_unit(rng));
    adaptive->measure_at = instant_add(now, duration_from_ns(later));
    adaptive->update_at = instant_add(now, config->update);
    latency_estimate_init(&adaptive->window);
}

static void update_limit(struct adaptive *adaptive,
                         const struct adaptive_config *config,
                         struct instant now)
{
    double sampled =
        (double)latency_estimate_quantile(&adaptive->window, &median, now).ns;
    double gradient =
        clamp((double)adaptive->least_ns * (1.0 + config->buffer) / sampled,
              0.5, 2.0);
    double target = adaptive->limit * gradient;
    adaptive->limit = clamp(target + sqrt(target), config->min, config->max);
    adaptive->at_min =
        adaptive->limit <= config->min ? adaptive->at_min + 1 : 0;
    adaptive->update_at = instant_add(now, config->update);
    latency_estimate_init(&adaptive->window);
}

/* Windows end with the first sample past their end. Five in a row at the
 * least limit say that the least rtt is not true any more. */
static void envoy_gradient(struct adaptive *adaptive,
                           const struct adaptive_config *config,
                           struct instant now, struct duration rtt,
                           struct rng *rng)
{
    enum { AT_MIN_MAX = 5 };

    latency_estimate_add(&adaptive->window, &median, now, rtt);
    if (adaptive->measuring) {
        if (adaptive->window.total >= config->min_samples) {
            finish_measuring(adaptive, config, now, rng);
        }
        return;
    }
    if (!instant_before(now, adaptive->update_at)) {
        update_limit(adaptive, config, now);
    }
    if (adaptive->at_min >= AT_MIN_MAX ||
        !instant_before(now, adaptive->measure_at)) {
        start_measuring(adaptive, config);
    }
}

/* -- all of them -- */

void adaptive_init(struct adaptive *adaptive,
                   const struct adaptive_config *config, struct instant now,
                   struct rng *rng)
{
    must(config->min >= 1 && config->max >= config->min);
    memset(adaptive, 0, sizeof(*adaptive));
    adaptive->limit = config->initial;
    adaptive->update_at = now;
    adaptive->measure_at = now;
    switch (config->algorithm) {
    case ADAPTIVE_VEGAS:
        set_probe(adaptive, rng);
        return;
    case ADAPTIVE_GRADIENT2:
    case ADAPTIVE_AIMD:
        return;
    case ADAPTIVE_ENVOY_GRADIENT:
        start_measuring(adaptive, config);
        return;
    }
}

void adaptive_on_sample(struct adaptive *adaptive,
                        const struct adaptive_config *config,
                        struct instant now, struct duration rtt,
                        unsigned in_flight, bool dropped, struct rng *rng)
{
    int64_t rtt_ns = rtt.ns > 0 ? rtt.ns : 1;
    switch (config->algorithm) {
    case ADAPTIVE_VEGAS:
        vegas(adaptive, config, rtt_ns, in_flight, dropped, rng);
        return;
    case ADAPTIVE_GRADIENT2:
        gradient2(adaptive, config, rtt_ns, in_flight);
        return;
    case ADAPTIVE_AIMD:
        aimd(adaptive, config, rtt, in_flight, dropped);
        return;
    case ADAPTIVE_ENVOY_GRADIENT:
        if (!dropped) {
            envoy_gradient(adaptive, config, now, rtt, rng);
        }
        return;
    }
}

unsigned adaptive_limit(const struct adaptive *adaptive)
{
    return adaptive->limit < 1.0 ? 1 : (unsigned)adaptive->limit;
}
