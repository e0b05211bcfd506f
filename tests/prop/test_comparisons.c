/* Comparisons of drawn numbers: equal policies are told apart in at most 5 %
 * of comparisons, whatever the noise; a true difference of 20 % in p99 is
 * found in nine of ten, with as many rounds as the comparison asks for; the
 * interval covers what is true. */
#include "compare/comparison.h"
#include "compare/looks.h"
#include "compare/share.h"

#include "base/must.h"
#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { COMPARISONS = 1000, ROUNDS_MAX = 60, VARIANTS = 2 };

/* What moves a run: all of a round, the run itself, and now and then it is
 * slow as a whole. Shares; of normal deviates on a logarithmic scale. */
struct noise {
    const char *name;
    double round, run, slow_runs, slower;
};

static const struct noise calm = {"calm", .05, .09, .01, .3};
static const struct noise usual = {"usual", .10, .15, .05, .3};
static const struct noise noisy = {"noisy", .20, .30, .10, .5};

struct experiment {
    struct comparison_input input;
    double values[ROUNDS_MAX * VARIANTS * COMPARED_COUNT];
};

static double draw(struct rng *rng, const struct noise *noise)
{
    double log_factor = noise->run * rng_normal(rng);
    return log_factor +
           (rng_unit(rng) < noise->slow_runs ? log1p(noise->slower) : 0);
}

/* Whoever runs first in a round is 3 % slower. */
static void draw_round(struct experiment *experiment, struct rng *rng,
                       const struct noise *noise, double slower)
{
    double *values =
        &experiment
             ->values[experiment->input.rounds * VARIANTS * COMPARED_COUNT];
    double shared = noise->round * rng_normal(rng);
    size_t first = rng_unit(rng) < 0.5;

    for (size_t v = 0; v < VARIANTS; v++, values += COMPARED_COUNT) {
        double late = shared + draw(rng, noise) + (v == first ? .03 : 0);
        for (size_t i = 0; i < COMPARED_COUNT; i++) {
            values[i] = NAN;
        }
        values[COMPARED_P99] = exp(late + (v == 1 ? log1p(slower) : 0));
        values[COMPARED_SUCCESS_RATE] = 0.99 + 0.002 * rng_normal(rng);
        values[COMPARED_GOODPUT] = exp(0.01 * rng_normal(rng) - late / 20);
        values[COMPARED_AMPLIFICATION] = exp(0.01 * rng_normal(rng));
    }
    experiment->input.rounds++;
}

static void begin(struct experiment *experiment)
{
    experiment->input =
        (struct comparison_input){.variants = VARIANTS,
                                  .values = experiment->values,
                                  .is_judged = {
                                      [COMPARED_P99] = true,
                                      [COMPARED_SUCCESS_RATE] = true,
                                      [COMPARED_GOODPUT] = true,
                                      [COMPARED_AMPLIFICATION] = true,
                                  }};
}

/* A whole comparison, with as many rounds as it asks for. */
static struct comparison compare(struct experiment *experiment,
                                 struct arena *arena, struct rng *rng,
                                 const struct noise *noise, double slower,
                                 size_t fixed)
{
    const struct looks looks = {.fixed = fixed, .most = ROUNDS_MAX};
    struct comparison judged;
    size_t look;

    begin(experiment);
    look = looks_first(&looks, comparison_family(&experiment->input));
    for (;;) {
        while (experiment->input.rounds < look) {
            draw_round(experiment, rng, noise, slower);
        }
        if (looks_judge(&looks, arena, &experiment->input, false, &judged)) {
            return judged;
        }
        look = looks_next(&looks, look);
    }
}

static bool claims(const struct comparison *judged)
{
    for (size_t i = 0; i < judged->row_count; i++) {
        enum finding finding = judged->rows[i].finding;
        if (judged->rows[i].is_judged &&
            (finding == FOUND_BETTER || finding == FOUND_WORSE)) {
            return true;
        }
    }
    return false;
}

static struct rng stream(uint64_t index)
{
    const char *given = getenv("SQUALL_TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 20261130;

    print_message("seed %llu (SQUALL_TEST_SEED)\n", (unsigned long long)seed);
    return rng_stream(seed, RNG_ORDER, index);
}

/* The share, with its own interval. */
static struct interval show(const char *what, const struct noise *noise,
                            size_t hits)
{
    struct interval interval = share_interval(hits, COMPARISONS, 0.01);
    print_message("%s, %s: %.1f %% [%.1f, %.1f]\n", what, noise->name,
                  100.0 * (double)hits / COMPARISONS, 100 * interval.low,
                  100 * interval.high);
    return interval;
}

/* The share of claims is not shown to be above 5 %. */
static void test_equal(void **state)
{
    static const struct noise *const noises[] = {&calm, &usual, &noisy};
    static const size_t rounds[] = {0, 12};
    struct rng rng = stream(1);
    struct experiment experiment;
    (void)state;

    for (size_t n = 0; n < array_length(noises); n++) {
        for (size_t r = 0; r < array_length(rounds); r++) {
            size_t claimed = 0;
            for (size_t i = 0; i < COMPARISONS; i++) {
                struct arena arena = ARENA_INIT;
                struct comparison judged = compare(&experiment, &arena, &rng,
                                                   noises[n], 0, rounds[r]);
                claimed += claims(&judged);
                arena_release(&arena);
            }
            assert_true(show(rounds[r] ? "equal, 12 rounds" : "equal",
                             noises[n], claimed)
                            .low <= 0.05);
        }
    }
}

static void test_slower(void **state)
{
    static const struct noise *const noises[] = {&calm, &usual};
    struct rng rng = stream(2);
    struct experiment experiment;
    (void)state;

    for (size_t n = 0; n < array_length(noises); n++) {
        size_t found = 0, covered = 0, better = 0;
        for (size_t i = 0; i < COMPARISONS; i++) {
            struct arena arena = ARENA_INIT;
            struct comparison judged =
                compare(&experiment, &arena, &rng, noises[n], 0.2, 0);
            const struct comparison_row *row =
                comparison_find(&judged, COMPARED_P99, 1);
            found += row->finding == FOUND_WORSE;
            better += row->finding == FOUND_BETTER;
            covered += row->low <= 1.2 && 1.2 <= row->high;
            arena_release(&arena);
        }
        assert_true(show("20 % slower is found", noises[n], found).high >=
                    0.9);
        assert_true(show("covered", noises[n], covered).high >= 0.95);
        assert_int_equal(better, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_slower),
    };
    return cmocka_run_group_tests_name("comparisons", tests, NULL, NULL);
}
