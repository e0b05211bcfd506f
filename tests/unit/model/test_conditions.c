/*
 * What makes the modelled service slow, and what it turns away, held against
 * arithmetic: its dependency against M/D/c (Franx, Oper. Res. Letters 29,
 * 2001), adaptive shedding against Little's law, the rest against sums.
 */
#include "model/service.h"

#include "base/must.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SEED = 20261130, MOST = 200000 };

struct bench {
    struct arena arena;
    struct service service;
    struct service_order *orders; /* one an arrival */
    size_t count;
};

static struct service_config config_of(uint64_t workers, double mean_ms)
{
    struct service_config config;
    service_config_default(&config);
    config.workers = workers;
    config.time.mean = duration_from_ns(mean_ms * 1e6);
    return config;
}

static void set_up(struct bench *bench, const struct service_config *config)
{
    struct errors errors = ERRORS_INIT;
    assert_true(service_config_check(config, &errors));
    *bench = (struct bench){.arena = ARENA_INIT};
    service_init(&bench->service, config, &bench->arena, MOST, SEED,
                 (struct instant){0});
    bench->orders = calloc(MOST, sizeof(*bench->orders));
    assert_non_null(bench->orders);
}

static void tear_down(struct bench *bench)
{
    free(bench->orders);
    arena_release(&bench->arena);
}

static const struct service_caller plain = {
    .connection = 1, .tier = 1, .needs_dependency = true};

/* What a partition has held up arrives. */
static void step_to(struct bench *bench, double ms)
{
    struct instant now = {(int64_t)llround(ms * 1e6)};
    struct service_order *order;
    while ((order = service_step(&bench->service, now))) {
        struct instant at = order->ended;
        if (order->end == SERVICE_RELEASED &&
            service_arrive(&bench->service, order, &plain, at) ==
                SERVICE_REJECTED) {
            order->end = SERVICE_DROPPED;
            order->ended = at;
        }
    }
}

static enum service_admission arrive(struct bench *bench, double ms,
                                     struct service_caller caller)
{
    struct instant now = {(int64_t)llround(ms * 1e6)};
    struct service_order *order = &bench->orders[bench->count++];
    enum service_admission admission = SERVICE_ADMITTED;

    assert_true(bench->count <= MOST);
    step_to(bench, ms);
    if (!service_hold(&bench->service, order, caller.connection, now)) {
        admission = service_arrive(&bench->service, order, &caller, now);
    }
    step_to(bench, ms);
    return admission;
}

static void arrive_plain(struct bench *bench, double ms)
{
    assert_int_equal(arrive(bench, ms, plain), SERVICE_ADMITTED);
}

static double ended_ms(const struct bench *bench, size_t i)
{
    return (double)bench->orders[i].ended.ns / 1e6;
}

static double stay_ms(const struct service_order *order)
{
    return (double)instant_since(order->ended, order->arrived).ns / 1e6;
}

static void assert_near(double value, double expected, double tolerance,
                        const char *what)
{
    if (!(fabs(value - expected) <= tolerance)) {
        fail_msg("%s: %g is not %g within %g (seed %d)", what, value, expected,
                 tolerance, SEED);
    }
}

static void set_fault(struct service_config *config,
                      enum service_fault_kind kind, double ratio,
                      int64_t from_ms, int64_t length_ms)
{
    config->faults[config->fault_count++] = (struct service_fault_config){
        .kind = kind,
        .ratio = ratio,
        .window = {.from = duration_ms(from_ms),
                   .length = length_ms < 0 ? DURATION_FOREVER
                                           : duration_ms(length_ms)},
        .status = 503,
        .factor = 0.1,
        .delay = duration_ms(30),
    };
}

/* The dependency. */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A service that does nothing but call: its times are those of the queue of
 * what it calls, M/D/10 at 0.7 and M/D/4 at 0.8. */
