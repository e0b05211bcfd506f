/* The statistics of comparisons against figures that were worked out apart:
 * with scipy, and by counting subsets. */
#include "compare/holm.h"
#include "compare/rounds.h"
#include "compare/share.h"
#include "compare/signed_rank.h"

#include "base/must.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void near(double got, double wanted)
{
    if (isinf(wanted) ? got != wanted : !(fabs(got - wanted) <= 1e-9)) {
        fail_msg("got %.12g, wanted %.12g", got, wanted);
    }
}

static void expect_interval(const struct signed_rank *ranks, double level,
                            double low, double high)
{
    struct interval interval = signed_rank_interval(ranks, level);
    near(interval.low, low);
    near(interval.high, high);
}

/* Of the statistic at most t, how many of the 2^n subsets. */
static void test_null_law(void **state)
{
    static const double of_ten[] = {1, 2, 3, 5, 7, 10, 14, 19, 25};
    static const double of_five[] = {1, 2, 3, 5, 7, 10, 13, 16, 19};
    const double d[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    struct arena arena = ARENA_INIT;
    (void)state;

    struct signed_rank ten = signed_rank_make(&arena, d, 10);
    struct signed_rank five = signed_rank_make(&arena, d, 5);
    for (size_t t = 0; t < array_length(of_ten); t++) {
        assert_true(ten.below[t] * 1024 == of_ten[t]);
        assert_true(five.below[t] * 32 == of_five[t]);
    }
    assert_true(ten.below[ten.average_count] == 1);
    arena_release(&arena);
}

/* With n differences 1 .. n the kth average from below is known by its
 * place. */
static void test_cuts(void **state)
{
    static const struct {
        size_t n;
        size_t cut[3]; /* at 5 %, 1.25 % and 0.2 % */
    } rows[] = {{6, {1, 0, 0}},     {8, {4, 1, 0}},      {9, {6, 3, 0}},
                {10, {9, 4, 1}},    {12, {14, 9, 3}},    {15, {26, 18, 9}},
                {20, {53, 40, 27}}, {30, {138, 113, 87}}};
    static const double levels[] = {0.05, 0.0125, 0.002};
    struct arena arena = ARENA_INIT;
    double d[30];
    (void)state;

    for (size_t i = 0; i < array_length(rows); i++) {
        for (size_t k = 0; k < rows[i].n; k++) {
            d[k] = (double)(k * k); /* no two averages alike */
        }
        struct signed_rank ranks = signed_rank_make(&arena, d, rows[i].n);
        for (size_t l = 0; l < array_length(levels); l++) {
            size_t cut = rows[i].cut[l];
            double low = cut ? ranks.averages[cut - 1] : -INFINITY;
            near(signed_rank_interval(&ranks, levels[l]).low, low);
        }
    }
    arena_release(&arena);
}

static void test_ratios(void **state)
{
    static const double reference[] = {210, 198, 225, 240, 205, 215, 260, 190};
    static const double policy[] = {231, 221, 244, 290, 219, 247, 275, 214};
    struct arena arena = ARENA_INIT;
    double d[8];
    (void)state;

    for (size_t i = 0; i < array_length(d); i++) {
        d[i] = log(policy[i] / reference[i]);
    }
    struct signed_rank ranks = signed_rank_make(&arena, d, array_length(d));
    near(signed_rank_estimate(&ranks), 0.102504477451);
    assert_true(signed_rank_p(&ranks, 0) == 2.0 / 256);
    assert_true(signed_rank_p(&ranks, log(1.02)) == 2.0 / 256);
    assert_true(signed_rank_p(&ranks, log(1.05)) == 2.0 / 256);
    expect_interval(&ranks, 0.05, 0.068578644870, 0.149568835231);
    expect_interval(&ranks, 0.0125, 0.056089466651, 0.189241999639);
    expect_interval(&ranks, 0.0075, -INFINITY, INFINITY);
    near(rounds_spread(d, array_length(d)), 0.045063005032);
    arena_release(&arena);
}

static void test_both_signs(void **state)
{
    double d[] = {.12, -.03, .21,  .08, -.11, .17,
                  .05, .26,  -.07, .14, .02,  .19};
    struct arena arena = ARENA_INIT;
    struct signed_rank ranks = signed_rank_make(&arena, d, array_length(d));
    (void)state;

    near(signed_rank_estimate(&ranks), 0.0875);
    assert_true(signed_rank_p(&ranks, 0) == 0.0341796875);
    expect_interval(&ranks, 0.05, 0.005, 0.17);
    expect_interval(&ranks, 0.0125, -0.025, 0.19);
    expect_interval(&ranks, 0.002, -0.07, 0.225);
    near(rounds_spread(d, array_length(d)), 0.123400385529);
    arena_release(&arena);
}

static void test_ties_and_zeros(void **state)
{
    double d[] = {0, 0, .10, .10, -.05, .20, .20, .30, 0, .15};
    struct arena arena = ARENA_INIT;
    struct signed_rank ranks = signed_rank_make(&arena, d, array_length(d));
    (void)state;

    near(signed_rank_estimate(&ranks), 0.1);
    assert_true(signed_rank_p(&ranks, 0) == 0.083984375);
    expect_interval(&ranks, 0.05, 0, 0.2);
    expect_interval(&ranks, 0.0125, -0.025, 0.225);
    arena_release(&arena);
}

static void test_never(void **state)
{
    double d[] = {.2, INFINITY, .1, 0, INFINITY, .3, -.1, .25};
    struct arena arena = ARENA_INIT;
    struct signed_rank ranks = signed_rank_make(&arena, d, array_length(d));
    (void)state;

    near(signed_rank_estimate(&ranks), 0.25);
    assert_true(signed_rank_p(&ranks, 0) == 0.0546875);
    expect_interval(&ranks, 0.05, 0, INFINITY);
    assert_true(isnan(rounds_spread(d, array_length(d))));

    double both[] = {.2, INFINITY, .1, 0, -INFINITY, .3, -.1, .25};
    ranks = signed_rank_make(&arena, both, array_length(both));
    near(signed_rank_estimate(&ranks), 0.1125);
    assert_true(signed_rank_p(&ranks, 0) == 0.4609375);
    expect_interval(&ranks, 0.05, -INFINITY, INFINITY);
    arena_release(&arena);
}

static void test_all_equal(void **state)
{
    double d[9] = {0};
    struct arena arena = ARENA_INIT;
    struct signed_rank ranks = signed_rank_make(&arena, d, array_length(d));
    (void)state;

    near(signed_rank_estimate(&ranks), 0);
    assert_true(signed_rank_p(&ranks, 0) == 1);
    expect_interval(&ranks, 0.05, 0, 0);
    near(rounds_spread(d, array_length(d)), 0);
    arena_release(&arena);
}

static void expect_holm(const double *p, const double *wanted, size_t count,
                        size_t rejected)
{
    double adjusted[8];
    size_t within = 0;

    holm_adjust(p, adjusted, count);
    for (size_t i = 0; i < count; i++) {
        near(adjusted[i], wanted[i]);
        within += signed_rank_is_within(adjusted[i], 0.05) != 0;
    }
    assert_int_equal(within, rejected);
}

static void test_holm(void **state)
{
    static const double five[] = {.0078125, .0390625, .6, .0234375, .25};
    static const double fives[] = {.0390625, .1171875, .6, .09375, .5};
    static const double four[] = {.001, .004, .02, .9};
    static const double fours[] = {.004, .012, .04, .9};
    (void)state;

    expect_holm(five, fives, array_length(five), 1);
    expect_holm(four, fours, array_length(four), 3);
    near(holm_common_level(0.05, 4, 0), 0.0125);
    near(holm_common_level(0.05, 4, 3), 0.05);
    near(holm_common_level(0.05, 4, 4), 0.05);
}

static void test_rounds(void **state)
{
    static const struct {
        double spread, detect, level;
        size_t count;
        double wanted;
        size_t needed;
    } rows[] = {{.2, 1.2, .0125, 9, 30.114533355, 31},
                {.1, 1.2, .05, 8, 7.885601510, 8},
                {.3, 1.2, .00375, 10, 74.550480935, 75},
                {.03, 1.05, .0075, 9, 13.520856146, 14}};
    static const size_t least[] = {1,  6,  2,  7,  3,  7,  4,   8,  6,
                                   8,  7,  9,  12, 9,  13, 10,  25, 10,
                                   26, 11, 51, 11, 52, 12, 102, 12};
    (void)state;

    for (size_t i = 0; i < array_length(rows); i++) {
        near(rounds_wanted(rows[i].spread, log(rows[i].detect), rows[i].level,
                           rows[i].count),
             rows[i].wanted);
        assert_int_equal(rounds_needed(rows[i].spread, log(rows[i].detect),
                                       rows[i].level, rows[i].count),
                         rows[i].needed);
    }
    for (size_t i = 0; i < array_length(least); i += 2) {
        assert_int_equal(rounds_least(0.05 / (double)least[i]), least[i + 1]);
    }
    near(expm1(rounds_resolution(.2, .0125, 24)), 0.189422228);
    assert_true(isnan(rounds_resolution(.2, .0125, 4)));
    assert_int_equal(rounds_needed(NAN, .2, .05, 8), 0);
    near(share_normal_upper(.05 / 8), 2.497705474412);
    near(share_normal_upper(.1), 1.281551565545);
}

static void test_shares(void **state)
{
    static const struct {
        unsigned hits, trials;
        double low, high, upper;
    } rows[] = {{0, 1000, 0, .003682083897, .002991249545},
                {3, 1000, .000619099932, .008742023238, .007735244718},
                {506, 4962, .093690237377, .110731302416, .109316430286}};
    (void)state;

    for (size_t i = 0; i < array_length(rows); i++) {
        struct interval interval =
            share_interval(rows[i].hits, rows[i].trials, 0.05);
        near(interval.low, rows[i].low);
        near(interval.high, rows[i].high);
        near(share_upper(rows[i].hits, rows[i].trials, 0.05), rows[i].upper);
    }
    near(share_interval(7, 7, 0.05).high, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_null_law),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_ratios),
        cmocka_unit_test(test_both_signs),
        cmocka_unit_test(test_ties_and_zeros),
        cmocka_unit_test(test_never),
        cmocka_unit_test(test_all_equal),
        cmocka_unit_test(test_holm),
        cmocka_unit_test(test_rounds),
        cmocka_unit_test(test_shares),
    };
    return cmocka_run_group_tests_name("compare/statistics", tests, NULL,
                                       NULL);
}
