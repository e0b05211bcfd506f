/* Recovery from a trigger in virtual time against its fluid law: a service of
 * 1,000/s with one queue, 700/s of callers that give up after a second, and a
 * capacity of 200/s for a while. What is left in the queue when the trigger
 * ends, Q, is worked off at what is left of the capacity beside the load and
 * its retries, A: the last attempt that fails starts (Q - C tau) / (C - A)
 * afterwards; where A is more than C, never. */
#include "base/must.h"
#include "run/run.h"
#include "run/simulation.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct virtual_settings network = {
    .way = {50 * NS_PER_US},
    .connect = {50 * NS_PER_US},
    .keeps_connections = true,
};

/* Retries are at once. A budget is a share of the calls, from one bucket. */
struct experiment {
    const char *about;
    double rate, capacity, trigger_s;
    int retries;
    double budget; /* < 0: none */
    double load_s;
    double expected_s; /* to recover; INFINITY: never */
};

static struct run *make(const struct experiment *experiment,
                        struct plan **plan, uint64_t seed)
{
    char rate[40], length[40], retries[40], budget[80], factor[60], lasts[40];
    const char *sets[] = {
        rate,
        length,
        retries,
        factor,
        lasts,
        "load.model=open",
        "load.arrival=poisson",
        "load.clients=1",
        "load.connections=9000",
        "timeout.attempt=1s",
        "retry.backoff.type=none",
        "retry.retry_on=[\"timeout\"]",
        "retry.on_budget_empty=fail",
        "service.workers=10",
        "service.service_time.type=constant",
        "service.service_time.mean=10ms",
        "service.queue_limit=60000",
        "service.abandoned=work",
        "service.idempotency=none",
        "service.faults[0].kind=capacity",
        "service.faults[0].from=20s",
        budget,
        "retry_budget.capacity=10",
        "retry_budget.type=token_bucket",
    };
    struct errors errors = ERRORS_INIT;

    snprintf(rate, sizeof rate, "load.rate=%g/s", experiment->rate);
    snprintf(length, sizeof length, "load.duration=%gs", experiment->load_s);
    snprintf(retries, sizeof retries, "retry.max_attempts=%d",
             experiment->retries + 1);
    snprintf(factor, sizeof factor, "service.faults[0].factor=%g",
             experiment->capacity / 1000);
    snprintf(lasts, sizeof lasts, "service.faults[0].for=%gs",
             experiment->trigger_s);
    snprintf(budget, sizeof budget, "retry_budget.deposit_request=%g",
             experiment->budget);
    struct plan_input input = {
        .sets = sets,
        .set_count = array_length(sets) - (experiment->budget < 0 ? 3 : 0),
        .has_seed = true,
        .seed = seed,
        .run = 1,
    };
    *plan = plan_read(&input, &errors);
    errors_print(&errors, stdout);
    assert_non_null(*plan);
    struct run_options options = {.simulation = &network};
    struct run *run = run_make(*plan, &options, &errors);
    errors_print(&errors, stdout);
    assert_non_null(run);
    return run;
}

static void check(const struct experiment *experiment, uint64_t seed)
{
    struct plan *plan;
    struct run *run = make(experiment, &plan, seed);
    const struct result *result = run_result(run);
    const struct recoveries *recoveries = &result->recoveries;

    assert_int_equal(recoveries->count, 1);
    const struct recovery *recovery = &recoveries->all[0];
    double back = (double)recovery->back.ns / 1e9;
    print_message("%s: expected %.1f s, %s %.1f s\n", experiment->about,
                  experiment->expected_s, recovery_word(recovery->word), back);
    if (isinf(experiment->expected_s)) {
        assert_int_equal(recovery->word, RECOVERY_NEVER);
        assert_true(recovery_metastable(recoveries) == 1);
        assert_true(recovery->depth > 0.99);
    } else {
        assert_int_equal(recovery->word, RECOVERY_BACK);
        assert_true(fabs(back - experiment->expected_s) <=
                    0.15 * experiment->expected_s + 0.3);
    }
    run_free(run);
    plan_free(plan);
}

/* The rows of the table that are not on a boundary. */
static void test_the_fluid_law(void **state)
{
    static const struct experiment experiments[] = {
        {"3 retries, 1.3 s", 700, 200, 1.3, 3, -1, 35, 0},
        {"3 retries, 2 s", 700, 200, 2, 3, -1, 45, (double)INFINITY},
        {"no retry, 10 s", 700, 200, 10, 0, -1, 50, 13.3},
        {"1 retry, 10 s", 700, 200, 10, 1, -1, 50, (double)INFINITY},
        {"3 retries, budget 10 %, 10 s", 700, 200, 10, 3, 0.1, 60, 20},
        {"3 retries, budget 20 %, 10 s", 700, 200, 10, 3, 0.2, 75, 32.5},
        {"3 retries, budget 50 %, 10 s", 700, 200, 10, 3, 0.5, 60,
         (double)INFINITY},
        {"3 retries, 150/s, 10 s", 150, 50, 10, 3, -1, 50, 8.4},
        {"3 retries, 300/s, 10 s", 300, 50, 10, 3, -1, 60, (double)INFINITY},
    };
    (void)state;
    for (size_t i = 0; i < array_length(experiments); i++) {
        check(&experiments[i], 1 + i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_fluid_law),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
