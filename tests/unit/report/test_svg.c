/* Paths: gaps stay gaps, a point alone is seen, steps go round what they fill.
 */
#include "report/svg.h"

#include "base/must.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const double none = (double)NAN;

static void assert_line(const double *down, size_t count, const char *wanted)
{
    static const double across[] = {0, 0.25, 0.5, 0.75, 1};
    struct str out = STR_INIT;

    svg_line(&out, "line", across, down, count, 0.1);
    assert_string_equal(out.text, wanted);
    str_release(&out);
}

static void test_lines(void **state)
{
    (void)state;
    assert_line((double[]){10, 20.04, 30.06}, 3,
                "<path class=\"line\" d=\"M0 10L250 20L500 30.1\"/>\n");
    assert_line((double[]){10, 20, none, 30, 40}, 5,
                "<path class=\"line\" d=\"M0 10L250 20M750 30L1000 40\"/>\n");
    assert_line((double[]){none, none}, 2, "<path class=\"line\" d=\"\"/>\n");
    /* Alone between gaps, and at an end, where it does not leave the plot. */
    assert_line((double[]){none, 20, none}, 3,
                "<path class=\"line\" d=\"M200 20L300 20\"/>\n");
    assert_line((double[]){20, none}, 2,
                "<path class=\"line\" d=\"M0 20L50 20\"/>\n");
}

static void assert_steps(const double *top, const double *bottom, size_t count,
                         const char *wanted)
{
    static const double from[] = {0, 0.25, 0.5, 0.75, 1};
    struct str out = STR_INIT;

    svg_steps(&out, "area", from, top, bottom, count);
    assert_string_equal(out.text, wanted);
    str_release(&out);
}

static void test_steps(void **state)
{
    (void)state;
    assert_steps((double[]){40}, (double[]){100}, 1,
                 "<path class=\"area\" d=\"M0 100V40H250V100H0z\"/>\n");
    assert_steps((double[]){40, 60}, (double[]){100, 100}, 2,
                 "<path class=\"area\" d=\"M0 100V40H250V60H500V100H0z\"/>\n");
    /* On another area, whose edge goes back the same way. */
    assert_steps((double[]){10, 20}, (double[]){40, 60}, 2,
                 "<path class=\"area\" "
                 "d=\"M0 40V10H250V20H500V60H250V40H0z\"/>\n");
    /* Equal steps are one. */
    assert_steps((double[]){40, 40, 40}, (double[]){100, 100, 100}, 3,
                 "<path class=\"area\" d=\"M0 100V40H750V100H0z\"/>\n");
    /* What has no height is not drawn. */
    assert_steps((double[]){40, 100, 40, none}, (double[]){100, 100, 100, 100},
                 4,
                 "<path class=\"area\" "
                 "d=\"M0 100V40H250V100H0zM500 100V40H750V100H500z\"/>\n");
}

static void test_slots(void **state)
{
    struct str out = STR_INIT;

    (void)state;
    svg_slots(&out, "shade", (bool[]){true, true, false, true}, 4, 180);
    svg_slots(&out, "shade", (bool[]){false, false}, 2, 180);
    assert_string_equal(
        out.text,
        "<path class=\"shade\" d=\"M0 0H500V180H0zM750 0H1000V180H750z\"/>\n"
        "<path class=\"shade\" d=\"\"/>\n");
    str_release(&out);
}

static void test_words_at_the_ends(void **state)
{
    struct str out = STR_INIT;

    (void)state;
    svg_text(&out, "tick", 0, 10);
    svg_text(&out, "tick", 0.5, 10);
    svg_text(&out, "tick", 1, 10);
    assert_string_equal(
        out.text,
        "<text class=\"tick\" x=\"0.00%\" y=\"10.0\" text-anchor=\"start\">"
        "<text class=\"tick\" x=\"50.00%\" y=\"10.0\" text-anchor=\"middle\">"
        "<text class=\"tick\" x=\"100.00%\" y=\"10.0\" text-anchor=\"end\">");
    str_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_slots),
        cmocka_unit_test(test_words_at_the_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
