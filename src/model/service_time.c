#include "model/service_time.h"

#include "base/must.h"

#include <math.h>

/* The 99th percentile of the standard normal law. */
#define NORMAL_P99 2.3263478740408408

/* With mean m and 99th percentile p: sigma^2 / 2 - z sigma + ln(p / m) = 0.
 * The smaller root is meant; there is none when p is beyond m e^(z^2 / 2). */
static bool solve_lognormal(const struct service_time_config *config,
                            double *mu, double *sigma)
{
    double mean = (double)config->mean.ns;
    double p99 = (double)config->p99.ns;
    if (mean <= 0 || p99 < mean) {
        return false;
    }
    double square = NORMAL_P99 * NORMAL_P99 - 2 * log(p99 / mean);
    if (square < 0) {
        return false;
    }
    *sigma = NORMAL_P99 - sqrt(square);
    *mu = log(mean) - *sigma * *sigma / 2;
    return true;
}

bool service_time_init(struct service_time *time,
                       const struct service_time_config *config)
{
    *time = (struct service_time){.config = *config};
    return config->type != SERVICE_LOGNORMAL ||
           solve_lognormal(config, &time->mu, &time->sigma);
}

struct duration service_time_draw(const struct service_time *time,
                                  struct rng *stream)
{
    const struct service_time_config *config = &time->config;
    switch (config->type) {
    case SERVICE_CONSTANT:
        return config->mean;
    case SERVICE_EXPONENTIAL:
        return rng_exponential(stream, config->mean);
    case SERVICE_LOGNORMAL:
        return duration_from_ns(
            exp(time->mu + time->sigma * rng_normal(stream)));
    }
    must(false);
    return DURATION_ZERO;
}
