/* Which attempts get a fault: ratio, window, request, and independence. */
#include "faults/fault.h"

#include "base/must.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct fault_config fault(enum fault_kind kind, double ratio)
{
    return (struct fault_config){
        .kind = kind,
        .ratio = ratio,
        .window = {.length = DURATION_FOREVER},
        .request = FAULT_ANY_REQUEST,
    };
}

static void test_the_ratio_is_binomial(void **state)
{
    (void)state;
    enum { DRAWS = 100000 };
    const double ratios[] = {0.001, 0.01, 0.1, 0.5, 0.9, 0.999};

    for (size_t i = 0; i < array_length(ratios); i++) {
        const uint64_t seed = 100 + i;
        struct fault_config one = fault(FAULT_LOST_RESPONSE, ratios[i]);
        struct fault_drawer drawer;
        double hits = 0;

        fault_drawer_init(&drawer, &one, 1, seed, 0);
        for (int k = 0; k < DRAWS; k++) {
            hits += fault_draw(&drawer, duration_us(k), 0) == &one;
        }
        double expected = DRAWS * ratios[i];
        double bound = 4 * sqrt(expected * (1 - ratios[i]));
        print_message("seed %llu: %.0f hits, %.0f expected\n",
                      (unsigned long long)seed, hits, expected);
        assert_true(fabs(hits - expected) <= bound);
    }
}

static void test_never_and_always(void **state)
{
    (void)state;
    struct fault_config never = fault(FAULT_LOST_REQUEST, 0);
    struct fault_config always = fault(FAULT_LOST_REQUEST, 1);
    struct fault_drawer drawer;

    fault_drawer_init(&drawer, &never, 1, 1, 0);
    for (int k = 0; k < 10000; k++) {
        assert_null(fault_draw(&drawer, DURATION_ZERO, 0));
    }
    fault_drawer_init(&drawer, &always, 1, 1, 0);
    for (int k = 0; k < 10000; k++) {
        assert_ptr_equal(fault_draw(&drawer, DURATION_ZERO, 0), &always);
    }
}

/* Records which of `draws` attempts the row at `row` would be injected into,
 * whatever the other rows do: its stream is followed by itself. */
static void record(const struct fault_config *faults, size_t count, size_t row,
                   uint64_t seed, uint64_t worker, bool *hits, size_t draws)
{
    struct fault_drawer drawer;

    fault_drawer_init(&drawer, faults, count, seed, worker);
    for (size_t k = 0; k < draws; k++) {
        struct rng before = drawer.streams[row];
        fault_draw(&drawer, duration_us((int64_t)k), 0);
        hits[k] = rng_unit(&before) < faults[row].ratio;
        assert_memory_equal(&before, &drawer.streams[row], sizeof(before));
    }
}

static void test_another_row_moves_nothing(void **state)
{
    (void)state;
    enum { DRAWS = 5000 };
    static bool alone[DRAWS], between[DRAWS], after[DRAWS];
    const struct fault_config lost = fault(FAULT_LOST_RESPONSE, 0.2);
    const struct fault_config other = fault(FAULT_LOST_REQUEST, 0.5);
    const struct fault_config rows[] = {other, lost, other, lost};
    const struct fault_config more[] = {lost, lost, other};

    record(&lost, 1, 0, 9, 0, alone, DRAWS);
    record(rows, 4, 1, 9, 0, between, DRAWS);
    record(more, 3, 0, 9, 0, after, DRAWS);
    assert_memory_equal(alone, between, sizeof(alone));
    assert_memory_equal(alone, after, sizeof(alone));
}

/* Two rows of one kind, two kinds, two workers, two seeds: different hits. */
static void test_streams_differ(void **state)
{
    (void)state;
    enum { DRAWS = 5000, STREAMS = 6 };
    static bool hits[STREAMS][DRAWS];
    const struct fault_config lost = fault(FAULT_LOST_RESPONSE, 0.5);
    const struct fault_config other = fault(FAULT_LOST_REQUEST, 0.5);
    const struct fault_config rows[] = {lost, lost, other, other};

    for (size_t row = 0; row < 4; row++) {
        record(rows, 4, row, 9, 0, hits[row], DRAWS);
    }
    record(rows, 4, 0, 9, 1, hits[4], DRAWS);
    record(rows, 4, 0, 10, 0, hits[5], DRAWS);
    for (size_t a = 0; a < STREAMS; a++) {
        for (size_t b = a + 1; b < STREAMS; b++) {
            double same = 0;
            for (size_t k = 0; k < DRAWS; k++) {
                same += hits[a][k] == hits[b][k];
            }
            /* 5000 fair coins: a standard deviation of 35.4. */
            assert_true(fabs(same - DRAWS / 2.0) < 4 * 35.4);
        }
    }
}

