/*
 * hedging: what a second attempt does to the tail, and what it costs, against
 * closed forms, in virtual time.
 *
 * With independent copies and a hedge after d, P(T > t) is S(t) up to d and
 * S(t) S(t - d) after it, and a share S(d) of the calls is sent twice
 * (J. Dean and L. A. Barroso, "The Tail at Scale", CACM 56(2), 2013: after the
 * 95th percentile, about 5 % more).
 */
#include "base/must.h"
#include "policy/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "numbers.h"
#include "world.h"

struct latencies {
    enum latency_shape shape;
    int64_t usual_ms, slow_ms;
    double slow_share;
};

static const struct latencies two_point = {LATENCY_TWO_POINT, 5, 500, 0.01};
static const struct latencies exponential = {LATENCY_EXPONENTIAL, 10, 0, 0};
static const struct latencies sometimes_slow = {LATENCY_TWO_POINT, 5, 300,
                                                0.02};

static void hedged(struct policy *policy, double delay_ms)
{
    policy_init(policy);
    policy->hedge.max_extra = 1;
    policy->hedge.delay = duration_from_ns(delay_ms * 1e6);
}

static void hedged_at_p95(struct policy *policy)
{
    hedged(policy, 0);
    policy->hedge.trigger = HEDGE_ON_QUANTILE; /* 0.95 of 30 s by default */
}

/* One client, 1000 calls/s. */
static void run(struct world *world, const struct policy *policy,
                const struct latencies *latencies, unsigned calls)
{
    world_init(world, policy, SEED, 1);
    world->model.shape = latencies->shape;
    world->model.usual = duration_ms(latencies->usual_ms);
    world->model.slow = duration_ms(latencies->slow_ms);
    world->model.slow_share = latencies->slow_share;
    world_offer(world,
                (struct offer){.rate_per_s = 1000,
                               .is_poisson = true,
                               .length = duration_from_ns(calls * 1e6)});
    world_run(world, INSTANT_NEVER);
    assert_int_equal(world->counts.verdicts[VERDICT_SUCCEEDED],
                     world->counts.calls);
    print_message("seed %d: %llu calls, extra %.3f %%, won %llu\n", SEED,
                  (unsigned long long)world->counts.calls,
                  100 * (world_load(world) - 1),
                  (unsigned long long)world->counts.hedges_won);
}

static double extra_percent(const struct world *world)
{
    return 100.0 * (double)world->counts.kinds[ATTEMPT_HEDGE] /
           (double)world->counts.calls;
}

/* 5 ms, and 500 ms once in a hundred; hedged after 10 ms. */
static void test_two_point_target(void **state)
{
    (void)state;
    struct policy plain, policy;
    struct world world;

    policy_init(&plain);
    run(&world, &plain, &two_point, 100000);
    NEAR(world_quantile_ms(&world, 0.98), 5, 0);
    NEAR(world_quantile_ms(&world, 0.995), 500, 0);
    NEAR(world_quantile_ms(&world, 0.9995), 500, 0);
    NEAR(world_quantile_ms(&world, 0.99995), 500, 0);
    world_release(&world);

    hedged(&policy, 10);
    run(&world, &policy, &two_point, 100000);
    NEAR(extra_percent(&world), 1.00, 4 * 0.03);
    NEAR(world_quantile_ms(&world, 0.98), 5, 0);
    NEAR(world_quantile_ms(&world, 0.995), 15, 0);
    NEAR(world_quantile_ms(&world, 0.9995), 15, 0);
    NEAR(world_quantile_ms(&world, 0.99995), 500, 0);
    /* The loser is cancelled, but the service has begun it: 1 % of the calls
     * are done twice. */
    assert_int_equal(world.counts.done,
                     world.counts.calls + world.counts.kinds[ATTEMPT_HEDGE]);
    world_release(&world);
}

/* Nothing is different for the caller when losers run on; they are in flight
 * when the answer is out. */
static void test_losers_that_run_on(void **state)
{
    (void)state;
    struct policy policy;
    struct world world;

    hedged(&policy, 10);
    policy.hedge.cancel_losers = false;
    run(&world, &policy, &two_point, 100000);
    NEAR(extra_percent(&world), 1.00, 4 * 0.03);
    NEAR(world_quantile_ms(&world, 0.995), 15, 0);
    NEAR(world_quantile_ms(&world, 0.9995), 15, 0);
    NEAR((double)world.counts.done / (double)world.counts.calls, 1.01, 0.0012);
    world_release(&world);
}

