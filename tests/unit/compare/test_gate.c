/* What gates accept, what they say to what they do not, and when they hold. */
#include "compare/gate.h"

#include "base/must.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *const names[] = {"none", "full-jitter", "budgeted"};

static bool parse(struct gate *gate, const char *text, bool is_demand,
                  char *problem, size_t size)
{
    return gate_parse(gate, text, is_demand, names, array_length(names),
                      problem, size);
}

static void test_problems(void **state)
{
    static const struct {
        const char *text, *problem;
    } rows[] = {
        {"p98 worse", "did you mean p99?"},
        {"", "write a measure"},
        {"p99 bad", "write better, worse, none, undecided or within 10%"},
        {"p99 not measured", "write better"},
        {"p99 worse in budgeted", "write `of VARIANT`"},
        {"p99 worse of fixed", "there is no variant \"fixed\""},
        {"p99 worse|", "write better"},
        {"p99 worse 0%", "write one such as 10%"},
        {"p99 worse 10x", "write one such as 10%"},
        {"p99 within", "write better"},
        {"p99 within much", "write one such as 10%"},
        {"lost within 10%", "write one such as 3"},
        {"p99 none 10%", "better or worse alone"},
        {"p99 within 10% budgeted", "write `of VARIANT`"},
        {"budgeted", "\"budgeted\" is not compared"},
        {"budgeted p99 worse", "write better, worse, none"},
        {"budgeted worse p98", "did you mean p99?"},
        {"budgeted worse p99 10% of none", "\"of none\" is too much"},
    };
    struct gate gate;
    char problem[200];
    (void)state;

    for (size_t i = 0; i < array_length(rows); i++) {
        assert_false(
            parse(&gate, rows[i].text, false, problem, sizeof problem));
        if (!strstr(problem, rows[i].problem)) {
            fail_msg("%s: %s", rows[i].text, problem);
        }
    }
}

/* Of two variants, full-jitter found `first` and budgeted `second`. */
static bool holds(const char *text, bool is_demand, enum finding first,
                  enum finding second)
{
    struct comparison_row rows[] = {
        {.measure = COMPARED_P99, .variant = 1, .finding = first},
        {.measure = COMPARED_GOODPUT, .variant = 1, .finding = FOUND_WORSE},
        {.measure = COMPARED_P99, .variant = 2, .finding = second},
    };
    struct comparison comparison = {.rows = rows,
                                    .row_count = array_length(rows)};
    struct gate gate;
    char problem[200];

    assert_true(parse(&gate, text, is_demand, problem, sizeof problem));
    return gate_holds(&gate, &comparison);
}

static void test_must_not(void **state)
{
    (void)state;

    assert_true(holds("p99 worse", false, FOUND_NONE, FOUND_UNDECIDED));
    assert_false(holds("p99 worse", false, FOUND_NONE, FOUND_WORSE));
    assert_true(
        holds("p99 worse of full-jitter", false, FOUND_NONE, FOUND_WORSE));
    assert_false(
        holds("p99 worse|undecided", false, FOUND_UNDECIDED, FOUND_NONE));
    assert_false(holds("p99 worse", false, FOUND_UNMEASURED, FOUND_NONE));
}

static void test_must(void **state)
{
    (void)state;

    assert_true(holds("p99 better", true, FOUND_BETTER, FOUND_BETTER));
    assert_false(holds("p99 better", true, FOUND_BETTER, FOUND_NONE));
    assert_true(
        holds("p99 better of full-jitter", true, FOUND_BETTER, FOUND_NONE));
    assert_true(holds("p99 better|none", true, FOUND_BETTER, FOUND_NONE));
    assert_true(
        holds("full-jitter better p99", true, FOUND_BETTER, FOUND_NONE));
    assert_false(holds("budgeted better p99", true, FOUND_BETTER, FOUND_NONE));
    assert_true(
        holds("budgeted better|none p99", true, FOUND_BETTER, FOUND_NONE));
    assert_false(
        holds("p99 better|none", true, FOUND_UNMEASURED, FOUND_BETTER));
}

/* One row of full-jitter with this interval. */
static bool holds_for(const char *text, bool is_demand, enum compared measure,
                      enum finding finding, double low, double high)
{
    struct comparison_row row = {.measure = measure,
                                 .variant = 1,
                                 .finding = finding,
                                 .low = low,
                                 .high = high};
    struct comparison comparison = {.rows = &row, .row_count = 1};
    struct gate gate;
    char problem[200];

    assert_true(parse(&gate, text, is_demand, problem, sizeof problem));
    assert_true((gate_undecided(&gate, &comparison) != NULL) ==
                (finding == FOUND_UNDECIDED));
    return gate_holds(&gate, &comparison);
}

/* The same in both directions of a ratio: 1.1 up, 1/1.1 down. */
static void test_margins(void **state)
{
    (void)state;
#define P99 COMPARED_P99, FOUND_WORSE
    assert_true(holds_for("p99 worse 10%", false, P99, 1.05, 1.3));
    assert_false(holds_for("p99 worse 10%", false, P99, 1.11, 1.3));
    assert_false(
        holds_for("p99 worse 10% of full-jitter", false, P99, 1.11, 1.3));
    assert_false(
        holds_for("full-jitter worse p99 10%", false, P99, 1.11, 1.3));
#undef P99
#define GOODPUT COMPARED_GOODPUT, FOUND_WORSE
    assert_true(holds_for("goodput worse 10%", false, GOODPUT, 0.8, 0.92));
    assert_false(holds_for("goodput worse 10%", false, GOODPUT, 0.8, 0.9));
    assert_false(holds_for("goodput better 10%", true, GOODPUT, 0.8, 0.9));
#undef GOODPUT
#define P99 COMPARED_P99, FOUND_UNDECIDED
    assert_true(holds_for("p99 within 10%", true, P99, 0.5, 1.09));
    assert_false(holds_for("p99 within 10%", true, P99, 0.5, 1.11));
    assert_false(holds_for("p99 within 10%", true, P99, 0, (double)INFINITY));
#undef P99
#define SUCCESS COMPARED_SUCCESS_RATE, FOUND_WORSE
    assert_true(holds_for("success_rate within 2%", true, SUCCESS, -0.019, 0));
    assert_false(
        holds_for("success_rate within 1%", true, SUCCESS, -0.019, 0));
    assert_false(
        holds_for("success_rate worse 1%", false, SUCCESS, -.03, -.01));
    assert_false(holds_for("success_rate within 2%", true,
                           COMPARED_SUCCESS_RATE, FOUND_UNMEASURED, 0, 0));
#undef SUCCESS
    assert_true(
        holds_for("lost within 3", true, COMPARED_LOST, FOUND_NONE, 0, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_problems),
        cmocka_unit_test(test_must_not),
        cmocka_unit_test(test_must),
        cmocka_unit_test(test_margins),
    };
    return cmocka_run_group_tests_name("compare/gate", tests, NULL, NULL);
}
