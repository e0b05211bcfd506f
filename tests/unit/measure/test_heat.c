/* Latencies by time in few rows and columns: every value is in its row, and
 * none is lost, however long the series and wide the range. */
#include "measure/heat.h"

#include "base/must.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct instant origin = {5 * NS_PER_S};
static struct arena arena;
static struct series series;
static struct heat heat;

static int begin(void **state)
{
    (void)state;
    series_init(&series, &arena, origin);
    return 0;
}

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void record(int64_t second, int64_t us)
{
    struct instant at = instant_add(origin, duration_ms(second * 1000));
    series_record(series_at(&series, at), duration_us(us), true);
}

static uint64_t count_all(void)
{
    uint64_t count = 0;

    for (size_t c = 0; c < heat.columns; c++) {
        for (size_t row = 0; row < heat.rows; row++) {
            count += heat.counts[c][row];
        }
    }
    return count;
}

static void test_of_nothing(void **state)
{
    (void)state;
    heat_read(&series, &heat);
    assert_int_equal(heat.rows, 0);
    series_at(&series, origin)->offered++;
    heat_read(&series, &heat);
    assert_int_equal(heat.rows, 0);
}

static void test_rows(void **state)
{
    static const int64_t edges[] = {768, 1024, 1536, 2048, 3072};

    (void)state;
    record(0, 1000);
    record(0, 1024);
    record(1, 1535);
    record(1, 1536);
    record(1, 2500);
    heat_read(&series, &heat);
    assert_int_equal(heat.columns, 2);
    assert_int_equal(heat.interval.ns, NS_PER_S);
    assert_int_equal(heat.rows, 4);
    for (size_t row = 0; row <= heat.rows; row++) {
        assert_int_equal(heat.edges_us[row], edges[row]);
    }
    assert_int_equal(heat.counts[0][0], 1);
    assert_int_equal(heat.counts[0][1], 1);
    assert_int_equal(heat.counts[1][1], 1);
    assert_int_equal(heat.counts[1][2], 1);
    assert_int_equal(heat.counts[1][3], 1);
    assert_int_equal(count_all(), 5);
}

/* The smallest and the largest value there can be. */
static void test_the_whole_range(void **state)
{
    (void)state;
    record(0, 0);
    record(0, HIST_US_MAX);
    heat_read(&series, &heat);
    assert_true(heat.rows <= HEAT_ROWS_MAX);
    assert_int_equal(heat.edges_us[0], 0);
    assert_true(heat.edges_us[heat.rows] > HIST_US_MAX);
    assert_int_equal(heat.counts[0][0], 1);
    assert_int_equal(heat.counts[0][heat.rows - 1], 1);
}

/* Each value stands in the cell that its time and itself say. */
static void test_a_long_run(void **state)
{
    enum { SECONDS = 700, EACH = 7 };
    static uint64_t wanted[HEAT_COLUMNS_MAX][HEAT_ROWS_MAX];
    static int64_t values[SECONDS][EACH];
    struct rng rng = rng_stream(7, RNG_MIX, 0);

    (void)state;
    for (int64_t s = 0; s < SECONDS; s++) {
        for (int i = 0; i < EACH; i++) {
            values[s][i] = 100 + (int64_t)rng_below(&rng, 3000000);
            record(s, values[s][i]);
        }
    }
    heat_read(&series, &heat);
    assert_int_equal(heat.interval.ns, 6 * NS_PER_S);
    assert_int_equal(heat.columns, 117);
    for (int64_t s = 0; s < SECONDS; s++) {
        for (int i = 0; i < EACH; i++) {
            size_t row = 0;
            while (values[s][i] >= heat.edges_us[row + 1]) {
                row++;
            }
            wanted[s / 6][row]++;
        }
    }
    assert_int_equal(count_all(), SECONDS * EACH);
    assert_memory_equal(heat.counts, wanted, sizeof(wanted));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_of_nothing, begin, release),
        cmocka_unit_test_setup_teardown(test_rows, begin, release),
        cmocka_unit_test_setup_teardown(test_the_whole_range, begin, release),
        cmocka_unit_test_setup_teardown(test_a_long_run, begin, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
