/*
 * Arrivals against exact integer arithmetic, against the integral of the rate
 * by its own definition, and against the Poisson distribution.
 */
#include "load/schedule.h"
#include "load/share.h"

#include "base/must.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { STAGES_MAX = 8 };

struct load {
    struct load_config config;
    struct stage_config stages[STAGES_MAX];
};

static void add_stage(struct load *load, struct duration length, double from,
                      double rate)
{
    load->config.model = LOAD_OPEN;
    load->config.stages = load->stages;
    load->stages[load->config.stage_count++] = (struct stage_config){
        .name = "stage",
        .length = length,
        .from_per_s = from,
        .rate_per_s = rate,
    };
}

/* Rounds k * 10^9 / rate half up, in whole numbers. */
static int64_t exact_ns(uint64_t k, uint64_t rate)
{
    __extension__ typedef unsigned __int128 wide;
    wide twice = (wide)k * 2 * (uint64_t)NS_PER_S + rate;
    return (int64_t)(twice / (2 * (wide)rate));
}

static void check_workers(uint64_t rate, int64_t seconds, uint64_t workers)
{
    struct load load = {0};
    struct schedule schedules[8];
    struct arrival_time arrival;

    assert_true(workers <= array_length(schedules));
    add_stage(&load, duration_s(seconds), (double)rate, (double)rate);
    for (uint64_t w = 0; w < workers; w++) {
        schedule_init(&schedules[w], &load.config, 1, w, workers);
    }
    uint64_t count = rate * (uint64_t)seconds;
    for (uint64_t k = 0; k < count; k++) {
        assert_true(schedule_next(&schedules[k % workers], &arrival));
        assert_int_equal(arrival.at.ns, exact_ns(k, rate));
        assert_int_equal(arrival.stage, 0);
    }
    for (uint64_t w = 0; w < workers; w++) {
        assert_false(schedule_next(&schedules[w], &arrival));
        assert_false(schedule_next(&schedules[w], &arrival));
    }
}

static void test_constant_arrivals_interleave_exactly(void **state)
{
    (void)state;
    check_workers(1, 5, 1);
    check_workers(3, 100, 2);
    check_workers(7, 1000, 3);
    check_workers(997, 60, 4);
    check_workers(123457, 2, 8);
}

static void test_an_hour_at_20000_per_s_does_not_drift(void **state)
{
    (void)state;
    struct load load = {0};
    struct schedule schedule;
    struct arrival_time arrival;
    const int64_t count = 20000 * INT64_C(3600);

    add_stage(&load, duration_s(3600), 20000, 20000);
    schedule_init(&schedule, &load.config, 1, 0, 1);
    for (int64_t k = 0; k < count; k++) {
        if (!schedule_next(&schedule, &arrival) ||
            arrival.at.ns != k * 50000) {
            fail_msg("arrival %lld at %lld ns", (long long)k,
                     (long long)arrival.at.ns);
        }
    }
    assert_false(schedule_next(&schedule, &arrival));
}

/* Far out, where k * 10^9 no longer fits a double, and at an odd rate. */
static void test_a_month_later_it_is_exact_still(void **state)
{
    (void)state;
    struct load load = {0};
    struct schedule schedule;
    struct arrival_time arrival;
    const uint64_t rate = 99991;
    const uint64_t first = rate * 86400 * 30;

    add_stage(&load, DURATION_FOREVER, (double)rate, (double)rate);
    schedule_init(&schedule, &load.config, 1, 0, 1);
    schedule.next_index = first;
    schedule.target = (double)first;
    for (uint64_t k = first; k < first + 2 * rate; k++) {
        assert_true(schedule_next(&schedule, &arrival));
        assert_int_equal(arrival.at.ns, exact_ns(k, rate));
    }
}

static void test_a_slow_rate_needs_no_whole_number(void **state)
{
    (void)state;
    struct load load = {0};
    struct schedule schedule;
    struct arrival_time arrival;

    add_stage(&load, duration_s(100), 0.1, 0.1);
    schedule_init(&schedule, &load.config, 1, 0, 1);
    for (int64_t k = 0; k < 10; k++) {
        assert_true(schedule_next(&schedule, &arrival));
        assert_int_equal(arrival.at.ns, k * 10 * NS_PER_S);
    }
    assert_false(schedule_next(&schedule, &arrival));
}

