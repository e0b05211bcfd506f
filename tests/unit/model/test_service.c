/*
 * The model of the service in virtual time, held against queueing theory and
 * against what a stall does to those who do and do not wait for it.
 *
 * Response times of M/M/1 are exponential (closed form); those of M/D/c come
 * from Franx, Oper. Res. Letters 29 (2001). The tolerance is three times the
 * relative spread of one run of 60,000, as found over 200 runs; here runs are
 * longer and their seeds fixed.
 */
#include "model/service.h"

#include "base/must.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SEED = 20261122, ARRIVALS = 200000, ORDERS_MAX = 200000 };

static const struct service_caller somebody = {.connection = 1, .tier = 1};

struct run {
    struct arena arena;
    struct service service;
    struct service_order *orders; /* one an arrival */
    size_t count;
    size_t admitted, rejected, reset;
    double *latencies_ms; /* of performed orders, sorted by finish_run */
    size_t performed;
};

static struct service_config config_of(uint64_t workers,
                                       enum service_time_type type,
                                       struct duration mean)
{
    struct service_config config;
    service_config_default(&config);
    config.workers = workers;
    config.time.type = type;
    config.time.mean = mean;
    return config;
}

static void start_run(struct run *run, const struct service_config *config)
{
    *run = (struct run){.arena = ARENA_INIT};
    service_init(&run->service, config, &run->arena, ORDERS_MAX, SEED,
                 (struct instant){0});
    run->orders = calloc(ARRIVALS, sizeof(*run->orders));
    run->latencies_ms = calloc(ARRIVALS, sizeof(*run->latencies_ms));
    assert_non_null(run->orders);
    assert_non_null(run->latencies_ms);
}

static void end_run(struct run *run)
{
    free(run->orders);
    free(run->latencies_ms);
    arena_release(&run->arena);
}

/* Takes every event up to now. */
static void step_to(struct run *run, struct instant now)
{
    struct service_order *order;
    while ((order = service_step(&run->service, now))) {
        assert_true(order->ended.ns <= now.ns || now.ns == INT64_MAX - 1);
        if (order->end == SERVICE_PERFORMED) {
            run->latencies_ms[run->performed++] =
                (double)instant_since(order->ended, order->arrived).ns / 1e6;
        }
    }
}

static struct service_order *arrive(struct run *run, struct instant now)
{
    step_to(run, now);
    assert_true(run->count < ARRIVALS);
    struct service_order *order = &run->orders[run->count++];
    switch (service_arrive(&run->service, order, &somebody, now)) {
    case SERVICE_ADMITTED:
        run->admitted++;
        break;
    case SERVICE_REJECTED:
        run->rejected++;
        break;
    case SERVICE_RESET:
        run->reset++;
        break;
    }
    step_to(run, now);
    return order;
}

