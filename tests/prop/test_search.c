/* Searches of an edge that is known, by runs that are drawn: the errors, the
 * cover of the interval and the number of runs that the note has in its table
 * for `tip` (its trigger grows from 0.1, the edge is near 1.6). */
#include "base/rng.h"
#include "compare/share.h"
#include "search/search.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SEARCHES = 300 };

struct world {
    double spread, freaks;
    double precision;
    size_t runs_most;
    /* The note's, of 300 searches. */
    double error, runs;
};

static uint64_t test_seed(void)
{
    const char *given = getenv("SQUALL_TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 20261130;

    print_message("seed %llu (SQUALL_TEST_SEED)\n", (unsigned long long)seed);
    return seed;
}

/* Its threshold varies from run to run. */
static bool passes(const struct world *world, struct rng *rng, double edge,
                   double size)
{
    double threshold = log(edge) + world->spread * rng_normal(rng);
    bool passed = log(size) < threshold;
    return rng_unit(rng) < world->freaks ? !passed : passed;
}

static void search_world(const struct world *world, uint64_t seed)
{
    double squares = 0, runs = 0, headline = 0;
    size_t covers = 0;

    for (size_t i = 0; i < SEARCHES; i++) {
        struct rng rng = rng_stream(seed, RNG_ORDER, i);
        double edge = 1.6 * exp(0.2 * (rng_unit(&rng) - 0.5));
        struct arena arena = ARENA_INIT;
        struct search search;
        double size;

        search_init(&search, &arena,
                    &(struct search_rules){.start = 0.1,
                                           .least = 0.01,
                                           .most = 100,
                                           .precision = world->precision,
                                           .runs_least = 8,
                                           .runs_most = world->runs_most});
        while (search_next(&search, &size)) {
            search_take(&search, passes(world, &rng, edge, size));
        }
        struct search_view view = search_view(&search);
        assert_int_equal(view.end, SEARCH_FOUND);
        squares += pow(log(view.edge / edge), 2);
        covers += view.low <= edge && edge <= view.high;
        runs += (double)search.run_count;
        /* Of the runs there, how many pass. */
        double share =
            erfc(log(view.headline / edge) / world->spread / sqrt(2)) / 2;
        headline += share * (1 - world->freaks) + (1 - share) * world->freaks;
        arena_release(&arena);
    }
    double error = sqrt(squares / SEARCHES);
    struct interval cover = share_interval(covers, SEARCHES, 0.01);
    runs /= SEARCHES;
    headline /= SEARCHES;
    print_message("spread %.1f %%, within %.0f %%: rms error %.2f %% (note "
                  "%.1f), %.1f runs (%.0f), interval covers %.1f %% [%.1f, "
                  "%.1f], at the headline %.1f %% pass\n",
                  100 * world->spread, 100 * world->precision, 100 * error,
                  100 * world->error, runs, world->runs,
                  100.0 * (double)covers / SEARCHES, 100 * cover.low,
                  100 * cover.high, 100 * headline);
    /* A mean square of 300 has a standard error of its root of some 4 %, and
     * rounding to a digit as much again. */
    assert_true(error < world->error * 1.2);
    assert_true(fabs(runs - world->runs) < 2);
    assert_true(cover.high >= 0.82);
    /* Where the threshold varies more than any sigma of the grid is, it is
     * taken to vary less. */
    assert_true(headline >= (world->spread < 0.2 ? 0.85 : 0.75));
}

static void test_the_table_of_the_note(void **state)
{
    static const struct world worlds[] = {
        {.spread = .026,
         .precision = .2,
         .runs_most = 20,
         .error = .017,
         .runs = 19},
        {.spread = .026,
         .precision = .1,
         .runs_most = 30,
         .error = .013,
         .runs = 21},
        {.spread = .08,
         .precision = .2,
         .runs_most = 20,
         .error = .036,
         .runs = 20},
        {.spread = .08,
         .precision = .1,
         .runs_most = 30,
         .error = .027,
         .runs = 28},
        {.spread = .2,
         .precision = .2,
         .runs_most = 20,
         .error = .071,
         .runs = 23},
        {.spread = .2,
         .precision = .1,
         .runs_most = 30,
         .error = .057,
         .runs = 32},
    };
    uint64_t seed = test_seed();
    (void)state;

    for (size_t i = 0; i < sizeof worlds / sizeof *worlds; i++) {
        search_world(&worlds[i], seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_table_of_the_note),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