static void a_dependency_is_a_queue_of_its_own(void **state)
{
    static const struct {
        uint64_t workers;
        double rate_per_s, p50, p90, p99;
    } laws[] = {{10, 700, 10.00, 11.69, 15.34}, {4, 320, 11.37, 21.19, 34.55}};
    static double stays[MOST];
    (void)state;

    for (size_t i = 0; i < array_length(laws); i++) {
        struct service_config config = config_of(0, 0);
        struct rng rng = rng_stream(SEED, RNG_ARRIVAL, i);
        struct bench bench;
        double ms = 0;

        config.dependency.workers = laws[i].workers;
        config.dependency.time.mean = duration_ms(10);
        config.dependency.queue_limit = 1000;
        set_up(&bench, &config);
        for (size_t n = 0; n < MOST; n++) {
            ms += (double)rng_exponential(
                      &rng, duration_from_ns(1e9 / laws[i].rate_per_s))
                      .ns /
                  1e6;
            arrive_plain(&bench, ms);
        }
        step_to(&bench, ms + 10000);
        for (size_t n = 0; n < MOST; n++) {
            assert_int_equal(bench.orders[n].end, SERVICE_PERFORMED);
            stays[n] = stay_ms(&bench.orders[n]);
        }
        qsort(stays, MOST, sizeof(double), by_value);
        assert_near(stays[MOST / 2], laws[i].p50, 0.05 * laws[i].p50, "p50");
        assert_near(stays[MOST / 10 * 9], laws[i].p90, 0.08 * laws[i].p90,
                    "p90");
        assert_near(stays[MOST / 100 * 99], laws[i].p99, 0.15 * laws[i].p99,
                    "p99");
        tear_down(&bench);
    }
}

/* Two workers wait for calls of 10 ms, then work for 5 ms: pairs end every
 * 15 ms, however many the dependency could serve. */
static void a_call_holds_its_worker(void **state)
{
    struct service_config config = config_of(2, 5);
    struct bench bench;
    (void)state;

    config.dependency.workers = 100;
    config.dependency.time.mean = duration_ms(10);
    set_up(&bench, &config);
    for (int i = 0; i < 6; i++) {
        arrive_plain(&bench, 0);
    }
    assert_int_equal(bench.service.serving.count, 2);
    step_to(&bench, 1000);
    for (size_t i = 0; i < 6; i++) {
        assert_near(ended_ms(&bench, i), 15 * (floor((double)i / 2) + 1), 0,
                    "end");
    }
    tear_down(&bench);
}

/* Who does not need the dependency waits for a worker all the same. */
static void those_without_it_suffer_too(void **state)
{
    struct service_config config = config_of(1, 1);
    struct service_caller other = plain;
    struct bench bench;
    (void)state;

    other.needs_dependency = false;
    config.dependency.workers = 1;
    config.dependency.time.mean = duration_ms(100);
    set_up(&bench, &config);
    arrive_plain(&bench, 0);
    assert_int_equal(arrive(&bench, 0, other), SERVICE_ADMITTED);
    step_to(&bench, 1000);
    assert_near(ended_ms(&bench, 0), 101, 0, "calls");
    assert_near(ended_ms(&bench, 1), 102, 0, "does not");
    tear_down(&bench);
}

/* Calls of 100 ms to one worker, every 40 ms, with 150 ms of patience: they
 * end at 100, 200, 300 ...; the one of 40 would take 160, is given up at 190
 * and worked on until 200, so that the one of 80 is given up at 230. */
static void a_call_times_out_and_is_worked_on(void **state)
{
    struct service_config config = config_of(0, 5);
    struct bench bench;
    (void)state;

    config.dependency.workers = 1;
    config.dependency.time.mean = duration_ms(100);
    config.dependency.timeout = duration_ms(150);
    set_up(&bench, &config);
    for (int i = 0; i < 3; i++) {
        arrive_plain(&bench, 40 * i);
    }
    arrive_plain(&bench, 310);
    step_to(&bench, 1000);
    assert_int_equal(bench.orders[0].end, SERVICE_PERFORMED);
    assert_near(ended_ms(&bench, 0), 105, 0, "first");
    for (size_t i = 1; i < 3; i++) {
        assert_int_equal(bench.orders[i].end, SERVICE_FAILED);
        assert_int_equal(bench.orders[i].status, 504);
        assert_true(bench.orders[i].dependency_failed);
        assert_near(ended_ms(&bench, i), 40 * (double)i + 150, 0, "given up");
    }
    assert_int_equal(bench.orders[3].end, SERVICE_PERFORMED);
    assert_near(ended_ms(&bench, 3), 415, 0, "afterwards");
    tear_down(&bench);
}

