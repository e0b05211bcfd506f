/* Knock-outs of numbers that are given: levels and looks, who is dropped by
 * whom and in what, who is never dropped, and the ranking. */
#include "compare/knockout.h"
#include "compare/knockout_gate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { ROUNDS = 16, VARIANTS = 4 };

/* Values of a variant in every round; they move together. */
struct given {
    double success, p99, amplification, duplicates;
};

struct bench {
    struct comparison_input input;
    struct knockout_rules rules;
    struct knockout knockout;
    double values[ROUNDS * VARIANTS * COMPARED_COUNT];
};

static void give(struct bench *bench, const struct given *given, size_t count)
{
    for (size_t r = 0; r < ROUNDS; r++) {
        for (size_t v = 0; v < count; v++) {
            double *values = &bench->values[(r * count + v) * COMPARED_COUNT];
            for (size_t i = 0; i < COMPARED_COUNT; i++) {
                values[i] = (double)NAN;
            }
            values[COMPARED_SUCCESS_RATE] =
                given[v].success + 0.0001 * (double)(r % 3);
            values[COMPARED_P99] = given[v].p99 * (1 + 0.01 * (double)(r % 5));
            values[COMPARED_AMPLIFICATION] = given[v].amplification;
            values[COMPARED_DUPLICATES] = given[v].duplicates;
        }
    }
    bench->input = (struct comparison_input){
        .variants = count, .rounds = ROUNDS, .values = bench->values};
}

static void look(struct bench *bench, const struct given *given, size_t count)
{
    bench->rules =
        (struct knockout_rules){.variant_count = count, .fixed = ROUNDS};
    knockout_criteria(&bench->rules, false);
    give(bench, given, count);
    knockout_begin(&bench->knockout, &bench->rules);
    knockout_look(&bench->knockout, &bench->input);
}

static void assert_near(double found, double wanted, double within)
{
    assert_true(fabs(found - wanted) <= within);
}

static void assert_drop(const struct bench *bench, size_t variant, size_t by,
                        enum compared criterion)
{
    assert_true(bench->knockout.is_dropped[variant]);
    assert_int_equal(bench->knockout.drops[variant].by, by);
    assert_int_equal(bench->knockout.drops[variant].criterion, criterion);
}

/* 5 % over four looks, k variants and their K - 1 others with C criteria. */
static void test_levels(void **state)
{
    struct knockout_rules rules = {.variant_count = 14, .most = 60};
    (void)state;

    knockout_criteria(&rules, true);
    assert_int_equal(rules.criterion_count, 4);
    assert_int_equal(rules.criteria[0], COMPARED_SUCCESS_RATE);
    assert_int_equal(rules.criteria[1], COMPARED_TIME_TO_RECOVER);
    assert_near(knockout_test_level(&rules, 14), 0.05 / 4 / 14 / 13 / 4,
                1e-15);
    assert_near(knockout_test_level(&rules, 2), 0.05 / 4 / 2 / 13 / 4, 1e-15);
    /* 2^-16 is below the first of these, 2^-15 is not. */
    assert_int_equal(knockout_least(&rules), 16);
    assert_int_equal(knockout_first(&rules), 16);
    assert_int_equal(knockout_last(&rules), 54);
    knockout_criteria(&rules, false);
    assert_int_equal(rules.criterion_count, 3);
    rules = (struct knockout_rules){
        .variant_count = 2, .criterion_count = 1, .fixed = 20, .most = 60};
    assert_near(knockout_test_level(&rules, 2), 0.025, 1e-15);
    assert_int_equal(knockout_least(&rules), 6);
    assert_int_equal(knockout_first(&rules), 20);
    assert_int_equal(knockout_last(&rules), 20);
}

static void test_looks(void **state)
{
    struct bench bench = {
        .rules = {.variant_count = 2, .criterion_count = 1, .most = 60}};
    size_t rounds = knockout_first(&bench.rules);
    static const size_t all[] = {8, 12, 18, 27, 0};
    static const struct given same[] = {{.99, 1, 1.1, 0}, {.99, 1, 1.1, 0}};
    (void)state;

    give(&bench, same, 2);
    knockout_begin(&bench.knockout, &bench.rules);
    for (size_t i = 0; all[i] > 0; i++) {
        assert_int_equal(rounds, all[i]);
        knockout_look(&bench.knockout, &bench.input);
        rounds = knockout_next(&bench.knockout, rounds);
    }
    assert_int_equal(rounds, 0);
    assert_int_equal(bench.knockout.left, 2);
    assert_true(knockout_is_settled(&bench.knockout, &bench.input));
}

/* In success; in time, though it is cheaper; and in what it costs alone. */
static void test_reasons(void **state)
{
    static const struct given given[] = {{.99, 1, 1.1, 5},
                                         {.90, 1, 1.0, 0},
                                         {.99, 1.5, 1.0, 0},
                                         {.99, 1, 1.5, 0}};
    struct bench bench;
    size_t order[VARIANTS];
    (void)state;

    look(&bench, given, 4);
    assert_int_equal(bench.knockout.left, 1);
    assert_drop(&bench, 1, 0, COMPARED_SUCCESS_RATE);
    assert_drop(&bench, 2, 0, COMPARED_P99);
    assert_drop(&bench, 3, 0, COMPARED_AMPLIFICATION);
    const struct knockout_drop *drop = &bench.knockout.drops[3];
    assert_near(drop->estimate, 1.5 / 1.1, 1e-12);
    assert_true(drop->low > 1 && drop->low <= drop->estimate);
    assert_int_equal(drop->rounds, ROUNDS);
    assert_int_equal(drop->look, 1);
    /* Two were left: 2^-16 times 2 * 3 others * 3 criteria. */
    assert_near(drop->p, ldexp(18, -16), 1e-15);
    knockout_rank(&bench.knockout, &bench.input, order);
    assert_int_equal(order[0], 0);
    assert_int_equal(knockout_place(&bench.knockout, 0), 1);
    assert_int_equal(knockout_place(&bench.knockout, 1), 2);
    assert_int_equal(knockout_place(&bench.knockout, 3), 2);
    /* By success first, then by time. */
    assert_int_equal(order[1], 3);
    assert_int_equal(order[2], 2);
    assert_int_equal(order[3], 1);
}

