#include "policy/rate_limit.h"

#include "base/must.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct instant at_ms(int64_t ms)
{
    return (struct instant){ms * NS_PER_MS};
}

static struct rate_limit_config bucket(double rate, double burst)
{
    return (struct rate_limit_config){.type = RATE_LIMIT_BUCKET,
                                      .rate_per_s = rate,
                                      .burst = burst,
                                      .max_wait = DURATION_FOREVER};
}

/* client-go: 5 a second, 10 at once. */
static void test_bucket(void **state)
{
    (void)state;
    struct rate_limit_config config = bucket(5, 10);
    struct rate_limit limit;
    struct duration wait;
    rate_limit_init(&limit, &config, at_ms(0));
    for (int i = 0; i < 10; i++) {
        assert_true(rate_limit_take(&limit, &config, at_ms(0), &wait));
        assert_int_equal(wait.ns, 0);
    }
    for (int i = 1; i <= 7; i++) { /* each waits 200 ms behind the last */
        assert_true(rate_limit_take(&limit, &config, at_ms(0), &wait));
        assert_int_equal(wait.ns, 200 * i * NS_PER_MS);
    }
    assert_true(rate_limit_take(&limit, &config, at_ms(1400), &wait));
    assert_int_equal(wait.ns, 200 * NS_PER_MS);
    assert_true(rate_limit_take(&limit, &config, at_ms(1800), &wait));
    assert_int_equal(wait.ns, 0);
    /* Never more than ten, however long it is quiet. */
    for (int i = 0; i < 10; i++) {
        assert_true(rate_limit_take(&limit, &config, at_ms(90000), &wait));
        assert_int_equal(wait.ns, 0);
    }
    assert_true(rate_limit_take(&limit, &config, at_ms(90000), &wait));
    assert_int_equal(wait.ns, 200 * NS_PER_MS);
}

/* The worked example of the header. */
static void test_example_of_the_bucket(void **state)
{
    static const int waits_ms[] = {0, 0, 0, 100, 200};
    struct rate_limit_config config = bucket(10, 3);
    struct rate_limit limit;
    struct duration wait;
    (void)state;
    config.max_wait = duration_ms(250);
    rate_limit_init(&limit, &config, at_ms(0));
    for (size_t i = 0; i < array_length(waits_ms); i++) {
        assert_true(rate_limit_take(&limit, &config, at_ms(0), &wait));
        assert_int_equal(wait.ns, waits_ms[i] * NS_PER_MS);
    }
    assert_false(rate_limit_take(&limit, &config, at_ms(0), &wait));
    for (size_t i = 0; i < 4; i++) {
        assert_true(rate_limit_take(&limit, &config, at_ms(1000), &wait));
        assert_int_equal(wait.ns, i < 3 ? 0 : 100 * NS_PER_MS);
    }
}

/* And of the cubic one, after 100 answers a second for long. */
static void test_example_of_the_cubic_limit(void **state)
{
    static const double rates[] = {70, 87, 96, 99, 100, 100, 102, 109, 122};
    struct rate_limit_config config = {.type = RATE_LIMIT_CUBIC,
                                       .max_wait = DURATION_FOREVER};
    struct rate_limit limit;
    int64_t ms = 0;
    (void)state;
    rate_limit_init(&limit, &config, at_ms(0));
    for (; ms < 60000; ms += 10) {
        rate_limit_on_answer(&limit, &config, at_ms(ms), false);
    }
    rate_limit_on_answer(&limit, &config, at_ms(ms), true);
    assert_true(fabs(limit.rate_per_s - 70) < 1);
    for (int second = 1; second <= 8; second++) {
        for (int i = 0; i < 100; i++) {
            ms += 10;
            rate_limit_on_answer(&limit, &config, at_ms(ms), false);
        }
        assert_true(fabs(limit.rate_per_s - rates[second]) < 1);
    }
}

static void test_longest_wait(void **state)
{
    (void)state;
    struct rate_limit_config config = bucket(10, 1);
    config.max_wait = duration_ms(250);
    struct rate_limit limit;
    struct duration wait;
    rate_limit_init(&limit, &config, at_ms(0));
    for (int i = 0; i < 3; i++) {
        assert_true(rate_limit_take(&limit, &config, at_ms(0), &wait));
        assert_int_equal(wait.ns, 100 * i * NS_PER_MS);
    }
    /* What is refused takes nothing. */
    assert_false(rate_limit_take(&limit, &config, at_ms(0), &wait));
    assert_false(rate_limit_take(&limit, &config, at_ms(49), &wait));
    assert_true(rate_limit_take(&limit, &config, at_ms(50), &wait));
    assert_int_equal(wait.ns, 250 * NS_PER_MS);
}