/* The arrival that falls on the end of the first stage, whose integral is
 * rounded up or down in floating point, and the one after it. */
static void check_boundary(double rate, int64_t seconds, double product,
                           const struct stage_config *next, int64_t after_ns)
{
    struct load load = {0};
    struct schedule schedule;
    struct arrival_time arrival;
    uint64_t inside = (uint64_t)llround(rate * (double)seconds);

    assert_true(rate * (double)seconds == product);
    add_stage(&load, duration_s(seconds), rate, rate);
    add_stage(&load, DURATION_ZERO, 5, 500);
    add_stage(&load, next->length, next->from_per_s, next->rate_per_s);
    schedule_init(&schedule, &load.config, 1, 0, 1);
    for (uint64_t k = 0; k < inside; k++) {
        assert_true(schedule_next(&schedule, &arrival));
        assert_int_equal(arrival.at.ns, llround((double)k * 1e9 / rate));
        assert_int_equal(arrival.stage, 0);
    }
    assert_true(schedule_next(&schedule, &arrival));
    assert_int_equal(arrival.at.ns, seconds * NS_PER_S);
    assert_int_equal(arrival.stage, 2);
    assert_true(schedule_next(&schedule, &arrival));
    assert_int_equal(arrival.at.ns, seconds * NS_PER_S + after_ns);
    assert_int_equal(arrival.stage, 2);
}

/* A ramp from 0 to 10/s in 1 s makes its first arrival after the start where
 * 5 t^2 = 1. With an integral that is rounded up, the root at its start would
 * not be a number. */
static void test_a_boundary_belongs_to_the_next_stage(void **state)
{
    (void)state;
    const struct stage_config flat = {
        .length = {5 * NS_PER_S}, .from_per_s = 2, .rate_per_s = 2};
    const struct stage_config ramp = {.length = {NS_PER_S}, .rate_per_s = 10};

    check_boundary(1.1, 50, 55.00000000000001, &flat, 500 * NS_PER_MS);
    check_boundary(0.7, 90, 62.99999999999999, &flat, 500 * NS_PER_MS);
    check_boundary(1.1, 50, 55.00000000000001, &ramp, 447213595);
    check_boundary(0.1, 30, 3, &ramp, 447213595);
}

static void test_a_pause_has_no_arrivals(void **state)
{
    (void)state;
    struct load load = {0};
    struct schedule schedule;
    struct arrival_time arrival;
    const int64_t at_ms[] = {0, 500, 6000, 6250, 6500, 6750};

    add_stage(&load, duration_s(1), 2, 2);
    add_stage(&load, duration_s(5), 0, 0);
    add_stage(&load, duration_s(1), 4, 4);
    add_stage(&load, DURATION_FOREVER, 0, 0);
    schedule_init(&schedule, &load.config, 1, 0, 1);
    for (size_t i = 0; i < array_length(at_ms); i++) {
        assert_true(schedule_next(&schedule, &arrival));
        assert_int_equal(arrival.at.ns, at_ms[i] * NS_PER_MS);
        assert_int_equal(arrival.stage, i < 2 ? 0 : 2);
    }
    assert_false(schedule_next(&schedule, &arrival));
}

/* From 0 to 200/s in 10 s: t = sqrt(k / 10); 1000 arrivals. */
static void test_a_ramp_inverts_the_quadratic(void **state)
{
    (void)state;
    struct load load = {0};
    struct schedule schedule;
    struct arrival_time arrival;

    add_stage(&load, duration_s(10), 0, 200);
    schedule_init(&schedule, &load.config, 1, 0, 1);
    for (int k = 0; k < 1000; k++) {
        assert_true(schedule_next(&schedule, &arrival));
        assert_int_equal(arrival.at.ns, llround(sqrt(k / 10.0) * 1e9));
    }
    assert_false(schedule_next(&schedule, &arrival));
}

/* The integral of the rate up to t, straight from the definition. */
static double integral(const struct load *load, int64_t t_ns)
{
    double sum = 0;
    for (size_t i = 0; i < load->config.stage_count && t_ns > 0; i++) {
        const struct stage_config *stage = &load->stages[i];
        int64_t part_ns = t_ns < stage->length.ns ? t_ns : stage->length.ns;
        double t = (double)part_ns / 1e9;
        double length = (double)stage->length.ns / 1e9;
        double end = stage->from_per_s +
                     (stage->rate_per_s - stage->from_per_s) * t / length;
        sum += (stage->from_per_s + end) / 2 * t;
        t_ns -= part_ns;
    }
    return sum;
}