static void test_the_first_row_wins(void **state)
{
    (void)state;
    const struct fault_config rows[] = {
        fault(FAULT_LOST_RESPONSE, 0.3),
        fault(FAULT_LOST_REQUEST, 1),
        fault(FAULT_LOST_RESPONSE, 1),
    };
    struct fault_drawer drawer;
    int first = 0;

    fault_drawer_init(&drawer, rows, array_length(rows), 21, 0);
    for (int k = 0; k < 10000; k++) {
        const struct fault_config *hit = fault_draw(&drawer, DURATION_ZERO, 0);
        assert_true(hit == &rows[0] || hit == &rows[1]);
        first += hit == &rows[0];
    }
    /* 10,000 draws at 0.3: a standard deviation of 45.8. */
    assert_true(abs(first - 3000) < 4 * 46);
}

static void test_windows_and_requests_select(void **state)
{
    (void)state;
    struct fault_config one = fault(FAULT_LOST_REQUEST, 1);
    struct fault_drawer drawer;

    one.window =
        (struct window){.from = duration_s(10), .length = duration_s(5)};
    one.request = 2;
    fault_drawer_init(&drawer, &one, 1, 1, 0);
    struct rng before = drawer.streams[0];
    assert_null(fault_draw(&drawer, (struct duration){10 * NS_PER_S - 1}, 2));
    assert_null(fault_draw(&drawer, duration_s(10), 0));
    assert_null(fault_draw(&drawer, duration_s(15), 2));
    /* Nothing was drawn for attempts that the fault does not concern. */
    assert_memory_equal(&before, &drawer.streams[0], sizeof(before));
    assert_ptr_equal(fault_draw(&drawer, duration_s(10), 2), &one);
    assert_ptr_equal(
        fault_draw(&drawer, (struct duration){15 * NS_PER_S - 1}, 2), &one);
}

static void test_a_window_without_end(void **state)
{
    (void)state;
    const struct window open = {.from = duration_s(1),
                                .length = DURATION_FOREVER};

    assert_false(window_contains(&open, DURATION_ZERO));
    assert_true(window_contains(&open, duration_s(1)));
    assert_true(window_contains(&open, (struct duration){INT64_MAX - 1}));
    assert_true(window_contains(&open, DURATION_FOREVER));
}

static void test_every_kind_has_a_name(void **state)
{
    (void)state;
    for (int kind = 0; kind < FAULT_COUNT; kind++) {
        assert_true(strlen(fault_name((enum fault_kind)kind)) > 0);
    }
    assert_string_equal(fault_name(FAULT_LOST_RESPONSE), "lost_response");
}

/* Amounts are even over their span, and drawing them moves no other stream. */
static void test_spans_are_drawn_apart(void **state)
{
    (void)state;
    enum { DRAWS = 10000 };
    struct fault_config rows[2] = {fault(FAULT_DELAY, 1),
                                   fault(FAULT_LOST_RESPONSE, 1)};
    struct fault_drawer drawer;
    double sum = 0;

    rows[0].delay = (struct fault_span){.low = 1e6, .high = 3e6};
    rows[1].after = (struct fault_span){.high = 1.5, .is_share = true};
    fault_drawer_init(&drawer, rows, 2, 5, 0);
    struct fault_drawer before = drawer;
    for (int k = 0; k < DRAWS; k++) {
        struct duration delay =
            fault_draw_span(&drawer, &rows[0], &rows[0].delay, DURATION_ZERO);
        assert_in_range(delay.ns, 1000000, 3000000);
        sum += (double)delay.ns;
    }
    /* Uniform from 1 to 3 ms: a standard deviation of 0.577 ms. */
    assert_true(fabs(sum / DRAWS - 2e6) < 4 * 0.577e6 / sqrt(DRAWS));
    assert_memory_equal(drawer.streams, before.streams,
                        sizeof(drawer.streams));
    assert_memory_equal(&drawer.amounts[1], &before.amounts[1],
                        sizeof(drawer.amounts[1]));
    for (int k = 0; k < DRAWS; k++) {
        struct duration after = fault_draw_span(
            &drawer, &rows[1], &rows[1].after, duration_ms(10));
        assert_in_range(after.ns, 0, 15000000);
    }
    rows[0].delay = (struct fault_span){.low = 7, .high = 7};
    assert_int_equal(
        fault_draw_span(&drawer, &rows[0], &rows[0].delay, DURATION_ZERO).ns,
        7);
}

static void throw_failure(const char *condition, const char *file, int line)
{
    mock_assert(0, condition, file, line);
}

static void test_too_many_rows_are_a_bug(void **state)
{
    (void)state;
    static const struct fault_config rows[FAULTS_MAX + 1];
    struct fault_drawer drawer;

    must_fail_hook = throw_failure;
    expect_assert_failure(
        fault_drawer_init(&drawer, rows, FAULTS_MAX + 1, 1, 0));
    must_fail_hook = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_ratio_is_binomial),
        cmocka_unit_test(test_never_and_always),
        cmocka_unit_test(test_another_row_moves_nothing),
        cmocka_unit_test(test_streams_differ),
        cmocka_unit_test(test_the_first_row_wins),
        cmocka_unit_test(test_windows_and_requests_select),
        cmocka_unit_test(test_a_window_without_end),
        cmocka_unit_test(test_every_kind_has_a_name),
        cmocka_unit_test(test_spans_are_drawn_apart),
        cmocka_unit_test(test_too_many_rows_are_a_bug),
    };
    return cmocka_run_group_tests_name("faults/fault", tests, NULL, NULL);
}
