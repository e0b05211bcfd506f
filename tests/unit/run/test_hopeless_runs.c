/* A run that is given up as soon as it cannot meet its SLOs any more fails,
 * and the same run to its end fails, too; one that passes is never given up.
 * In virtual time, at rates on both sides of the knee. */
#include "plan/hopeless.h"
#include "run/trial.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { SEEDS = 12 };

static const struct virtual_settings network = {.keeps_connections = true};

struct came_to {
    bool is_given_up_early; /* asked for */
    enum run_verdict verdict;
    double seconds;
};

static void prepare(void *context, struct plan *plan)
{
    const struct came_to *came_to = context;
    if (came_to->is_given_up_early) {
        plan_end_when_hopeless(plan);
        assert_true(plan->miss_limit.is_on);
    }
}

static void take(void *context, const struct result *result)
{
    struct came_to *came_to = context;
    came_to->verdict = result->verdict;
    came_to->seconds = result->total.seconds;
}

static struct came_to run(const char *slo, int rate, uint64_t seed,
                          bool is_given_up_early)
{
    char text[40];
    snprintf(text, sizeof text, "load.rate=%d/s", rate);
    const char *sets[] = {text,
                          "load.arrival=poisson",
                          "load.duration=4s",
                          "load.warmup=500ms",
                          "load.max_in_flight=2000",
                          "service.workers=4",
                          "service.service_time.type=exponential",
                          "service.service_time.mean=10ms",
                          "service.faults[0].kind=error",
                          "service.faults[0].ratio=0.5%"};
    struct plan_input input = {.sets = sets,
                               .set_count = array_length(sets),
                               .slos = &slo,
                               .slo_count = 1};
    struct came_to came_to = {.is_given_up_early = is_given_up_early};
    const struct trial_options options = {.simulation = &network};
    struct trials trials = trials_begin(&options, NULL);
    struct errors errors = ERRORS_INIT;
    enum trial_use use = trial_make(&trials,
                                    &(struct trial){.input = &input,
                                                    .seed = seed,
                                                    .run = seed,
                                                    .context = &came_to,
                                                    .prepare = prepare,
                                                    .take = take},
                                    &errors);

    errors_print(&errors, stderr);
    assert_int_equal(use, TRIAL_COUNTS);
    return came_to;
}

/* Returns how many of the runs were given up. */
static size_t compare_runs(const char *slo, int rate)
{
    size_t given_up = 0;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct came_to whole = run(slo, rate, seed, false);
        struct came_to early = run(slo, rate, seed, true);
        assert_int_equal(early.verdict, whole.verdict);
        assert_true(whole.seconds > 3.99);
        if (early.seconds < whole.seconds) {
            assert_int_equal(early.verdict, RUN_FAIL);
            given_up++;
        } else {
            assert_true(early.seconds == whole.seconds);
        }
    }
    return given_up;
}

static void test_quantile(void **state)
{
    (void)state;
    /* The knee is near 300/s. */
    assert_int_equal(compare_runs("p99 < 60ms", 150), 0);
    (void)compare_runs("p99 < 60ms", 280);
    (void)compare_runs("p99 < 60ms", 310);
    assert_int_equal(compare_runs("p99 < 60ms", 600), SEEDS);
}

static void test_success_rate(void **state)
{
    (void)state;
    assert_int_equal(compare_runs("success_rate >= 98%", 150), 0);
    (void)compare_runs("success_rate >= 99.5%", 150);
    assert_true(compare_runs("success_rate >= 99.99%", 390) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantile),
        cmocka_unit_test(test_success_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