/* Over a long time, the rate is the rate: 7/s in steps that do not divide. */
static void test_long_run(void **state)
{
    (void)state;
    struct rate_limit_config config = bucket(7, 3);
    config.max_wait = DURATION_ZERO;
    struct rate_limit limit;
    struct duration wait;
    int sent = 0;
    rate_limit_init(&limit, &config, at_ms(0));
    for (int64_t ms = 0; ms < 1000000; ms++) {
        sent += rate_limit_take(&limit, &config, at_ms(ms), &wait);
    }
    /* A token that comes between two milliseconds is taken at the second. */
    assert_in_range(sent, 3 + 7 * 1000 - 1, 3 + 7 * 1000);
}

/* The law of the AWS SDKs after a throttling at 10/s: 7/s, and from there on
 * 0.4 (t - K)^3 + 10 with K = cbrt(7.5). */
static void test_cubic_law(void **state)
{
    (void)state;
    static const double expected[] = {7.0,
                                      9.64893600966,
                                      10.000030849917364,
                                      10.453284520772092,
                                      13.408697022224185,
                                      21.26626835427364,
                                      36.425998516920465};
    struct rate_limit_config config = {.type = RATE_LIMIT_CUBIC,
                                       .max_wait = DURATION_FOREVER};
    struct rate_limit limit;
    rate_limit_init(&limit, &config, at_ms(5000));
    limit.measured_per_s = 10;
    rate_limit_on_answer(&limit, &config, at_ms(5000), true);
    assert_true(limit.enabled);
    assert_true(fabs(limit.rate_per_s - 7) < 1e-9);
    for (size_t i = 0; i < array_length(expected); i++) {
        limit.measured_per_s = 1000; /* no cap by what is measured */
        limit.half_second = INT64_MAX;
        rate_limit_on_answer(&limit, &config, at_ms(5000 + 1000 * (int)i),
                             false);
        assert_true(fabs(limit.rate_per_s - expected[i]) < 1e-9);
        assert_true(limit.capacity == limit.rate_per_s);
    }
    /* At most twice of what is measured, at least one in two seconds. */
    limit.measured_per_s = 3;
    rate_limit_on_answer(&limit, &config, at_ms(12000), false);
    assert_true(limit.rate_per_s == 6);
    limit.measured_per_s = 0.1;
    rate_limit_on_answer(&limit, &config, at_ms(13000), false);
    assert_true(limit.rate_per_s == 0.5);
    assert_true(limit.capacity == 1);
}

/* Off until the first throttling; it measures all the while: 20 answers in
 * each half second are 40/s, of which 0.8 count at once. */
static void test_cubic_measures(void **state)
{
    (void)state;
    struct rate_limit_config config = {.type = RATE_LIMIT_CUBIC,
                                       .max_wait = DURATION_FOREVER};
    struct rate_limit limit;
    struct duration wait;
    rate_limit_init(&limit, &config, at_ms(0));
    for (int i = 1; i <= 100; i++) {
        rate_limit_on_answer(&limit, &config, at_ms(25 * i - 1), false);
        assert_true(
            rate_limit_take(&limit, &config, at_ms(25 * i - 1), &wait));
        assert_int_equal(wait.ns, 0);
    }
    /* Four ends of half seconds, the first one with one answer more. */
    double measured = 0;
    for (int i = 0; i < 4; i++) {
        measured = 0.2 * measured + 0.8 * (i == 0 ? 42 : 40);
    }
    assert_true(fabs(limit.measured_per_s - measured) < 1e-9);

    /* Throttled: 0.7 of it, and an empty bucket: the next one waits. */
    rate_limit_on_answer(&limit, &config, at_ms(2499), true);
    assert_true(fabs(limit.rate_per_s - 0.7 * measured) < 1e-9);
    assert_true(rate_limit_take(&limit, &config, at_ms(2499), &wait));
    assert_in_range(wait.ns, (int64_t)(1e9 / (0.7 * measured)) - 1,
                    (int64_t)(1e9 / (0.7 * measured)) + 1);
    /* Throttled again: from the lower of the two rates. */
    rate_limit_on_answer(&limit, &config, at_ms(2499), true);
    assert_true(fabs(limit.rate_per_s - 0.49 * measured) < 1e-9);
}

static void test_none(void **state)
{
    (void)state;
    struct rate_limit_config config = {.type = RATE_LIMIT_NONE};
    struct rate_limit limit;
    struct duration wait = {1};
    rate_limit_init(&limit, &config, at_ms(0));
    rate_limit_on_answer(&limit, &config, at_ms(0), true);
    assert_true(rate_limit_take(&limit, &config, at_ms(0), &wait));
    assert_int_equal(wait.ns, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bucket),
        cmocka_unit_test(test_example_of_the_bucket),
        cmocka_unit_test(test_example_of_the_cubic_limit),
        cmocka_unit_test(test_longest_wait),
        cmocka_unit_test(test_long_run),
        cmocka_unit_test(test_cubic_law),
        cmocka_unit_test(test_cubic_measures),
        cmocka_unit_test(test_none),
    };
    return cmocka_run_group_tests_name("policy/rate_limit", tests, NULL, NULL);
}
