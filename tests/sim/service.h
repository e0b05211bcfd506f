/* service: a service in virtual time that its load does not slow down. */
#ifndef SQUALL_TESTS_SIM_SERVICE_H
#define SQUALL_TESTS_SIM_SERVICE_H

#include "base/rng.h"
#include "policy/outcome.h"

/* What the service says to an attempt that has arrived. */
struct answer {
    struct duration after;
    enum outcome outcome;
    uint16_t status;
    bool never;  /* it says nothing, for ever */
    bool unsent; /* and no byte of it has left the client */
};

enum latency_shape { LATENCY_FIXED, LATENCY_TWO_POINT, LATENCY_EXPONENTIAL };

/* A service that is not slowed down by its load. */
struct service {
    struct duration way;   /* mean of each direction, exponential; 0: none */
    enum latency_shape shape;
    struct duration usual; /* latency; exponential: its mean */
    struct duration slow;  /* two_point */
    double slow_share;
    double failure;        /* of each attempt by itself; 1: it is dead */
    double rate_per_s;     /* accepts so many, from a bucket; 0: all */
    double burst;
    double tokens;         /* none at first */
    struct instant counted;
    struct rng ways, latencies, failures;
};

/* Perfect and instant; a test says what is not. */
static inline struct service service_make(uint64_t seed)
{
    return (struct service){
        .ways = rng_stream(seed, RNG_TEMPLATE, 0),
        .latencies = rng_stream(seed, RNG_SERVICE_TIME, 0),
        .failures = rng_stream(seed, RNG_SERVICE_FAULT, 0),
    };
}

/* How long an attempt or its answer is on its way. */
static inline struct duration service_way(struct service *service)
{
    return service->way.ns > 0 ? rng_exponential(&service->ways, service->way)
                               : DURATION_ZERO;
}

/* Takes a token when there is one. */
static inline bool service_accepts(struct service *service, struct instant now)
{
    if (service->rate_per_s <= 0) {
        return true;
    }
    double passed = duration_in_seconds(instant_since(now, service->counted));
    service->tokens += passed * service->rate_per_s;
    if (service->tokens > service->burst) {
        service->tokens = service->burst;
    }
    service->counted = now;
    /* There but for the last bits of a double. */
    if (service->tokens < 1.0 - 1e-9) {
        return false;
    }
    service->tokens -= 1.0;
    return true;
}

static inline struct answer service_answer(struct service *service,
                                           struct instant now)
{
    struct answer answer = {.after = service->usual, .outcome = OUTCOME_OK,
                            .status = 200};

    if (service->shape == LATENCY_EXPONENTIAL) {
        answer.after = rng_exponential(&service->latencies, service->usual);
    } else if (service->shape == LATENCY_TWO_POINT &&
               rng_unit(&service->latencies) < service->slow_share) {
        answer.after = service->slow;
    }
    if (!service_accepts(service, now)) {
        answer.outcome = OUTCOME_THROTTLED;
        answer.status = 429;
    } else if (service->failure > 0 &&
               rng_unit(&service->failures) < service->failure) {
        answer.outcome = OUTCOME_SERVER_ERROR;
        answer.status = 503;
    }
    return answer;
}

#endif