static void random_load(struct rng *rng, struct load *load)
{
    size_t stages = 1 + (size_t)rng_below(rng, 5);
    *load = (struct load){0};
    for (size_t i = 0; i < stages; i++) {
        double from = rng_below(rng, 4) == 0 ? 0 : 900 * rng_unit(rng);
        double rate = rng_below(rng, 4) == 0 ? from : 900 * rng_unit(rng);
        struct duration length = {
            1 + (int64_t)rng_below(rng, 3 * (uint64_t)NS_PER_S)};
        add_stage(load, length, from, rate);
    }
}

/* Any stages, any number of workers: arrival k of the union is where the
 * integral reaches k, times never go back, and as many come as the integral
 * holds. Half a nanosecond of rounding at 900/s moves the integral by less
 * than 1e-6. */
static void test_any_stages_follow_the_integral(void **state)
{
    (void)state;
    const uint64_t seed = 20240611;
    struct rng rng = rng_stream(seed, RNG_MIX, 0);

    print_message("seed %llu\n", (unsigned long long)seed);
    for (int round = 0; round < 300; round++) {
        struct load load;
        struct schedule schedules[5];
        struct arrival_time arrival = {0};
        uint64_t workers = 1 + rng_below(&rng, 5);
        int64_t before = 0;
        double end_ns = 0;
        uint64_t k = 0;

        random_load(&rng, &load);
        for (size_t i = 0; i < load.config.stage_count; i++) {
            end_ns += (double)load.stages[i].length.ns;
        }
        for (uint64_t w = 0; w < workers; w++) {
            schedule_init(&schedules[w], &load.config, seed, w, workers);
        }
        while (schedule_next(&schedules[k % workers], &arrival)) {
            assert_true(arrival.at.ns >= before);
            assert_true((double)arrival.at.ns < end_ns);
            double reached = integral(&load, arrival.at.ns);
            assert_true(fabs(reached - (double)k) < 2e-6);
            before = arrival.at.ns;
            k++;
        }
        double whole = integral(&load, (int64_t)end_ns);
        assert_true((double)k > whole - 2e-6);
        assert_true((double)k < whole + 1 + 2e-6);
    }
}

/* The stage that is reported is the one that contains the time. */
static void test_the_stage_contains_the_arrival(void **state)
{
    (void)state;
    const uint64_t seed = 77;
    struct rng rng = rng_stream(seed, RNG_MIX, 1);

    print_message("seed %llu\n", (unsigned long long)seed);
    for (int round = 0; round < 200; round++) {
        struct load load;
        struct schedule schedule;
        struct arrival_time arrival;

        random_load(&rng, &load);
        load.config.arrival = round % 2 ? ARRIVAL_POISSON : ARRIVAL_CONSTANT;
        schedule_init(&schedule, &load.config, seed, 0, 1);
        while (schedule_next(&schedule, &arrival)) {
            int64_t start = 0;
            for (uint32_t i = 0; i < arrival.stage; i++) {
                start += load.stages[i].length.ns;
            }
            int64_t length = load.stages[arrival.stage].length.ns;
            assert_in_range(arrival.at.ns - start, 0, length - 1);
        }
    }
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov and Smirnov: the largest distance between the empirical
 * distribution of sorted uniform values and the diagonal. */
static double ks_distance(double *uniform, size_t count)
{
    double worst = 0;

    qsort(uniform, count, sizeof(*uniform), compare_doubles);
    for (size_t i = 0; i < count; i++) {
        double low = uniform[i] - (double)i / (double)count;
        double high = (double)(i + 1) / (double)count - uniform[i];
        worst = fmax(worst, fmax(low, high));
    }
    return worst;
}

/* Gaps in units of the integral are unit exponentials, in a ramp too. The
 * bound is the 99.9 % point of the distribution of Kolmogorov. */
static void check_poisson_gaps(struct load *load, uint64_t seed)
{
    enum { COUNT = 20000 };
    static double uniform[COUNT];
    struct schedule schedule;
    struct arrival_time arrival;
    double before = 0;

    load->config.arrival = ARRIVAL_POISSON;
    schedule_init(&schedule, &load->config, seed, 0, 1);
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(schedule_next(&schedule, &arrival));
        double now = integral(load, arrival.at.ns);
        uniform[i] = 1 - exp(-(now - before));
        before = now;
    }
    double distance = ks_distance(uniform, COUNT);
    print_message("seed %llu: KS distance %.5f\n", (unsigned long long)seed,
                  distance);
    assert_true(distance < 1.95 / sqrt(COUNT));
}

