/* What was there before is used up, whoever lists it, and only once. */
#include "effects/baseline.h"

#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_empty(void **state)
{
    (void)state;
    struct baseline baseline = BASELINE_INIT;
    baseline_rewind(&baseline);
    assert_int_equal(baseline_count(&baseline, 7), 0);
    assert_int_equal(baseline_subtract(&baseline, 7, 3), 3);
    baseline_add(&baseline, 7, 0);
    assert_int_equal(baseline.ids, 0);
    baseline_release(&baseline);
}

/* Past what a slot counts to, new ones cannot be distinguished from old ones.
 */
static void test_more_than_fit(void **state)
{
    (void)state;
    struct baseline baseline = BASELINE_INIT;
    baseline_add(&baseline, 7, UINT64_C(5000000000));
    baseline_add(&baseline, 7, 1);
    baseline_add(&baseline, 8, UINT32_MAX - 1);
    for (int reading = 0; reading < 2; reading++) {
        baseline_rewind(&baseline);
        assert_int_equal(baseline_subtract(&baseline, 7, UINT64_C(5000000003)),
                         0);
        assert_int_equal(baseline_subtract(&baseline, 7, 1), 0);
        assert_int_equal(baseline_subtract(&baseline, 8, UINT32_MAX), 1);
    }
    assert_int_equal(baseline_count(&baseline, 7), UINT32_MAX);
    baseline_release(&baseline);
}

static void test_subtract(void **state)
{
    (void)state;
    struct baseline baseline = BASELINE_INIT;
    baseline_add(&baseline, 7, 2);
    baseline_add(&baseline, 7, 1);
    baseline_add(&baseline, 0, 1); /* an id like any other */
    assert_int_equal(baseline.ids, 2);
    assert_int_equal(baseline.effects, 4);
    for (int reading = 0; reading < 3; reading++) {
        baseline_rewind(&baseline);
        assert_int_equal(baseline_subtract(&baseline, 7, 2), 0);
        assert_int_equal(baseline_subtract(&baseline, 7, 2), 1);
        assert_int_equal(baseline_subtract(&baseline, 7, 2), 2);
        assert_int_equal(baseline_subtract(&baseline, 0, 1), 0);
        assert_int_equal(baseline_subtract(&baseline, 9, 5), 5);
        assert_int_equal(baseline_count(&baseline, 7), 3);
    }
    /* More than fits is as much as fits. */
    baseline_add(&baseline, 9, UINT64_MAX);
    assert_int_equal(baseline_count(&baseline, 9), UINT32_MAX);
    baseline_release(&baseline);
}

static void test_many(void **state)
{
    (void)state;
    enum { IDS = 200000 };
    struct baseline baseline = BASELINE_INIT;
    for (uint64_t i = 0; i < IDS; i++) {
        baseline_add(&baseline, mix64(i), i % 3 + 1);
    }
    assert_int_equal(baseline.ids, IDS);
    for (uint64_t i = 0; i < IDS; i++) {
        assert_int_equal(baseline_count(&baseline, mix64(i)), i % 3 + 1);
        assert_int_equal(baseline_count(&baseline, mix64(IDS + i)), 0);
    }
    /* The manual states 21 to 43 bytes an id. */
    size_t bytes = baseline.arena.used_bytes;
    assert_true(bytes >= (size_t)IDS * 21 && bytes <= (size_t)IDS * 43);
    baseline_release(&baseline);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_subtract),
        cmocka_unit_test(test_more_than_fit),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
