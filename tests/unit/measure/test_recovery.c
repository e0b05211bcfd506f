/* When a service is called back: by hand, and the table of simulations that
 * the rule was chosen by (Poisson arrivals, shares stuck below 1). */
#include "measure/recovery.h"

#include "base/must.h"
#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct arena arena;
static const struct instant origin = {7 * NS_PER_S};

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static struct instant at_s(double seconds)
{
    return instant_add(origin,
                       (struct duration){(int64_t)(seconds * 1e9 + 0.5)});
}

static struct duration seconds(double s)
{
    return (struct duration){(int64_t)(s * 1e9 + 0.5)};
}

static struct due make_due(void)
{
    struct due due;
    due_init(&due, &arena, origin);
    return due;
}

/* Evenly spaced operations, of which the first `share` of each ten succeed
 * after `latency`. */
static void fill(struct due *due, double from, double until, double per_s,
                 int of_ten, double latency)
{
    long count = lround((until - from) * per_s);

    for (long i = 0; i < count; i++) {
        double at = from + ((double)i + 0.5) / per_s;
        due_offered(due, at_s(at));
        if (i % 10 < of_ten) {
            due_succeeded(due, at_s(at), at_s(at + latency));
        }
    }
}

static struct recoveries compute(const struct due *due,
                                 struct trigger *triggers, size_t count,
                                 double measured)
{
    return recovery_compute(&arena, due, triggers, count, seconds(measured),
                            true);
}

static const struct recovery *only(const struct due *due, double from,
                                   double until, double measured)
{
    struct trigger trigger = {"outage", seconds(from), seconds(until)};
    struct recoveries recoveries = compute(due, &trigger, 1, measured);

    assert_int_equal(recoveries.count, 1);
    return recoveries.all;
}

static void test_back_at_the_first_window(void **state)
{
    (void)state;
    struct due due = make_due();
    fill(&due, 0, 10, 100, 10, 0.01);
    fill(&due, 10, 16.5, 100, 0, 0);
    fill(&due, 16.5, 40, 100, 10, 0.01);

    const struct recovery *recovery = only(&due, 10, 15, 40);
    assert_int_equal(recovery->word, RECOVERY_BACK);
    /* 95 of the 300 of a window may be lost: 15 of them, 0.15 s, lie before.
     */
    assert_int_equal(recovery->back.ns, seconds(1.4).ns);
    assert_int_equal(recovery->window.ns, seconds(3).ns);
    assert_true(recovery->depth == 1);
    assert_true(recovery->share == 1);
    assert_true(fabs(recovery->goodput_per_s - 100) < 0.2);
    assert_int_equal(recovery->in_time.ns, seconds(1).ns);
}

static void test_back_at_once_and_how_deep(void **state)
{
    (void)state;
    struct due due = make_due();
    fill(&due, 0, 10, 200, 10, 0.01);
    fill(&due, 10, 15, 200, 6, 0.01);
    fill(&due, 15, 30, 200, 10, 0.01);

    const struct recovery *recovery = only(&due, 10, 15, 30);
    assert_int_equal(recovery->word, RECOVERY_BACK);
    assert_int_equal(recovery->back.ns, 0);
    assert_true(fabs(recovery->depth - 0.4) < 1e-9);
}

/* What was due in the trigger and succeeds after it does not leak into a
 * window; nor does success that comes too late count. */
static void test_counts_by_when_it_was_due(void **state)
{
    (void)state;
    struct due due = make_due();
    fill(&due, 0, 10, 100, 10, 0.02);
    fill(&due, 10, 15, 100, 10, 8);
    fill(&due, 15, 40, 100, 8, 0.02);
    assert_int_equal(only(&due, 10, 15, 40)->word, RECOVERY_NEVER);

    struct due late = make_due();
    fill(&late, 0, 10, 100, 10, 0.02);
    fill(&late, 10, 40, 100, 10, 1.5);
    const struct recovery *recovery = only(&late, 10, 15, 40);
    assert_int_equal(recovery->word, RECOVERY_NEVER);
    assert_int_equal(recovery->watched.ns, seconds(25).ns);

    /* Twice the percentile 99 of before: a slow service may be slow. */
    struct due slow = make_due();
    fill(&slow, 0, 10, 100, 10, 0.9);
    fill(&slow, 10, 15, 100, 0, 0);
    fill(&slow, 15, 40, 100, 10, 1.5);
    recovery = only(&slow, 10, 15, 40);
    assert_int_equal(recovery->word, RECOVERY_BACK);
    assert_in_range(recovery->in_time.ns, seconds(1.8).ns, seconds(2.15).ns);
}