/* One is served and two wait; two more have no place, until one is begun. */
static void calls_without_a_place_fail_at_once(void **state)
{
    struct service_config config = config_of(0, 0);
    struct bench bench;
    (void)state;

    config.dependency.workers = 1;
    config.dependency.time.mean = duration_ms(10);
    config.dependency.queue_limit = 2;
    set_up(&bench, &config);
    for (int i = 0; i < 5; i++) {
        arrive_plain(&bench, 0);
    }
    arrive_plain(&bench, 10);
    arrive_plain(&bench, 10);
    step_to(&bench, 1000);
    static const double ends[] = {10, 20, 30, 0, 0, 40, 10};
    for (size_t i = 0; i < array_length(ends); i++) {
        assert_near(ended_ms(&bench, i), ends[i], 0, "end");
        bool is_refused = i == 3 || i == 4 || i == 6;
        assert_int_equal(bench.orders[i].end,
                         is_refused ? SERVICE_FAILED : SERVICE_PERFORMED);
        assert_int_equal(bench.orders[i].status, is_refused ? 503 : 0);
    }
    tear_down(&bench);
}

/* Of 10 ms the call is stretched tenfold and gets 30 ms more, while its
 * faults last; then an error, after the time of the call. */
static void faults_of_the_dependency(void **state)
{
    struct service_config config = config_of(0, 1);
    struct bench bench;
    (void)state;

    config.dependency.workers = 10;
    config.dependency.time.mean = duration_ms(10);
    set_fault(&config, SERVICE_FAULT_DEPENDENCY_CAPACITY, 1, 0, 100);
    set_fault(&config, SERVICE_FAULT_DEPENDENCY_LATENCY, 1, 50, 150);
    set_fault(&config, SERVICE_FAULT_DEPENDENCY_ERROR, 1, 300, 100);
    set_up(&bench, &config);
    static const double starts[] = {0, 60, 150, 250, 350};
    static const double stays[] = {101, 131, 41, 11, 10};
    for (size_t i = 0; i < array_length(starts); i++) {
        arrive_plain(&bench, starts[i]);
    }
    step_to(&bench, 1000);
    for (size_t i = 0; i < array_length(starts); i++) {
        assert_near(stay_ms(&bench.orders[i]), stays[i], 0, "stay");
    }
    assert_int_equal(bench.orders[3].end, SERVICE_PERFORMED);
    assert_int_equal(bench.orders[4].end, SERVICE_FAILED);
    assert_int_equal(bench.orders[4].status, 503);
    assert_true(bench.orders[4].dependency_failed);
    tear_down(&bench);
}

/* A queue that slows down. */

/* Five at once: the first finds none, the others those behind them. */
static void the_longer_the_queue_the_slower(void **state)
{
    struct service_config config = config_of(1, 10);
    struct bench bench;
    (void)state;

    config.queue_slowdown = 0.1;
    set_up(&bench, &config);
    for (int i = 0; i < 5; i++) {
        arrive_plain(&bench, 0);
    }
    step_to(&bench, 1000);
    static const double ends[] = {10, 23, 35, 46, 56};
    for (size_t i = 0; i < array_length(ends); i++) {
        assert_near(ended_ms(&bench, i), ends[i], 1e-6, "end");
    }
    tear_down(&bench);
}

/* 1000/s at rest, 500/s of load, 1 % for each that waits: above 100 waiting
 * the queue grows though nothing is wrong any more, below it empties. */
