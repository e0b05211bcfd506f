/* Quantiles against exact sorting, merges against the whole, and the stall of
 * Gil Tene's talk against its closed form. */
#include "measure/hist.h"

#include "base/must.h"
#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static struct hist new_hist(void)
{
    struct hist hist;
    hist_init(&hist, &arena);
    return hist;
}

static void record_us(struct hist *hist, int64_t us)
{
    hist_record(hist, duration_us(us));
}

/* At most 0.1 % off, never to the low side. */
static void assert_close(int64_t value, int64_t exact)
{
    if (value < exact || (double)value > (double)exact * 1.001) {
        print_message("%lld for %lld\n", (long long)value, (long long)exact);
    }
    assert_true(value >= exact);
    assert_true((double)value <= (double)exact * 1.001);
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Spread over all magnitudes, with ties. */
static int64_t draw_us(struct rng *rng)
{
    unsigned bits = (unsigned)rng_below(rng, 32);
    int64_t us = (int64_t)rng_below(rng, (uint64_t)1 << bits);
    return us < HIST_US_MAX ? us : HIST_US_MAX;
}

/* The value number ceil(k / 1000 * n), in whole numbers. */
static int64_t exact_quantile(const int64_t *sorted, size_t n, size_t k)
{
    size_t rank = (k * n + 999) / 1000;
    return sorted[rank == 0 ? 0 : rank - 1];
}

static void test_quantiles_agree_with_sorting(void **state)
{
    (void)state;
    enum { ROUNDS = 40, N_MAX = 5000 };
    static int64_t values[N_MAX];
    const uint64_t seed = 11;

    print_message("seed %llu\n", (unsigned long long)seed);
    struct rng rng = rng_stream(seed, RNG_MIX, 0);
    for (int round = 0; round < ROUNDS; round++) {
        struct hist hist = new_hist();
        size_t n = 1 + rng_below(&rng, round % 2 ? 20 : N_MAX);
        for (size_t i = 0; i < n; i++) {
            values[i] = draw_us(&rng);
            record_us(&hist, values[i]);
        }
        qsort(values, n, sizeof(*values), compare);
        for (size_t k = 0; k <= 1000; k++) {
            int64_t value = hist_quantile_us(&hist, (double)k / 1000);
            int64_t exact = exact_quantile(values, n, k);
            assert_close(value, exact);
            assert_true(value <= hist.max_us && value >= hist.min_us);
            if (exact < 2048) {
                assert_int_equal(value, exact);
            }
        }
        assert_int_equal(hist.min_us, values[0]);
        assert_int_equal(hist.max_us, values[n - 1]);
        assert_int_equal(hist_quantile_us(&hist, 1), values[n - 1]);
    }
}

static void assert_same(const struct hist *a, const struct hist *b)
{
    assert_memory_equal(a->counts, b->counts,
                        HIST_BUCKETS * sizeof(*a->counts));
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->clamped, b->clamped);
    assert_int_equal(a->min_us, b->min_us);
    assert_int_equal(a->max_us, b->max_us);
    assert_int_equal(a->sum_us, b->sum_us);
    assert_int_equal(a->squares_low, b->squares_low);
    assert_int_equal(a->squares_high, b->squares_high);
}

/* (a + b) + c = a + (b + c) = all in one, bit by bit. */
static void test_merging_is_recording_all_in_one(void **state)
{
    (void)state;
    const uint64_t seed = 12;
    print_message("seed %llu\n", (unsigned long long)seed);
    struct rng rng = rng_stream(seed, RNG_MIX, 0);
    for (int round = 0; round < 20; round++) {
        struct hist whole = new_hist();
        struct hist left[3] = {new_hist(), new_hist(), new_hist()};
        struct hist right[3] = {new_hist(), new_hist(), new_hist()};
        size_t n = rng_below(&rng, 3000);
        for (size_t i = 0; i < n; i++) {
            /* Some beyond the hour. */
            int64_t us = draw_us(&rng) * (1 + (i % 100 == 0));
            size_t part = rng_below(&rng, (uint64_t)round % 3 + 1);
            record_us(&whole, us);
            record_us(&left[part], us);
            record_us(&right[part], us);
        }
        hist_merge(&left[0], &left[1]);
        hist_merge(&left[0], &left[2]);
        hist_merge(&right[1], &right[2]);
        hist_merge(&right[0], &right[1]);
        assert_same(&left[0], &whole);
        assert_same(&right[0], &whole);
    }
}

