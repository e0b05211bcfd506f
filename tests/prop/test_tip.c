/* Searches for the size of a trigger from which a service does not come back,
 * in virtual time, where it is known: a queue with four workers, callers who
 * give up after a second and try again at once, up to three times, and a
 * service that goes on to work for those who have given up. Once what waits
 * takes more than that second, all who come give up, too, and four times their
 * load is more than the service can do: it stays so.
 *
 * What is known is worked out here, by a recursion over attempts in the order
 * in which they come, which shares nothing with the model that is searched:
 * those that give up come again a second later, in the same order. The size
 * at which half of its runs heal is the truth.
 *
 * SQUALL_TEST_SEARCHES says how many are made of each; `make check-all` makes
 * 100, which takes minutes. */
#include "run/tip.h"

#include "base/must.h"
#include "base/rng.h"
#include "compare/share.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum {
    SEARCHES = 2,
    SEARCHES_MOST = 100,
    WORKERS = 4,
    RETRIES = 3,
    TRUE_RUNS = 101,
    ATTEMPTS_MAX = 100000
};

static const double service_s = 0.01, rate = 280, patience_s = 1;
static const double before_s = 5, length_s = 2, after_s = 8;

static const struct virtual_settings network = {
    .way = {50 * NS_PER_US},
    .connect = {50 * NS_PER_US},
    .keeps_connections = true,
};

