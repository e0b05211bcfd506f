/* Intervals that double, quantiles within their stated error, and herd
 * figures against their closed forms. */
#include "measure/series.h"

#include "base/must.h"
#include "base/rng.h"
#include "measure/herd.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static struct arena arena;
static const struct instant origin = {5 * NS_PER_S};

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static struct instant at_ms(int64_t ms)
{
    return instant_add(origin, duration_ms(ms));
}

static void test_a_long_run_doubles_the_interval(void **state)
{
    (void)state;
    enum { SECONDS = 5000 };
    struct series series;
    series_init(&series, &arena, origin);
    for (int64_t s = 0; s < SECONDS; s++) {
        struct series_interval *in = series_at(&series, at_ms(s * 1000));
        in->started += (uint64_t)s;
        series_record(in, duration_us(s), true);
    }
    assert_int_equal(series.interval.ns, 8 * NS_PER_S);
    assert_int_equal(series.count, SECONDS / 8);
    for (size_t i = 0; i < series.count; i++) {
        const struct series_interval *in = &series.intervals[i];
        assert_int_equal(in->started, 8 * i * 8 + 28);
        assert_int_equal(in->times.measured, 8);
        double exact = (double)(8 * i + 3);
        assert_true(fabs((double)series_quantile_us(in, 0.5) - exact) <=
                    exact * 0.008);
    }
    for (size_t i = series.count; i < SERIES_POINTS_MAX; i++) {
        assert_int_equal(series.intervals[i].started, 0);
        assert_int_equal(series.intervals[i].times.measured, 0);
    }
}

/* In parts that begin where the last one ended, as a worker hands them over;
 * the interval of a part may be shorter than that of the whole, and longer. */
static void test_parts_of_a_long_run(void **state)
{
    (void)state;
    enum { SECONDS = 5000 };
    struct series whole, part, sum;
    struct herd herd, herd_part, herd_sum;
    series_init(&whole, &arena, origin);
    series_init(&part, &arena, origin);
    series_init(&sum, &arena, origin);
    herd_init(&herd, &arena, origin);
    herd_init(&herd_part, &arena, origin);
    herd_init(&herd_sum, &arena, origin);
    for (int64_t s = 0; s < SECONDS; s++) {
        struct instant at = at_ms(s * 1000 + s % 1000);
        series_record(series_at(&whole, at), duration_us(s), s % 3 == 0);
        series_record(series_at(&part, at), duration_us(s), s % 3 == 0);
        series_at(&whole, at)->attempts++;
        series_at(&part, at)->attempts++;
        herd_sent(&herd, at);
        herd_sent(&herd_part, at);
        herd_started(&herd, at);
        herd_started(&herd_part, at);
        if (s % 700 == 13 || s + 1 == SECONDS) {
            series_merge(&sum, &part);
            series_reset(&part);
            herd_merge(&herd_sum, &herd_part);
            herd_reset(&herd_part);
            assert_int_equal(sum.interval.ns, whole.interval.ns);
            assert_int_equal(sum.count, whole.count);
            assert_int_equal(herd_sum.seconds, herd.seconds);
        }
    }
    assert_memory_equal(sum.intervals, whole.intervals,
                        SERIES_POINTS_MAX * sizeof(*sum.intervals));
    assert_memory_equal(herd_sum.bins, herd.bins,
                        HERD_BINS_MAX * sizeof(*herd.bins));
    assert_memory_equal(herd_sum.sent, herd.sent,
                        HERD_SECONDS_MAX * sizeof(*herd.sent));
    assert_memory_equal(herd_sum.started, herd.started,
                        HERD_SECONDS_MAX * sizeof(*herd.started));
    assert_int_equal(herd_sum.beyond, herd.beyond);
    assert_true(herd.beyond > 0);
    for (size_t i = 0; i < SERIES_POINTS_MAX; i++) {
        assert_int_equal(part.intervals[i].attempts, 0);
        assert_int_equal(part.intervals[i].success.measured, 0);
    }
}