static struct service_order *arrive_ms(struct run *run, double ms)
{
    return arrive(run, (struct instant){(int64_t)(ms * 1e6)});
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Lets everything end and sorts. */
static void finish_run(struct run *run)
{
    step_to(run, (struct instant){INT64_MAX - 1});
    qsort(run->latencies_ms, run->performed, sizeof(double), by_value);
}

/* Nearest rank. */
static double quantile(const struct run *run, double q)
{
    size_t rank = (size_t)ceil(q * (double)run->performed - 1e-9);
    return run->latencies_ms[rank > 0 ? rank - 1 : 0];
}

static double mean(const struct run *run)
{
    double sum = 0;
    for (size_t i = 0; i < run->performed; i++) {
        sum += run->latencies_ms[i];
    }
    return sum / (double)run->performed;
}

static void assert_near(double value, double expected, double tolerance,
                        const char *what)
{
    if (!(fabs(value - expected) <= tolerance)) {
        fail_msg("%s: %g is not %g within %g (seed %d)", what, value, expected,
                 tolerance, SEED);
    }
}

static void run_poisson(struct run *run, double rate_per_s)
{
    struct rng rng = rng_stream(SEED, RNG_ARRIVAL, 0);
    struct duration gap = duration_from_ns(1e9 / rate_per_s);
    struct instant at = {0};
    for (size_t i = 0; i < ARRIVALS; i++) {
        at = instant_add(at, rng_exponential(&rng, gap));
        arrive(run, at);
    }
    finish_run(run);
    assert_int_equal(run->performed, ARRIVALS);
}

struct law {
    const char *name;
    uint64_t workers;
    enum service_time_type type;
    double rate_per_s;
    double p50, p90, p99, p99_9;     /* ms */
    double sd50, sd90, sd99, sd99_9; /* relative, of one run of 60,000 */
};

static const struct law laws[] = {
    {"M/M/1 0.5", 1, SERVICE_EXPONENTIAL, 50, 13.86, 46.05, 92.10, 138.2,
     0.011, 0.014, 0.027, 0.054},
    {"M/M/1 0.8", 1, SERVICE_EXPONENTIAL, 80, 34.66, 115.1, 230.3, 345.4,
     0.030, 0.041, 0.074, 0.12},
    {"M/D/1 0.5", 1, SERVICE_CONSTANT, 50, 10.00, 25.16, 43.36, 61.68, 0.011,
     0.014, 0.027, 0.054},
    {"M/D/1 0.8", 1, SERVICE_CONSTANT, 80, 22.76, 60.12, 113.6, 167.0, 0.016,
     0.027, 0.055, 0.13},
    {"M/D/10 0.7", 10, SERVICE_CONSTANT, 700, 10.00, 11.69, 15.34, 18.74,
     0.001, 0.007, 0.014, 0.042},
    {"M/D/10 0.9", 10, SERVICE_CONSTANT, 900, 11.71, 19.58, 30.70, 41.82,
     0.015, 0.036, 0.12, 0.14},
    {"M/D/4 0.8", 4, SERVICE_CONSTANT, 320, 11.37, 21.19, 34.55, 47.91, 0.016,
     0.027, 0.055, 0.13},
    {"M/M/10 0.8", 10, SERVICE_EXPONENTIAL, 800, 9.12, 26.24, 49.46, 72.51,
     0.011, 0.014, 0.027, 0.054},
};

static void queues_follow_theory(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(laws); i++) {
        const struct law *law = &laws[i];
        struct run run;
        struct service_config config =
            config_of(law->workers, law->type, duration_ms(10));
        start_run(&run, &config);
        run_poisson(&run, law->rate_per_s);
        assert_near(quantile(&run, 0.5), law->p50, 3 * law->sd50 * law->p50,
                    law->name);
        assert_near(quantile(&run, 0.9), law->p90, 3 * law->sd90 * law->p90,
                    law->name);
        assert_near(quantile(&run, 0.99), law->p99, 3 * law->sd99 * law->p99,
                    law->name);
        assert_near(quantile(&run, 0.999), law->p99_9,
                    3 * law->sd99_9 * law->p99_9, law->name);
        end_run(&run);
    }
}

/* However rarely the host looks, the instants are the same. */
static void a_late_host_changes_nothing(void **state)
{
    struct service_config config =
        config_of(3, SERVICE_EXPONENTIAL, duration_ms(10));
    int64_t sums[2] = {0, 0};
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct run run;
        start_run(&run, &config);
        for (int i = 0; i < 500; i++) {
            arrive_ms(&run, 0);
        }
        for (int64_t ms = 0; ms < 10000; ms += late ? 777 : 1) {
            step_to(&run, (struct instant){ms * NS_PER_MS});
        }
        finish_run(&run);
        assert_int_equal(run.performed, 500);
        for (size_t i = 0; i < run.count; i++) {
            sums[late] += run.orders[i].ended.ns * (int64_t)(i + 1);
        }
        end_run(&run);
    }
    assert_int_equal(sums[0], sums[1]);
}

