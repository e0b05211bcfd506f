/* The course of a search, run by run. */
#include "search/search.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct search_rules rules = {
    .start = 100,
    .least = 1,
    .most = 1e6,
    .precision = 0.1,
    .runs_least = 8,
    .runs_most = 30,
};

static double next(const struct search *search)
{
    double size;
    assert_true(search_next(search, &size));
    return size;
}

static void assert_near(double value, double expected)
{
    if (!(fabs(value - expected) <= 1e-9 * fabs(expected))) {
        print_error("%.12g, not %.12g\n", value, expected);
        fail();
    }
}

/* Runs pass below an edge, and fail from it on. */
static void finish(struct search *search, double edge)
{
    double size;
    while (search_next(search, &size)) {
        search_take(search, size < edge);
    }
}

static void test_doubling(void **state)
{
    struct arena arena = ARENA_INIT;
    struct search search;
    (void)state;

    search_init(&search, &arena, &rules);
    assert_near(next(&search), 100);
    search_take(&search, true);
    assert_near(next(&search), 200);
    /* One failure does not end it: two of three. */
    search_take(&search, false);
    assert_near(next(&search), 200);
    search_take(&search, true);
    assert_near(next(&search), 200);
    search_take(&search, true);
    assert_near(next(&search), 400);
    search_take(&search, false);
    assert_int_equal(search.phase, SEARCH_BRACKET);
    search_take(&search, false);
    assert_int_equal(search.phase, SEARCH_NARROW);
    assert_near(search.belief.grid.first, log(100) - 0.2);
    double last = search.belief.grid.first +
                  0.005 * (double)(search.belief.grid.count - 1);
    assert_true(fabs(last - (log(400) + 0.2)) <= 0.0025 + 1e-9);
    arena_release(&arena);
}

/* The median, below it, the median, above it; the doubling is evidence. */
static void test_narrowing(void **state)
{
    struct arena arena = ARENA_INIT;
    struct search search;
    (void)state;

    search_init(&search, &arena, &rules);
    for (int i = 0; i < 4; i++) {
        search_take(&search, i < 2);
    }
    for (size_t i = 0; search.phase == SEARCH_NARROW; i++) {
        static const double side[] = {0, -1, 0, 1};
        const struct belief *belief = &search.belief;
        double interval =
            belief_quantile(belief, 0.95) - belief_quantile(belief, 0.05);
        double h = fmax(belief_spread(belief), interval / 4);
        double size = next(&search);
        assert_near(size, exp(belief_quantile(belief, 0.5) + side[i % 4] * h));
        assert_true(i < 8 || interval > log(1.1));
        search_take(&search, size < 300);
    }
    assert_true(search.narrow_runs >= 8);
    assert_int_equal(search.phase, SEARCH_CONFIRM);
    finish(&search, 300);
    struct search_view view = search_view(&search);
    assert_int_equal(view.end, SEARCH_FOUND);
    assert_true(view.is_confirmed);
    assert_true(view.low <= 300 && 300 <= view.high);
    assert_true(view.high <= view.low * 1.1 * 1.000001);
    assert_true(view.headline < view.edge && view.headline > 270);
    assert_true(view.fails_from >= 300 && view.fails >= 2);
    assert_true(view.passed == 3 && view.runs == 3);
    arena_release(&arena);
}

/* A failure at the headline is evidence, and there is another headline. */
static void test_confirming(void **state)
{
    struct arena arena = ARENA_INIT;
    struct search search;
    double size;
    (void)state;

    search_init(&search, &arena, &rules);
    while (search.phase < SEARCH_CONFIRM) {
        search_take(&search, next(&search) < 300);
    }
    double first = next(&search);
    search_take(&search, true);
    assert_near(next(&search), first);
    search_take(&search, false);
    double second = next(&search);
    assert_true(second < first);
    const struct belief *belief = &search.belief;
    assert_near(second, exp(belief_quantile(belief, 0.5) -
                            1.2816 * belief_spread(belief)));
    assert_true(search_next(&search, &size));
    search_take(&search, true);
    search_take(&search, true);
    assert_true(search_next(&search, &size));
    search_take(&search, true);
    assert_false(search_next(&search, &size));
    assert_near(search_view(&search).headline, second);
    arena_release(&arena);
}

