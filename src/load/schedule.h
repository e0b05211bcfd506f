/*
 * schedule: when operations are meant to start, in the open model.
 *
 * A pure generator of intended starts, as time since the start of load. The
 * service never influences it: that is what keeps coordinated omission out.
 * The load is a row of stages; within a stage the rate goes linearly from
 * `from` to `rate` (a step when they are equal). With `workers` generators the
 * union is the whole, and the same whatever their number: arrival k, counted
 * from 0, is worker k mod workers'. Poisson arrivals are one stream, too, that
 * every generator draws for itself. So a load that its number of operations
 * ends has the rate that was asked for, however it is shared.
 *
 * Constant arrival k starts where the integral of the rate reaches k; Poisson
 * arrivals where it reaches a sum of unit exponentials (time rescaling). An
 * arrival that falls on the end of a stage belongs to the next one; a stage
 * whose rate is 0 has none.
 *
 * Where there are recorded arrivals, k is the k-th of them, at the very
 * instant that load/arrivals has for it; they lie in the one stage that there
 * is.
 */
#ifndef SQUALL_LOAD_SCHEDULE_H
#define SQUALL_LOAD_SCHEDULE_H

#include "base/instant.h"
#include "base/rng.h"
#include "load/arrivals.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum load_model {
#define LOAD_MODEL(id, name, sentence) LOAD_##id,
#include "load/schedule.def"
};
enum arrival {
#define ARRIVAL(id, name, sentence) ARRIVAL_##id,
#include "load/schedule.def"
};
enum load_pool {
#define LOAD_POOL(id, name, sentence) POOL_##id,
#include "load/schedule.def"
};

struct stage_config {
    const char *name;
    struct duration length; /* DURATION_FOREVER for a last, open one */
    double from_per_s;
    double rate_per_s;
};

struct load_config {
    enum load_model model;
    enum arrival arrival;
    double rate_per_s;      /* 0: not given */
    uint64_t clients;       /* resolved, at least 1 */
    uint64_t connections;   /* resolved, at least 1; with a pool a client
                             * at least `clients` */
    bool connections_given; /* asked for, not a default */
    enum load_pool pool;
    uint64_t requests_per_connection; /* 0: any number */
    uint64_t max_in_flight;           /* resolved, at least 1 */
    uint64_t threads;                 /* resolved, at least 1 */
    struct duration warmup;           /* from the start of load */
    struct duration duration;    /* measured time after the warm-up; FOREVER:
                                  * until `operations` are started */
    uint64_t operations;         /* measured, after the warm-up; 0: no limit */
    struct duration think;       /* closed: between a verdict and the next */
    struct duration drain;       /* how long verdicts are awaited at the end */
    size_t stage_count;          /* at least 1 when open */
    struct stage_config *stages; /* the warm-up, when there is one, is the
                                  * first and runs at the first rate */
    bool first_stage_is_warmup;
    const struct arrivals *arrivals; /* NULL: the stages say when */
};

struct arrival_time {
    struct duration at; /* since the start of load */
    uint32_t stage;     /* index into stages */
    uint64_t index;     /* k */
};

struct schedule {
    const struct load_config *config;
    uint64_t worker, workers;
    uint64_t next_index; /* k */
    double target;       /* integral of the rate to reach next */
    struct rng rng;      /* poisson: of the whole stream */
    uint32_t stage;      /* where the integral stands */
    struct duration stage_start;
    double stage_start_integral;
};

/* Borrows the config. */
void schedule_init(struct schedule *schedule, const struct load_config *config,
                   uint64_t seed, uint64_t worker, uint64_t workers);

/* The next intended start of this worker; false when the stages are over. */
bool schedule_next(struct schedule *schedule, struct arrival_time *arrival);

#endif
