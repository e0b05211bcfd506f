/* Windows against a walk over every turn. */
#include "faults/window.h"

#include "base/must.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Turn after turn, as a person would: on in [start, start + length). */
static bool walk(const struct window *window, int64_t at, int64_t *end)
{
    for (int64_t start = window->from.ns; start <= at;
         start += window->every.ns) {
        if (at < start + window->length.ns) {
            *end = start + window->length.ns;
            return true;
        }
        if (window->every.ns == 0) {
            break;
        }
    }
    return false;
}

static void test_turns_agree_with_a_walk(void **state)
{
    (void)state;
    const uint64_t seed = 8;
    struct rng rng = rng_stream(seed, RNG_MIX, 0);

    print_message("seed %llu\n", (unsigned long long)seed);
    for (int round = 0; round < 500; round++) {
        int64_t length = (int64_t)rng_below(&rng, 20);
        int64_t every =
            round % 3 == 0 ? 0 : length + 1 + (int64_t)rng_below(&rng, 20);
        const struct window window = {
            .from = {(int64_t)rng_below(&rng, 30)},
            .length = {length},
            .every = {every},
        };
        for (int64_t at = 0; at < 200; at++) {
            const struct duration now = {at};
            struct duration end = {-1};
            int64_t expected_end = -1;
            bool expected = walk(&window, at, &expected_end);
            assert_int_equal(window_contains(&window, now), expected);
            assert_int_equal(window_find_end(&window, now, &end), expected);
            if (expected) {
                assert_int_equal(end.ns, expected_end);
            }
        }
    }
}

static void check_endless(struct window window, int64_t from)
{
    struct duration end;

    if (from > 0) {
        assert_false(window_contains(&window, (struct duration){from - 1}));
    }
    assert_true(window_find_end(&window, (struct duration){from}, &end));
    assert_int_equal(end.ns, INT64_MAX);
    assert_true(window_contains(&window, (struct duration){INT64_MAX - 1}));
    assert_true(window_contains(&window, DURATION_FOREVER));
}

/* Without an end, and with turns that touch or overlap. */
static void test_some_windows_never_end(void **state)
{
    (void)state;
    check_endless((struct window){.from = {7}, .length = DURATION_FOREVER}, 7);
    check_endless((struct window){.length = DURATION_FOREVER, .every = {5}},
                  0);
    check_endless((struct window){{3}, {10}, {10}}, 3);
    check_endless((struct window){{3}, {10}, {4}}, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns_agree_with_a_walk),
        cmocka_unit_test(test_some_windows_never_end),
    };
    return cmocka_run_group_tests_name("faults/window", tests, NULL, NULL);
}
