/* Waits lie in their closed range and are uniform in it. */
#include "base/must.h"
#include "policy/backoff.h"

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { BINS = 100, DRAWS = 200000, CONFIGURATIONS = 2000, RETRIES = 12 };

static const uint64_t seed = 20150304;

/* With 99 degrees of freedom chi-square has mean 99 and variance 198; above
 * 170.8 it comes once in 100,000 times (Wilson and Hilferty, 1931, with
 * z = 4.265). The seed is fixed, so the test does not flicker. */
static const double chi_square_limit = 170.8;

static void expect_uniform(const struct backoff_config *config, double low,
                           double high, const char *name)
{
    struct rng rng = rng_stream(seed, RNG_JITTER, 0);
    unsigned bins[BINS] = {0};
    for (int i = 0; i < DRAWS; i++) {
        struct backoff_state state = {.previous = DURATION_ZERO};
        double wait = (double)backoff_next(config, &state, 0, &rng).ns;
        assert_true(wait >= low && wait <= high);
        int bin = (int)((wait - low) / (high - low) * BINS);
        bins[bin < BINS ? bin : BINS - 1]++;
    }
    double chi_square = 0;
    double expected = (double)DRAWS / BINS;
    for (int i = 0; i < BINS; i++) {
        chi_square += (bins[i] - expected) * (bins[i] - expected) / expected;
    }
    print_message("seed %" PRIu64 ", %s: chi-square %.1f\n", seed, name,
                  chi_square);
    assert_true(chi_square < chi_square_limit);
    /* Nor too good to be random: the lower tail of the same size. */
    assert_true(chi_square > 47.3);
}

static void test_uniform(void **state)
{
    (void)state;
    struct backoff_config config = {
        .type = BACKOFF_EXPONENTIAL,
        .initial = duration_s(1),
        .multiplier = 2.0,
        .max = DURATION_FOREVER,
        .jitter = {.mult_high = 1.0},
    };
    expect_uniform(&config, 0, 1e9, "full");
    config.jitter.mult_low = 0.5;
    expect_uniform(&config, 0.5e9, 1e9, "equal");
    config.jitter.mult_low = 1.0;
    config.jitter.add_high = duration_ms(100);
    expect_uniform(&config, 1e9, 1.1e9, "added");
    config.type = BACKOFF_DECORRELATED;
    expect_uniform(&config, 1e9, 3e9, "decorrelated");
}

/* The two draws of a wait are independent: a sum of two equal uniforms is a
 * triangle, of which the lower quarter of the range holds one eighth. */
static void test_two_draws_are_independent(void **state)
{
    (void)state;
    struct backoff_config config = {
        .type = BACKOFF_CONSTANT,
        .initial = duration_s(1),
        .max = DURATION_FOREVER,
        .jitter = {.mult_high = 1.0, .add_high = duration_s(1)},
    };
    struct rng rng = rng_stream(seed, RNG_JITTER, 1);
    int lower = 0;
    for (int i = 0; i < DRAWS; i++) {
        struct backoff_state backoff = {.previous = DURATION_ZERO};
        lower += backoff_next(&config, &backoff, 0, &rng).ns < 500 * NS_PER_MS;
    }
    double deviation = sqrt(DRAWS * 0.125 * 0.875);
    print_message("seed %" PRIu64 ": %d in the lower quarter\n", seed, lower);
    assert_true(fabs(lower - DRAWS * 0.125) < 5 * deviation);
}

static struct duration random_ms(struct rng *rng, uint64_t bound)
{
    return duration_ms((int64_t)rng_below(rng, bound));
}

static struct backoff_config random_config(struct rng *rng)
{
    struct backoff_config config = {
        .type = (enum backoff_type)rng_below(rng, BACKOFF_DECORRELATED + 1),
        .initial = random_ms(rng, 5000),
        .multiplier = 1.0 + 3.0 * rng_unit(rng),
        .increment = random_ms(rng, 1000),
        .max = duration_add(random_ms(rng, 20000), duration_ms(1)),
        .exponent_offset = (int)rng_below(rng, 5) - 2,
        .cap = (enum backoff_cap)rng_below(rng, 3),
        .decorrelated_low = (enum decorrelated_low)rng_below(rng, 2),
        .list_count = rng_below(rng, 5),
    };
    config.jitter.mult_low = rng_unit(rng);
    config.jitter.mult_high = config.jitter.mult_low + rng_unit(rng);
    config.jitter.add_low = random_ms(rng, 100);
    config.jitter.add_high =
        duration_add(config.jitter.add_low, random_ms(rng, 100));
    for (size_t i = 0; i < config.list_count; i++) {
        config.list[i] = random_ms(rng, 3000);
    }
    if (rng_below(rng, 4) == 0) {
        config.max = DURATION_FOREVER;
    }
    return config;
}

static void expect_within(const struct backoff_config *config, unsigned n,
                          struct duration wait)
{
    struct backoff_state none = {.previous = DURATION_ZERO};
    struct duration low = backoff_delay(config, &none, n, 0.0, 0.0);
    struct duration high = backoff_delay(config, &none, n, 1.0, 1.0);
    assert_true(wait.ns >= low.ns && wait.ns <= high.ns);

    /* Said without the code: what the cap promises. */
    double cap = (double)config->max.ns;
    if (config->cap == CAP_BASE && config->max.ns != INT64_MAX) {
        cap = cap * config->jitter.mult_high +
              (double)config->jitter.add_high.ns + 1.0;
    }
    assert_true((double)wait.ns <= cap);
}

static void test_range_of_any_configuration(void **state)
{
    (void)state;
    struct rng rng = rng_stream(seed, RNG_MIX, 0);
    print_message("seed %" PRIu64 "\n", seed);
    for (int i = 0; i < CONFIGURATIONS; i++) {
        struct backoff_config config = random_config(&rng);
        struct backoff_state backoff = {.previous = DURATION_ZERO};
        struct duration previous = config.initial;
        for (unsigned n = 0; n < RETRIES; n++) {
            struct duration wait = backoff_next(&config, &backoff, n, &rng);
            assert_true(wait.ns >= 0);
            if (config.type == BACKOFF_DECORRELATED) {
                struct duration low = config.decorrelated_low == LOW_PREVIOUS
                                          ? previous
                                          : config.initial;
                low = duration_min(low, config.max);
                assert_true(wait.ns >= low.ns);
                assert_true(wait.ns <= 3 * previous.ns);
                assert_true(wait.ns <= config.max.ns);
                previous = wait;
            } else {
                expect_within(&config, n, wait);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uniform),
        cmocka_unit_test(test_two_draws_are_independent),
        cmocka_unit_test(test_range_of_any_configuration),
    };
    return cmocka_run_group_tests_name("jitter", tests, NULL, NULL);
}