static void a_queue_beyond_the_point_of_no_return_grows(void **state)
{
    static const struct {
        int burst;
        bool grows;
    } rows[] = {{85, false}, {120, true}};
    (void)state;

    for (size_t i = 0; i < array_length(rows); i++) {
        struct service_config config = config_of(10, 10);
        struct bench bench;

        config.queue_slowdown = 0.01;
        config.queue_limit = 2000;
        set_up(&bench, &config);
        for (int n = 0; n < rows[i].burst + 10; n++) {
            arrive_plain(&bench, 0);
        }
        for (int n = 1; n <= 5000; n++) {
            (void)arrive(&bench, 2 * n, plain);
        }
        if (rows[i].grows) {
            assert_true(bench.service.waiting_count > 1000);
        } else {
            assert_int_equal(bench.service.waiting_count, 0);
        }
        tear_down(&bench);
    }
}

/* A cold service. */

static void a_cold_service_warms_up(void **state)
{
    struct service_config config = config_of(1, 10);
    struct bench bench;
    (void)state;

    config.cold_factor = 5;
    config.cold_orders = 50;
    /* From 12 s to 12.2 s: the orders of 12 and 12.1 s. */
    set_fault(&config, SERVICE_FAULT_COLD, 1, 12000, 200);
    set_up(&bench, &config);
    for (int i = 0; i < 200; i++) {
        arrive_plain(&bench, 100 * i);
    }
    step_to(&bench, 100000);
    for (size_t i = 0; i < 200; i++) {
        double warm = i < 120 ? (double)i : i < 122 ? 0 : (double)i - 121;
        assert_near(stay_ms(&bench.orders[i]), 10 * (1 + 4 * exp(-warm / 50)),
                    1e-5, "stay");
    }
    tear_down(&bench);
}

/* Shedding. */

/* Twice the capacity of 1000/s, 50 ms acceptable: by Little's law the limit
 * swings between 0.9 and 1 of 50 orders, nobody stays much longer than that,
 * and no capacity is lost. */
static void adaptive_shedding_finds_its_limit(void **state)
{
    struct service_config config = config_of(10, 10);
    struct rng rng = rng_stream(SEED, RNG_ARRIVAL, 0);
    struct bench bench;
    double ms = 0, limit = 0, longest = 0;
    size_t samples = 0, performed = 0;
    (void)state;

    config.shed.mode = SHED_ADAPTIVE;
    config.shed.latency = duration_ms(50);
    config.queue_limit = 0;
    set_up(&bench, &config);
    while (ms < 60000) {
        ms += (double)rng_exponential(&rng, duration_us(500)).ns / 1e6;
        (void)arrive(&bench, ms, plain);
        if (ms > 10000) {
            limit += bench.service.shed.limit;
            samples++;
        }
    }
    step_to(&bench, ms + 1000);
    for (size_t i = 0; i < bench.count; i++) {
        const struct service_order *order = &bench.orders[i];
        if (order->ended.ns != INT64_MAX && order->arrived.ns > 10000000000) {
            performed++;
            longest = fmax(longest, stay_ms(order));
        }
    }
    assert_near(limit / (double)samples, 47.5, 2.5, "limit");
    assert_near((double)performed / 50, 1000, 10, "served a second");
    assert_true(longest <= 60);
    tear_down(&bench);
}

/* Below capacity nothing is turned away once the limit has risen. */
static void adaptive_shedding_leaves_a_calm_service_alone(void **state)
{
    struct service_config config = config_of(10, 10);
    struct rng rng = rng_stream(SEED, RNG_ARRIVAL, 0);
    struct bench bench;
    double ms = 0;
    size_t turned_away = 0;
    (void)state;

    config.shed.mode = SHED_ADAPTIVE;
    config.shed.latency = duration_ms(50);
    set_up(&bench, &config);
    while (ms < 60000) {
        ms += (double)rng_exponential(&rng, duration_us(2000)).ns / 1e6;
        turned_away +=
            arrive(&bench, ms, plain) == SERVICE_REJECTED && ms > 10000;
    }
    assert_int_equal(turned_away, 0);
    tear_down(&bench);
}

/* 500/s of tier 1 and 1000/s of tier 2 for 1000/s: tier 1 gets all, tier 2
 * the rest, and waits behind at most half of the queue. */