/* A service of constant time s at rate R that stands still for S every P.
 * Of those who come on schedule a share f is held up, evenly between nothing
 * and S: value(q) = s + S (1 - (1 - q) / f). Who calls at the same pace but
 * waits for each answer first meets the stall once a period. */
struct stall {
    const char *name;
    uint64_t workers;
    double rate_per_s, service_ms, stall_ms, period_ms, share;
    double mean_ms;
    double quantiles[5]; /* not on a step */
    double values_ms[5];
    double closed_p99_ms, closed_mean_ms;
};

static const struct stall stalls[] = {
    {"A1",
     0,
     1000,
     1,
     1000,
     10000,
     0.1,
     51,
     {0.5, 0.95, 0.99, 0.999, 1},
     {1, 501, 901, 991, 1001},
     1,
     1.11},
    {"A3",
     0,
     500,
     2,
     200,
     2000,
     0.1,
     12,
     {0.5, 0.95, 0.99, 0.99, 1},
     {2, 102, 182, 182, 202},
     2,
     2.22},
    {"B1",
     1,
     500,
     1,
     1000,
     10000,
     0.2,
     101,
     {0.5, 0.9, 0.95, 0.99, 1},
     {1, 501, 751, 951, 1001},
     1,
     1.22},
    {"B2",
     1,
     200,
     2,
     500,
     5000,
     1.0 / 6,
     43.7,
     {0.5, 0.9, 0.95, 0.99, 1},
     {2, 202, 352, 472, 502},
     2,
     2.55},
};

static struct service_config stalled(const struct stall *stall)
{
    struct service_config config =
        config_of(stall->workers, SERVICE_CONSTANT,
                  duration_from_ns(stall->service_ms * 1e6));
    /* Away from both ends of a period, so that what it holds up ends in it. */
    config.fault_count = 1;
    config.faults[0] = (struct service_fault_config){
        .kind = SERVICE_FAULT_STALL,
        .ratio = 1,
        .window = {.from = duration_from_ns(stall->period_ms * 0.4e6),
                   .length = duration_from_ns(stall->stall_ms * 1e6),
                   .every = duration_from_ns(stall->period_ms * 1e6)},
    };
    return config;
}

static void a_stall_is_felt_by_those_on_schedule(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(stalls); i++) {
        const struct stall *stall = &stalls[i];
        double grid_ms = 1000 / stall->rate_per_s;
        struct service_config config = stalled(stall);
        struct run run;
        start_run(&run, &config);
        int calls = (int)(5 * stall->period_ms / grid_ms);
        for (int call = 0; call < calls; call++) {
            arrive_ms(&run, call * grid_ms);
        }
        finish_run(&run);
        for (int q = 0; q < 5; q++) {
            /* Within one step of the schedule: what comes is not spread
             * evenly, and what is served when it begins is held up too. */
            assert_near(quantile(&run, stall->quantiles[q]),
                        stall->values_ms[q], grid_ms + 1e-6, stall->name);
        }
        /* One call more that is held up, and the steps of the others; the
         * tables give three digits. */
        assert_near(mean(&run), stall->mean_ms,
                    1.5 * stall->share * grid_ms + 0.05, stall->name);
        end_run(&run);
    }
}

static void a_stall_hides_from_those_who_wait(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(stalls); i++) {
        const struct stall *stall = &stalls[i];
        struct service_config config = stalled(stall);
        struct run run;
        start_run(&run, &config);
        struct instant at = {0};
        while ((double)at.ns < 5e6 * stall->period_ms) {
            const struct service_order *order = arrive(&run, at);
            while (order->ended.ns == INT64_MAX) {
                step_to(&run, service_next(&run.service));
            }
            at = instant_max(
                order->ended,
                instant_add(at, duration_from_ns(1e9 / stall->rate_per_s)));
        }
        finish_run(&run);
        assert_near(quantile(&run, 0.99), stall->closed_p99_ms, 1e-9,
                    stall->name);
        assert_near(mean(&run), stall->closed_mean_ms, 0.01, stall->name);
        end_run(&run);
    }
}