static void test_a_stage_of_another_rate_needs_no_correction(void **state)
{
    (void)state;
    struct due due = make_due();
    fill(&due, 0, 10, 500, 10, 0.01);
    fill(&due, 10, 12, 2000, 3, 0.01);
    fill(&due, 12, 14, 100, 3, 0.01);
    fill(&due, 14, 30, 100, 10, 0.01);
    const struct recovery *recovery = only(&due, 10, 12, 30);
    assert_int_equal(recovery->word, RECOVERY_BACK);
    assert_in_range(recovery->back.ns, seconds(1.7).ns, seconds(2).ns);
}

static void test_what_cannot_be_timed(void **state)
{
    (void)state;
    struct due due = make_due();
    fill(&due, 0, 40, 15, 10, 0.01);
    assert_int_equal(only(&due, 20, 25, 40)->word, RECOVERY_FEW);

    struct due none = make_due();
    fill(&none, 0, 40, 100, 10, 0.01);
    const struct recovery *recovery = only(&none, 0, 5, 40);
    assert_int_equal(recovery->word, RECOVERY_FEW);
    assert_true(recovery->share < 0 && recovery->depth < 0);
    assert_true(recovery->back.ns < 0);
    assert_int_equal(only(&none, 30, 38, 40)->word, RECOVERY_SHORT);

    struct trigger ends_with_the_load = {"a", seconds(30), seconds(40)};
    assert_int_equal(compute(&none, &ends_with_the_load, 1, 40).count, 0);
    struct trigger forever = {"a", seconds(30), DURATION_FOREVER};
    assert_int_equal(compute(&none, &forever, 1, 40).count, 0);
}

static void test_triggers_that_meet_are_one(void **state)
{
    (void)state;
    struct due due = make_due();
    fill(&due, 0, 10, 100, 10, 0.01);
    fill(&due, 10, 21, 100, 5, 0.01);
    fill(&due, 21, 40, 100, 10, 0.01);
    fill(&due, 40, 42, 100, 0, 0);
    fill(&due, 42, 60, 100, 10, 0.01);

    struct trigger triggers[] = {
        {"third", seconds(40), seconds(42)},
        {"first", seconds(10), seconds(12)},
        {"second", seconds(16), seconds(18)}, /* the first is not over */
        {"inner", seconds(11), seconds(11.5)},
    };
    struct recoveries recoveries = compute(&due, triggers, 4, 60);
    assert_int_equal(recoveries.count, 2);
    assert_int_equal(recoveries.all[0].count, 3);
    assert_int_equal(recoveries.all[0].from.ns, seconds(10).ns);
    assert_int_equal(recoveries.all[0].until.ns, seconds(18).ns);
    assert_in_range(recoveries.all[0].back.ns, seconds(2.7).ns, seconds(3).ns);
    assert_string_equal(triggers[recoveries.all[1].first].name, "third");
    assert_int_equal(recoveries.all[1].back.ns, 0);
    assert_true(recoveries.all[1].share == 1);
    assert_null(recovery_problem(&recoveries));
    assert_true(recovery_metastable(&recoveries) == 0);
    assert_true(fabs(recovery_longest_us(&recoveries) -
                     (double)recoveries.all[0].back.ns / 1000) < 1);
}

/* Whatever stays on is neither a trigger nor what the service fails to come
 * back from. */