static void priority_sheds_the_last_tier_first(void **state)
{
    struct service_config config = config_of(10, 10);
    struct bench bench;
    size_t turned_away[3] = {0}, most = 0;
    (void)state;

    config.shed.mode = SHED_PRIORITY;
    config.tier_header = "X-Tier";
    config.queue_limit = 100;
    set_up(&bench, &config);
    for (int i = 0; i < 30000; i++) {
        struct service_caller caller = plain;
        caller.tier = i % 3 == 0 ? 1 : 2;
        turned_away[caller.tier] +=
            arrive(&bench, i / 1.5, caller) == SERVICE_REJECTED;
        most = bench.service.waiting_count > most
                   ? (size_t)bench.service.waiting_count
                   : most;
    }
    assert_int_equal(turned_away[1], 0);
    assert_near((double)turned_away[2], 10000, 110, "of tier 2");
    assert_true(most <= 52);
    tear_down(&bench);
}

/* Tier t of T has the share (T - t + 1) / T of a queue of 8. */
static void each_tier_has_its_share(void **state)
{
    struct service_config config = config_of(1, 1000);
    (void)state;

    config.shed.mode = SHED_PRIORITY;
    config.shed.tiers = 4;
    config.tier_header = "X-Tier";
    config.queue_limit = 8;
    for (uint64_t tier = 1; tier <= 5; tier++) {
        struct service_caller caller = plain;
        struct bench bench;
        size_t admitted = 0;

        caller.tier = tier;
        set_up(&bench, &config);
        for (int i = 0; i < 20; i++) {
            admitted += arrive(&bench, 0, caller) == SERVICE_ADMITTED;
        }
        /* One is served; what is beyond the last tier counts as it. */
        assert_int_equal(admitted, 1 + (tier <= 4 ? 10 - 2 * tier : 2));
        tear_down(&bench);
    }
}

/* Connections. */

static struct service_caller on_connection(uint64_t number)
{
    struct service_caller caller = plain;
    caller.connection = number;
    return caller;
}

/* Of a hundred about half, by three sigma, are held up, and arrive when the
 * partition ends; the others notice nothing. */
static void a_partition_holds_up_half_of_the_connections(void **state)
{
    struct service_config config = config_of(0, 10);
    struct bench bench;
    size_t held = 0;
    (void)state;

    set_fault(&config, SERVICE_FAULT_PARTITION, 0.5, 100, 200);
    set_up(&bench, &config);
    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(arrive(&bench, 150, on_connection(i + 1)),
                         SERVICE_ADMITTED);
    }
    held = 100 - bench.service.serving.count;
    assert_in_range(held, 35, 65);
    step_to(&bench, 200);
    assert_int_equal(bench.service.orders, held);
    step_to(&bench, 1000);
    for (size_t n = 0; n < 100; n++) {
        bool is_late = ended_ms(&bench, n) > 200;
        assert_near(ended_ms(&bench, n), is_late ? 310 : 160, 0, "end");
        held -= is_late;
    }
    assert_int_equal(held, 0);
    tear_down(&bench);
}

/* What comes out of it finds the queue as it is then. */
static void what_was_held_up_may_be_turned_away(void **state)
{
    struct service_config config = config_of(1, 10);
    struct bench bench;
    size_t dropped = 0;
    (void)state;

    config.queue_limit = 3;
    set_fault(&config, SERVICE_FAULT_PARTITION, 1, 0, 100);
    set_up(&bench, &config);
    for (uint64_t i = 0; i < 10; i++) {
        assert_int_equal(arrive(&bench, 50, plain), SERVICE_ADMITTED);
    }
    step_to(&bench, 1000);
    for (size_t i = 0; i < 10; i++) {
        dropped += bench.orders[i].end == SERVICE_DROPPED;
    }
    assert_int_equal(dropped, 6);
    assert_int_equal(bench.service.orders, 0);
    tear_down(&bench);
}

