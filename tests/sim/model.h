/* model: a service in virtual time that its load does not slow down. */
#ifndef SQUALL_TESTS_SIM_MODEL_H
#define SQUALL_TESTS_SIM_MODEL_H

#include "base/rng.h"
#include "policy/outcome.h"

/* What the service says to an attempt that has arrived. */
struct reply {
    struct duration after;
    uint16_t status;
    bool never; /* it says nothing, for ever */
};

enum latency_shape { LATENCY_FIXED, LATENCY_TWO_POINT, LATENCY_EXPONENTIAL };

/* A service that is not slowed down by its load. */
struct model {
    struct duration way; /* mean of each direction, exponential; 0: none */
    enum latency_shape shape;
    struct duration usual; /* latency; exponential: its mean */
    struct duration slow;  /* two_point */
    double slow_share;
    double failure;    /* of each attempt by itself; 1: it is dead */
    double rate_per_s; /* accepts so many, from a bucket; 0: all */
    double burst;
    double tokens; /* none at first */
    struct instant counted;
    struct rng latencies, failures;
};

/* Perfect and instant; a test says what is not. */
static inline struct model model_make(uint64_t seed)
{
    return (struct model){
        .latencies = rng_stream(seed, RNG_SERVICE_TIME, 0),
        .failures = rng_stream(seed, RNG_SERVICE_FAULT, 0),
    };
}

/* Takes a token when there is one. */
static inline bool model_accepts(struct model *model, struct instant now)
{
    if (model->rate_per_s <= 0) {
        return true;
    }
    double passed = duration_in_seconds(instant_since(now, model->counted));
    model->tokens += passed * model->rate_per_s;
    if (model->tokens > model->burst) {
        model->tokens = model->burst;
    }
    model->counted = now;
    /* There but for the last bits of a double. */
    if (model->tokens < 1.0 - 1e-9) {
        return false;
    }
    model->tokens -= 1.0;
    return true;
}

static inline struct reply model_reply(struct model *model, struct instant now)
{
    struct reply reply = {.after = model->usual, .status = 200};

    if (model->shape == LATENCY_EXPONENTIAL) {
        reply.after = rng_exponential(&model->latencies, model->usual);
    } else if (model->shape == LATENCY_TWO_POINT &&
               rng_unit(&model->latencies) < model->slow_share) {
        reply.after = model->slow;
    }
    if (!model_accepts(model, now)) {
        reply.status = 429;
    } else if (model->failure > 0 &&
               rng_unit(&model->failures) < model->failure) {
        reply.status = 503;
    }
    return reply;
}

#endif
