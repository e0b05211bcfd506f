/* Whole comparisons in virtual time, of policies that are the same but for
 * their random draws: a difference is claimed in at most 5 % of them. And of
 * one whose p99 is about a fifth longer: it is found.
 *
 * SQUALL_TEST_COMPARISONS says how many are made; `make check-all` makes 400,
 * which takes minutes. */
#include "compare/share.h"
#include "run/experiment.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { COMPARISONS = 20, SLOWER_EACH = 5 };

static const struct virtual_settings network = {
    .way = {NS_PER_MS / 2},
    .way_on = {NS_PER_MS / 10},
    .connect = {NS_PER_MS},
    .keeps_connections = true,
};

/* Each client has a stream of jitter of its own, and no state that it shares:
 * how many there are changes draws and nothing else. */
#define TRAFFIC \
    "load.model=open", "load.arrival=poisson", "load.rate=500/s", \
        "load.duration=2200ms", "load.connections=60", \
        "load.max_in_flight=60", "service.workers=4", \
        "service.service_time.type=exponential", \
        "service.service_time.mean=5ms", "service.faults[0].kind=error", \
        "service.faults[0].ratio=5%", "retry.max_attempts=4", \
        "retry.retry_on=[\"5xx\"]", "retry.backoff.type=exponential", \
        "retry.backoff.jitter=full"

static const char *const one[] = {TRAFFIC, "load.clients=1",
                                  "retry.backoff.initial=40ms"};
static const char *const same[] = {TRAFFIC, "load.clients=7",
                                   "retry.backoff.initial=40ms"};
/* The percentile 99 is that of retries: it goes with their backoff. */
static const char *const slower[] = {TRAFFIC, "load.clients=7",
                                     "retry.backoff.initial=50ms"};

static uint64_t test_seed(void)
{
    const char *given = getenv("SQUALL_TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 20261130;

    print_message("seed %llu (SQUALL_TEST_SEED)\n", (unsigned long long)seed);
    return seed;
}

static size_t comparisons(void)
{
    const char *given = getenv("SQUALL_TEST_COMPARISONS");
    size_t count = given ? strtoul(given, NULL, 10) : COMPARISONS;
    return count > 0 ? count : COMPARISONS;
}

static struct comparison make(struct arena *arena, const char *const *other,
                              size_t count, size_t rounds, uint64_t seed)
{
    struct paired_variant variants[] = {
        {.name = "one",
         .input = {.sets = one, .set_count = array_length(one)}},
        {.name = "other", .input = {.sets = other, .set_count = count}}};
    struct experiment_options options = {
        .paired = {.variant_count = 2,
                   .variants = variants,
                   .trials = {.budget = DURATION_FOREVER,
                              .seed = seed,
                              .first_run = 1,
                              .simulation = &network}},
        .is_judged = {[COMPARED_SUCCESS_RATE] = true,
                      [COMPARED_GOODPUT] = true,
                      [COMPARED_P99] = true,
                      [COMPARED_AMPLIFICATION] = true},
        .looks = {.fixed = rounds, .most = 60},
    };
    struct errors errors = ERRORS_INIT;
    struct experiment experiment;

    if (!experiment_make(&experiment, arena, &options, &errors)) {
        errors_print(&errors, stderr);
        fail();
    }
    assert_int_equal(experiment.end, EXPERIMENT_JUDGED);
    return experiment.comparison;
}

static bool claims(const struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->row_count; i++) {
        const struct comparison_row *row = &comparison->rows[i];
        if (row->is_judged &&
            (row->finding == FOUND_BETTER || row->finding == FOUND_WORSE)) {
            return true;
        }
    }
    return false;
}

static struct interval show(const char *what, size_t hits, size_t all)
{
    struct interval interval = share_interval(hits, all, 0.01);
    print_message("%s: %zu of %zu, %.1f %% [%.1f, %.1f]\n", what, hits, all,
                  100.0 * (double)hits / (double)all, 100 * interval.low,
                  100 * interval.high);
    return interval;
}

static void test_equal_policies(void **state)
{
    uint64_t seed = test_seed();
    size_t claimed = 0, alike = 0, all = comparisons();
    (void)state;

    for (size_t i = 0; i < all; i++) {
        struct arena arena = ARENA_INIT;
        struct comparison comparison =
            make(&arena, same, array_length(same), 8, seed + i);
        claimed += claims(&comparison);
        alike += comparison_find(&comparison, COMPARED_P99, 1)->estimate == 1;
        arena_release(&arena);
    }
    /* They are not the same runs. */
    assert_true(alike <= all / 20);
    assert_true(show("equal, a difference is claimed", claimed, all).low <=
                0.05);
}

static void test_a_slower_policy(void **state)
{
    uint64_t seed = test_seed() + 1000000;
    size_t found = 0, all = (comparisons() - 1) / SLOWER_EACH + 1;
    (void)state;

    for (size_t i = 0; i < all; i++) {
        struct arena arena = ARENA_INIT;
        struct comparison comparison =
            make(&arena, slower, array_length(slower), 0, seed + i);
        found += comparison_find(&comparison, COMPARED_P99, 1)->finding ==
                 FOUND_WORSE;
        arena_release(&arena);
    }
    assert_true(show("slower, p99 is found worse", found, all).high >= 0.9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_policies),
        cmocka_unit_test(test_a_slower_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