static void a_partition_ends_with_its_fault(void **state)
{
    struct service_config config = config_of(1, 10);
    struct bench bench;
    (void)state;

    set_fault(&config, SERVICE_FAULT_PARTITION, 1, 0, -1);
    set_up(&bench, &config);
    arrive_plain(&bench, 0);
    arrive_plain(&bench, 5);
    assert_true(service_next(&bench.service).ns == INT64_MAX);
    service_set_faults(&bench.service, NULL, 0,
                       (struct instant){20 * NS_PER_MS});
    step_to(&bench, 1000);
    assert_near(ended_ms(&bench, 0), 30, 0, "first");
    assert_near(ended_ms(&bench, 1), 40, 0, "second");
    tear_down(&bench);
}

static void what_is_held_up_can_be_withdrawn(void **state)
{
    struct service_config config = config_of(1, 10);
    struct bench bench;
    (void)state;

    set_fault(&config, SERVICE_FAULT_PARTITION, 1, 0, -1);
    set_up(&bench, &config);
    arrive_plain(&bench, 0);
    assert_ptr_equal(service_withdraw(&bench.service), &bench.orders[0]);
    assert_null(service_withdraw(&bench.service));
    assert_int_equal(bench.service.orders, 0);
    tear_down(&bench);
}

static void a_split_parts_connections_while_it_lasts(void **state)
{
    struct service_config config = config_of(1, 10);
    struct bench bench;
    size_t apart = 0;
    (void)state;

    set_fault(&config, SERVICE_FAULT_SPLIT_BRAIN, 0.5, 100, 100);
    set_up(&bench, &config);
    for (uint64_t i = 1; i <= 100; i++) {
        apart += service_is_apart(&bench.service, i,
                                  (struct instant){150 * NS_PER_MS});
        assert_false(service_is_apart(&bench.service, i,
                                      (struct instant){99 * NS_PER_MS}));
        assert_false(service_is_apart(&bench.service, i,
                                      (struct instant){200 * NS_PER_MS}));
    }
    assert_in_range(apart, 35, 65);
    tear_down(&bench);
}

static void what_cannot_be_is_refused(void **state)
{
    struct service_config configs[5];
    (void)state;

    for (size_t i = 0; i < array_length(configs); i++) {
        struct errors errors = ERRORS_INIT;
        configs[i] = config_of(1, 10);
        assert_true(service_config_check(&configs[i], &errors));
    }
    configs[0].cold_factor = 0.5;
    configs[1].queue_slowdown = -1;
    configs[2].shed.mode = SHED_PRIORITY; /* no queue limit to share out */
    configs[3].dependency.time =
        (struct service_time_config){.type = SERVICE_LOGNORMAL};
    set_fault(&configs[4], SERVICE_FAULT_DEPENDENCY_LATENCY, 1, 0, -1);
    for (size_t i = 0; i < array_length(configs); i++) {
        struct errors errors = ERRORS_INIT;
        assert_false(service_config_check(&configs[i], &errors));
        assert_int_equal(errors.count, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dependency_is_a_queue_of_its_own),
        cmocka_unit_test(a_call_holds_its_worker),
        cmocka_unit_test(those_without_it_suffer_too),
        cmocka_unit_test(a_call_times_out_and_is_worked_on),
        cmocka_unit_test(calls_without_a_place_fail_at_once),
        cmocka_unit_test(faults_of_the_dependency),
        cmocka_unit_test(the_longer_the_queue_the_slower),
        cmocka_unit_test(a_queue_beyond_the_point_of_no_return_grows),
        cmocka_unit_test(a_cold_service_warms_up),
        cmocka_unit_test(adaptive_shedding_finds_its_limit),
        cmocka_unit_test(adaptive_shedding_leaves_a_calm_service_alone),
        cmocka_unit_test(priority_sheds_the_last_tier_first),
        cmocka_unit_test(each_tier_has_its_share),
        cmocka_unit_test(a_partition_holds_up_half_of_the_connections),
        cmocka_unit_test(what_was_held_up_may_be_turned_away),
        cmocka_unit_test(a_partition_ends_with_its_fault),
        cmocka_unit_test(what_is_held_up_can_be_withdrawn),
        cmocka_unit_test(a_split_parts_connections_while_it_lasts),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