static void test_one_that_stays(void **state)
{
    (void)state;
    struct due due = make_due();
    fill(&due, 0, 10, 100, 10, 0.01);
    fill(&due, 10, 60, 100, 8, 0.01);

    struct trigger triggers[] = {
        {"outage", seconds(10), seconds(15)},
        {"always", seconds(0), DURATION_FOREVER},
        {"stays", seconds(20), DURATION_FOREVER},
    };
    struct recoveries recoveries = compute(&due, triggers, 3, 60);
    assert_int_equal(recoveries.count, 1);
    assert_int_equal(recoveries.all[0].word, RECOVERY_OTHER);
    assert_true(recovery_metastable(&recoveries) < 0);
    assert_true(recovery_longest_us(&recoveries) < 0);
    assert_non_null(recovery_problem(&recoveries));

    struct trigger before[] = {
        {"outage", seconds(40), seconds(45)},
        {"stays", seconds(20), DURATION_FOREVER},
    };
    recoveries = compute(&due, before, 2, 60);
    assert_int_equal(recoveries.count, 1);
    assert_int_equal(recoveries.all[0].word, RECOVERY_BACK);
    assert_true(fabs(recoveries.all[0].share - 0.8) < 1e-9);
}

static void test_never_is_longer_than_anything(void **state)
{
    (void)state;
    struct due due = make_due();
    fill(&due, 0, 10, 100, 10, 0.01);
    fill(&due, 10, 12, 100, 0, 0);
    fill(&due, 12, 30, 100, 10, 0.01);
    fill(&due, 30, 60, 100, 0, 0);
    struct trigger triggers[] = {{"a", seconds(10), seconds(12)},
                                 {"a", seconds(30), seconds(31)}};
    struct recoveries recoveries = compute(&due, triggers, 2, 60);
    assert_int_equal(recoveries.count, 2);
    assert_true(isinf(recovery_longest_us(&recoveries)));
    assert_true(recovery_metastable(&recoveries) == 1);

    struct recoveries none = {0};
    assert_true(recovery_longest_us(&none) < 0);
    assert_true(recovery_metastable(&none) < 0);
    assert_null(recovery_problem(&none));
}

/* Callers wait: what is due falls with what comes. */
static void test_closed_model(void **state)
{
    (void)state;
    struct due due = make_due();
    fill(&due, 0, 10, 500, 10, 0.01);
    fill(&due, 10, 18, 100, 10, 0.01);
    fill(&due, 18, 40, 500, 10, 0.01);
    struct trigger trigger = {"a", seconds(10), seconds(15)};
    struct recoveries recoveries =
        recovery_compute(&arena, &due, &trigger, 1, seconds(40), false);
    assert_int_equal(recoveries.all[0].word, RECOVERY_BACK);
    /* At most 5 % of 3 s at a fifth of the rate: 0.19 s. */
    assert_in_range(recoveries.all[0].back.ns, seconds(2.8).ns, seconds(3).ns);
    assert_true(recoveries.all[0].share < 0);
    assert_true(fabs(recoveries.all[0].depth - 0.8) < 0.01);

    struct due slow = make_due();
    fill(&slow, 0, 40, 60, 10, 0.01);
    recoveries =
        recovery_compute(&arena, &slow, &trigger, 1, seconds(40), false);
    assert_int_equal(recoveries.all[0].word, RECOVERY_FEW);
}

static void test_a_long_run_doubles_the_step(void **state)
{
    (void)state;
    struct due due = make_due(), part = make_due();
    fill(&due, 0, 500, 30, 10, 0.01);
    fill(&due, 500, 520, 30, 0, 0);
    fill(&part, 520, 2000, 30, 10, 0.01);
    assert_int_equal(due.step.ns, seconds(0.1).ns);
    assert_int_equal(part.step.ns, seconds(0.4).ns);
    due_merge(&due, &part);
    assert_int_equal(due.step.ns, seconds(0.4).ns);

    uint64_t offered = 0, succeeded = 0, came = 0;
    for (size_t i = 0; i < due.count; i++) {
        offered += due.steps[i].due;
        came += due.steps[i].came;
        for (size_t t = 0; t < DUE_TIMES; t++) {
            succeeded += due.steps[i].took[t];
        }
    }
    assert_int_equal(offered, 60000);
    assert_int_equal(succeeded, 59400);
    assert_int_equal(came, 59400);
    const struct recovery *recovery = only(&due, 500, 510, 2000);
    assert_in_range(recovery->back.ns, seconds(9.2).ns, seconds(10).ns);
}