static void a_stall_ends_when_the_faults_change(void **state)
{
    struct service_config config =
        config_of(1, SERVICE_CONSTANT, duration_ms(10));
    struct run run;
    (void)state;
    config.fault_count = 1;
    config.faults[0] = (struct service_fault_config){
        .kind = SERVICE_FAULT_STALL,
        .ratio = 1,
        .window = {.from = duration_ms(5), .length = DURATION_FOREVER}};
    start_run(&run, &config);
    struct service_order *running = arrive_ms(&run, 0);
    struct service_order *waiting = arrive_ms(&run, 1);
    assert_int_equal(service_next(&run.service).ns, INT64_MAX);
    step_to(&run, (struct instant){70 * NS_PER_MS});
    service_set_faults(&run.service, NULL, 0,
                       (struct instant){70 * NS_PER_MS});
    finish_run(&run);
    assert_int_equal(running->ended.ns, 70 * NS_PER_MS);
    assert_int_equal(waiting->started.ns, 70 * NS_PER_MS);
    assert_int_equal(waiting->ended.ns, 80 * NS_PER_MS);
    end_run(&run);
}

static void stalls_that_meet_are_one(void **state)
{
    struct service_config config =
        config_of(0, SERVICE_CONSTANT, duration_ms(1));
    struct run run;
    (void)state;
    config.fault_count = 2;
    for (int i = 0; i < 2; i++) {
        config.faults[i] = (struct service_fault_config){
            .kind = SERVICE_FAULT_STALL,
            .ratio = 1,
            .window = {.from = duration_ms(i == 0 ? 20 : 10),
                       .length = duration_ms(10)}};
    }
    start_run(&run, &config);
    struct service_order *order = arrive_ms(&run, 15);
    finish_run(&run);
    assert_int_equal(order->started.ns, 30 * NS_PER_MS);
    assert_int_equal(order->ended.ns, 31 * NS_PER_MS);
    end_run(&run);
}

static void lognormal_has_its_mean_and_p99(void **state)
{
    struct service_config config =
        config_of(0, SERVICE_LOGNORMAL, duration_ms(10));
    struct run run;
    (void)state;
    config.time.p99 = duration_ms(80);
    start_run(&run, &config);
    for (int i = 0; i < ARRIVALS; i++) {
        arrive_ms(&run, i);
    }
    finish_run(&run);
    /* sigma = z - sqrt(z^2 - 2 ln 8) = 1.2070, so the spread of the mean of
     * 200,000 is 10 ms sqrt(e^(sigma^2) - 1) / 447 = 0.041 ms; that of the
     * 99th percentile 80 sigma sqrt(0.99 0.01 / 200,000) / 0.02665 = 0.81;
     * that of the median, 4.83 ms, 4.83 sigma 0.5 / 0.3989 / 447 = 0.016. */
    assert_near(mean(&run), 10, 3 * 0.041, "mean");
    assert_near(quantile(&run, 0.99), 80, 3 * 0.81, "p99");
    assert_near(quantile(&run, 0.5), 10 * exp(-1.2070 * 1.2070 / 2), 3 * 0.016,
                "median");
    end_run(&run);
}

static void impossible_settings_are_refused(void **state)
{
    struct errors errors = ERRORS_INIT;
    struct service_config config =
        config_of(1, SERVICE_LOGNORMAL, duration_ms(10));
    (void)state;
    config.time.p99 = duration_ms(149);
    assert_true(service_config_check(&config, &errors));
    config.time.p99 = duration_ms(151);
    assert_false(service_config_check(&config, &errors));
    config.time.p99 = duration_ms(9);
    assert_false(service_config_check(&config, &errors));
    assert_int_equal(errors.count, 2);
    config.time.type = SERVICE_CONSTANT;
    config.shed.mode = SHED_TOKEN_BUCKET;
    assert_false(service_config_check(&config, &errors));
    config.shed.rate_per_s = 1;
    assert_true(service_config_check(&config, &errors));
    config.fault_count = 1;
    config.faults[0] = (struct service_fault_config){
        .kind = SERVICE_FAULT_CAPACITY, .ratio = 1};
    assert_false(service_config_check(&config, &errors));
    assert_string_equal(errors.list[errors.count - 1].path,
                        "service.faults[0]");
}