static void test_one_late_fact_ends_nothing(void **state)
{
    (void)state;
    struct series series;
    series_init(&series, &arena, origin);
    series_at(&series, (struct instant){0})->offered++;
    series_at(&series, at_ms(1500))->offered++;
    series_at(&series, at_ms(INT64_C(1000) * 3600 * 1000))->offered++;
    assert_int_equal(series.interval.ns, 4096 * NS_PER_S);
    assert_int_equal(series.intervals[0].offered, 2);
    assert_int_equal(series.intervals[series.count - 1].offered, 1);
    series_at(&series, INSTANT_NEVER)->offered++;
    assert_true(series.count <= SERIES_POINTS_MAX);
}

/* Parts of different length, in either order, against the whole. */
static void test_parts_merge_to_the_whole(void **state)
{
    (void)state;
    const uint64_t seed = 41;
    print_message("seed %llu\n", (unsigned long long)seed);
    struct rng rng = rng_stream(seed, RNG_MIX, 0);
    for (int round = 0; round < 12; round++) {
        struct series whole;
        struct series parts[2];
        const uint64_t spans[2] = {1 + rng_below(&rng, 6000),
                                   1 + rng_below(&rng, 6000)};
        series_init(&whole, &arena, origin);
        series_init(&parts[0], &arena, origin);
        series_init(&parts[1], &arena, origin);
        for (int i = 0; i < 3000; i++) {
            size_t p = rng_below(&rng, 2);
            struct instant at =
                at_ms((int64_t)rng_below(&rng, spans[p] * 1000));
            struct duration value = rng_exponential(&rng, duration_ms(30));
            series_at(&parts[p], at)->succeeded++;
            series_record(series_at(&parts[p], at), value, true);
            series_at(&whole, at)->succeeded++;
            series_record(series_at(&whole, at), value, true);
        }
        series_merge(&parts[0], &parts[1]);
        assert_int_equal(parts[0].interval.ns, whole.interval.ns);
        assert_int_equal(parts[0].count, whole.count);
        for (size_t i = 0; i < whole.count; i++) {
            assert_memory_equal(&parts[0].intervals[i], &whole.intervals[i],
                                sizeof(whole.intervals[i]));
        }
    }
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void test_quantiles_are_within_their_error(void **state)
{
    (void)state;
    enum { N = 999 };
    static int64_t values[N];
    struct rng rng = rng_stream(42, RNG_MIX, 0);
    for (int round = 0; round < 30; round++) {
        struct series series;
        series_init(&series, &arena, origin);
        struct series_interval *in = series_at(&series, origin);
        for (size_t i = 0; i < N; i++) {
            values[i] =
                (int64_t)rng_below(&rng, UINT64_C(1) << rng_below(&rng, 32));
            values[i] = values[i] < 3600000000 ? values[i] : 3600000000;
            series_record(in, duration_us(values[i]), true);
        }
        qsort(values, N, sizeof(*values), compare);
        for (size_t rank = 1; rank <= N; rank++) {
            int64_t value = series_quantile_us(in, (double)rank / (double)N);
            int64_t exact = values[rank - 1];
            assert_true(llabs(value - exact) <= exact / 125);
        }
    }
    struct series_interval *empty = arena_alloc(&arena, sizeof(*empty));
    assert_int_equal(series_quantile_us(empty, 0.5), -1);
}

static struct herd new_herd(void)
{
    struct herd herd;
    herd_init(&herd, &arena, origin);
    return herd;
}

/* Perfectly even: every figure is at its floor. */
static void test_an_even_herd(void **state)
{
    (void)state;
    struct herd herd = new_herd();
    for (int64_t ms = 0; ms < 10000; ms++) {
        herd_started(&herd, at_ms(ms));
        herd_sent(&herd, at_ms(ms));
    }
    struct duration measured = duration_s(10);
    assert_true(herd_peak_to_mean_100ms(&herd, measured) == 1);
    assert_true(herd_dispersion_10ms(&herd, measured) == 0);
    assert_true(herd_peak_1s(&herd, measured) == 1);
}

/* All sends of 10 s in its very first millisecond: the peak is the number of
 * bins, and variance over mean is n (1 - 1/bins). */
static void test_a_stampede(void **state)
{
    (void)state;
    struct herd herd = new_herd();
    herd_started(&herd, at_ms(0));
    for (int i = 0; i < 500; i++) {
        herd_sent(&herd, at_ms(0));
    }
    struct duration measured = duration_s(10);
    assert_true(herd_peak_to_mean_100ms(&herd, measured) == 100);
    assert_true(
        fabs(herd_dispersion_10ms(&herd, measured) - 500 * (1 - 1e-3)) < 1e-9);
    assert_true(herd_peak_1s(&herd, measured) == 500);
}

/* Poisson sends: the dispersion is 1, with a standard error of
 * sqrt(2 / bins). */
/* Columns of 100 ms: five sends in one bin of 10 ms, two in each of two. */
static void test_arrivals(void **state)
{
    (void)state;
    struct herd herd = new_herd();
    struct herd_arrivals arrivals;

    herd_arrivals_read(&herd, duration_ms(1000), &arrivals);
    assert_int_equal(arrivals.columns, 0);
    for (int i = 0; i < 5; i++) {
        herd_sent(&herd, at_ms(7));
    }
    for (int i = 0; i < 2; i++) {
        herd_sent(&herd, at_ms(250));
        herd_sent(&herd, at_ms(299));
    }
    herd_sent(&herd, at_ms(310)); /* in a bin that is not whole */
    herd_arrivals_read(&herd, duration_ms(390), &arrivals);
    assert_int_equal(arrivals.interval.ns, NS_PER_S / 10);
    assert_int_equal(arrivals.columns, 3);
    const uint64_t sent[] = {5, 0, 4}, most_10ms[] = {5, 0, 2};
    for (size_t c = 0; c < 3; c++) {
        assert_int_equal(arrivals.sent[c], sent[c]);
        assert_int_equal(arrivals.most_100ms[c], sent[c]);
        assert_int_equal(arrivals.most_10ms[c], most_10ms[c]);
    }
}

/* 50 s are 500 bins, three a column; all sends are in one of them. */
static void test_arrivals_of_a_long_run(void **state)
{
    (void)state;
    struct herd herd = new_herd();
    struct herd_arrivals arrivals;
    uint64_t sent = 0;

    for (int64_t ms = 0; ms < 50000; ms += 10) {
        herd_sent(&herd, at_ms(ms));
    }
    for (int i = 0; i < 9; i++) {
        herd_sent(&herd, at_ms(49999));
    }
    herd_arrivals_read(&herd, duration_ms(50000), &arrivals);
    assert_int_equal(arrivals.interval.ns, 3 * (NS_PER_S / 10));
    assert_int_equal(arrivals.columns, 167);
    for (size_t c = 0; c < arrivals.columns; c++) {
        bool is_last = c + 1 == arrivals.columns;
        assert_int_equal(arrivals.most_100ms[c], is_last ? 19 : 10);
        assert_int_equal(arrivals.most_10ms[c], is_last ? 10 : 1);
        sent += arrivals.sent[c];
    }
    assert_int_equal(sent, 5009);
}

static void test_a_poisson_herd(void **state)
{
    (void)state;
    const uint64_t seed = 43;
    print_message("seed %llu\n", (unsigned long long)seed);
    struct rng rng = rng_stream(seed, RNG_MIX, 0);
    struct herd herd = new_herd();
    struct duration measured = duration_s(200);
    struct instant end = instant_add(origin, measured);
    struct instant at = origin;
    while (instant_before(at, end)) {
        herd_sent(&herd, at);
        at = instant_add(at, rng_exponential(&rng, duration_ms(1)));
    }
    double bins = 200 * HERD_BINS_PER_S;
    assert_true(fabs(herd_dispersion_10ms(&herd, measured) - 1) <
                4 * sqrt(2 / bins));
}

/* What follows the load, and a part of a bin at its end, is in no figure. */
static void test_only_whole_bins_of_the_load_count(void **state)
{
    (void)state;
    struct herd herd = new_herd();
    for (int64_t ms = 0; ms < 2000; ms += 10) {
        herd_started(&herd, at_ms(ms));
        herd_sent(&herd, at_ms(ms));
    }
    for (int i = 0; i < 1000; i++) {
        herd_sent(&herd, at_ms(2003));
    }
    herd_started(&herd, at_ms(2003));
    struct duration measured = duration_ms(2005);
    assert_int_equal(herd_covered(measured).ns, 2 * NS_PER_S);
    assert_true(herd_peak_to_mean_100ms(&herd, measured) == 1);
    assert_true(herd_dispersion_10ms(&herd, measured) == 0);
    /* 5 ms say nothing by themselves: they go with the second before. */
    assert_true(herd_peak_1s(&herd, measured) == 1100.0 / 101);
    assert_true(herd_peak_1s(&herd, duration_ms(2099)) == 1100.0 / 101);
    assert_true(herd_peak_1s(&herd, duration_ms(2100)) == 1000);
    assert_true(herd_peak_1s(&herd, duration_s(3)) == 1000);
}

static void test_short_and_empty_runs(void **state)
{
    (void)state;
    struct herd herd = new_herd();
    assert_true(herd_peak_1s(&herd, duration_s(5)) < 0);
    assert_true(herd_dispersion_10ms(&herd, duration_s(5)) < 0);
    assert_true(herd_peak_to_mean_100ms(&herd, duration_s(5)) < 0);
    herd_started(&herd, at_ms(1));
    herd_sent(&herd, at_ms(1));
    herd_sent(&herd, at_ms(30));
    assert_true(herd_peak_1s(&herd, duration_ms(50)) == 2);
    assert_true(herd_peak_to_mean_100ms(&herd, duration_ms(50)) < 0);
    assert_true(herd_dispersion_10ms(&herd, duration_ms(9)) < 0);
    assert_true(herd_peak_1s(&herd, DURATION_ZERO) == 2);
}

static double mean_of(const struct herd *herd)
{
    uint64_t sent = 0;
    uint64_t started = 0;
    for (int64_t i = 0; i < herd->seconds; i++) {
        sent += herd->sent[i];
        started += herd->started[i];
    }
    return (double)sent / (double)started;
}

/* Seconds without starts, in the load and after it, count with the last one
 * that had some: so the peak is never below the mean. */
static void test_the_peak_is_not_below_the_mean(void **state)
{
    (void)state;
    struct herd pause = new_herd();
    for (int i = 0; i < 200; i++) {
        herd_started(&pause, at_ms(i));
        herd_sent(&pause, at_ms(i));
        herd_sent(&pause, at_ms(1000 + i));
        herd_sent(&pause, at_ms(2000 + i));
    }
    herd_started(&pause, at_ms(3000));
    herd_sent(&pause, at_ms(3000));
    assert_true(herd_peak_1s(&pause, duration_s(4)) == 3);

    struct herd part = new_herd();
    for (int i = 0; i < 1900; i += 5) {
        herd_started(&part, at_ms(i));
        for (int sends = i < 1000 ? 1 : 3; sends > 0; sends--) {
            herd_sent(&part, at_ms(i));
        }
    }
    assert_true(herd_peak_1s(&part, duration_ms(1900)) == 3);

    struct rng rng = rng_stream(20, RNG_ARRIVAL, 0);
    for (int trial = 0; trial < 300; trial++) {
        struct herd herd = new_herd();
        int64_t length = 1 + (int64_t)rng_below(&rng, 6000);
        uint64_t pauses = 1 + rng_below(&rng, 3);
        herd_started(&herd, at_ms(0));
        for (int i = 0; i < 500; i++) {
            int64_t at = (int64_t)rng_below(&rng, (uint64_t)length);
            if (at / 1000 % (int64_t)pauses == 0) {
                herd_started(&herd, at_ms(at));
            }
            herd_sent(&herd, at_ms(at + (int64_t)rng_below(&rng, 3000)));
        }
        assert_true(herd_peak_1s(&herd, duration_ms(length)) >=
                    mean_of(&herd) - 1e-9);
    }
}

static void test_beyond_the_bound_is_counted_apart(void **state)
{
    (void)state;
    struct herd herd = new_herd();
    herd_sent(&herd, at_ms(3600 * 1000 - 1));
    assert_int_equal(herd.beyond, 0);
    herd_sent(&herd, at_ms(3600 * 1000));
    assert_int_equal(herd.beyond, 1);
    assert_int_equal(herd.sent[3600], 1);
    herd_sent(&herd, INSTANT_NEVER);
    herd_started(&herd, INSTANT_NEVER);
    assert_int_equal(herd.beyond, 2);
    assert_int_equal(herd_covered(duration_s(9000)).ns, 3600 * NS_PER_S);
}

/* 100 operations that finish in one interval, of which the slowest `failed`
 * fail: within what time 99 % of all succeeded, by a walk over all of them. */
static void test_time_to_success(void **state)
{
    (void)state;
    for (int failed = 0; failed <= 100; failed++) {
        struct series series;
        series_init(&series, &arena, origin);
        struct series_interval *in = series_at(&series, origin);
        for (int i = 1; i <= 100; i++) {
            in->finished++;
            series_record(in, duration_us(i), i <= 100 - failed);
        }
        for (int percent = 1; percent <= 100; percent++) {
            int64_t wanted = percent <= 100 - failed ? percent : -1;
            assert_int_equal(series_success_us(in, percent / 100.0), wanted);
        }
        assert_int_equal(series_quantile_us(in, 0.99), 99);
        arena_release(&arena);
    }
}

/* A kernel may give so many at once for one. */
enum { HUGE_PAGE = 600 };

/* Pages of the intervals from one to another that are in use. */
static size_t pages_in_use(const struct series *series, size_t from, size_t to)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), count = 0;
    unsigned char resident[8192];
    uintptr_t begin = (uintptr_t)&series->intervals[from] / page * page + page;
    uintptr_t end = (uintptr_t)&series->intervals[to] / page * page;

    assert_true((end - begin) / page <= sizeof resident);
    assert_int_equal(mincore((void *)begin, end - begin, resident), 0);
    for (size_t i = 0; i < (end - begin) / page; i++) {
        count += resident[i] & 1;
    }
    return count;
}

