/* The bins of the last second's latencies, for the progress view. */
#include "host/snapshot.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static size_t bin_of_us(int64_t us)
{
    return snapshot_bin(duration_us(us));
}

static void test_small_ones_are_exact(void **state)
{
    (void)state;
    for (int64_t us = 0; us < 32; us++) {
        assert_int_equal(snapshot_bin_us(bin_of_us(us)), us);
    }
    assert_int_equal(snapshot_bin((struct duration){-5}), 0);
    assert_int_equal(snapshot_bin((struct duration){999}), 0);
}

/* 16 bins a doubling: the middle of one is at most 1/32 from its edge. */
static void test_the_middle_is_near(void **state)
{
    (void)state;
    const uint64_t seed = 20;
    struct rng rng = rng_stream(seed, RNG_ARRIVAL, 0);
    for (int i = 0; i < 100000; i++) {
        int64_t us = (int64_t)rng_below(&rng, UINT64_C(1) << (5 + i % 26));
        int64_t shown = snapshot_bin_us(bin_of_us(us));
        int64_t error = shown > us ? shown - us : us - shown;
        if (error * 32 > us) {
            fail_msg("%lld is shown as %lld (seed %llu)", (long long)us,
                     (long long)shown, (unsigned long long)seed);
        }
    }
}

static void test_bins_are_in_order_and_all_are_used(void **state)
{
    (void)state;
    size_t last = 0;
    for (int64_t us = 1; us < 1 << 20; us++) {
        size_t bin = bin_of_us(us);
        assert_true(bin == last || bin == last + 1);
        last = bin;
    }
    for (size_t bin = 1; bin < RECENT_BINS; bin++) {
        assert_true(snapshot_bin_us(bin) > snapshot_bin_us(bin - 1));
        assert_int_equal(bin_of_us(snapshot_bin_us(bin)), bin);
    }
    assert_int_equal(snapshot_bin((struct duration){INT64_MAX}),
                     RECENT_BINS - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_ones_are_exact),
        cmocka_unit_test(test_the_middle_is_near),
        cmocka_unit_test(test_bins_are_in_order_and_all_are_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