static void capacity_counts_when_service_starts(void **state)
{
    struct service_config config =
        config_of(1, SERVICE_CONSTANT, duration_ms(10));
    struct run run;
    (void)state;
    config.fault_count = 1;
    config.faults[0] = (struct service_fault_config){
        .kind = SERVICE_FAULT_CAPACITY,
        .ratio = 1,
        .factor = 0.2,
        .window = {.from = duration_ms(10), .length = duration_ms(10)}};
    start_run(&run, &config);
    struct service_order *before = arrive_ms(&run, 0);
    struct service_order *inside = arrive_ms(&run, 0);
    struct service_order *after = arrive_ms(&run, 12);
    finish_run(&run);
    assert_int_equal(before->ended.ns, 10 * NS_PER_MS);
    assert_int_equal(inside->ended.ns, 60 * NS_PER_MS);
    assert_int_equal(after->ended.ns, 70 * NS_PER_MS);
    end_run(&run);
}

static void delays_are_added(void **state)
{
    struct service_config config =
        config_of(1, SERVICE_CONSTANT, duration_ms(10));
    struct run run;
    (void)state;
    config.fault_count = 1;
    config.faults[0] =
        (struct service_fault_config){.kind = SERVICE_FAULT_LATENCY,
                                      .ratio = 1,
                                      .delay = duration_ms(7),
                                      .window = {.length = DURATION_FOREVER}};
    start_run(&run, &config);
    struct service_order *order = arrive_ms(&run, 0);
    finish_run(&run);
    assert_int_equal(order->ended.ns, 17 * NS_PER_MS);
    end_run(&run);
}

static void the_queue_has_a_limit(void **state)
{
    struct service_config config =
        config_of(1, SERVICE_CONSTANT, duration_ms(10));
    struct run run;
    (void)state;
    config.queue_limit = 2;
    config.shed.mode = SHED_QUEUE_FULL;
    start_run(&run, &config);
    for (int i = 0; i < 5; i++) {
        arrive_ms(&run, 0);
    }
    assert_int_equal(run.admitted, 3);
    assert_int_equal(run.rejected, 2);
    arrive_ms(&run, 10);
    assert_int_equal(run.admitted, 4);
    arrive_ms(&run, 10);
    assert_int_equal(run.rejected, 3);
    finish_run(&run);
    assert_int_equal(run.performed, 4);
    end_run(&run);
}

/* The same limit holds while a stall keeps every worker idle. */
static void the_limit_holds_in_a_stall(void **state)
{
    struct service_config config =
        config_of(4, SERVICE_CONSTANT, duration_ms(10));
    struct run run;
    (void)state;
    config.queue_limit = 2;
    config.fault_count = 1;
    config.faults[0] =
        (struct service_fault_config){.kind = SERVICE_FAULT_STALL,
                                      .ratio = 1,
                                      .window = {.length = duration_ms(50)}};
    start_run(&run, &config);
    for (int i = 0; i < 5; i++) {
        arrive_ms(&run, i);
    }
    assert_int_equal(run.admitted, 2);
    finish_run(&run);
    assert_near(quantile(&run, 1), 60, 1e-9, "the first waited the longest");
    end_run(&run);
}

static void a_token_bucket_lets_in_its_rate(void **state)
{
    struct service_config config =
        config_of(0, SERVICE_CONSTANT, DURATION_ZERO);
    struct run run;
    (void)state;
    config.shed.mode = SHED_TOKEN_BUCKET;
    config.shed.rate_per_s = 100;
    config.shed.burst = 5;
    start_run(&run, &config);
    for (int i = 0; i < 10000; i++) {
        arrive_ms(&run, i);
    }
    finish_run(&run);
    /* The burst, and 9.999 s of the rate. */
    assert_int_equal(run.admitted, 5 + 999);
    assert_int_equal(run.admitted + run.rejected, 10000);
    end_run(&run);
}

