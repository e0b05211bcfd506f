#include "policy/backoff.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct duration ms(double count)
{
    return duration_from_ns(count * (double)NS_PER_MS);
}

static struct backoff_config exponential(double initial_ms, double max_ms,
                                         double low, double high)
{
    return (struct backoff_config){
        .type = BACKOFF_EXPONENTIAL,
        .initial = ms(initial_ms),
        .multiplier = 2.0,
        .max = max_ms > 0 ? ms(max_ms) : DURATION_FOREVER,
        .jitter = {.mult_low = low, .mult_high = high},
    };
}

static struct duration first(const struct backoff_config *config, unsigned n,
                             double u)
{
    struct backoff_state state = {.previous = DURATION_ZERO};
    return backoff_delay(config, &state, n, u, u);
}

/* Rows in ms for u = 0, 0.5 and 1. */
static void expect_rows(const char *name, const struct backoff_config *config,
                        size_t count, const double rows[][3])
{
    static const double draws[3] = {0.0, 0.5, 1.0};
    for (unsigned n = 0; n < count; n++) {
        for (size_t i = 0; i < 3; i++) {
            struct duration got = first(config, n, draws[i]);
            struct duration want = ms(rows[n][i]);
            if (got.ns != want.ns) {
                fail_msg("%s retry %u u=%g: %lld ns, expected %lld", name,
                         n + 1, draws[i], (long long)got.ns,
                         (long long)want.ns);
            }
        }
    }
}

/* The delays of real clients, from their documentation and source. */
static void test_real_clients(void **state)
{
    (void)state;
    struct backoff_config config = exponential(50, 20000, 0, 1);
    expect_rows("AWS standard 2026, transient", &config, 4,
                (const double[][3]){
                    {0, 25, 50}, {0, 50, 100}, {0, 100, 200}, {0, 200, 400}});

    config = exponential(1000, 20000, 0, 1);
    expect_rows("botocore standard", &config, 5,
                (const double[][3]){{0, 500, 1000},
                                    {0, 1000, 2000},
                                    {0, 2000, 4000},
                                    {0, 4000, 8000},
                                    {0, 8000, 16000}});

    config = exponential(1000, 20000, 0, 1);
    config.exponent_offset = 1;
    expect_rows("AWS SDK for Go v2", &config, 4,
                (const double[][3]){{0, 1000, 2000},
                                    {0, 2000, 4000},
                                    {0, 4000, 8000},
                                    {0, 8000, 16000}});

    config = exponential(500, 20000, 0.5, 1);
    expect_rows("AWS SDK for Java legacy, throttled", &config, 3,
                (const double[][3]){
                    {250, 375, 500}, {500, 750, 1000}, {1000, 1500, 2000}});

    config = exponential(25, 250, 0, 1);
    expect_rows("Envoy", &config, 5,
                (const double[][3]){{0, 12.5, 25},
                                    {0, 25, 50},
                                    {0, 50, 100},
                                    {0, 100, 200},
                                    {0, 125, 250}});

    config = exponential(100, 1000, 0.8, 1.2);
    expect_rows("gRPC example", &config, 5,
                (const double[][3]){{80, 100, 120},
                                    {160, 200, 240},
                                    {320, 400, 480},
                                    {640, 800, 960},
                                    {800, 1000, 1200}});

    config = exponential(25, 250, 1, 2);
    config.cap = CAP_BOTH;
    expect_rows(
        "Linkerd annotation", &config, 4,
        (const double[][3]){
            {25, 37.5, 50}, {50, 75, 100}, {100, 150, 200}, {200, 250, 250}});
}

static void test_real_clients_with_a_floor(void **state)
{
    (void)state;
    struct backoff_config config = exponential(250, 5000, 0.5, 1);
    config.floor = ms(500);
    expect_rows("Stripe for node", &config, 4,
                (const double[][3]){{500, 500, 500},
                                    {500, 500, 500},
                                    {500, 750, 1000},
                                    {1000, 1500, 2000}});

    config = exponential(500, 5000, 0.5, 1);
    config.floor = ms(500);
    expect_rows("Stripe for python", &config, 4,
                (const double[][3]){{500, 500, 500},
                                    {500, 750, 1000},
                                    {1000, 1500, 2000},
                                    {2000, 3000, 4000}});

    config = exponential(800, 60000, 0.8, 1.2);
    config.cap = CAP_FINAL;
    expect_rows("Azure for .NET", &config, 4,
                (const double[][3]){{640, 800, 960},
                                    {1280, 1600, 1920},
                                    {2560, 3200, 3840},
                                    {5120, 6400, 7680}});

    config = exponential(800, 120000, 1, 1);
    config.immediate_retries = 1;
    expect_rows("Azure for python", &config, 4,
                (const double[][3]){{0, 0, 0},
                                    {1600, 1600, 1600},
                                    {3200, 3200, 3200},
                                    {6400, 6400, 6400}});

    /* got: 1 s doubling, up to 100 ms more. */
    config = exponential(1000, 0, 1, 1);
    config.jitter.add_high = ms(100);
    expect_rows("got", &config, 2,
                (const double[][3]){{1000, 1050, 1100}, {2000, 2050, 2100}});
}

