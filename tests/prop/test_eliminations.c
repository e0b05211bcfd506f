/* Whole knock-outs in virtual time: of policies that are the same but for
 * their random draws one is dropped in at most 5 % of them; and beside one
 * that hedges, those that never try again or wait for long are dropped for
 * just that.
 *
 * SQUALL_TEST_ELIMINATIONS says how many are made; `make check-all` makes 200,
 * which takes minutes. */
#include "compare/share.h"
#include "run/elimination.h"

#include "base/must.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ELIMINATIONS = 4 };

static const struct virtual_settings network = {
    .way = {NS_PER_MS / 2},
    .way_on = {NS_PER_MS / 10},
    .connect = {NS_PER_MS},
    .keeps_connections = true,
};

/* Each client has a stream of jitter of its own, and no state that it shares:
 * how many there are changes draws and nothing else. */
#define TRAFFIC \
    "load.model=open", "load.arrival=poisson", "load.rate=160/s", \
        "load.duration=7s", "load.connections=200", \
        "load.max_in_flight=2000", "service.workers=4", \
        "service.service_time.type=exponential", \
        "service.service_time.mean=5ms", "service.faults[0].kind=error", \
        "service.faults[0].ratio=5%"
#define RETRIES \
    "retry.max_attempts=4", "retry.retry_on=[\"5xx\"]", \
        "retry.backoff.type=exponential", "retry.backoff.jitter=full", \
        "retry.backoff.initial=40ms"

static const char *const one[] = {TRAFFIC, RETRIES, "load.clients=1"};
static const char *const same[] = {TRAFFIC, RETRIES, "load.clients=7"};
static const char *const again[] = {TRAFFIC, RETRIES, "load.clients=13"};
static const char *const without[] = {TRAFFIC, "load.clients=7"};
static const char *const slow[] = {TRAFFIC,
                                   "load.clients=7",
                                   "retry.max_attempts=4",
                                   "retry.retry_on=[\"5xx\"]",
                                   "retry.backoff.type=constant",
                                   "retry.backoff.initial=100ms"};
/* A second attempt beside nearly every first one: it costs nearly twice as
 * much, in the last criterion, and the faster of both counts, in one before.
 */
static const char *const hedged[] = {TRAFFIC,
                                     RETRIES,
                                     "load.clients=7",
                                     "hedge.max_extra=1",
                                     "hedge.trigger=delay",
                                     "hedge.delay=2ms"};

#define VARIANT(name_, sets_) \
    { \
        .name = name_, .input = { \
            .sets = sets_, \
            .set_count = array_length(sets_) \
        } \
    }

static uint64_t test_seed(void)
{
    const char *given = getenv("SQUALL_TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 20261201;

    print_message("seed %llu (SQUALL_TEST_SEED)\n", (unsigned long long)seed);
    return seed;
}

static size_t eliminations(void)
{
    const char *given = getenv("SQUALL_TEST_ELIMINATIONS");
    size_t count = given ? strtoul(given, NULL, 10) : ELIMINATIONS;
    return count > 0 ? count : ELIMINATIONS;
}

static struct elimination make(struct arena *arena,
                               const struct paired_variant *variants,
                               size_t count, uint64_t seed)
{
    struct elimination_options options = {
        .paired = {.variant_count = count,
                   .variants = variants,
                   .trials = {.budget = DURATION_FOREVER,
                              .seed = seed,
                              .first_run = 1,
                              .simulation = &network}},
        .rules = {.variant_count = count, .most = 60},
    };
    struct errors errors = ERRORS_INIT;
    struct elimination elimination;

    knockout_criteria(&options.rules, false);
    if (!elimination_make(&elimination, arena, &options, &errors)) {
        errors_print(&errors, stderr);
        fail();
    }
    assert_true(elimination_is_over(elimination.end));
    return elimination;
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
    static const struct paired_variant variants[] = {
        VARIANT("one", one), VARIANT("same", same), VARIANT("again", again)};
    uint64_t seed = test_seed();
    size_t wrong = 0, all = eliminations();
    (void)state;

    for (size_t i = 0; i < all; i++) {
        struct arena arena = ARENA_INIT;
        struct elimination elimination = make(&arena, variants, 3, seed + i);
        wrong += elimination.knockout.left < 3;
        arena_release(&arena);
    }
    assert_true(show("equal, one is dropped", wrong, all).low <= 0.05);
}

/* Each runs until it is dropped, and no longer. */
static void test_losers(void **state)
{
    static const struct paired_variant variants[] = {
        VARIANT("hedged", hedged), VARIANT("without", without),
        VARIANT("slow", slow), VARIANT("one", one)};
    static const enum compared why[] = {COMPARED_COUNT, COMPARED_SUCCESS_RATE,
                                        COMPARED_P99, COMPARED_P99};
    uint64_t seed = test_seed() + 1000000;
    size_t found = 0, wrong = 0, all = eliminations();
    (void)state;

    for (size_t i = 0; i < all; i++) {
        struct arena arena = ARENA_INIT;
        struct elimination elimination = make(&arena, variants, 4, seed + i);
        const struct knockout *knockout = &elimination.knockout;
        wrong += knockout->is_dropped[0];
        for (size_t v = 1; v < 4; v++) {
            found += knockout->is_dropped[v] &&
                     knockout->drops[v].criterion == why[v];
            for (size_t r = knockout->drops[v].rounds;
                 knockout->is_dropped[v] &&
                 r < elimination.paired.input.rounds;
                 r++) {
                assert_true(isnan(comparison_value(
                    &elimination.paired.input, r, v, COMPARED_SUCCESS_RATE)));
            }
        }
        arena_release(&arena);
    }
    assert_true(show("the best is dropped", wrong, all).low <= 0.05);
    assert_true(
        show("losers are dropped for what they are", found, 3 * all).high >=
        0.9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_policies),
        cmocka_unit_test(test_losers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