static void test_poisson_gaps_are_exponential(void **state)
{
    (void)state;
    struct load flat = {0};
    struct load ramp = {0};

    add_stage(&flat, duration_s(100), 1000, 1000);
    check_poisson_gaps(&flat, 11);
    check_poisson_gaps(&flat, 12);
    add_stage(&ramp, duration_s(30), 0, 2000);
    add_stage(&ramp, duration_s(30), 2000, 500);
    check_poisson_gaps(&ramp, 13);
}

/* Counts of the union of four workers in windows of 4 expected arrivals,
 * against the Poisson distribution: chi-square with cells 0, 1 .. 11, 12 and
 * more: 12 degrees of freedom, 99.9 % point 32.91. */
static void test_poisson_counts_of_the_union(void **state)
{
    (void)state;
    enum { WORKERS = 4, WINDOWS = 20000, CELLS = 13 };
    static unsigned per_window[WINDOWS];
    const uint64_t seed = 14;
    struct load load = {0};
    double seen[CELLS] = {0};
    double statistic = 0;
    double probability = exp(-4.0);
    double tail = 1;

    add_stage(&load, duration_s(WINDOWS), 4, 4);
    load.config.arrival = ARRIVAL_POISSON;
    for (uint64_t w = 0; w < WORKERS; w++) {
        struct schedule schedule;
        struct arrival_time arrival;
        schedule_init(&schedule, &load.config, seed, w, WORKERS);
        while (schedule_next(&schedule, &arrival)) {
            per_window[arrival.at.ns / NS_PER_S]++;
        }
    }
    for (size_t i = 0; i < WINDOWS; i++) {
        seen[per_window[i] < CELLS ? per_window[i] : CELLS - 1]++;
    }
    for (int i = 0; i < CELLS; i++) {
        double share = i == CELLS - 1 ? tail : probability;
        double expected = share * WINDOWS;
        statistic += (seen[i] - expected) * (seen[i] - expected) / expected;
        tail -= probability;
        probability *= 4.0 / (i + 1);
    }
    print_message("seed %llu: chi-square %.2f\n", (unsigned long long)seed,
                  statistic);
    assert_true(statistic < 32.91);
}

/* However many workers share it, the stream is one and the same, dealt out in
 * turn. */
static void test_poisson_is_one_stream(void **state)
{
    (void)state;
    enum { ARRIVALS = 2000 };
    struct load load = {0};

    add_stage(&load, duration_s(30), 0, 100);
    add_stage(&load, duration_s(30), 100, 50);
    load.config.arrival = ARRIVAL_POISSON;
    for (uint64_t workers = 2; workers <= 5; workers++) {
        struct schedule whole, parts[5];
        struct arrival_time one, other;
        schedule_init(&whole, &load.config, 15, 0, 1);
        for (uint64_t w = 0; w < workers; w++) {
            schedule_init(&parts[w], &load.config, 15, w, workers);
        }
        for (uint64_t i = 0; i < ARRIVALS; i++) {
            assert_true(schedule_next(&whole, &one));
            assert_true(schedule_next(&parts[i % workers], &other));
            assert_int_equal(one.at.ns, other.at.ns);
            assert_int_equal(one.stage, other.stage);
        }
    }
}

static void test_one_seed_makes_the_same_arrivals(void **state)
{
    (void)state;
    struct load load = {0};
    struct schedule first, again, other;
    int same = 0;

    add_stage(&load, DURATION_FOREVER, 100, 100);
    load.config.arrival = ARRIVAL_POISSON;
    schedule_init(&first, &load.config, 3, 0, 1);
    schedule_init(&again, &load.config, 3, 0, 1);
    schedule_init(&other, &load.config, 4, 0, 1);
    for (int i = 0; i < 1000; i++) {
        struct arrival_time a, b, c;
        assert_true(schedule_next(&first, &a));
        assert_true(schedule_next(&again, &b));
        assert_true(schedule_next(&other, &c));
        assert_int_equal(a.at.ns, b.at.ns);
        same += a.at.ns == c.at.ns;
    }
    assert_int_equal(same, 0);
}