/* Clients whose waits grow by other laws than doubling. */
static void test_real_clients_with_other_growth(void **state)
{
    (void)state;
    struct backoff_config config = exponential(500, 5000, 0.75, 1);
    config.type = BACKOFF_QUADRATIC;
    config.increment = ms(500);
    config.floor = ms(500);
    expect_rows("Stripe for Go", &config, 4,
                (const double[][3]){{500, 500, 500},
                                    {750, 875, 1000},
                                    {1875, 2187.5, 2500},
                                    {3750, 4375, 5000}});

    config = exponential(0, 0, 1, 1);
    config.type = BACKOFF_QUADRATIC;
    config.increment = ms(1000);
    config.exponent_offset = 1;
    expect_rows("Octokit", &config, 3,
                (const double[][3]){{1000, 1000, 1000},
                                    {4000, 4000, 4000},
                                    {9000, 9000, 9000}});

    config = exponential(800, 60000, 0.8, 1.3);
    config.type = BACKOFF_EXPONENTIAL_MINUS_ONE;
    config.cap = CAP_FINAL;
    expect_rows("Azure for Go", &config, 4,
                (const double[][3]){{640, 840, 1040},
                                    {1920, 2520, 3120},
                                    {4480, 5880, 7280},
                                    {9600, 12600, 15600}});

    config = exponential(4000, 0, 1, 1);
    config.type = BACKOFF_EXPONENTIAL_MINUS_ONE;
    config.exponent_offset = -1;
    expect_rows("Azure blobs for JavaScript", &config, 3,
                (const double[][3]){
                    {0, 0, 0}, {4000, 4000, 4000}, {12000, 12000, 12000}});
    config.initial = ms(500);
    config.floor = ms(100);
    expect_rows("gaxios", &config, 3,
                (const double[][3]){
                    {100, 100, 100}, {500, 500, 500}, {1500, 1500, 1500}});

    config = exponential(1000, 10000, 1, 1);
    config.type = BACKOFF_LINEAR;
    config.increment = ms(1000);
    for (unsigned n = 0; n < 20; n++) { /* wget: 1, 2, 3 ... 10, 10 s */
        assert_int_equal(first(&config, n, 0.3).ns,
                         ms(n < 10 ? 1000.0 * (n + 1) : 10000).ns);
    }
}

static void test_refined_jitter(void **state)
{
    (void)state;
    struct backoff_config config = exponential(1000, 20000, 0, 1);
    config.exponent_offset = 1;
    config.jitter.at_cap = NO;
    expect_rows("AWS SDK for Go v2: none at the cap", &config, 5,
                (const double[][3]){{0, 1000, 2000},
                                    {0, 2000, 4000},
                                    {0, 4000, 8000},
                                    {0, 8000, 16000},
                                    {20000, 20000, 20000}});
    config.jitter.at_cap = YES;
    assert_int_equal(first(&config, 4, 0.5).ns, ms(10000).ns);

    config = exponential(100, 1000, 0.8, 1.2);
    config.jitter.mult_from = 2;
    expect_rows("gRPC C core: the first wait is exact", &config, 2,
                (const double[][3]){{100, 100, 100}, {160, 200, 240}});

    /* LinearJitterBackoff of retryablehttp: (min + U * (max - min)) * k. */
    config = exponential(100, 0, 1, 1);
    config.type = BACKOFF_LINEAR;
    config.increment = ms(100);
    config.jitter.add_high = ms(60);
    config.jitter.add_scales = true;
    expect_rows("linear, spread as it grows", &config, 3,
                (const double[][3]){
                    {100, 130, 160}, {200, 260, 320}, {300, 390, 480}});

    /* Spring 7: U(x - j', x + j'), j' = j * x / initial, not below initial,
     * capped at last. */
    config = exponential(1000, 4500, 1, 1);
    config.cap = CAP_FINAL;
    config.floor = ms(1000);
    config.jitter.add_low = ms(-200);
    config.jitter.add_high = ms(200);
    config.jitter.add_scales = true;
    expect_rows("Spring 7", &config, 3,
                (const double[][3]){{1000, 1000, 1200},
                                    {1600, 2000, 2400},
                                    {3200, 4000, 4500}});
}

/* The curve of Polly, to the nanosecond: computed apart from this program,
 * in Python, as 2^t * tanh(sqrt(4t)). In whole milliseconds they are the
 * published 0/1795/2754, 2754/2186/2920, 2920/4071/5732, 5732/8092/11436. */
