/* After how many operations that failed or were late a run is lost, held
 * against the SLOs themselves: one more, and no outcome of the rest meets
 * them. */
#include "plan/hopeless.h"
#include "plan/single_attempts.h"

#include "base/must.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct plan *read_plan(const char *slo, const char *arrival,
                              const char *other)
{
    const char *sets[] = {"load.rate=100/s", "load.duration=10s", arrival,
                          other};
    struct plan_input input = {.sets = sets,
                               .set_count = array_length(sets),
                               .slos = &slo,
                               .slo_count = 1,
                               .has_seed = true};
    struct errors errors = ERRORS_INIT;
    struct plan *plan = plan_read(&input, &errors);

    errors_print(&errors, stderr);
    assert_non_null(plan);
    return plan;
}

static struct miss_limit limit_of(const char *slo, const char *arrival,
                                  const char *other)
{
    struct plan *plan = read_plan(slo, arrival, other);

    plan_end_when_hopeless(plan);
    struct miss_limit limit = plan->miss_limit;
    plan_free(plan);
    return limit;
}

#define CONSTANT "load.arrival=constant"
#define NOTHING "load.drain=30s"

static void test_quantiles(void **state)
{
    struct miss_limit limit = limit_of("p99 < 55ms", CONSTANT, NOTHING);
    (void)state;

    /* Of 1000 the quantile is the 990th: ten may be larger. */
    assert_true(limit.is_on);
    assert_int_equal(limit.most, 10);
    assert_int_equal(limit.longest.ns, 55 * NS_PER_MS);
    assert_int_equal(limit_of("p50 <= 1s", CONSTANT, NOTHING).most, 500);
    assert_int_equal(limit_of("p99.9 < 1s", CONSTANT, NOTHING).most, 1);
    /* The warm-up is not counted, and an end by number is. */
    assert_int_equal(limit_of("p99 < 1s", CONSTANT, "load.warmup=5s").most,
                     10);
    assert_int_equal(
        limit_of("p99 < 1s", CONSTANT, "load.operations=300").most, 3);
}

/* Random arrivals may be more than their mean. */
static void test_random_arrivals(void **state)
{
    struct miss_limit limit =
        limit_of("p90 < 55ms", "load.arrival=poisson", NOTHING);
    (void)state;

    double most = ceil(1000 + 6 * sqrt(1000));
    assert_int_equal(limit.most, (uint64_t)(most - ceil(0.9 * most)));
}

static void test_success_rate(void **state)
{
    struct miss_limit limit =
        limit_of("success_rate >= 99%", CONSTANT, NOTHING);
    (void)state;

    assert_true(limit.is_on);
    assert_int_equal(limit.most, 10);
    assert_int_equal(limit.longest.ns, INT64_MAX);
}

static void test_no_such_point(void **state)
{
    (void)state;

    assert_false(limit_of("p99 > 55ms", CONSTANT, NOTHING).is_on);
    assert_false(limit_of("mean < 55ms", CONSTANT, NOTHING).is_on);
    assert_false(limit_of("attempt.p99 < 55ms", CONSTANT, NOTHING).is_on);
    assert_false(limit_of("success_rate < 55%", CONSTANT, NOTHING).is_on);
    assert_false(limit_of("amplification < 2", CONSTANT, NOTHING).is_on);
    assert_false(limit_of("p99{phase=main} < 55ms", CONSTANT, NOTHING).is_on);
}

static void test_single_attempts(void **state)
{
    struct plan *plan =
        read_plan("p99 < 1s", CONSTANT, "retry.max_attempts=4");
    (void)state;

    assert_true(plan_repeats_attempts(plan));
    plan_single_attempts(plan);
    assert_false(plan_repeats_attempts(plan));
    plan_free(plan);
    plan = read_plan("p99 < 1s", CONSTANT, NOTHING);
    assert_false(plan_repeats_attempts(plan));
    plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_random_arrivals),
        cmocka_unit_test(test_success_rate),
        cmocka_unit_test(test_no_such_point),
        cmocka_unit_test(test_single_attempts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
