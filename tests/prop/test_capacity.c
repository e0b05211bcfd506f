/* Searches for the capacity of services of which it is known, in virtual time:
 * queues with Poisson arrivals, ten workers, and service times that are
 * constant (M/D/10) or exponential (M/M/10).
 *
 * What is known is worked out here, by the recursion of Kiefer and Wolfowitz
 * for the waiting times of a queue with several workers: it shares nothing
 * with the model that is searched. How many of its runs of the same length
 * pass at a rate says where half of them do, and how many do at the headline.
 *
 * SQUALL_TEST_SEARCHES says how many are made of each; `make check-all` makes
 * 200, which takes minutes. */
#include "run/capacity.h"

#include "base/must.h"
#include "base/rng.h"
#include "compare/share.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SEARCHES = 2, WORKERS = 10, TRUE_RUNS = 400, RATES = 21 };

static const double service_s = 0.01, warmup_s = 1, measured_s = 10;

static const struct virtual_settings network = {.keeps_connections = true};

struct world {
    const char *type;
    bool is_constant;
    const char *slo;
    double q, limit_s;
    double start_per_s; /* of the search */
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
    return count > 0 ? count : SEARCHES;
}

static double exponential(struct rng *rng, double mean)
{
    return -mean * log(1 - rng_unit(rng));
}

/* Whether a run meets the SLO: the number of its operations that took longer
 * is at most what a quantile leaves. Workers are sorted by how much work they
 * still have. */
static bool truly_passes(const struct world *world, double rate,
                         struct rng *rng)
{
    double left[WORKERS] = {0}, at = 0;
    size_t offered = 0, over = 0;

    for (;;) {
        double gap = exponential(rng, 1 / rate);
        at += gap;
        if (at >= warmup_s + measured_s) {
            break;
        }
        for (size_t i = 0; i < WORKERS; i++) {
            left[i] = fmax(0, left[i] - gap);
        }
        double takes =
            world->is_constant ? service_s : exponential(rng, service_s);
        double whole = left[0] + takes;
        size_t i = 0;
        for (; i + 1 < WORKERS && left[i + 1] < whole; i++) {
            left[i] = left[i + 1];
        }
        left[i] = whole;
        if (at >= warmup_s) {
            offered++;
            over += whole >= world->limit_s;
        }
    }
    return (double)over <= (double)offered - ceil(world->q * (double)offered);
}

/* The share of runs that pass, at rates 1 % apart around the knee. */
struct truth {
    double first, shares[RATES];
};

/* Fewer where few searches are made. */
static size_t true_runs(void)
{
    return searches() < 20 ? 80 : TRUE_RUNS;
}

static double share_at(const struct world *world, double rate, size_t runs,
                       uint64_t seed)
{
    size_t passed = 0;

    for (size_t i = 0; i < runs; i++) {
        struct rng rng = rng_stream(seed, RNG_ORDER, i);
        passed += truly_passes(world, rate, &rng);
    }
    return (double)passed / (double)runs;
}

static struct truth find_truth(const struct world *world, uint64_t seed)
{
    double low = 100, high = 1100;
    struct truth truth;

    while (high / low > 1.01) {
        double middle = sqrt(low * high);
        bool half = share_at(world, middle, 41, seed) >= 0.5;
        low = half ? middle : low;
        high = half ? high : middle;
    }
    truth.first = low * pow(1.01, -RATES / 2);
    for (size_t i = 0; i < RATES; i++) {
        truth.shares[i] = share_at(world, truth.first * pow(1.01, (double)i),
                                   true_runs(), seed + 1);
    }
    return truth;
}

/* Where so large a share passes, between the rates. */
static double rate_of(const struct truth *truth, double share)
{
    for (size_t i = 1; i < RATES; i++) {
        double before = truth->shares[i - 1], after = truth->shares[i];
        if (after <= share) {
            double part =
                before > after ? (before - share) / (before - after) : 1;
            return truth->first * pow(1.01, (double)i - 1 + part);
        }
    }
    return NAN;
}