static void test_decorrelated_v2(void **state)
{
    (void)state;
    static const int64_t expected[3][4] = {
        {0, 2754364515, 2920134602, 5731699725},
        {1794809871, 2186007095, 4071495925, 8091958846},
        {2754364515, 2920134602, 5731699725, 11435613724}};
    struct backoff_config config = exponential(2000, 0, 0.1, 0.2);
    config.type = BACKOFF_DECORRELATED_V2;
    for (size_t row = 0; row < 3; row++) {
        struct backoff_state curve = {.previous = DURATION_ZERO};
        for (unsigned n = 0; n < 4; n++) {
            int64_t ns =
                backoff_delay(&config, &curve, n, 0.5 * (double)row, 0.7).ns;
            /* libm of another machine may round the last bit otherwise. */
            assert_in_range(ns - expected[row][n] + 1, 0, 2);
        }
    }

    config.max = ms(3000);
    struct backoff_state curve = {.previous = DURATION_ZERO};
    for (unsigned n = 0; n < 3; n++) {
        backoff_delay(&config, &curve, n, 0.5, 0);
    }
    assert_int_equal(backoff_delay(&config, &curve, 3, 0.5, 0).ns,
                     ms(3000).ns);
    assert_int_equal(backoff_delay(&config, &curve, 4000000000u, 0.5, 0).ns,
                     ms(3000).ns);

    backoff_restart(&curve, 5);
    assert_int_equal(curve.origin, 5);
    assert_in_range(backoff_delay(&config, &curve, 0, 0.5, 0).ns,
                    expected[1][0] - 1, expected[1][0] + 1);
}

static void test_growth(void **state)
{
    (void)state;
    struct backoff_config config = exponential(100, 0, 1, 1);
    config.increment = ms(30);
    config.list_count = 3;
    config.list[0] = ms(7);
    config.list[1] = ms(5);
    config.list[2] = ms(11);
    static const struct {
        enum backoff_type type;
        double delays[5];
    } rows[] = {
        {BACKOFF_NONE, {0, 0, 0, 0, 0}},
        {BACKOFF_CONSTANT, {100, 100, 100, 100, 100}},
        {BACKOFF_LINEAR, {100, 130, 160, 190, 220}},
        {BACKOFF_EXPONENTIAL, {100, 200, 400, 800, 1600}},
        {BACKOFF_LIST, {7, 5, 11, 11, 11}},
        {BACKOFF_QUADRATIC, {100, 130, 220, 370, 580}},
        {BACKOFF_EXPONENTIAL_MINUS_ONE, {100, 300, 700, 1500, 3100}},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        config.type = rows[i].type;
        for (unsigned n = 0; n < 5; n++) {
            assert_int_equal(first(&config, n, 0.3).ns,
                             ms(rows[i].delays[n]).ns);
        }
    }
    config.type = BACKOFF_LIST;
    config.list_count = 0;
    assert_int_equal(first(&config, 0, 0.3).ns, 0);
}

static void test_exponent_offset(void **state)
{
    (void)state;
    struct backoff_config config = exponential(800, 0, 1, 1);
    config.exponent_offset = -2;
    assert_int_equal(first(&config, 0, 0).ns, ms(200).ns);
    assert_int_equal(first(&config, 1, 0).ns, ms(400).ns);
    assert_int_equal(first(&config, 2, 0).ns, ms(800).ns);

    config.type = BACKOFF_LINEAR;
    config.increment = ms(500);
    assert_int_equal(first(&config, 0, 0).ns, 0); /* -200 ms is no wait */
    assert_int_equal(first(&config, 1, 0).ns, ms(300).ns);
}

static void test_huge_growth_saturates(void **state)
{
    (void)state;
    struct backoff_config config = exponential(100, 0, 0, 1);
    assert_int_equal(first(&config, 4000000000u, 1.0).ns, INT64_MAX);
    assert_int_equal(first(&config, 4000000000u, 0.0).ns, 0);
    config.max = ms(250);
    assert_int_equal(first(&config, 4000000000u, 1.0).ns, ms(250).ns);
    config.multiplier = 0.5;
    config.max = DURATION_FOREVER;
    assert_int_equal(first(&config, 4000000000u, 1.0).ns, 0);
    config.multiplier = 2.0;
    config.type = BACKOFF_EXPONENTIAL_MINUS_ONE;
    assert_int_equal(first(&config, 4000000000u, 1.0).ns, INT64_MAX);
    config.type = BACKOFF_QUADRATIC;
    config.increment = ms(1000);
    assert_int_equal(first(&config, 4000000000u, 1.0).ns, INT64_MAX);
}