static void test_times_hold_what_they_say(void **state)
{
    (void)state;
    for (size_t i = 0; i + 1 < DUE_TIMES; i++) {
        struct duration most = due_time(i);
        assert_int_equal(due_index(most), i);
        assert_int_equal(due_index((struct duration){most.ns + 1}), i + 1);
        if (i + 4 < DUE_TIMES - 1) {
            assert_int_equal(due_index(duration_add(most, most)), i + 4);
        }
    }
    assert_int_equal(due_index(seconds(0)), 0);
    assert_int_equal(due_index(seconds(1)), 4);
}

/* The table of the rule's simulations: after the trigger a share of `level`
 * until `until`, then all. The share of runs that are called recovered before
 * the load is over, and the mean delay. */
struct outcome {
    double recovered; /* share */
    double delay;     /* s, of those, beyond the true one */
};

static struct outcome simulate(struct rng *rng, double per_s, double level,
                               double until, size_t runs)
{
    size_t recovered = 0;
    double delay = 0;

    for (size_t run = 0; run < runs; run++) {
        struct arena own = ARENA_INIT;
        struct due due;
        due_init(&due, &own, origin);
        for (double at = 0;;) {
            at += -log(1 - rng_unit(rng)) / per_s;
            if (at >= 75) {
                break;
            }
            bool is_down = at >= 15 && at < 15 + until;
            due_offered(&due, at_s(at));
            if (!is_down || rng_unit(rng) < level) {
                due_succeeded(&due, at_s(at), at_s(at));
            }
        }
        struct trigger trigger = {"a", seconds(14.9), seconds(15)};
        struct recoveries recoveries =
            recovery_compute(&own, &due, &trigger, 1, seconds(75), true);
        if (recoveries.all[0].word == RECOVERY_BACK) {
            recovered++;
            delay += (double)recoveries.all[0].back.ns / 1e9 - until;
        }
        arena_release(&own);
    }
    return (struct outcome){(double)recovered / (double)runs,
                            recovered > 0 ? delay / (double)recovered : 0};
}

static void test_the_table_of_simulations(void **state)
{
    (void)state;
    const uint64_t seed = 11;
    enum { RUNS = 300 };
    struct rng rng = rng_stream(seed, RNG_MIX, 0);
    print_message("seed %llu\n", (unsigned long long)seed);

    static const struct {
        double per_s, delay, false_at_90;
    } rows[] = {{100, -0.1, 0.13}, {500, -0.1, 0}};
    for (size_t i = 0; i < array_length(rows); i++) {
        struct outcome back = simulate(&rng, rows[i].per_s, 0, 5, RUNS);
        struct outcome stuck = simulate(&rng, rows[i].per_s, 0.9, 60, RUNS);
        struct outcome lower = simulate(&rng, rows[i].per_s, 0.8, 60, RUNS);
        print_message("%3.0f/s: delay %.2f s; called recovered at 0.90 in "
                      "%.1f %%, at 0.80 in %.1f %%\n",
                      rows[i].per_s, back.delay, stuck.recovered * 100,
                      lower.recovered * 100);
        assert_true(back.recovered == 1);
        assert_true(fabs(back.delay - rows[i].delay) < 0.1);
        double error = sqrt(0.13 * 0.87 / RUNS);
        assert_true(fabs(stuck.recovered - rows[i].false_at_90) < 4 * error);
        assert_true(lower.recovered == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_back_at_the_first_window),
        cmocka_unit_test(test_back_at_once_and_how_deep),
        cmocka_unit_test(test_counts_by_when_it_was_due),
        cmocka_unit_test(test_a_stage_of_another_rate_needs_no_correction),
        cmocka_unit_test(test_what_cannot_be_timed),
        cmocka_unit_test(test_triggers_that_meet_are_one),
        cmocka_unit_test(test_one_that_stays),
        cmocka_unit_test(test_never_is_longer_than_anything),
        cmocka_unit_test(test_closed_model),
        cmocka_unit_test(test_a_long_run_doubles_the_step),
        cmocka_unit_test(test_times_hold_what_they_say),
        cmocka_unit_test(test_the_table_of_simulations),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