static uint64_t test_seed(void)
{
    const char *given = getenv("SQUALL_TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 20261130;

    print_message("seed %llu (SQUALL_TEST_SEED)\n", (unsigned long long)seed);
    return seed;
}

static size_t searches(void)
{
    const char *given = getenv("SQUALL_TEST_SEARCHES");
    size_t count = given ? strtoul(given, NULL, 10) : SEARCHES;
    return count == 0              ? SEARCHES
           : count < SEARCHES_MOST ? count
                                   : SEARCHES_MOST;
}

/* One more turn of an attempt that its caller has given up. */
struct again {
    double at;
    int turn;
};

/* When service that begins at `start` ends. Only outages stop what has begun;
 * a drop stretches what begins in it. */
static double served(enum tip_trigger trigger, double size, double start)
{
    double until = before_s + (trigger == TIP_OUTAGE ? size : length_s);
    bool is_on = start >= before_s && start < until;

    if (trigger == TIP_SPIKE) {
        return start + service_s;
    }
    if (trigger == TIP_DROP) {
        return start + service_s * (is_on ? size : 1);
    }
    start = is_on ? until : start;
    double end = start + service_s;
    return start < before_s && end > before_s ? end + size : end;
}

/* From one that comes at a time to the next. */
static double gap_after(enum tip_trigger trigger, double size, double at,
                        struct rng *rng)
{
    bool is_on =
        trigger == TIP_SPIKE && at >= before_s && at < before_s + length_s;
    return -log(1 - rng_unit(rng)) / (rate * (is_on ? size : 1));
}

static bool truly_heals(enum tip_trigger trigger, double size, struct rng *rng)
{
    static struct again again[ATTEMPTS_MAX];
    double load_s = before_s + size + length_s + after_s;
    double free_at[WORKERS] = {0}, next = 0;
    size_t first = 0, last = 0, due = 0, in_time = 0;

    next = gap_after(trigger, size, 0, rng);
    while (next < load_s) {
        struct again one = {next, 0};
        if (first < last && again[first].at <= next) {
            one = again[first++];
        } else {
            next += gap_after(trigger, size, next, rng);
        }
        size_t worker = 0;
        for (size_t i = 1; i < WORKERS; i++) {
            worker = free_at[i] < free_at[worker] ? i : worker;
        }
        free_at[worker] = served(trigger, size, fmax(one.at, free_at[worker]));
        bool gives_up = free_at[worker] - one.at > patience_s;
        if (gives_up && one.turn < RETRIES && last < ATTEMPTS_MAX) {
            again[last++] = (struct again){one.at + patience_s, one.turn + 1};
        }
        /* What the last seconds before the end of the load saw. */
        if (one.turn == 0 && one.at > load_s - 4 && one.at < load_s - 1) {
            due++;
            in_time += !gives_up;
        }
    }
    return (double)in_time >= 0.95 * (double)due;
}

static double tip_of(enum tip_trigger trigger, uint64_t seed)
{
    double low = tip_triggers[trigger].start, high = 10;

    while (high / low > 1.005) {
        double size = sqrt(low * high);
        int healed = 0;
        for (uint64_t i = 0; i < TRUE_RUNS; i++) {
            struct rng rng = rng_stream(seed, RNG_ORDER, i);
            healed += truly_heals(trigger, size, &rng);
        }
        low = healed * 2 >= TRUE_RUNS ? size : low;
        high = healed * 2 >= TRUE_RUNS ? high : size;
    }
    return sqrt(low * high);
}

#define COMMON \
    "load.rate=280/s", "load.model=open", "load.arrival=poisson", \
        "load.clients=1", "load.max_in_flight=6000", "timeout.attempt=1s", \
        "service.workers=4", "service.service_time.type=constant", \
        "service.service_time.mean=10ms", "service.queue_limit=60000", \
        "service.abandoned=work", "service.idempotency=none"

static const char *const at_once[] = {COMMON, "retry.max_attempts=4",
                                      "retry.backoff.type=none",
                                      "retry.retry_on=[\"timeout\"]"};
static const char *const budgeted[] = {COMMON,
                                       "retry.max_attempts=4",
                                       "retry.backoff.type=none",
                                       "retry.retry_on=[\"timeout\"]",
                                       "retry.on_budget_empty=fail",
                                       "retry_budget.type=token_bucket",
                                       "retry_budget.capacity=10",
                                       "retry_budget.deposit_request=0.1"};

static struct tip_search search_once(const char *const *sets, size_t count,
                                     enum tip_trigger trigger, double most,
                                     uint64_t seed)
{
    struct tip_variant variant = {.name = "one",
                                  .input = {.sets = sets, .set_count = count}};
    struct tip_options options = {
        .variant_count = 1,
        .variants = &variant,
        .trigger = trigger,
        .before = duration_s(5),
        .length = duration_s(2),
        .after = duration_s(8),
        .start = tip_triggers[trigger].start,
        .most = most,
        .precision = 0.2,
        .trials = {.budget = DURATION_FOREVER,
                   .seed = seed,
                   .first_run = 1,
                   .simulation = &network},
    };
    struct errors errors = ERRORS_INIT;
    struct arena arena = ARENA_INIT;
    struct tip tip;

    if (!tip_make(&tip, &arena, &options, &errors)) {
        errors_print(&errors, stderr);
        fail();
    }
    if (tip.end != SEEK_OVER) {
        print_error("%s\n", tip.problem);
        fail();
    }
    struct tip_search search = tip.searches[0];
    arena_release(&arena);
    return search;
}

static void search_trigger(enum tip_trigger trigger, uint64_t seed)
{
    double truth = tip_of(trigger, seed), squares = 0, runs = 0;
    size_t all = searches(), covers = 0;

    for (size_t i = 0; i < all; i++) {
        struct tip_search search =
            search_once(at_once, array_length(at_once), trigger,
                        tip_triggers[trigger].most, seed + i);
        const struct search_view *found = &search.found;
        assert_int_equal(found->end, SEARCH_FOUND);
        squares += pow(log(found->edge / truth), 2);
        covers += found->low <= truth && truth <= found->high;
        runs += (double)search.run_count;
    }
    struct interval interval = share_interval(covers, all, 0.01);
    print_message("%s: it tips at %.3f; rms error %.2f %%, "
                  "%.1f runs, its interval covers that in %zu of %zu, %.1f %% "
                  "[%.1f, %.1f]\n",
                  tip_triggers[trigger].name, truth,
                  100 * sqrt(squares / (double)all), runs / (double)all,
                  covers, all, 100 * (double)covers / (double)all,
                  100 * interval.low, 100 * interval.high);
    assert_true(interval.high >= 0.8);
    assert_true(sqrt(squares / (double)all) < 0.1);
}

static void test_outage(void **state)
{
    (void)state;
    search_trigger(TIP_OUTAGE, test_seed());
}

static void test_drop(void **state)
{
    (void)state;
    search_trigger(TIP_DROP, test_seed() + 1000);
}

static void test_spike(void **state)
{
    (void)state;
    search_trigger(TIP_SPIKE, test_seed() + 2000);
}

/* With a budget of a tenth all together ask for 1.1 * 280/s, less than 400/s:
 * it comes back from everything. */
static void test_a_budget(void **state)
{
    (void)state;
    struct tip_search search = search_once(budgeted, array_length(budgeted),
                                           TIP_OUTAGE, 2, test_seed());
    assert_int_equal(search.found.end, SEARCH_NEVER_FAILS);
    assert_true(search.found.headline == 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outage),
        cmocka_unit_test(test_drop),
        cmocka_unit_test(test_spike),
        cmocka_unit_test(test_a_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