static void test_shares_sum_to_the_whole(void **state)
{
    (void)state;
    const uint64_t totals[] = {0, 1, 2, 7, 64, 1000003, UINT64_MAX};

    for (size_t i = 0; i < array_length(totals); i++) {
        for (uint64_t workers = 1; workers < 40; workers++) {
            uint64_t sum = 0;
            for (uint64_t w = 0; w < workers; w++) {
                uint64_t share = share_of(totals[i], w, workers);
                assert_true(share - totals[i] / workers <= 1);
                assert_true(sum == share_before(totals[i], w, workers));
                sum += share;
            }
            assert_true(sum == totals[i]);
            assert_true(sum == share_before(sum, workers, workers));
        }
    }
}

/* The first `total` arrivals of the union, dealt out in turn, are the shares:
 * that lets each worker stop by itself. */
static void test_shares_agree_with_the_dealing(void **state)
{
    (void)state;
    for (uint64_t workers = 1; workers < 9; workers++) {
        for (uint64_t total = 0; total < 50; total++) {
            uint64_t dealt[9] = {0};
            for (uint64_t k = 0; k < total; k++) {
                dealt[k % workers]++;
            }
            for (uint64_t w = 0; w < workers; w++) {
                assert_int_equal(share_of(total, w, workers), dealt[w]);
            }
        }
    }
}

/* Whoever splits a worker's connections among its clients gives each what it
 * has of all: whatever the threads, no client gains or loses one. */
static void check_own_connections(const struct load_config *load,
                                  uint64_t workers)
{
    uint64_t client = 0, sum = 0;

    for (uint64_t w = 0; w < workers; w++) {
        uint64_t mine = share_of_connections(load, w, workers);
        uint64_t clients = share_of(load->clients, w, workers);
        for (uint64_t i = 0; i < clients; i++) {
            assert_int_equal(
                share_of(mine, i, clients),
                share_of(load->connections, client++, load->clients));
        }
        sum += mine;
    }
    assert_int_equal(client, load->clients);
    assert_int_equal(sum, load->connections);
}

static void test_connections_are_dealt_to_clients_exactly(void **state)
{
    (void)state;
    for (uint64_t workers = 1; workers < 7; workers++) {
        for (uint64_t clients = workers; clients < 20; clients++) {
            for (uint64_t count = clients; count < 70; count++) {
                struct load_config load = {.clients = clients,
                                           .connections = count,
                                           .pool = POOL_PER_CLIENT};
                check_own_connections(&load, workers);
            }
        }
    }
}

static void test_shared_connections_are_dealt_to_workers(void **state)
{
    (void)state;
    const struct load_config load = {.clients = 4, .connections = 7};

    /* With a pool a client, the two of the first worker have 2 each. */
    assert_int_equal(share_of_connections(&load, 0, 3), 3);
    assert_int_equal(share_of_connections(&load, 1, 3), 2);
    assert_int_equal(share_of_connections(&load, 2, 3), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constant_arrivals_interleave_exactly),
        cmocka_unit_test(test_an_hour_at_20000_per_s_does_not_drift),
        cmocka_unit_test(test_a_month_later_it_is_exact_still),
        cmocka_unit_test(test_a_slow_rate_needs_no_whole_number),
        cmocka_unit_test(test_a_boundary_belongs_to_the_next_stage),
        cmocka_unit_test(test_a_pause_has_no_arrivals),
        cmocka_unit_test(test_a_ramp_inverts_the_quadratic),
        cmocka_unit_test(test_any_stages_follow_the_integral),
        cmocka_unit_test(test_the_stage_contains_the_arrival),
        cmocka_unit_test(test_poisson_gaps_are_exponential),
        cmocka_unit_test(test_poisson_counts_of_the_union),
        cmocka_unit_test(test_poisson_is_one_stream),
        cmocka_unit_test(test_one_seed_makes_the_same_arrivals),
        cmocka_unit_test(test_shares_sum_to_the_whole),
        cmocka_unit_test(test_shares_agree_with_the_dealing),
        cmocka_unit_test(test_connections_are_dealt_to_clients_exactly),
        cmocka_unit_test(test_shared_connections_are_dealt_to_workers),
    };
    return cmocka_run_group_tests_name("load/schedule", tests, NULL, NULL);
}
