/* What is said of a search, held against what it found. */
#include "search/bound.h"
#include "search/overload.h"

#include "base/units.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static enum bound_truth judge(const char *text, const struct search_view *view)
{
    struct bound bound;
    char problem[200];

    assert_true(bound_parse(&bound, text, "capacity", units_parse_rate,
                            problem, sizeof problem));
    assert_string_equal(bound.text, text);
    return bound_judge(&bound, view, true);
}

static void test_confirmed(void **state)
{
    struct search_view view = {
        .end = SEARCH_FOUND, .headline = 900, .is_confirmed = true};
    struct bound bound;
    char problem[200];
    (void)state;

    assert_int_equal(judge("capacity < 900/s", &view), BOUND_FALSE);
    assert_int_equal(judge("capacity <= 900/s", &view), BOUND_TRUE);
    assert_int_equal(judge(" capacity<901/s", &view), BOUND_TRUE);
    assert_int_equal(judge("capacity > 900/s", &view), BOUND_FALSE);
    assert_int_equal(judge("capacity >= 54000/min", &view), BOUND_TRUE);
    assert_true(bound_parse(&bound, "capacity < 901/s", "capacity",
                            units_parse_rate, problem, sizeof problem));
    assert_int_equal(bound_judge(&bound, &view, false), BOUND_UNKNOWN);
    view.is_confirmed = false;
    assert_int_equal(judge("capacity < 901/s", &view), BOUND_UNKNOWN);
}

/* What was searched in vain is known as far as the search went. */
static void test_half_known(void **state)
{
    struct search_view at_least = {.end = SEARCH_NEVER_FAILS, .headline = 500};
    struct search_view below = {.end = SEARCH_NEVER_PASSES, .fails_from = 10};
    struct search_view nothing = {.end = SEARCH_IMPOSSIBLE, .headline = NAN};
    (void)state;

    assert_int_equal(judge("capacity < 400/s", &at_least), BOUND_FALSE);
    assert_int_equal(judge("capacity >= 500/s", &at_least), BOUND_TRUE);
    assert_int_equal(judge("capacity < 900/s", &at_least), BOUND_UNKNOWN);
    assert_int_equal(judge("capacity > 900/s", &at_least), BOUND_UNKNOWN);
    assert_int_equal(judge("capacity < 20/s", &below), BOUND_TRUE);
    assert_int_equal(judge("capacity >= 20/s", &below), BOUND_FALSE);
    assert_int_equal(judge("capacity < 5/s", &below), BOUND_UNKNOWN);
    assert_int_equal(judge("capacity < 5/s", &nothing), BOUND_UNKNOWN);
}

static void test_bad_bounds(void **state)
{
    static const char too_long[] =
        "capacity <                                                          "
        "           5/s";
    const char *const texts[] = {
        "",
        "knee < 5/s",
        "capacity",
        "capacity 5/s",
        "capacity = 5/s",
        "capacity < 5",
        "capacity < -5/s",
        "capacity < 5/s and more",
        too_long,
    };
    struct bound bound;
    char problem[200];
    (void)state;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        problem[0] = '\0';
        assert_false(bound_parse(&bound, texts[i], "capacity",
                                 units_parse_rate, problem, sizeof problem));
        assert_true(problem[0] != '\0');
    }
}

static void test_overload(void **state)
{
    (void)state;

    assert_int_equal(overload_judge(100, 100), OVERLOAD_PLATEAU);
    assert_int_equal(overload_judge(100, 90), OVERLOAD_PLATEAU);
    assert_int_equal(overload_judge(100, 89), OVERLOAD_DECLINE);
    assert_int_equal(overload_judge(100, 50), OVERLOAD_DECLINE);
    assert_int_equal(overload_judge(100, 49), OVERLOAD_COLLAPSE);
    assert_int_equal(overload_judge(100, 0), OVERLOAD_COLLAPSE);
    assert_int_equal(overload_judge(NAN, 100), OVERLOAD_UNKNOWN);
    assert_int_equal(overload_judge(100, NAN), OVERLOAD_UNKNOWN);
    for (int i = 0; i < OVERLOAD_COUNT; i++) {
        assert_true(strlen(overload_word((enum overload)i)) > 0);
        assert_true(strlen(overload_sentence((enum overload)i)) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_confirmed),
        cmocka_unit_test(test_half_known),
        cmocka_unit_test(test_bad_bounds),
        cmocka_unit_test(test_overload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