/* It is far cheaper, and has less success by more than is to be seen: it does
 * not beat the other, which beats it. Nor does one that is better by less than
 * is called a difference. */
static void test_no_bargain(void **state)
{
    static const struct given dear[] = {{.99, 1, 3, 0}, {.97, 1, 1, 0}};
    static const struct given near[] = {{.9905, 1, 1, 0}, {.99, 1, 1, 0}};
    struct bench bench;
    (void)state;

    look(&bench, dear, 2);
    assert_int_equal(bench.knockout.left, 1);
    assert_drop(&bench, 1, 0, COMPARED_SUCCESS_RATE);
    look(&bench, near, 2);
    assert_int_equal(bench.knockout.left, 2);
}

/* Each beats the other: less success by less than is to be seen, and cheaper;
 * but somebody is left, by the weightier criterion. */
static void test_somebody_is_left(void **state)
{
    static const struct given given[] = {{.990, 1, 2, 0}, {.985, 1, 1, 0}};
    struct bench bench;
    (void)state;

    look(&bench, given, 2);
    assert_int_equal(bench.knockout.left, 1);
    assert_drop(&bench, 1, 0, COMPARED_SUCCESS_RATE);
}

/* What nobody has measured is passed over; never is worse than any time, and
 * as good as never. */
static void test_unmeasured(void **state)
{
    static const struct given given[] = {{.99, (double)INFINITY, 1.1, 0},
                                         {.99, (double)INFINITY, 1.5, 0},
                                         {.99, 5, 1.5, 0}};
    struct bench bench;
    (void)state;

    look(&bench, given, 3);
    assert_int_equal(bench.knockout.left, 1);
    assert_false(bench.knockout.is_dropped[2]);
    assert_drop(&bench, 0, 2, COMPARED_P99);
    assert_true(isinf(bench.knockout.drops[0].estimate));
    bench.rules.criterion_count = 3;
    bench.rules.criteria[0] = COMPARED_LOST;
    bench.rules.criteria[1] = COMPARED_SUCCESS_RATE;
    bench.rules.criteria[2] = COMPARED_AMPLIFICATION;
    knockout_begin(&bench.knockout, &bench.rules);
    knockout_look(&bench.knockout, &bench.input);
    assert_drop(&bench, 1, 0, COMPARED_AMPLIFICATION);
}

/* One more a run, and a tenth, is not worse; twice as many are. */
static void test_counts(void **state)
{
    static const struct given given[] = {
        {.99, 1, 1.1, 20}, {.99, 1, 1.5, 19}, {.99, 1, 1.0, 40}};
    struct bench bench;
    (void)state;

    look(&bench, given, 3);
    bench.rules.criterion_count = 2;
    bench.rules.criteria[0] = COMPARED_DUPLICATES;
    bench.rules.criteria[1] = COMPARED_AMPLIFICATION;
    knockout_begin(&bench.knockout, &bench.rules);
    knockout_look(&bench.knockout, &bench.input);
    assert_int_equal(bench.knockout.left, 1);
    assert_drop(&bench, 2, 1, COMPARED_DUPLICATES);
    assert_drop(&bench, 0, 1, COMPARED_DUPLICATES);
}

static void test_gates(void **state)
{
    static const char *const names[] = {"a", "b c"};
    static const struct {
        const char *text;
        bool is_demand, holds;
    } rows[] = {
        {"a dropped", false, true},     {"a dropped", true, false},
        {"b c dropped", false, false},  {"b c dropped", true, true},
        {"a kept", true, true},         {"b c kept", true, false},
        {"a suggested", true, true},    {"b c suggested", true, false},
        {"b c suggested", false, true},
    };
    static const struct {
        const char *text, *problem;
    } bad[] = {
        {"a", "\"a\" is nothing that becomes of a strategy: write its name, "
              "and dropped, kept or suggested"},
        {"p99 worse", "\"p99 worse\" is nothing that becomes of a strategy: "
                      "write its name, and dropped, kept or suggested"},
        {"b d kept", "there is no variant \"b d\": did you mean b c?"},
        {"zzz kept", "there is no variant \"zzz\""},
    };
    struct knockout knockout = {.is_dropped = {false, true}};
    struct knockout_gate gate;
    char problem[300];
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(knockout_gate_parse(&gate, rows[i].text, rows[i].is_demand,
                                        names, 2, problem, sizeof problem));
        assert_int_equal(knockout_gate_holds(&gate, &knockout, 0),
                         rows[i].holds);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(knockout_gate_parse(&gate, bad[i].text, false, names, 2,
                                         problem, sizeof problem));
        assert_string_equal(problem, bad[i].problem);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_looks),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_no_bargain),
        cmocka_unit_test(test_somebody_is_left),
        cmocka_unit_test(test_unmeasured),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_gates),
    };
    return cmocka_run_group_tests_name("compare/knockout", tests, NULL, NULL);
}
