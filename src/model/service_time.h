/* service_time: how long serving takes: a law, and draws from it. Pure. */
#ifndef SQUALL_MODEL_SERVICE_TIME_H
#define SQUALL_MODEL_SERVICE_TIME_H

#include "base/instant.h"
#include "base/rng.h"

#include <stdbool.h>

enum service_time_type {
#define SERVICE_TIME(id, name, sentence) SERVICE_##id,
#include "model/service.def"
};

struct service_time_config {
    enum service_time_type type;
    struct duration mean;
    struct duration p99; /* lognormal: with the mean it fixes sigma */
};

struct service_time {
    struct service_time_config config;
    double mu, sigma; /* lognormal */
};

/* False: no lognormal law has this mean and this p99. */
bool service_time_init(struct service_time *time,
                       const struct service_time_config *config);

struct duration service_time_draw(const struct service_time *time,
                                  struct rng *stream);

#endif