/* It ends, whatever runs show. */
static void test_it_ends(void **state)
{
    (void)state;

    for (uint32_t seed = 1; seed <= 2000; seed++) {
        struct arena arena = ARENA_INIT;
        struct search search;
        double size;
        size_t runs = 0;
        uint32_t bits = seed * 2654435761u;

        search_init(&search, &arena, &rules);
        for (; search_next(&search, &size); runs++) {
            assert_true(size >= rules.least && size <= rules.most);
            bits ^= bits << 13;
            bits ^= bits >> 17;
            bits ^= bits << 5;
            search_take(&search, bits % 5 < seed % 6);
        }
        assert_true(runs <= search_most_runs(&rules));
        arena_release(&arena);
    }
}

static void test_no_size_fails(void **state)
{
    struct arena arena = ARENA_INIT;
    struct search search;
    struct search_rules own = rules;
    (void)state;

    own.most = 350;
    search_init(&search, &arena, &own);
    finish(&search, 1e9);
    struct search_view view = search_view(&search);
    assert_int_equal(view.end, SEARCH_NEVER_FAILS);
    assert_near(view.headline, 350);
    assert_true(view.passed == 3 && view.runs == 3 && view.is_confirmed);
    assert_true(isnan(view.edge) && isnan(view.fails_from));
    assert_int_equal(search.run_count, 5);
    arena_release(&arena);
}

/* The start is too large: it halves. */
static void test_below_the_start(void **state)
{
    struct arena arena = ARENA_INIT;
    struct search search;
    (void)state;

    search_init(&search, &arena, &rules);
    finish(&search, 40);
    struct search_view view = search_view(&search);
    assert_int_equal(view.end, SEARCH_FOUND);
    assert_true(view.low <= 40 && 40 <= view.high);
    assert_near(search.runs[2].size, 50);
    assert_near(search.runs[4].size, 25);
    arena_release(&arena);
}

static void test_no_size_passes(void **state)
{
    struct arena arena = ARENA_INIT;
    struct search search;
    (void)state;

    search_init(&search, &arena, &rules);
    finish(&search, 0);
    assert_int_equal(search_view(&search).end, SEARCH_NEVER_PASSES);
    assert_near(search_view(&search).fails_from, 1);
    assert_int_equal(search_view(&search).fails, search.run_count);
    arena_release(&arena);
}

/* What drives the load cannot do more than so much: the largest rate is found
 * that it can, and what passes there is a bound. */
static void test_a_limit_of_our_own(void **state)
{
    struct arena arena = ARENA_INIT;
    struct search search;
    double size;
    (void)state;

    search_init(&search, &arena, &rules);
    while (search_next(&search, &size)) {
        if (size > 1000) {
            search_cannot(&search);
        } else {
            search_take(&search, true);
        }
    }
    struct search_view view = search_view(&search);
    assert_int_equal(view.end, SEARCH_NEVER_FAILS);
    assert_true(view.headline <= 1000 && view.headline > 900);
    assert_true(view.is_confirmed);
    arena_release(&arena);
}

/* Sizes near the edge can no longer be run: nothing above is, though it is
 * believed to pass there. */
static void test_an_edge_out_of_reach(void **state)
{
    struct arena arena = ARENA_INIT;
    struct search search;
    double size;
    (void)state;

    search_init(&search, &arena, &rules);
    while (search_next(&search, &size)) {
        if (search.phase == SEARCH_NARROW && size > 400) {
            search_cannot(&search);
        } else {
            search_take(&search, size < 500);
        }
    }
    struct search_view view = search_view(&search);
    assert_int_equal(view.end, SEARCH_FOUND);
    assert_near(view.headline, 400);
    assert_true(view.is_confirmed && view.low > 400);
    arena_release(&arena);
}

static void test_nothing_can_be_run(void **state)
{
    struct arena arena = ARENA_INIT;
    struct search search;
    double size;
    size_t tries = 0;
    (void)state;

    search_init(&search, &arena, &rules);
    for (; search_next(&search, &size); tries++) {
        search_cannot(&search);
    }
    assert_true(tries < 12);
    assert_int_equal(search_view(&search).end, SEARCH_IMPOSSIBLE);
    assert_int_equal(search_view(&search).runs, 0);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_doubling),
        cmocka_unit_test(test_narrowing),
        cmocka_unit_test(test_confirming),
        cmocka_unit_test(test_it_ends),
        cmocka_unit_test(test_no_size_fails),
        cmocka_unit_test(test_below_the_start),
        cmocka_unit_test(test_no_size_passes),
        cmocka_unit_test(test_a_limit_of_our_own),
        cmocka_unit_test(test_an_edge_out_of_reach),
        cmocka_unit_test(test_nothing_can_be_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