/* Exponential of 10 ms, hedged after its 95th percentile. */
static void test_exponential_target(void **state)
{
    (void)state;
    struct policy plain, policy;
    struct world world;

    policy_init(&plain);
    run(&world, &plain, &exponential, 400000);
    NEAR(world_quantile_ms(&world, 0.99), 46.05, 0.7);
    NEAR(world_quantile_ms(&world, 0.999), 69.08, 2.0);
    world_release(&world);

    hedged(&policy, -10 * log(0.05));
    run(&world, &policy, &exponential, 400000);
    NEAR(extra_percent(&world), 5.00, 0.14);
    NEAR(world_quantile_ms(&world, 0.99), 38.00, 0.32);
    NEAR(world_quantile_ms(&world, 0.999), 49.52, 1.0);
    NEAR(world_quantile_ms(&world, 0.9999), 61.03, 3.2);
    NEAR((double)world.counts.done / (double)world.counts.calls, 1.05, 0.0014);
    world_release(&world);
}

/* The moving 95th percentile is given by the upper end of a bin, at most 3.2 %
 * above it: S(d) is between 0.05^1.032 = 4.5 % and 5 %, and the estimate's own
 * chance in 30,000 samples (0.13 %) and the count's (0.03 %) come to it. */
static void test_exponential_target_at_the_moving_p95(void **state)
{
    (void)state;
    struct policy policy;
    struct world world;

    hedged_at_p95(&policy);
    run(&world, &policy, &exponential, 400000);
    assert_in_range((uint64_t)(1000 * extra_percent(&world)), 4300, 5200);
    NEAR(world_quantile_ms(&world, 0.99), 38.3, 0.7);
    world_release(&world);
}

/* The latency of one of BigTable's servers, fitted to the published figures:
 * S(t) = exp(-0.3912 t) to 10 ms, 0.02 (t / 10)^-1.553 to 74 ms, and
 * 8.936e-4 (t / 74)^-2.129 from there. */
static struct reply bigtable(struct world *world, unsigned call,
                             unsigned attempt)
{
    double u = 1.0 - rng_unit(&world->model.latencies);
    double ms = -log(u) / 0.3912;
    (void)call;
    (void)attempt;
    if (u < 8.936e-4) {
        ms = 74 * pow(u / 8.936e-4, -1 / 2.129);
    } else if (u < 0.02) {
        ms = 10 * pow(u / 0.02, -1 / 1.553);
    }
    return (struct reply){.after = duration_from_ns(ms * 1e6), .status = 200};
}

/* Hedged after 10 ms it asks 2 % more. */
static void test_bigtable(void **state)
{
    (void)state;
    static const double p99[2] = {15.6, 11.3};
    static const double p99_9[2] = {68.8, 15.8};
    struct policy policies[2];
    struct world world;

    policy_init(&policies[0]);
    hedged(&policies[1], 10);
    for (size_t i = 0; i < 2; i++) {
        world_init(&world, &policies[i], SEED, 1);
        world.serve = bigtable;
        world_offer(&world, (struct offer){.rate_per_s = 1000,
                                           .is_poisson = true,
                                           .length = duration_s(400)});
        world_run(&world, INSTANT_NEVER);
        NEAR(world_quantile_ms(&world, 0.99), p99[i], 0.03 * p99[i]);
        NEAR(world_quantile_ms(&world, 0.999), p99_9[i], 0.08 * p99_9[i]);
        NEAR(extra_percent(&world), 2.0 * (double)i, 0.09);
        world_release(&world);
    }
}

/* The case that hedging is for: two in a hundred take 300 ms instead of 5. */
static void test_two_percent_slow(void **state)
{
    (void)state;
    struct policy plain, policy;
    struct world world;

    policy_init(&plain);
    run(&world, &plain, &sometimes_slow, 100000);
    double before = world_quantile_ms(&world, 0.99);
    NEAR(before, 300, 0);
    world_release(&world);

    hedged(&policy, 30);
    run(&world, &policy, &sometimes_slow, 100000);
    NEAR(world_quantile_ms(&world, 0.99), 35, 0);
    NEAR(extra_percent(&world), 2.0, 4 * 0.045);
    world_release(&world);

    hedged_at_p95(&policy);
    run(&world, &policy, &sometimes_slow, 100000);
    double after = world_quantile_ms(&world, 0.99);
    print_message("p99 %.2f ms at the moving p95\n", after);
    assert_true(after <= before / 2);
    assert_true(extra_percent(&world) <= 6.0);
    assert_true(extra_percent(&world) > 1.5);
    world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_point_target),
        cmocka_unit_test(test_losers_that_run_on),
        cmocka_unit_test(test_exponential_target),
        cmocka_unit_test(test_exponential_target_at_the_moving_p95),
        cmocka_unit_test(test_bigtable),
        cmocka_unit_test(test_two_percent_slow),
    };
    return cmocka_run_group_tests_name("hedging", tests, NULL, NULL);
}
