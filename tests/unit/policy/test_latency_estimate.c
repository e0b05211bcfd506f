#include "policy/latency_estimate.h"

#include "base/must.h"
#include "base/rng.h"

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct latency_estimate estimate; /* too large for a small stack */

static struct instant at_ms(int64_t ms)
{
    return (struct instant){ms * NS_PER_MS};
}

static struct latency_config config_of(double quantile)
{
    return (struct latency_config){.quantile = quantile,
                                   .window = duration_s(30)};
}

/* One sample comes back as itself, at most 1/32 more, at every size. */
static void test_resolution(void **state)
{
    (void)state;
    struct latency_config config = config_of(1.0);
    const uint64_t seed = 2013;
    struct rng rng = rng_stream(seed, RNG_MIX, 0);
    print_message("seed %" PRIu64 "\n", seed);
    for (int i = 0; i < 2000; i++) {
        /* From 1 ns to a day. */
        int64_t ns = (int64_t)exp(rng_unit(&rng) * log(86400e9));
        latency_estimate_init(&estimate);
        latency_estimate_add(&estimate, &config, at_ms(0),
                             (struct duration){ns});
        int64_t got =
            latency_estimate_quantile(&estimate, &config, at_ms(0)).ns;
        if (got < ns || got > ns + ns / 32 + 64) {
            fail_msg("%lld ns came back as %lld", (long long)ns,
                     (long long)got);
        }
    }
    /* What is beyond all bins is in the last one. */
    latency_estimate_init(&estimate);
    latency_estimate_add(&estimate, &config, at_ms(0), DURATION_FOREVER);
    assert_true(latency_estimate_quantile(&estimate, &config, at_ms(0)).ns >=
                86400 * NS_PER_S);
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Against sorting: the sample of rank ceil(q n), within a bin. */
static void test_quantiles(void **state)
{
    (void)state;
    enum { SAMPLES = 5000 };
    static int64_t sorted[SAMPLES];
    const uint64_t seed = 56;
    struct rng rng = rng_stream(seed, RNG_MIX, 1);
    print_message("seed %" PRIu64 "\n", seed);
    struct latency_config config = config_of(0.5);
    latency_estimate_init(&estimate);
    for (size_t i = 0; i < SAMPLES; i++) {
        struct duration took = rng_exponential(&rng, duration_ms(10));
        sorted[i] = took.ns;
        latency_estimate_add(&estimate, &config, at_ms((int64_t)i), took);
    }
    qsort(sorted, SAMPLES, sizeof(sorted[0]), ascending);
    static const double quantiles[] = {0.0002, 0.5, 0.9, 0.95, 0.99, 1.0};
    for (size_t i = 0; i < array_length(quantiles); i++) {
        config.quantile = quantiles[i];
        size_t rank = (size_t)ceil(quantiles[i] * SAMPLES);
        int64_t expected = sorted[rank - 1];
        int64_t got =
            latency_estimate_quantile(&estimate, &config, at_ms(5000)).ns;
        assert_true(got >= expected && got <= expected + expected / 32 + 64);
    }
}

/* Old samples leave with their part, ten seconds at a time. */
static void test_moving(void **state)
{
    (void)state;
    struct latency_config config = config_of(0.99);
    latency_estimate_init(&estimate);
    for (int64_t ms = 0; ms < 60000; ms += 10) {
        latency_estimate_add(&estimate, &config, at_ms(ms),
                             duration_ms(ms < 20000 ? 100 : 5));
    }
    /* At 59.99 s only what came since 30 s is left. */
    int64_t got =
        latency_estimate_quantile(&estimate, &config, at_ms(59990)).ns;
    assert_true(got >= 5 * NS_PER_MS && got < 5200 * NS_PER_US);
    assert_int_equal(
        latency_estimate_quantile(&estimate, &config, at_ms(79999)).ns, got);
    assert_int_equal(
        latency_estimate_quantile(&estimate, &config, at_ms(80000)).ns,
        INT64_MAX);
}

static void test_limits(void **state)
{
    (void)state;
    struct latency_config config = config_of(0.5);
    config.min_samples = 3;
    config.refresh = duration_s(3);
    config.least = duration_ms(1);
    latency_estimate_init(&estimate);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            latency_estimate_quantile(&estimate, &config, at_ms(i)).ns,
            INT64_MAX);
        latency_estimate_add(&estimate, &config, at_ms(i), duration_us(10));
    }
    assert_int_equal(
        latency_estimate_quantile(&estimate, &config, at_ms(10)).ns,
        NS_PER_MS);
    /* Not worked out again before three seconds have gone by. */
    for (int i = 0; i < 10; i++) {
        latency_estimate_add(&estimate, &config, at_ms(20), duration_ms(50));
    }
    assert_int_equal(
        latency_estimate_quantile(&estimate, &config, at_ms(3009)).ns,
        NS_PER_MS);
    assert_true(
        latency_estimate_quantile(&estimate, &config, at_ms(3010)).ns >=
        50 * NS_PER_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resolution),
        cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_moving),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests_name("policy/latency_estimate", tests, NULL,
                                       NULL);
}