static void test_floor_wins_over_max(void **state)
{
    (void)state;
    struct backoff_config config = exponential(100, 200, 1, 1);
    config.cap = CAP_BOTH;
    config.floor = ms(300);
    assert_int_equal(first(&config, 3, 0).ns, ms(300).ns);
    config.immediate_retries = 4;
    assert_int_equal(first(&config, 3, 0).ns, 0);
    assert_int_equal(first(&config, 4, 0).ns, ms(300).ns);
}

/* The fixed point of each draw can be computed by hand: u = 1 triples the
 * wait until the cap, u = 0 stays at the lower end. */
static void test_decorrelated(void **state)
{
    (void)state;
    struct backoff_config config = {
        .type = BACKOFF_DECORRELATED,
        .initial = ms(100),
        .max = ms(2000),
    };
    struct backoff_state up = {.previous = DURATION_ZERO};
    static const double tripled[] = {300, 900, 2000, 2000};
    for (unsigned n = 0; n < 4; n++) {
        assert_int_equal(backoff_delay(&config, &up, n, 1.0, 0).ns,
                         ms(tripled[n]).ns);
    }
    assert_int_equal(backoff_delay(&config, &up, 4, 0.0, 0).ns, ms(100).ns);
    assert_int_equal(backoff_delay(&config, &up, 5, 0.5, 0).ns, ms(200).ns);
    assert_int_equal(backoff_delay(&config, &up, 6, 0.5, 0).ns, ms(350).ns);

    config.decorrelated_low = LOW_PREVIOUS;
    struct backoff_state from = {.previous = DURATION_ZERO};
    assert_int_equal(backoff_delay(&config, &from, 0, 0.5, 0).ns, ms(200).ns);
    assert_int_equal(backoff_delay(&config, &from, 1, 0.0, 0).ns, ms(200).ns);
    assert_int_equal(backoff_delay(&config, &from, 2, 0.5, 0).ns, ms(400).ns);
    assert_int_equal(backoff_delay(&config, &from, 3, 1.0, 0).ns, ms(1200).ns);
    assert_int_equal(backoff_delay(&config, &from, 4, 1.0, 0).ns, ms(2000).ns);
}

/* The worked example of the header. */
static void test_example(void **state)
{
    static const struct {
        double low, high; /* mult */
        int add_ms;       /* at most */
        enum backoff_cap cap;
        double u;
        int waits_ms[6];
    } rows[] = {
        {1, 1, 0, CAP_BASE, 0, {100, 200, 400, 800, 1000, 1000}},
        {0, 1, 0, CAP_BASE, 0.5, {50, 100, 200, 400, 500, 500}},
        {0.5, 1, 0, CAP_BASE, 0.5, {75, 150, 300, 600, 750, 750}},
        {1, 1, 100, CAP_BASE, 1, {200, 300, 500, 900, 1100, 1100}},
        {1, 1, 100, CAP_FINAL, 1, {200, 300, 500, 900, 1000, 1000}},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct backoff_state backoff = {.previous = DURATION_ZERO};
        struct backoff_config config = {
            .type = BACKOFF_EXPONENTIAL,
            .initial = ms(100),
            .multiplier = 2,
            .max = ms(1000),
            .cap = rows[i].cap,
            .jitter = {.mult_low = rows[i].low,
                       .mult_high = rows[i].high,
                       .add_high = ms(rows[i].add_ms)},
        };
        for (unsigned n = 0; n < 6; n++) {
            struct duration wait =
                backoff_delay(&config, &backoff, n, rows[i].u, rows[i].u);
            assert_int_equal(wait.ns, ms(rows[i].waits_ms[n]).ns);
        }
    }
}

/* Whatever the configuration, a delay moves its stream by two draws. */
static void test_always_two_draws(void **state)
{
    (void)state;
    for (int type = 0; type < BACKOFF_TYPE_COUNT; type++) {
        struct backoff_config config = exponential(100, 0, 0, 1);
        config.type = (enum backoff_type)type;
        struct backoff_state backoff = {.previous = DURATION_ZERO};
        struct rng drawn = rng_stream(1, RNG_JITTER, 2);
        struct rng counted = drawn;
        backoff_next(&config, &backoff, 0, &drawn);
        rng_next(&counted);
        rng_next(&counted);
        assert_memory_equal(&drawn, &counted, sizeof(drawn));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example),
        cmocka_unit_test(test_real_clients),
        cmocka_unit_test(test_real_clients_with_a_floor),
        cmocka_unit_test(test_real_clients_with_other_growth),
        cmocka_unit_test(test_refined_jitter),
        cmocka_unit_test(test_decorrelated_v2),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_exponent_offset),
        cmocka_unit_test(test_huge_growth_saturates),
        cmocka_unit_test(test_floor_wins_over_max),
        cmocka_unit_test(test_decorrelated),
        cmocka_unit_test(test_always_two_draws),
    };
    return cmocka_run_group_tests_name("policy/backoff", tests, NULL, NULL);
}
