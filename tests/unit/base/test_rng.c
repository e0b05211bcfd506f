#include "base/rng.h"

#include "base/must.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../expect_bug.h"

enum { DRAWS = 200000 };

/* Xoshiro256** from the state 1, 2, 3, 4, as other libraries publish it. */
static void test_published_vector(void **state)
{
    (void)state;
    static const uint64_t expected[] = {
        UINT64_C(11520),
        UINT64_C(0),
        UINT64_C(1509978240),
        UINT64_C(1215971899390074240),
        UINT64_C(1216172134540287360),
        UINT64_C(607988272756665600),
        UINT64_C(16172922978634559625),
        UINT64_C(8476171486693032832),
        UINT64_C(10595114339597558777),
        UINT64_C(2904607092377533576),
    };
    struct rng rng = {{1, 2, 3, 4}};
    for (size_t i = 0; i < array_length(expected); i++) {
        assert_true(rng_next(&rng) == expected[i]);
    }
}

static void test_a_stream_is_a_value(void **state)
{
    (void)state;
    struct rng rng = rng_stream(5, RNG_ARRIVAL, 6);
    struct rng snapshot = rng;
    uint64_t first = rng_next(&rng);
    assert_true(rng_next(&snapshot) == first);
    struct rng again = rng_stream(5, RNG_ARRIVAL, 6);
    assert_true(rng_next(&again) == first);
}

static void test_unit_range(void **state)
{
    (void)state;
    /* A state whose next word is zero. */
    struct rng low = {{0, 0, 0, 1}};
    assert_true(rng_unit(&low) == 0.0);
    struct rng rng = rng_stream(1, RNG_MIX, 0);
    double sum = 0;
    for (int i = 0; i < DRAWS; i++) {
        double u = rng_unit(&rng);
        assert_true(u >= 0.0 && u < 1.0);
        sum += u;
    }
    /* Five standard errors of a mean of uniforms: 5 / sqrt(12 n). */
    assert_true(fabs(sum / DRAWS - 0.5) < 5.0 / sqrt(12.0 * DRAWS));
}

static void test_below(void **state)
{
    (void)state;
    struct rng rng = rng_stream(1, RNG_MIX, 1);
    unsigned seen[7] = {0};
    for (int i = 0; i < 7000; i++) {
        uint64_t draw = rng_below(&rng, 7);
        assert_true(draw < 7);
        seen[draw]++;
    }
    for (size_t i = 0; i < 7; i++) {
        /* Five standard deviations of a binomial (7000, 1/7). */
        assert_true(fabs(seen[i] - 1000.0) < 5.0 * sqrt(7000.0 * 6 / 49));
    }
    assert_int_equal(rng_below(&rng, 1), 0);

    /* Two thirds of the range: without rejection the lower half would come
     * twice as often as the upper. */
    uint64_t bound = UINT64_MAX / 3 * 2;
    unsigned lower = 0;
    for (int i = 0; i < 10000; i++) {
        uint64_t draw = rng_below(&rng, bound);
        assert_true(draw < bound);
        lower += draw < bound / 2;
    }
    assert_true(fabs(lower - 5000.0) < 5.0 * 50.0);
    expect_bug(rng_below(&rng, 0));
}

/* Mean and variance of an exponential are m and m^2; five standard errors. */
static void test_exponential(void **state)
{
    (void)state;
    struct rng rng = rng_stream(2, RNG_SERVICE_TIME, 0);
    struct duration mean = duration_ms(10);
    double sum = 0;
    int above = 0;
    for (int i = 0; i < DRAWS; i++) {
        struct duration d = rng_exponential(&rng, mean);
        assert_true(d.ns >= 0);
        sum += (double)d.ns;
        above += d.ns > mean.ns;
    }
    double expected = (double)mean.ns;
    assert_true(fabs(sum / DRAWS - expected) < 5 * expected / sqrt(DRAWS));
    double p = exp(-1.0);
    assert_true(fabs(above - DRAWS * p) < 5 * sqrt(DRAWS * p * (1 - p)));
    assert_int_equal(rng_exponential(&rng, DURATION_ZERO).ns, 0);
}

static void test_normal(void **state)
{
    (void)state;
    struct rng rng = rng_stream(3, RNG_SERVICE_TIME, 0);
    double sum = 0, squares = 0;
    int within = 0;
    for (int i = 0; i < DRAWS; i++) {
        double x = rng_normal(&rng);
        sum += x;
        squares += x * x;
        within += fabs(x) < 1.0;
    }
    assert_true(fabs(sum / DRAWS) < 5 / sqrt(DRAWS));
    assert_true(fabs(squares / DRAWS - 1.0) < 5 * sqrt(2.0 / DRAWS));
    double p = erf(1.0 / sqrt(2.0));
    assert_true(fabs(within - DRAWS * p) < 5 * sqrt(DRAWS * p * (1 - p)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_vector),
        cmocka_unit_test(test_a_stream_is_a_value),
        cmocka_unit_test(test_unit_range),
        cmocka_unit_test(test_below),
        cmocka_unit_test(test_exponential),
        cmocka_unit_test(test_normal),
    };
    return cmocka_run_group_tests_name("base/rng", tests, NULL, NULL);
}
