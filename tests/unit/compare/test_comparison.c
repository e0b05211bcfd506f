/* Whole comparisons: words, levels and rounds, against figures that were
 * worked out apart. */
#include "compare/comparison.h"
#include "compare/looks.h"

#include "base/must.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { ROUNDS_MAX = 200, VARIANTS_MAX = 3 };

/* What is compared, and the runs of it; the first variant is the baseline. */
struct experiment {
    struct comparison_input input;
    double values[ROUNDS_MAX * VARIANTS_MAX * COMPARED_COUNT];
    struct arena arena;
};

static void experiment_init(struct experiment *experiment, size_t variants,
                            size_t rounds)
{
    experiment->arena = (struct arena)ARENA_INIT;
    for (size_t i = 0; i < array_length(experiment->values); i++) {
        experiment->values[i] = NAN;
    }
    experiment->input = (struct comparison_input){
        .variants = variants, .rounds = rounds, .values = experiment->values};
}

static void set(struct experiment *experiment, size_t round, size_t variant,
                enum compared measure, double value)
{
    size_t run = round * experiment->input.variants + variant;
    experiment->values[run * COMPARED_COUNT + measure] = value;
}

static const struct comparison_row *row_of(const struct comparison *comparison,
                                           enum compared measure)
{
    const struct comparison_row *row = comparison_find(comparison, measure, 1);
    assert_non_null(row);
    return row;
}

static void near(double got, double wanted)
{
    if (!(fabs(got - wanted) <= 1e-9)) {
        fail_msg("got %.12g, wanted %.12g", got, wanted);
    }
}

static void expect(const struct comparison_row *row, enum finding finding,
                   double estimate, double low, double high, double p)
{
    assert_string_equal(finding_word(row->finding), finding_word(finding));
    near(row->estimate, estimate);
    near(row->low, low);
    near(row->high, high);
    near(row->p, p);
}

static void test_three_measures(void **state)
{
    static const double p99[] = {.21, .26, .17, .24, .19,
                                 .30, .22, .15, .28, .23};
    static const double amplification[] = {.031, .012,  -.004, .025, .018,
                                           .040, -.009, .022,  .015, .028};
    static const double points[] = {.10,  -.20, .05,  -.15, .30,
                                    -.10, .20,  -.05, -.25, .15};
    struct experiment experiment;
    (void)state;

    experiment_init(&experiment, 2, 10);
    for (size_t i = 0; i < 10; i++) {
        set(&experiment, i, 0, COMPARED_P99, 1000);
        set(&experiment, i, 1, COMPARED_P99, 1000 * exp(p99[i]));
        set(&experiment, i, 0, COMPARED_AMPLIFICATION, 1);
        set(&experiment, i, 1, COMPARED_AMPLIFICATION, exp(amplification[i]));
        set(&experiment, i, 0, COMPARED_SUCCESS_RATE, 0.5);
        set(&experiment, i, 1, COMPARED_SUCCESS_RATE, 0.5 + points[i] / 100);
    }
    experiment.input.is_judged[COMPARED_P99] = true;
    experiment.input.is_judged[COMPARED_AMPLIFICATION] = true;
    experiment.input.is_judged[COMPARED_SUCCESS_RATE] = true;
    struct comparison comparison =
        comparison_judge(&experiment.arena, &experiment.input, 0.05);

    near(comparison.common_level, 0.05);
    assert_int_equal(comparison.least, 7);
    expect(row_of(&comparison, COMPARED_P99), FOUND_WORSE, exp(.225), exp(.19),
           exp(.26), .005859375);
    expect(row_of(&comparison, COMPARED_AMPLIFICATION), FOUND_NONE, exp(.0185),
           exp(.0065), exp(.028), .01953125);
    expect(row_of(&comparison, COMPARED_SUCCESS_RATE), FOUND_NONE, 0, -.0015,
           .0015, 1);
    assert_string_equal(
        finding_word(row_of(&comparison, COMPARED_GOODPUT)->finding),
        "not measured");
    arena_release(&experiment.arena);
}

static void judge_counts(const double *reference, const double *policy,
                         size_t count, struct experiment *experiment,
                         struct comparison *comparison)
{
    experiment_init(experiment, 2, count);
    for (size_t i = 0; i < count; i++) {
        set(experiment, i, 0, COMPARED_DUPLICATES, reference[i]);
        set(experiment, i, 1, COMPARED_DUPLICATES, policy[i]);
    }
    experiment->input.is_judged[COMPARED_DUPLICATES] = true;
    *comparison =
        comparison_judge(&experiment->arena, &experiment->input, 0.05);
}

