/* Experiments in virtual time: the same traffic under several policies, round
 * after round, and what is said of them. */
#include "run/experiment.h"

#include "base/must.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define TRAFFIC \
    "load.model=open", "load.arrival=poisson", "load.rate=400/s", \
        "load.duration=3s", "ledger.url=/ledger", "ledger.key={{op.id}}", \
        "service.workers=10", "service.service_time.type=exponential", \
        "service.service_time.mean=5ms", "service.faults[0].kind=error", \
        "service.faults[0].ratio=10%"

static const struct virtual_settings network = {
    .way = {NS_PER_MS / 2},
    .way_on = {NS_PER_MS / 10},
    .connect = {NS_PER_MS},
    .keeps_connections = true,
};

static const char *const without[] = {TRAFFIC};
static const char *const with_retries[] = {TRAFFIC, "retry.max_attempts=3",
                                           "retry.retry_on=[\"5xx\"]",
                                           "retry.backoff.type=none"};

static struct paired_variant variant_of(const char *name,
                                        const char *const *sets, size_t count)
{
    return (struct paired_variant){
        .name = name, .input = {.sets = sets, .set_count = count}};
}

static struct experiment_options options_of(
    const struct paired_variant *variants, size_t count, size_t rounds)
{
    return (struct experiment_options){
        .paired = {.variant_count = count,
                   .variants = variants,
                   .trials = {.budget = DURATION_FOREVER,
                              .seed = 7,
                              .first_run = 1,
                              .simulation = &network}},
        .is_judged = {[COMPARED_SUCCESS_RATE] = true,
                      [COMPARED_AMPLIFICATION] = true,
                      [COMPARED_P99] = true,
                      [COMPARED_DUPLICATES] = true},
        .looks = {.fixed = rounds, .most = 60},
    };
}

static struct experiment make(struct arena *arena,
                              const struct experiment_options *options)
{
    struct errors errors = ERRORS_INIT;
    struct experiment experiment;

    if (!experiment_make(&experiment, arena, options, &errors)) {
        errors_print(&errors, stderr);
        fail();
    }
    return experiment;
}

static enum finding found(const struct experiment *experiment,
                          enum compared measure)
{
    return comparison_find(&experiment->comparison, measure, 1)->finding;
}

/* A tenth of the attempts fails: three attempts succeed in all but 0.1 % of
 * operations, and there are 1.11 attempts an operation. */
static void test_retries_show(void **state)
{
    struct paired_variant variants[] = {
        variant_of("none", without, array_length(without)),
        variant_of("retries", with_retries, array_length(with_retries))};
    struct experiment_options options = options_of(variants, 2, 8);
    struct arena arena = ARENA_INIT;
    (void)state;

    struct experiment experiment = make(&arena, &options);
    const struct comparison_row *success =
        comparison_find(&experiment.comparison, COMPARED_SUCCESS_RATE, 1);
    const struct comparison_row *attempts =
        comparison_find(&experiment.comparison, COMPARED_AMPLIFICATION, 1);

    assert_int_equal(experiment.end, EXPERIMENT_JUDGED);
    assert_int_equal(experiment.paired.input.rounds, 8);
    assert_int_equal(success->finding, FOUND_BETTER);
    assert_true(success->low < 0.099 && 0.099 < success->high);
    assert_int_equal(attempts->finding, FOUND_WORSE);
    assert_true(attempts->low < 1.11 && 1.11 < attempts->high);
    /* With a tenth failed, the time to success of 99 % is never; with
     * retries it is a time. */
    assert_int_equal(found(&experiment, COMPARED_P99), FOUND_BETTER);
    assert_int_equal(found(&experiment, COMPARED_DUPLICATES), FOUND_NONE);
    arena_release(&arena);
}

/* One policy beside itself, under the same traffic: nothing differs but the
 * names of operations, and in virtual time these change nothing. */
static void test_same_policy(void **state)
{
    struct paired_variant variants[] = {
        variant_of("a", with_retries, array_length(with_retries)),
        variant_of("b", with_retries, array_length(with_retries))};
    struct experiment_options options = options_of(variants, 2, 8);
    struct arena arena = ARENA_INIT;
    (void)state;

    struct experiment experiment = make(&arena, &options);
    for (size_t i = 0; i < experiment.comparison.row_count; i++) {
        const struct comparison_row *row = &experiment.comparison.rows[i];
        assert_true(row->finding == FOUND_NONE ||
                    row->finding == FOUND_UNMEASURED || !row->is_judged);
    }
    assert_true(
        comparison_find(&experiment.comparison, COMPARED_P99, 1)->estimate ==
        1);
    arena_release(&arena);
}

