#include "base/instant.h"

#include "base/must.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const int64_t edges[] = {INT64_MIN, INT64_MIN + 1, -NS_PER_S, -1, 0, 1,
                                NS_PER_S,  INT64_MAX - 1, INT64_MAX};

__extension__ typedef __int128 wide;

static int64_t clamp(wide value)
{
    if (value > INT64_MAX) {
        return INT64_MAX;
    }
    return value < INT64_MIN ? INT64_MIN : (int64_t)value;
}

/* Against 128-bit arithmetic at every pair of edges. */
static void test_saturation(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(edges); i++) {
        for (size_t j = 0; j < array_length(edges); j++) {
            int64_t a = edges[i], b = edges[j];
            assert_true(ns_add(a, b) == clamp((wide)a + b));
            assert_true(ns_subtract(a, b) == clamp((wide)a - b));
            assert_true(
                duration_add((struct duration){a}, (struct duration){b}).ns ==
                clamp((wide)a + b));
            assert_true(
                instant_since((struct instant){a}, (struct instant){b}).ns ==
                clamp((wide)a - b));
        }
    }
}

static void test_never_absorbs(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(edges); i++) {
        struct duration by = {edges[i]};
        struct instant at = {edges[i]};
        assert_true(instant_add(INSTANT_NEVER, by).ns == INT64_MAX);
        assert_true(instant_add(at, DURATION_FOREVER).ns == INT64_MAX);
    }
    assert_true(instant_add((struct instant){5}, (struct duration){-7}).ns ==
                -2);
}

static void test_order(void **state)
{
    (void)state;
    struct instant early = {-1}, late = {1};
    assert_true(instant_before(early, late));
    assert_false(instant_before(late, early));
    assert_false(instant_before(late, late));
    assert_true(instant_min(early, late).ns == -1);
    assert_true(instant_min(late, early).ns == -1);
    assert_true(instant_max(early, late).ns == 1);
    assert_true(instant_max(late, early).ns == 1);
    assert_true(duration_min((struct duration){2}, (struct duration){3}).ns ==
                2);
    assert_true(duration_max((struct duration){2}, (struct duration){3}).ns ==
                3);
}

static void test_from_double(void **state)
{
    (void)state;
    static const struct {
        double ns;
        int64_t expected;
    } rows[] = {
        {0.0, 0},
        {0.4, 0},
        {0.5, 1},
        {-0.4, 0},
        {-0.5, -1},
        {1.5, 2},
        {1e9, NS_PER_S},
        {9.1e18, INT64_C(9100000000000000000)},
        {9.3e18, INT64_MAX},
        {INFINITY, INT64_MAX},
        {-INFINITY, INT64_MIN},
        {NAN, 0},
        {-9.3e18, INT64_MIN},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        assert_true(duration_from_ns(rows[i].ns).ns == rows[i].expected);
    }
}

static void test_units(void **state)
{
    (void)state;
    assert_true(duration_us(3).ns == 3000);
    assert_true(duration_ms(3).ns == 3000000);
    assert_true(duration_s(3).ns == INT64_C(3000000000));
    assert_true(duration_in_seconds(duration_ms(1500)) == 1.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_saturation),
        cmocka_unit_test(test_never_absorbs),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_from_double),
        cmocka_unit_test(test_units),
    };
    return cmocka_run_group_tests_name("base/instant", tests, NULL, NULL);
}