static void test_counts(void **state)
{
    static const double more[][10] = {{0, 2, 0, 1, 0, 3, 1, 0, 0, 2},
                                      {3, 5, 0, 4, 2, 6, 1, 3, 0, 4}};
    static const double fewer[][8] = {{2, 0, 1, 4, 0, 2, 1, 3},
                                      {0, 1, 0, 1, 0, 0, 2, 1}};
    static const double nothing[8] = {0};
    static const double alike[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    struct experiment experiment;
    struct comparison comparison;
    (void)state;

    judge_counts(more[0], more[1], 10, &experiment, &comparison);
    near(row_of(&comparison, COMPARED_DUPLICATES)->p, 0.015625);
    assert_int_equal(row_of(&comparison, COMPARED_DUPLICATES)->finding,
                     FOUND_WORSE);
    arena_release(&experiment.arena);

    judge_counts(fewer[0], fewer[1], 8, &experiment, &comparison);
    near(row_of(&comparison, COMPARED_DUPLICATES)->p, 0.15625);
    assert_int_equal(row_of(&comparison, COMPARED_DUPLICATES)->finding,
                     FOUND_UNDECIDED);
    arena_release(&experiment.arena);

    judge_counts(nothing, nothing, 8, &experiment, &comparison);
    expect(row_of(&comparison, COMPARED_DUPLICATES), FOUND_NONE, 0, 0, 0, 1);
    arena_release(&experiment.arena);

    judge_counts(alike, alike, 8, &experiment, &comparison);
    assert_int_equal(row_of(&comparison, COMPARED_DUPLICATES)->finding,
                     FOUND_UNDECIDED);
    arena_release(&experiment.arena);
}

static void judge_p99(const double *policy, size_t count,
                      struct experiment *experiment,
                      struct comparison *comparison)
{
    experiment_init(experiment, 2, count);
    for (size_t i = 0; i < count; i++) {
        set(experiment, i, 0, COMPARED_P99, 1000);
        set(experiment, i, 1, COMPARED_P99, policy[i]);
    }
    experiment->input.is_judged[COMPARED_P99] = true;
    *comparison =
        comparison_judge(&experiment->arena, &experiment->input, 0.05);
}

/* What never came is worse than any time, and is no number. */
static void test_never(void **state)
{
    const double never = INFINITY;
    const double policy[] = {never, 4000,  never, 2000,
                             never, never, 3000,  never};
    struct experiment experiment;
    struct comparison comparison;
    (void)state;

    judge_p99(policy, array_length(policy), &experiment, &comparison);
    const struct comparison_row *row = row_of(&comparison, COMPARED_P99);
    assert_int_equal(row->finding, FOUND_WORSE);
    assert_true(isinf(row->estimate) && isinf(row->high));
    near(row->low, 3);
    assert_true(isnan(row->resolution));
    arena_release(&experiment.arena);

    judge_p99((double[]){never, never}, 2, &experiment, &comparison);
    for (size_t i = 0; i < 2; i++) {
        set(&experiment, i, 0, COMPARED_P99, never);
    }
    comparison = comparison_judge(&experiment.arena, &experiment.input, 0.05);
    near(row_of(&comparison, COMPARED_P99)->estimate, 1);
    arena_release(&experiment.arena);
}

/* Too few rounds show nothing, however large the difference; rounds without a
 * value are left out for their row. */
static void test_too_few(void **state)
{
    const double policy[] = {2000, 2000, 2000, NAN, 2000, 2000, NAN};
    struct experiment experiment;
    struct comparison comparison;
    (void)state;

    judge_p99(policy, array_length(policy), &experiment, &comparison);
    const struct comparison_row *row = row_of(&comparison, COMPARED_P99);
    assert_int_equal(comparison.least, 6);
    assert_int_equal(row->rounds, 5);
    assert_int_equal(row->finding, FOUND_UNDECIDED);
    arena_release(&experiment.arena);
}

static void test_looks(void **state)
{
    static const size_t wanted[] = {8, 12, 18, 27, 41, 60, 60};
    const struct looks automatic = {.most = 60};
    const struct looks fixed = {.fixed = 10};
    size_t rounds = looks_first(&automatic, 1);
    (void)state;

    for (size_t i = 0; i < array_length(wanted); i++) {
        assert_int_equal(rounds, wanted[i]);
        rounds = looks_next(&automatic, rounds);
    }
    assert_int_equal(looks_first(&automatic, 16), 11);
    assert_int_equal(looks_first(&fixed, 16), 10);
    near(looks_last_level(&fixed), 0.05);
    near(looks_last_level(&automatic), 0.03);
}

/* Noise of a sixth and a factor of two: the second look may end it, at the
 * strict level; the first has too few rounds for that. */
static void test_early_end(void **state)
{
    const struct looks looks = {.most = 60};
    struct experiment experiment;
    struct comparison comparison;
    double policy[12];
    (void)state;

    for (size_t i = 0; i < array_length(policy); i++) {
        policy[i] = 2000 * (1 + 0.6 * ((double)(i * 7 % 12) / 12 - 0.5));
    }
    judge_p99(policy, 8, &experiment, &comparison);
    assert_false(looks_judge(&looks, &experiment.arena, &experiment.input,
                             false, &comparison));
    assert_true(row_of(&comparison, COMPARED_P99)->wanted > 8);
    assert_true(looks_judge(&looks, &experiment.arena, &experiment.input, true,
                            &comparison));
    near(comparison.level, 0.03);
    arena_release(&experiment.arena);

    judge_p99(policy, 12, &experiment, &comparison);
    assert_true(looks_judge(&looks, &experiment.arena, &experiment.input,
                            false, &comparison));
    assert_int_equal(row_of(&comparison, COMPARED_P99)->finding, FOUND_WORSE);
    arena_release(&experiment.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_measures),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_never),
        cmocka_unit_test(test_too_few),
        cmocka_unit_test(test_looks),
        cmocka_unit_test(test_early_end),
    };
    return cmocka_run_group_tests_name("compare/comparison", tests, NULL,
                                       NULL);
}
