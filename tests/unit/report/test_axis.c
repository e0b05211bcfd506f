/* Scales: ticks at round numbers, within both ends, never too many. */
#include "report/axis.h"

#include "base/must.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_near(double value, double wanted)
{
    assert_true(fabs(value - wanted) <= 1e-9 * fmax(1, fabs(wanted)));
}

static void assert_ticks(const struct axis *axis, const double *wanted,
                         size_t count)
{
    assert_int_equal(axis->count, count);
    for (size_t i = 0; i < count; i++) {
        assert_near(axis->ticks[i], wanted[i]);
    }
}

#define assert_axis(made, ...) \
    do { \
        const double wanted[] = {__VA_ARGS__}; \
        struct axis found = (made); \
        assert_ticks(&found, wanted, array_length(wanted)); \
    } while (0)

static void test_from_zero(void **state)
{
    (void)state;
    assert_axis(axis_from_zero(1000, 5), 0, 500, 1000);
    assert_axis(axis_from_zero(809, 5), 0, 500, 1000);
    assert_axis(axis_from_zero(1.129, 5), 0, 0.5, 1, 1.5);
    assert_axis(axis_from_zero(1.96e-3, 5), 0, 5e-4, 1e-3, 1.5e-3, 2e-3);
    assert_axis(axis_from_zero(1, 5), 0, 0.5, 1);
    /* There is always something to see. */
    assert_near(axis_from_zero(0, 5).high, 1);
    assert_near(axis_from_zero((double)NAN, 5).high, 1);
    assert_near(axis_from_zero((double)INFINITY, 5).high, 1);
    assert_near(axis_from_zero(1e-320, 5).high, 1);
    assert_near(axis_time((double)INFINITY, 5).high, 1);
    assert_near(axis_time((double)NAN, 5).high, 1);
}

static void test_counts_are_whole(void **state)
{
    (void)state;
    assert_axis(axis_counts(1, 5), 0, 1);
    assert_axis(axis_counts(3, 5), 0, 1, 2, 3);
    assert_axis(axis_counts(528, 5), 0, 200, 400, 600);
}

static void test_logarithmic(void **state)
{
    (void)state;
    assert_axis(axis_log(1200, 250000, 6), 1000, 10000, 100000, 1000000);
    assert_axis(axis_log(1200, 4000, 6), 1000, 2000, 5000);
    assert_axis(axis_log(2000, 4000, 6), 2000, 5000);
    /* One value alone has room on a side. */
    assert_axis(axis_log(1000, 1000, 6), 1000, 2000);
    /* Where decades are too many, only every second stands there. */
    assert_axis(axis_log(1, 1e9, 6), 1, 1e2, 1e4, 1e6, 1e8, 1e10);
}

static void test_time(void **state)
{
    (void)state;
    assert_axis(axis_time(25, 6), 0, 5, 10, 15, 20, 25);
    assert_axis(axis_time(26, 6), 0, 10, 20);
    assert_axis(axis_time(600, 6), 0, 120, 240, 360, 480, 600);
    assert_axis(axis_time(0.9, 6), 0, 0.2, 0.4, 0.6, 0.8);
    assert_axis(axis_time(86400, 6), 0, 21600, 43200, 64800, 86400);
    assert_near(axis_time(26, 6).high, 26);
    for (double seconds = 0.001; seconds < 1e8; seconds *= 1.37) {
        struct axis axis = axis_time(seconds, 6);
        assert_true(axis.count >= 2 && axis.count <= 6);
        assert_true(axis.ticks[axis.count - 1] <= seconds * 1.0001);
    }
}

static void test_ends_hold_the_values(void **state)
{
    (void)state;
    for (double low = 1; low < 1e6; low *= 3.7) {
        for (double high = low; high < 1e10; high *= 2.9) {
            struct axis axis = axis_log(low, high, 7);
            assert_true(axis.low <= low * 1.0001);
            assert_true(axis.high >= high * 0.9999);
            assert_true(axis.count >= 2 && axis.count <= 7);
        }
    }
    for (double high = 1e-6; high < 1e12; high *= 1.7) {
        struct axis axis = axis_from_zero(high, 5);
        assert_true(axis.high >= high * 0.9999);
        assert_true(axis.count >= 2 && axis.count <= 5);
        assert_near(axis.ticks[axis.count - 1], axis.high);
    }
}

static void test_places(void **state)
{
    struct axis linear = axis_from_zero(1000, 5);
    struct axis log = axis_log(10, 1000, 3);

    (void)state;
    assert_near(axis_place(&linear, 0), 0);
    assert_near(axis_place(&linear, 250), 0.25);
    assert_near(axis_place(&linear, 2000), 1);
    assert_near(axis_place(&linear, -1), 0);
    assert_near(axis_place(&log, 10), 0);
    assert_near(axis_place(&log, 100), 0.5);
    assert_near(axis_place(&log, 1000), 1);
    assert_near(axis_place(&log, 0), 0);
    assert_true(isnan(axis_place(&log, (double)NAN)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from_zero),
        cmocka_unit_test(test_counts_are_whole),
        cmocka_unit_test(test_logarithmic),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_ends_hold_the_values),
        cmocka_unit_test(test_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
