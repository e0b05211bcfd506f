/* Vector V11 of the note on which the search is built: to 1e-9. */
#include "search/belief.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const double sigmas[] = {0.1, 0.5};

static void begin(struct belief *belief, struct arena *arena)
{
    belief_init(belief, arena,
                &(struct belief_grid){.first = log(100),
                                      .step = log(2),
                                      .count = 3,
                                      .sigma_count = 2,
                                      .sigmas = sigmas});
}

static void test_four_runs(void **state)
{
    static const double expected[3][2] = {
        {.000910105167, .045162005285},
        {.566999361153, .326891719458},
        {.000996646424, .059040162513},
    };
    struct arena arena = ARENA_INIT;
    struct belief belief;
    (void)state;

    begin(&belief, &arena);
    belief_take(&belief, log(150), true);
    belief_take(&belief, log(300), false);
    belief_take(&belief, log(200), true);
    belief_take(&belief, log(200), false);
    double of_first = 0, of_second = 0;
    for (size_t theta = 0; theta < 3; theta++) {
        for (size_t s = 0; s < 2; s++) {
            assert_true(fabs(belief.weights[theta * 2 + s] -
                             expected[theta][s]) < 1e-9);
        }
        of_first += expected[theta][0];
        of_second += expected[theta][1];
    }
    assert_true(fabs(belief_spread(&belief) -
                     exp(of_first * log(0.1) + of_second * log(0.5))) < 1e-9);
    assert_true(fabs(exp(belief_quantile(&belief, 0.5)) - 200) < 1e-9);
    assert_true(fabs(exp(belief_quantile(&belief, 0.046)) - 100) < 1e-9);
    assert_true(fabs(exp(belief_quantile(&belief, 0.047)) - 200) < 1e-9);
    assert_true(fabs(exp(belief_quantile(&belief, 0.95)) - 400) < 1e-9);
    arena_release(&arena);
}

/* Nothing is ruled out for ever: one run in fifty is a freak. */
static void test_a_freak(void **state)
{
    struct arena arena = ARENA_INIT;
    struct belief belief;
    (void)state;

    begin(&belief, &arena);
    belief_take(&belief, log(1e6), true);
    for (size_t i = 0; i < 6; i++) {
        assert_true(fabs(belief.weights[i] - 1.0 / 6) < 1e-9);
    }
    belief_take(&belief, log(200), false);
    assert_true(exp(belief_quantile(&belief, 0.5)) < 201);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_four_runs),
        cmocka_unit_test(test_a_freak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