/* RFC 8289: the first drop one interval after the wait passes the target,
 * the (k+1)-th interval / sqrt(k) after the k-th. Turns come every 10 ms, so
 * each is late by less than that. */
static void codel_drops_by_its_law(void **state)
{
    struct service_config config =
        config_of(1, SERVICE_CONSTANT, duration_ms(10));
    struct run run;
    double drops_ms[64];
    size_t count = 0;
    (void)state;
    config.shed.mode = SHED_CODEL;
    config.shed.codel_target = duration_ms(5);
    config.shed.codel_interval = duration_ms(100);
    start_run(&run, &config);
    for (int i = 0; i < 400; i++) {
        arrive_ms(&run, i * 5.0);
    }
    finish_run(&run);
    for (size_t i = 0; i < run.count && count < 20; i++) {
        if (run.orders[i].end == SERVICE_DROPPED) {
            drops_ms[count++] = (double)run.orders[i].ended.ns / 1e6;
        }
    }
    assert_int_equal(count, 20);
    /* The second order starts at 10 ms, having waited 5: not below. */
    double expected_ms = 10 + 100;
    for (size_t k = 0; k < count; k++) {
        assert_near(drops_ms[k], expected_ms + 5, 5.0001, "a drop");
        if (k == 0) {
            expected_ms = drops_ms[0];
        }
        expected_ms += 100 / sqrt((double)(k + 1));
    }
    end_run(&run);
}

static void codel_spares_a_short_queue(void **state)
{
    struct service_config config =
        config_of(1, SERVICE_CONSTANT, duration_ms(10));
    struct run run;
    (void)state;
    config.shed.mode = SHED_CODEL;
    start_run(&run, &config);
    for (int i = 0; i < 1000; i++) {
        arrive_ms(&run, i * 11);
    }
    finish_run(&run);
    assert_int_equal(run.performed, 1000);
    end_run(&run);
}

static void the_abandoned_are_worked_for_or_not(void **state)
{
    static const struct {
        enum abandoned_mode mode;
        enum service_end gone_end, old_end;
        int64_t last_ended_ms;
    } rows[] = {
        {ABANDONED_WORK, SERVICE_PERFORMED, SERVICE_PERFORMED, 40},
        {ABANDONED_SKIP, SERVICE_SKIPPED, SERVICE_PERFORMED, 30},
        {ABANDONED_DEADLINE, SERVICE_PERFORMED, SERVICE_DROPPED, 30},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct service_config config =
            config_of(1, SERVICE_CONSTANT, duration_ms(10));
        struct run run;
        config.abandoned = rows[i].mode;
        config.abandoned_deadline = duration_ms(15);
        start_run(&run, &config);
        struct service_order *served = arrive_ms(&run, 0);
        struct service_order *gone = arrive_ms(&run, 0);
        struct service_order *old = arrive_ms(&run, 1);
        struct service_order *last = arrive_ms(&run, 6);
        step_to(&run, (struct instant){5 * NS_PER_MS});
        service_abandon(gone);
        service_abandon(served); /* too late: it is being served */
        finish_run(&run);
        assert_int_equal(served->end, SERVICE_PERFORMED);
        assert_int_equal(gone->end, rows[i].gone_end);
        assert_int_equal(old->end, rows[i].old_end);
        assert_int_equal(last->ended.ns, rows[i].last_ended_ms * NS_PER_MS);
        end_run(&run);
    }
}