static void test_values_round_and_clamp(void **state)
{
    (void)state;
    struct hist hist = new_hist();

    assert_int_equal(hist_quantile_us(&hist, 0.5), 0);
    assert_true(hist_mean_us(&hist) == 0);
    assert_true(hist_stddev_us(&hist) == 0);
    hist_record(&hist, (struct duration){499});
    assert_int_equal(hist.max_us, 0);
    hist_record(&hist, (struct duration){500});
    assert_int_equal(hist.max_us, 1);
    hist_record(&hist, (struct duration){1499});
    assert_int_equal(hist.max_us, 1);
    assert_int_equal(hist.min_us, 0);
    assert_int_equal(hist_quantile_us(&hist, 0), 0);
    assert_int_equal(hist_quantile_us(&hist, 1.0 / 3), 0);
    assert_int_equal(hist_quantile_us(&hist, 0.34), 1);

    hist_record(&hist, duration_s(3600));
    assert_int_equal(hist.clamped, 0);
    hist_record(&hist, (struct duration){3600 * NS_PER_S + 499});
    assert_int_equal(hist.clamped, 0);
    hist_record(&hist, (struct duration){3600 * NS_PER_S + 500});
    hist_record(&hist, DURATION_FOREVER);
    assert_int_equal(hist.clamped, 2);
    assert_int_equal(hist.count, 7);
    assert_int_equal(hist.max_us, HIST_US_MAX);
    assert_int_equal(hist_quantile_us(&hist, 1), HIST_US_MAX);
}

/* Both edges of every bucket: the layout has no gap and no overlap, and a
 * bucket is at most 1/1024 of its values wide. */
static void test_buckets_tile_the_range(void **state)
{
    (void)state;
    struct hist hist = new_hist();
    int64_t next = 0;
    size_t buckets = 0;
    while (next <= HIST_US_MAX) {
        size_t cursor = 0;
        int64_t low;
        int64_t high;
        uint64_t count;
        hist_reset(&hist);
        assert_int_equal(hist_end(&hist), 0);
        record_us(&hist, next);
        assert_int_equal(hist_end(&hist), buckets + 1);
        assert_int_equal(hist.counts[buckets], 1);
        assert_true(hist_next(&hist, &cursor, &low, &high, &count));
        assert_int_equal(low, next);
        assert_int_equal(count, 1);
        assert_true(high - low < 1 || (high - low + 1) * 1024 <= low);
        record_us(&hist, high);
        cursor = 0;
        assert_true(hist_next(&hist, &cursor, &low, &high, &count));
        assert_int_equal(low, next);
        if (high <= HIST_US_MAX) {
            assert_int_equal(count, 2);
        }
        int64_t first, last;
        hist_bounds_us(buckets, &first, &last);
        assert_int_equal(first, low);
        assert_int_equal(last, high);
        next = high + 1;
        buckets++;
    }
    assert_true(buckets <= HIST_BUCKETS);
}

static void test_the_walk_sees_every_value_once(void **state)
{
    (void)state;
    struct rng rng = rng_stream(13, RNG_MIX, 0);
    struct hist hist = new_hist();
    size_t cursor = 0;
    int64_t low;
    int64_t high;
    uint64_t count;
    uint64_t total = 0;
    int64_t last = -1;

    assert_false(hist_next(&hist, &cursor, &low, &high, &count));
    for (int i = 0; i < 2000; i++) {
        record_us(&hist, draw_us(&rng));
    }
    cursor = 0;
    while (hist_next(&hist, &cursor, &low, &high, &count)) {
        assert_true(low > last && high >= low && count > 0);
        last = high;
        total += count;
    }
    assert_int_equal(total, 2000);
    assert_false(hist_next(&hist, &cursor, &low, &high, &count));

    hist_reset(&hist);
    struct hist fresh = new_hist();
    assert_same(&hist, &fresh);
}

/* In one walk as each by itself; those that nothing has are unknown. */
static void test_several_quantiles_at_once(void **state)
{
    static const double q[] = {0, 0.5, 0.5, 0.9, 0.99, 0.999, 1};
    (void)state;
    struct rng rng = rng_stream(17, RNG_MIX, 0);
    struct hist hist = new_hist();
    int64_t found[array_length(q)];

    for (uint64_t whole = 0; whole < 3000; whole += 100) {
        while (hist.count < whole * 2 / 3) {
            record_us(&hist, draw_us(&rng));
        }
        hist_quantiles_of_us(&hist, q, array_length(q), whole, found);
        for (size_t i = 0; i < array_length(q); i++) {
            assert_int_equal(found[i],
                             hist_quantile_of_us(&hist, q[i], whole));
        }
        assert_int_equal(found[array_length(q) - 1], -1);
    }
}

/* 0.07 * 100 is a little more than 7 in binary; the rank is 7 all the same. */
static void test_ranks_are_not_moved_by_rounding(void **state)
{
    (void)state;
    struct hist hist = new_hist();
    for (int64_t i = 1; i <= 1000; i++) {
        record_us(&hist, i);
    }
    for (int k = 1; k <= 1000; k++) {
        assert_int_equal(hist_quantile_us(&hist, (double)k / 1000), k);
        assert_int_equal(hist_quantile_us(&hist, k * 0.1 / 100), k);
    }
    assert_int_equal(hist_quantile_us(&hist, 0.99999), 1000);
}

/* n values 1..n: mean (n + 1) / 2, variance (n^2 - 1) / 12. A large offset
 * must not cost digits. */