/* What a run of a known length will use is used before it, and no more. */
static void test_settling(void **state)
{
    (void)state;
    struct series series, endless;
    const size_t intervals = 300;

    series_init(&series, &arena, origin);
    assert_true(pages_in_use(&series, 0, SERIES_POINTS_MAX) < HUGE_PAGE);
    series_settle(&series, duration_s(intervals - 1));
    size_t used = pages_in_use(&series, 0, intervals);
    size_t all =
        intervals * sizeof(*series.intervals) / (size_t)sysconf(_SC_PAGESIZE);
    assert_true(used + 3 > all);
    assert_true(pages_in_use(&series, intervals, SERIES_POINTS_MAX) <
                HUGE_PAGE);
    assert_int_equal(series.count, 0);
    series_init(&endless, &arena, origin);
    series_settle(&endless, duration_s(1000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_settling, release),
        cmocka_unit_test_teardown(test_a_long_run_doubles_the_interval,
                                  release),
        cmocka_unit_test_teardown(test_parts_of_a_long_run, release),
        cmocka_unit_test_teardown(test_one_late_fact_ends_nothing, release),
        cmocka_unit_test_teardown(test_parts_merge_to_the_whole, release),
        cmocka_unit_test_teardown(test_quantiles_are_within_their_error,
                                  release),
        cmocka_unit_test_teardown(test_time_to_success, release),
        cmocka_unit_test_teardown(test_an_even_herd, release),
        cmocka_unit_test_teardown(test_a_stampede, release),
        cmocka_unit_test_teardown(test_a_poisson_herd, release),
        cmocka_unit_test_teardown(test_arrivals, release),
        cmocka_unit_test_teardown(test_arrivals_of_a_long_run, release),
        cmocka_unit_test_teardown(test_only_whole_bins_of_the_load_count,
                                  release),
        cmocka_unit_test_teardown(test_short_and_empty_runs, release),
        cmocka_unit_test_teardown(test_the_peak_is_not_below_the_mean,
                                  release),
        cmocka_unit_test_teardown(test_beyond_the_bound_is_counted_apart,
                                  release),
    };
    return cmocka_run_group_tests_name("measure/series", tests, NULL, NULL);
}