static struct capacity_search search_once(const struct world *world,
                                          uint64_t seed)
{
    char type[80];
    snprintf(type, sizeof type, "service.service_time.type=%s", world->type);
    const char *sets[] = {"load.arrival=poisson",
                          "load.rate=100/s",
                          "load.warmup=1s",
                          "load.duration=10s",
                          "service.workers=10",
                          "load.max_in_flight=2000",
                          "service.service_time.mean=10ms",
                          type};
    const char *slos[] = {world->slo};
    struct capacity_options options = {
        .input = {.sets = sets,
                  .set_count = array_length(sets),
                  .slos = slos,
                  .slo_count = 1},
        .start_per_s = world->start_per_s,
        .least_per_s = 1,
        .most_per_s = 1e6,
        .precision = 0.1,
        .trials = {.budget = DURATION_FOREVER,
                   .seed = seed,
                   .first_run = 1,
                   .simulation = &network},
    };
    struct errors errors = ERRORS_INIT;
    struct arena arena = ARENA_INIT;
    struct capacity *capacity = arena_alloc(&arena, sizeof *capacity);

    if (!capacity_make(capacity, &arena, &options, &errors)) {
        errors_print(&errors, stderr);
        fail();
    }
    if (capacity->end != CAPACITY_MADE) {
        print_error("%s\n", capacity->problem);
        fail();
    }
    struct capacity_search search = capacity->searches[0];
    arena_release(&arena);
    return search;
}

static struct interval show(const char *what, size_t hits, size_t all)
{
    struct interval interval = share_interval(hits, all, 0.01);
    print_message("  %s: %zu of %zu, %.1f %% [%.1f, %.1f]\n", what, hits, all,
                  100.0 * (double)hits / (double)all, 100 * interval.low,
                  100 * interval.high);
    return interval;
}

static void search_world(const struct world *world, uint64_t seed)
{
    struct truth truth = find_truth(world, seed + 77);
    double knee = rate_of(&truth, 0.5), squares = 0, runs = 0, passing = 0;
    size_t all = searches(), covers = 0;

    for (size_t i = 0; i < all; i++) {
        struct capacity_search search = search_once(world, seed + i);
        const struct search_view *found = &search.found;
        assert_int_equal(found->end, SEARCH_FOUND);
        assert_true(search.void_count == 0);
        squares += pow(log(found->edge / knee), 2);
        covers += found->low <= knee && knee <= found->high;
        runs += (double)search.run_count;
        passing += share_at(world, found->headline, 40, seed + 1000000 + i);
    }
    double error = sqrt(squares / (double)all);
    passing /= (double)all;
    print_message("%s, %s: half of the runs pass at %.0f/s, nine of ten at "
                  "%.0f/s\n",
                  world->is_constant ? "M/D/10" : "M/M/10", world->slo, knee,
                  rate_of(&truth, 0.9));
    print_message("  rms error %.2f %%, %.1f runs, at the headline %.1f %% "
                  "pass\n",
                  100 * error, runs / (double)all, 100 * passing);
    struct interval cover = show("its interval covers the knee", covers, all);
    assert_true(cover.high >= 0.85);
    /* Few searches have an error of their own. */
    assert_true(error <= 0.03 * (1 + 2 / sqrt((double)all)));
    assert_true(passing >= 0.85 - 0.3 / sqrt((double)all));
}

static void search_worlds(const struct world *worlds, size_t count)
{
    uint64_t seed = test_seed();

    /* One of each kind is enough for a quick look. */
    count = searches() < 20 ? 1 : count;
    for (size_t i = 0; i < count; i++) {
        search_world(&worlds[i], seed + 10000 * i);
    }
}

static void test_constant_service(void **state)
{
    static const struct world worlds[] = {
        {"constant", true, "p99 < 15ms", 0.99, 0.015, 300},
        {"constant", true, "p99 < 25ms", 0.99, 0.025, 300},
        {"constant", true, "p90 < 14ms", 0.9, 0.014, 300},
    };
    (void)state;
    search_worlds(worlds, array_length(worlds));
}

static void test_exponential_service(void **state)
{
    static const struct world worlds[] = {
        {"exponential", false, "p99 < 55ms", 0.99, 0.055, 300},
        {"exponential", false, "p99 < 100ms", 0.99, 0.1, 300},
        {"exponential", false, "p90 < 30ms", 0.9, 0.03, 300},
    };
    (void)state;
    search_worlds(worlds, array_length(worlds));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constant_service),
        cmocka_unit_test(test_exponential_service),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
