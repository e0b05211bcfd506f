/* What a comparison comes to, in sentences that are made by rule. */
#include "compare/summary.h"

#include "base/must.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { VARIANTS = 3, ROUNDS = 12 };

static const char *const names[] = {"immediate", "budgeted", "fixed"};

/* Each variant has one value of each measure in all rounds, but for a little
 * noise that is in order. */
struct course {
    double values[VARIANTS][COMPARED_COUNT];
    double noise[VARIANTS];
};

static void expect(const struct course *course, const bool *is_judged,
                   const char *const *sentences, size_t count)
{
    static double values[ROUNDS * VARIANTS * COMPARED_COUNT];
    struct arena arena = ARENA_INIT;
    struct comparison_input input = {
        .variants = VARIANTS, .rounds = ROUNDS, .values = values};
    struct summary summary;

    for (size_t i = 0; i < COMPARED_COUNT; i++) {
        input.is_judged[i] = is_judged[i];
        for (size_t r = 0; r < ROUNDS; r++) {
            for (size_t v = 0; v < VARIANTS; v++) {
                double sign = r % 2 ? 1 : -1;
                values[(r * VARIANTS + v) * COMPARED_COUNT + i] =
                    course->values[v][i] *
                    (1 + sign * course->noise[v] * (double)(r + 1) / ROUNDS);
            }
        }
    }
    struct comparison comparison = comparison_judge(&arena, &input, 0.05);
    summary_make(&summary, &input, &comparison, names);
    assert_int_equal(summary.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(summary.sentences[i].text, sentences[i]);
    }
    summary_release(&summary);
    arena_release(&arena);
}

static void test_better_and_worse(void **state)
{
    static const struct course course = {
        .values = {
            [0] = {[COMPARED_TIME_TO_RECOVER] = (double)INFINITY,
                   [COMPARED_SUCCESS_RATE] = 0.5,
                   [COMPARED_P99] = 100e3,
                   [COMPARED_AMPLIFICATION] = 2.6},
            [1] = {[COMPARED_TIME_TO_RECOVER] = 2.3e6,
                   [COMPARED_SUCCESS_RATE] = 0.9,
                   [COMPARED_P99] = 150e3,
                   [COMPARED_AMPLIFICATION] = 1},
            [2] = {[COMPARED_TIME_TO_RECOVER] = (double)INFINITY,
                   [COMPARED_SUCCESS_RATE] = 0.5,
                   [COMPARED_P99] = 50e3,
                   [COMPARED_AMPLIFICATION] = 2.6},
        }};
    static const bool is_judged[COMPARED_COUNT] = {
        [COMPARED_TIME_TO_RECOVER] = true,
        [COMPARED_SUCCESS_RATE] = true,
        [COMPARED_P99] = true,
        [COMPARED_AMPLIFICATION] = true};
    static const char *const sentences[] = {
        "Beside immediate, budgeted recovers in 2.30 s, where immediate never "
        "does, has 40 points more success, and sends 2.6 times fewer attempts "
        "an operation; but it has a p99 that is 50 % longer.",
        "Beside immediate, fixed has a p99 that is 2 times shorter.",
    };
    (void)state;
    expect(&course, is_judged, sentences, array_length(sentences));
}

static void test_undecided(void **state)
{
    static const struct course course = {
        .values = {{[COMPARED_P99] = 100e3, [COMPARED_GOODPUT] = 100},
                   {[COMPARED_P99] = 100e3, [COMPARED_GOODPUT] = 100},
                   {[COMPARED_P99] = 100e3, [COMPARED_GOODPUT] = 110}},
        .noise = {0, 0.4, 0}};
    static const bool is_judged[COMPARED_COUNT] = {[COMPARED_P99] = true};
    static const bool of_goodput[COMPARED_COUNT] = {[COMPARED_GOODPUT] = true};
    static const char *const sentences[] = {
        "Undecided: time to success p99 of budgeted; all of it takes about "
        "50 rounds."};
    static const char *const mixed[] = {
        "Beside immediate, fixed has 10 % more goodput.",
        "Undecided: goodput of budgeted; all of it takes about 1009 rounds."};
    static const struct course same = {.values = {{[COMPARED_P99] = 100e3},
                                                  {[COMPARED_P99] = 100e3},
                                                  {[COMPARED_P99] = 100e3}}};
    static const char *const nothing[] = {
        "Nothing that was judged differs by as much as it was looked for."};
    (void)state;
    expect(&course, is_judged, sentences, array_length(sentences));
    expect(&course, of_goodput, mixed, array_length(mixed));
    expect(&same, is_judged, nothing, array_length(nothing));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_better_and_worse),
        cmocka_unit_test(test_undecided),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
