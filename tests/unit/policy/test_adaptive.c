#include "policy/adaptive.h"

#include "base/must.h"

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct adaptive adaptive; /* too large for a small stack */
static struct adaptive_config config;
static struct rng rng;
static int64_t now_us;

static void start(enum adaptive_algorithm algorithm)
{
    adaptive_config_init(&config, algorithm);
    rng = rng_stream(1, RNG_JITTER, 0);
    now_us = 0;
    adaptive_init(&adaptive, &config, (struct instant){0}, &rng);
}

static void sample(double rtt_ms, unsigned in_flight, bool dropped)
{
    now_us += 1000;
    adaptive_on_sample(
        &adaptive, &config, (struct instant){now_us * NS_PER_US},
        duration_from_ns(rtt_ms * 1e6), in_flight, dropped, &rng);
}

/* From 20 and a least rtt of 10 ms; log10(20) is 1 in whole steps, so the
 * limit grows by 6 up to a queue of 1, by 1 below 3, stays to 6, and shrinks
 * by 1 beyond. The queue is ceil(20 * (1 - 10 / rtt)). */
static void test_vegas_steps(void **state)
{
    (void)state;
    static const struct {
        double rtt;
        unsigned in_flight;
        bool dropped;
        double expected;
    } rows[] = {
        {10.0, 20, false, 26},                      /* no queue */
        {10.5, 20, false, 26},                      /* 1 */
        {11.0, 20, false, 21},                      /* 2 */
        {11.7, 20, false, 20},                      /* 3 */
        {14.0, 20, false, 20},                      /* 6 */
        {15.0, 20, false, 19},                      /* 7 */
        {10.0, 9, false, 20},                       /* less than half in use */
        {10.0, 10, false, 26}, {10.0, 9, true, 19}, /* dropped */
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        start(ADAPTIVE_VEGAS);
        sample(10.0, 20, false); /* shows the least rtt and no more */
        assert_true(adaptive.limit == 20);
        sample(rows[i].rtt, rows[i].in_flight, rows[i].dropped);
        if (adaptive.limit != rows[i].expected) {
            fail_msg("row %zu: %g", i, adaptive.limit);
        }
    }
    start(ADAPTIVE_VEGAS);
    adaptive.limit = 150; /* steps of 2: 12 more */
    sample(10, 150, false);
    sample(10, 150, false);
    assert_true(adaptive.limit == 162);
    adaptive.limit = 1;
    sample(10, 1, true);
    assert_true(adaptive.limit == 1);
    adaptive.limit = 999;
    sample(10, 999, false);
    assert_int_equal(adaptive_limit(&adaptive), 1000);
}

/* The least rtt is forgotten after 15 to 30 times the limit samples. */
static void test_vegas_probes(void **state)
{
    (void)state;
    start(ADAPTIVE_VEGAS);
    sample(10, 20, false);
    int count = 1;
    while (adaptive.least_ns == 10 * NS_PER_MS && count < 1000) {
        adaptive.limit = 20;
        sample(12, 20, false);
        count++;
    }
    assert_int_equal(adaptive.least_ns, 12 * NS_PER_MS);
    assert_in_range(count, 300, 600);
}

/* A service with C places of 10 ms: n at once take 10 ms, or 10 n / C. The
 * limit settles where the queue is between alpha and beta. */
static void test_vegas_settles(void **state)
{
    (void)state;
    start(ADAPTIVE_VEGAS);
    config.probe_multiplier = 1000000; /* not the subject */
    const double places = 50;
    for (int i = 0; i < 5000; i++) {
        unsigned n = adaptive_limit(&adaptive);
        sample(n <= places ? 10 : 10 * n / places, n, false);
    }
    double queue = adaptive.limit - places;
    assert_true(queue >= 3 && queue <= 6);
}

