/* Proportions against the binomial distribution, and how draws are spent. */
#include "load/mix.h"

#include "base/must.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_proportions_are_binomial(void **state)
{
    (void)state;
    enum { DRAWS = 200000 };
    const uint64_t weights[] = {8, 0, 1, 1, 0, 30, 0};
    const double sum = 40;
    const uint64_t seed = 5;
    uint64_t picked[array_length(weights)] = {0};
    struct arena arena = ARENA_INIT;
    struct rng rng = rng_stream(seed, RNG_MIX, 0);
    struct mix mix;

    print_message("seed %llu\n", (unsigned long long)seed);
    mix_init(&mix, &arena, weights, array_length(weights));
    for (int i = 0; i < DRAWS; i++) {
        picked[mix_pick(&mix, &rng)]++;
    }
    for (size_t i = 0; i < array_length(weights); i++) {
        double p = (double)weights[i] / sum;
        double bound = 4 * sqrt(DRAWS * p * (1 - p));
        assert_true(fabs((double)picked[i] - DRAWS * p) <= bound);
    }
    arena_release(&arena);
}

/* With weights 1..n the cumulative weights are the triangular numbers, and
 * the search must agree with a walk for every possible draw. */
static void test_the_search_agrees_with_a_walk(void **state)
{
    (void)state;
    for (size_t count = 2; count < 20; count++) {
        uint64_t weights[20];
        struct arena arena = ARENA_INIT;
        struct rng rng = rng_stream(count, RNG_MIX, 0);
        struct mix mix;

        for (size_t i = 0; i < count; i++) {
            weights[i] = i;
        }
        mix_init(&mix, &arena, weights, count);
        for (int i = 0; i < 2000; i++) {
            struct rng copy = rng;
            uint64_t draw = rng_below(&copy, count * (count - 1) / 2);
            size_t expected = 0;
            while (draw >= weights[expected]) {
                draw -= weights[expected++];
            }
            assert_int_equal(mix_pick(&mix, &rng), expected);
            assert_memory_equal(&rng, &copy, sizeof(rng));
        }
        arena_release(&arena);
    }
}

static void test_a_single_request_draws_nothing(void **state)
{
    (void)state;
    const uint64_t weight = 3;
    struct arena arena = ARENA_INIT;
    struct rng rng = rng_stream(1, RNG_MIX, 0);
    struct rng before = rng;
    struct mix mix;

    mix_init(&mix, &arena, &weight, 1);
    assert_int_equal(mix_pick(&mix, &rng), 0);
    assert_memory_equal(&rng, &before, sizeof(rng));
    arena_release(&arena);
}

static void throw_failure(const char *condition, const char *file, int line)
{
    mock_assert(0, condition, file, line);
}

static void test_weights_must_have_a_sum(void **state)
{
    (void)state;
    const uint64_t zero[] = {0, 0};
    const uint64_t huge[] = {UINT64_MAX, 1};
    struct arena arena = ARENA_INIT;
    struct mix mix;

    must_fail_hook = throw_failure;
    expect_assert_failure(mix_init(&mix, &arena, zero, 2));
    expect_assert_failure(mix_init(&mix, &arena, huge, 2));
    expect_assert_failure(mix_init(&mix, &arena, zero, 0));
    must_fail_hook = NULL;
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_proportions_are_binomial),
        cmocka_unit_test(test_the_search_agrees_with_a_walk),
        cmocka_unit_test(test_a_single_request_draws_nothing),
        cmocka_unit_test(test_weights_must_have_a_sum),
    };
    return cmocka_run_group_tests_name("load/mix", tests, NULL, NULL);
}