/* Binomial: 3 standard deviations of 100,000 draws. */
static void faults_are_injected_at_their_ratio(void **state)
{
    static const enum service_fault_kind kinds[] = {
        SERVICE_FAULT_ERROR, SERVICE_FAULT_CLOSE_AFTER,
        SERVICE_FAULT_RESET_BEFORE};
    struct service_config config =
        config_of(0, SERVICE_CONSTANT, DURATION_ZERO);
    struct run run;
    size_t errors = 0, closed = 0, n = 100000;
    (void)state;
    config.fault_count = array_length(kinds);
    for (size_t i = 0; i < array_length(kinds); i++) {
        config.faults[i] = (struct service_fault_config){
            .kind = kinds[i],
            .ratio = 0.1,
            .status = 500,
            .window = {.length = DURATION_FOREVER}};
    }
    start_run(&run, &config);
    for (size_t i = 0; i < n; i++) {
        const struct service_order *order = arrive_ms(&run, (double)i);
        closed += order->hang_up;
        if (order->end == SERVICE_FAILED) {
            assert_int_equal(order->status, 500);
            errors++;
        }
    }
    double sd = sqrt(0.1 * 0.9 * (double)n);
    assert_near((double)run.reset, 0.1 * (double)n, 3 * sd, "resets");
    assert_near((double)errors, 0.09 * (double)n, 3 * sd, "errors");
    assert_near((double)closed, 0.09 * (double)n, 3 * sd, "closed");
    end_run(&run);
}

static void one_more_fault_moves_no_other(void **state)
{
    struct service_config config =
        config_of(0, SERVICE_CONSTANT, DURATION_ZERO);
    struct run alone, beside;
    (void)state;
    config.fault_count = 1;
    config.faults[0] =
        (struct service_fault_config){.kind = SERVICE_FAULT_ERROR,
                                      .ratio = 0.3,
                                      .status = 500,
                                      .window = {.length = DURATION_FOREVER}};
    start_run(&alone, &config);
    config.fault_count = 2;
    config.faults[1] = config.faults[0];
    config.faults[1].kind = SERVICE_FAULT_CLOSE_AFTER;
    start_run(&beside, &config);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(arrive_ms(&alone, i)->end,
                         arrive_ms(&beside, i)->end);
    }
    end_run(&alone);
    end_run(&beside);
}

static void the_model_refuses_what_it_cannot_hold(void **state)
{
    struct service_config config =
        config_of(0, SERVICE_CONSTANT, duration_ms(10));
    struct arena arena = ARENA_INIT;
    struct service service;
    struct service_order orders[4];
    (void)state;
    service_init(&service, &config, &arena, 3, SEED, (struct instant){0});
    for (int i = 0; i < 4; i++) {
        enum service_admission admission = service_arrive(
            &service, &orders[i], &somebody, (struct instant){0});
        assert_int_equal(admission,
                         i < 3 ? SERVICE_ADMITTED : SERVICE_REJECTED);
    }
    for (int i = 0; i < 3; i++) {
        assert_non_null(service_withdraw(&service));
    }
    assert_null(service_withdraw(&service));
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queues_follow_theory),
        cmocka_unit_test(a_late_host_changes_nothing),
        cmocka_unit_test(a_stall_is_felt_by_those_on_schedule),
        cmocka_unit_test(a_stall_hides_from_those_who_wait),
        cmocka_unit_test(a_stall_ends_when_the_faults_change),
        cmocka_unit_test(stalls_that_meet_are_one),
        cmocka_unit_test(lognormal_has_its_mean_and_p99),
        cmocka_unit_test(impossible_settings_are_refused),
        cmocka_unit_test(capacity_counts_when_service_starts),
        cmocka_unit_test(delays_are_added),
        cmocka_unit_test(the_queue_has_a_limit),
        cmocka_unit_test(the_limit_holds_in_a_stall),
        cmocka_unit_test(a_token_bucket_lets_in_its_rate),
        cmocka_unit_test(codel_drops_by_its_law),
        cmocka_unit_test(codel_spares_a_short_queue),
        cmocka_unit_test(the_abandoned_are_worked_for_or_not),
        cmocka_unit_test(faults_are_injected_at_their_ratio),
        cmocka_unit_test(one_more_fault_moves_no_other),
        cmocka_unit_test(the_model_refuses_what_it_cannot_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
