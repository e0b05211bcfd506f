/* Random streams: none moves another, none looks like another. */
#include "base/must.h"
#include "base/rng.h"

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PURPOSES = RNG_SERVICE_FAULT + 1, INDEXES = 200, SEEDS = 20 };

static const uint64_t seed = 99;

/* Draws from one stream are woven between those of another in any number:
 * the other gives what it gives alone. */
static void test_draws_do_not_move_others(void **state)
{
    (void)state;
    struct rng weave = rng_stream(seed, RNG_MIX, 1000);
    print_message("seed %" PRIu64 "\n", seed);
    for (int a = 0; a < PURPOSES; a++) {
        for (int b = 0; b < PURPOSES; b++) {
            struct rng alone = rng_stream(seed, (enum rng_purpose)a, 3);
            struct rng woven = rng_stream(seed, (enum rng_purpose)a, 3);
            struct rng other = rng_stream(seed, (enum rng_purpose)b, 4);
            for (int i = 0; i < 50; i++) {
                for (uint64_t n = rng_below(&weave, 5); n > 0; n--) {
                    rng_exponential(&other, duration_ms(1));
                }
                assert_true(rng_next(&alone) == rng_next(&woven));
            }
        }
    }
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* No two streams of (seed, purpose, index) begin alike; small numbers, as
 * people choose them, included. */
static void test_all_streams_differ(void **state)
{
    (void)state;
    size_t count = (size_t)SEEDS * PURPOSES * INDEXES;
    uint64_t *firsts = malloc(count * sizeof(*firsts));
    assert_non_null(firsts);
    size_t at = 0;
    for (uint64_t s = 0; s < SEEDS; s++) {
        for (int purpose = 0; purpose < PURPOSES; purpose++) {
            for (uint64_t index = 0; index < INDEXES; index++) {
                struct rng rng =
                    rng_stream(s, (enum rng_purpose)purpose, index);
                firsts[at++] = rng_next(&rng);
            }
        }
    }
    qsort(firsts, count, sizeof(*firsts), compare);
    for (size_t i = 1; i < count; i++) {
        assert_true(firsts[i] != firsts[i - 1]);
    }
    free(firsts);
}

/* Neighbouring streams are not correlated: over n pairs the correlation of
 * independent uniforms has a standard deviation of 1 / sqrt(n). */
static void test_neighbours_are_uncorrelated(void **state)
{
    (void)state;
    enum { N = 20000 };
    for (uint64_t index = 0; index < 20; index++) {
        struct rng a = rng_stream(seed, RNG_JITTER, index);
        struct rng b = rng_stream(seed, RNG_JITTER, index + 1);
        double sum = 0;
        for (int i = 0; i < N; i++) {
            sum += (rng_unit(&a) - 0.5) * (rng_unit(&b) - 0.5);
        }
        assert_true(fabs(12.0 * sum / N) < 5.0 / sqrt(N));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_draws_do_not_move_others),
        cmocka_unit_test(test_all_streams_differ),
        cmocka_unit_test(test_neighbours_are_uncorrelated),
    };
    return cmocka_run_group_tests_name("streams", tests, NULL, NULL);
}