static void test_gradient2(void **state)
{
    (void)state;
    /* All samples alike: the gradient is 1, and each step adds
     * 0.2 * 4. */
    start(ADAPTIVE_GRADIENT2);
    for (int i = 1; i <= 50; i++) {
        sample(10, 100, false);
        assert_true(fabs(adaptive.limit - (20 + 0.8 * i)) < 1e-9);
    }
    /* Up to 1.5 times the average is tolerated, by the average with the
     * sample in it: 10 + (15 - 10) * 2 / 601. */
    double before = adaptive.limit;
    sample(15, 100, false);
    assert_true(fabs(adaptive.limit - (before + 0.8)) < 1e-9);
    /* A sample of 40: average * 1.5 / 40. */
    before = adaptive.limit;
    double average = 10 + 5.0 * 2 / 601;
    average += (40 - average) * 2 / 601;
    double gradient = 1.5 * average / 40;
    gradient = gradient < 0.5 ? 0.5 : gradient;
    sample(40, 100, false);
    assert_true(fabs(adaptive.limit -
                     (0.8 * before + 0.2 * (before * gradient + 4))) < 1e-9);

    /* Not while less than half is in use. */
    before = adaptive.limit;
    sample(10, 20, false);
    assert_true(adaptive.limit == before);
    for (int i = 0; i < 1000; i++) {
        sample(10, 1000, false);
    }
    assert_true(adaptive.limit == 200);
    for (int i = 0; i < 40; i++) {
        sample(1000, 1000, false);
    }
    assert_true(adaptive.limit < 100 && adaptive.limit >= 20);

    /* Ten samples are a plain mean. After a spell of slow ones, the average
     * comes down by 5 % a sample too. */
    start(ADAPTIVE_GRADIENT2);
    for (int i = 1; i <= 10; i++) {
        sample(i, 1, false);
    }
    assert_true(fabs(adaptive.long_ns - 5.5e6) < 1e-3);
    sample(2, 1, false);
    double expected = (5.5e6 + (2e6 - 5.5e6) * 2 / 601) * 0.95;
    assert_true(fabs(adaptive.long_ns - expected) < 1e-3);
}

static void test_aimd(void **state)
{
    (void)state;
    start(ADAPTIVE_AIMD);
    sample(10, 9, false);
    assert_true(adaptive.limit == 20);
    sample(10, 10, false);
    assert_true(adaptive.limit == 21);
    for (int i = 0; i < 300; i++) {
        sample(10, 200, false);
    }
    assert_true(adaptive.limit == 200);
    sample(10, 200, true);
    assert_true(adaptive.limit == 180);
    sample(5001, 1, false); /* as bad as a drop */
    assert_true(adaptive.limit == 162);
    sample(5000, 1, false);
    assert_true(adaptive.limit == 162);
    sample(10, 1, true); /* 145.8 */
    assert_true(adaptive.limit == 145);
    for (int i = 0; i < 100; i++) {
        sample(10, 1, true);
    }
    assert_true(adaptive.limit == 20);
}

/* 50 samples at a limit of 3, then a step each 100 ms: L g + sqrt(L g), g of
 * 1.25 as long as nothing slows down. */
static void test_envoy_gradient(void **state)
{
    (void)state;
    start(ADAPTIVE_ENVOY_GRADIENT);
    assert_int_equal(adaptive_limit(&adaptive), 3);
    for (int i = 0; i < 50; i++) {
        assert_true(adaptive.measuring);
        sample(10, 3, false);
    }
    assert_false(adaptive.measuring);
    double expected = 3;
    for (int window = 0; window < 3; window++) {
        for (int i = 0; i < 100; i++) {
            assert_true(fabs(adaptive.limit - expected) < 1e-9);
            sample(10, 3, false);
        }
        expected = expected * 1.25 + sqrt(expected * 1.25);
        assert_true(fabs(adaptive.limit - expected) < 1e-9);
    }

    /* Twice as slow as it may be, and more: the gradient is at least half. */
    for (int i = 0; i < 100; i++) {
        sample(1000, 3, false);
    }
    expected = expected * 0.5 + sqrt(expected * 0.5);
    assert_true(fabs(adaptive.limit - expected) < 1e-9);

    /* L / 2 + sqrt(L / 2) is below L from 2 on: it sinks to 3, and after
     * five windows there the least rtt is measured anew. */
    int windows = 0;
    while (!adaptive.measuring && windows < 50) {
        for (int i = 0; i < 100 && !adaptive.measuring; i++) {
            sample(1000, 3, false);
        }
        windows++;
    }
    assert_in_range(windows, 6, 20);
    for (int i = 0; i < 50; i++) {
        sample(1000, 3, false);
    }
    assert_true(adaptive.least_ns >= 1000 * NS_PER_MS);
    assert_true(adaptive.limit == 3);

    /* And anyhow after a minute and up to 15 % more. */
    int64_t measured_us = now_us;
    while (!adaptive.measuring) {
        sample(1000, 3, false);
    }
    assert_in_range(now_us - measured_us, 60000000, 69002000);
    /* With the limit that it had, it goes on. */
    double before = adaptive.limit_before;
    assert_true(before > 100);
    for (int i = 0; i < 50; i++) {
        sample(1000, 3, false);
    }
    assert_true(adaptive.limit == before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vegas_steps),
        cmocka_unit_test(test_vegas_probes),
        cmocka_unit_test(test_vegas_settles),
        cmocka_unit_test(test_gradient2),
        cmocka_unit_test(test_aimd),
        cmocka_unit_test(test_envoy_gradient),
    };
    return cmocka_run_group_tests_name("policy/adaptive", tests, NULL, NULL);
}