/* Rounds come in pairs that mirror each other, with traffic of their own. */
static void test_order(void **state)
{
    struct paired_variant variants[] = {
        variant_of("a", without, array_length(without)),
        variant_of("b", without, array_length(without)),
        variant_of("c", without, array_length(without))};
    struct experiment_options options = options_of(variants, 3, 10);
    struct arena arena = ARENA_INIT;
    size_t first[3] = {0};
    (void)state;

    struct experiment experiment = make(&arena, &options);
    for (size_t r = 0; r < 10; r += 2) {
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(experiment.paired.rounds[r].order[i],
                             experiment.paired.rounds[r + 1].order[2 - i]);
        }
        assert_true(experiment.paired.rounds[r].seed !=
                    experiment.paired.rounds[r + 1].seed);
        first[experiment.paired.rounds[r].order[0]]++;
    }
    assert_true(first[0] < 5 && first[1] < 5 && first[2] < 5);
    arena_release(&arena);
}

/* 100/s of capacity, 70/s of load, and a fifth of the capacity for 5 s: with
 * retries at once it is never over, with a budget of a tenth it is in 10 s. */
static void test_recovery(void **state)
{
#define OUTAGE \
    "load.model=open", "load.arrival=poisson", "load.rate=70/s", \
        "load.duration=34s", "load.connections=600", "load.clients=1", \
        "service.workers=1", "service.service_time.mean=10ms", \
        "service.service_time.type=constant", "service.queue_limit=9000", \
        "service.faults[0].kind=capacity", "service.faults[0].factor=0.2", \
        "service.faults[0].from=10s", "service.faults[0].for=5s", \
        "timeout.attempt=1s", "retry.max_attempts=4", \
        "retry.retry_on=[\"timeout\"]", "retry.backoff.type=none"
    static const char *const at_once[] = {OUTAGE};
    static const char *const paid[] = {
        OUTAGE, "retry_budget.type=token_bucket", "retry_budget.capacity=10",
        "retry_budget.deposit_request=0.1"};
    struct paired_variant variants[] = {
        variant_of("at once", at_once, array_length(at_once)),
        variant_of("paid", paid, array_length(paid))};
    struct experiment_options options = options_of(variants, 2, 6);
    struct arena arena = ARENA_INIT;
    (void)state;

    memset(options.is_judged, 0, sizeof options.is_judged);
    options.is_judged[COMPARED_TIME_TO_RECOVER] = true;
    struct experiment experiment = make(&arena, &options);
    const struct comparison_row *row =
        comparison_find(&experiment.comparison, COMPARED_TIME_TO_RECOVER, 1);
    for (size_t i = 0; i < 6; i++) {
        const double *run =
            &experiment.paired.input.values[i * 2 * COMPARED_COUNT];
        assert_true(isinf(run[COMPARED_TIME_TO_RECOVER]));
        double paid_us = run[COMPARED_COUNT + COMPARED_TIME_TO_RECOVER];
        assert_true(3e6 < paid_us && paid_us < 20e6);
    }
    assert_int_equal(row->finding, FOUND_BETTER);
    assert_true(row->estimate == 0 && row->high == 0);
    arena_release(&arena);
}

/* A large difference ends the experiment before its last look. */
static void test_automatic(void **state)
{
    struct paired_variant variants[] = {
        variant_of("none", without, array_length(without)),
        variant_of("retries", with_retries, array_length(with_retries))};
    struct experiment_options options = options_of(variants, 2, 0);
    struct arena arena = ARENA_INIT;
    (void)state;

    struct experiment experiment = make(&arena, &options);
    assert_int_equal(experiment.end, EXPERIMENT_JUDGED);
    assert_true(experiment.paired.input.rounds >= 9 &&
                experiment.paired.input.rounds < 60);
    assert_int_equal(found(&experiment, COMPARED_SUCCESS_RATE), FOUND_BETTER);
    arena_release(&arena);
}

static void test_stop(void **state)
{
    static const atomic_uint stops = 1;
    struct paired_variant variants[] = {
        variant_of("a", without, array_length(without)),
        variant_of("b", without, array_length(without))};
    struct experiment_options options = options_of(variants, 2, 8);
    struct arena arena = ARENA_INIT;
    (void)state;

    options.paired.trials.stops = &stops;
    struct experiment experiment = make(&arena, &options);
    assert_int_equal(experiment.end, EXPERIMENT_STOPPED);
    assert_int_equal(experiment.paired.input.rounds, 0);
    arena_release(&arena);
}

static void test_bad_plan(void **state)
{
    static const char *const bad[] = {"load.rate=fast"};
    struct paired_variant variants[] = {
        variant_of("a", without, array_length(without)),
        variant_of("b", bad, array_length(bad))};
    struct experiment_options options = options_of(variants, 2, 8);
    struct errors errors = ERRORS_INIT;
    struct experiment experiment;
    struct arena arena = ARENA_INIT;
    (void)state;

    assert_false(experiment_make(&experiment, &arena, &options, &errors));
    assert_int_equal(errors_exit_status(&errors), 2);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retries_show),
        cmocka_unit_test(test_same_policy),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_recovery),
        cmocka_unit_test(test_automatic),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_bad_plan),
    };
    return cmocka_run_group_tests_name("run/experiment", tests, NULL, NULL);
}