static void test_moments_are_exact(void **state)
{
    (void)state;
    const int64_t offsets[] = {0, 1000000, 3000000000};
    for (size_t k = 0; k < array_length(offsets); k++) {
        struct hist hist = new_hist();
        for (int64_t i = 1; i <= 1000; i++) {
            record_us(&hist, offsets[k] + i);
        }
        double variance = (1000.0 * 1000.0 - 1) / 12;
        assert_true(hist_mean_us(&hist) == (double)offsets[k] + 500.5);
        assert_true(fabs(hist_stddev_us(&hist) / sqrt(variance) - 1) < 1e-12);
    }
}

/*
 * Tene, "How NOT to Measure Latency": 100 calls a second of 1 ms for 100 s,
 * then a stall of 100 s. A recorder that omits what it could not send has
 * 10,001 values; one from the intended starts has 20,000. The figures are
 * those that HdrHistogram's own test suite asserts, to 0.1 %.
 */
static void test_the_stall_of_tene(void **state)
{
    (void)state;
    struct hist omitting = new_hist();
    struct hist honest = new_hist();
    for (int i = 0; i < 10000; i++) {
        record_us(&omitting, 1000);
        record_us(&honest, 1000);
    }
    record_us(&omitting, 100000000);
    for (int64_t left = 100000000; left > 0; left -= 10000) {
        record_us(&honest, left);
    }

    assert_int_equal(omitting.count, 10001);
    assert_true(fabs(hist_mean_us(&omitting) - 10998.9) < 0.1);
    assert_true(fabs(hist_stddev_us(&omitting) - 999900) < 1000);
    assert_int_equal(hist_quantile_us(&omitting, 0.9999), 1000);
    assert_int_equal(hist_quantile_us(&omitting, 0.99999), 100000000);

    static const struct {
        double q;
        int64_t us;
    } expected[] = {
        {0.30, 1000},         {0.50, 1000},     {0.75, 50000000},
        {0.90, 80000000},     {0.99, 98000000}, {0.9999, 99980000},
        {0.99999, 100000000}, {1, 100000000},
    };
    assert_int_equal(honest.count, 20000);
    assert_true(fabs(hist_mean_us(&honest) / 25003000 - 1) < 0.0001);
    for (size_t i = 0; i < array_length(expected); i++) {
        assert_close(hist_quantile_us(&honest, expected[i].q), expected[i].us);
    }
}

static void throw_failure(const char *condition, const char *file, int line)
{
    mock_assert(0, condition, file, line);
}

static void test_negative_values_are_bugs(void **state)
{
    (void)state;
    struct hist hist = new_hist();
    must_fail_hook = throw_failure;
    expect_assert_failure(hist_record(&hist, (struct duration){-1}));
    expect_assert_failure(hist_quantile_us(&hist, 1.01));
    expect_assert_failure(hist_quantile_us(&hist, NAN));
    must_fail_hook = NULL;
}

/* Those that were given up are larger than any, by how much nobody knows. */
static void test_what_is_unknown_is_never_small(void **state)
{
    struct hist hist, other;
    (void)state;
    hist_init(&hist, &arena);
    hist_init(&other, &arena);
    hist_record_unknown(&hist);
    assert_int_equal(hist_quantile_us(&hist, 0.5), -1);
    for (int64_t ms = 1; ms <= 8; ms++) {
        hist_record(&other, duration_ms(ms));
    }
    hist_record_unknown(&other);
    hist_merge(&hist, &other);
    assert_int_equal(hist.count, 10);
    assert_int_equal(hist_known(&hist), 8);
    assert_int_equal(hist.min_us, 1000);
    assert_int_equal(hist_quantile_us(&hist, 0.1), 1000);
    assert_in_range(hist_quantile_us(&hist, 0.8), 8000, 8008);
    assert_int_equal(hist_quantile_us(&hist, 0.81), -1);
    assert_int_equal(hist_quantile_of_us(&hist, 0.41, 20), -1);
    assert_true(fabs(hist_mean_us(&hist) - 4500) < 1e-9);
    hist_reset(&hist);
    assert_int_equal(hist.count, 0);
    assert_int_equal(hist_quantile_us(&hist, 0.5), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_what_is_unknown_is_never_small,
                                  release),
        cmocka_unit_test_teardown(test_quantiles_agree_with_sorting, release),
        cmocka_unit_test_teardown(test_merging_is_recording_all_in_one,
                                  release),
        cmocka_unit_test_teardown(test_values_round_and_clamp, release),
        cmocka_unit_test_teardown(test_buckets_tile_the_range, release),
        cmocka_unit_test_teardown(test_the_walk_sees_every_value_once,
                                  release),
        cmocka_unit_test_teardown(test_several_quantiles_at_once, release),
        cmocka_unit_test_teardown(test_ranks_are_not_moved_by_rounding,
                                  release),
        cmocka_unit_test_teardown(test_moments_are_exact, release),
        cmocka_unit_test_teardown(test_the_stall_of_tene, release),
        cmocka_unit_test_teardown(test_negative_values_are_bugs, release),
    };
    return cmocka_run_group_tests_name("measure/hist", tests, NULL, NULL);
}
