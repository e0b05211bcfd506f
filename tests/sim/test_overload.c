/*
 * overload: what retries, their budgets and client-side throttling do to a
 * service that can do so much and no more, against the numbers of the SRE
 * book (chapters 21 and 22) and closed forms, in virtual time.
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

/* Differences of the counts over a span of time. */
struct span {
    struct world_counts before;
    struct instant from;
};

static struct span span_begin(const struct world *world)
{
    return (struct span){world->counts, world->now};
}

static double per_s(const struct span *span, const struct world *world,
                    uint64_t before, uint64_t now)
{
    return (double)(now - before) /
           duration_in_seconds(instant_since(world->now, span->from));
}

static double sent_per_s(const struct span *span, const struct world *world)
{
    return per_s(span, world, span->before.attempts, world->counts.attempts);
}

static double done_per_s(const struct span *span, const struct world *world)
{
    return per_s(span, world, span->before.done, world->counts.done);
}

static struct instant at_s(double seconds)
{
    return (struct instant){(int64_t)(seconds * 1e9)};
}

/* -- the 10 % of chapter 21 --
 * Up to three attempts a request, and retries only while they are a tenth: of
 * the requests (1.100), or of everything that is sent (1.111). Without it a
 * service that rejects all sees three times as much. */

static double dead_service_load(const struct policy *policy)
{
    struct world world;
    world_init(&world, policy, SEED, 1);
    world.calls_max = 16384;
    world.model.failure = 1.0;
    world.model.usual = duration_s(1);
    world_offer(&world,
                (struct offer){.rate_per_s = 1000, .length = duration_s(60)});
    world_run(&world, at_s(20));
    struct span span = span_begin(&world);
    world_run(&world, at_s(50));
    double load = sent_per_s(&span, &world) / 1000.0;
    world_run(&world, INSTANT_NEVER);
    world_release(&world);
    print_message("seed %d, dead service: load %.4f\n", SEED, load);
    return load;
}

static void test_a_tenth(void **state)
{
    (void)state;
    struct policy policy;

    retrying(&policy, 3);
    NEAR(dead_service_load(&policy), 3.0, 0);

    policy.budget.type = BUDGET_RATIO_WINDOW;
    policy.budget.ratio = 0.1;
    policy.budget.deposit_when = DEPOSIT_REQUEST;
    NEAR(dead_service_load(&policy), 1.100, 0.001);

    budget_config_init(&policy.budget);
    policy.budget.type = BUDGET_RATIO_INFLIGHT;
    policy.budget.ratio = 0.1;
    NEAR(dead_service_load(&policy), 1.0 / (1.0 - 0.1), 0.002);
}

/* Chapter 22: a limit of 10,000/s, 10,100/s offered, failures tried again
 * after a second: 10,100, then 10,200, 10,300 ... Here a tenth of it. */
static void test_a_cascade_grows(void **state)
{
    (void)state;
    struct policy policy;
    struct world world;

    retrying(&policy, 0);
    every_backoff(&policy, BACKOFF_CONSTANT, duration_s(1));
    policy.timeout.operation = duration_s(30);
    world_init(&world, &policy, SEED, 1);
    world.calls_max = 16384;
    world.model.rate_per_s = 1000;
    world.model.burst = 10;
    world_offer(&world,
                (struct offer){.rate_per_s = 1010, .length = duration_s(12)});
    for (int second = 0; second < 12; second++) {
        struct span span = span_begin(&world);
        world_run(&world, at_s(second + 1));
        NEAR(sent_per_s(&span, &world), 1010 + 10 * second, 3);
    }
    world_run(&world, INSTANT_NEVER);
    world_release(&world);
}

/* -- adaptive throttling, chapter 21 --
 * A client that refuses with max(0, (requests - K accepts) / (requests + 1))
 * sends K times what the service takes. */

static void throttling(struct policy *policy, double k, struct duration window)
{
    retrying(policy, 1);
    throttle_config_init(&policy->throttle);
    policy->throttle.k = k;
    policy->throttle.window = window;
}

static void expect_sent(double k, double sent)
{
    struct policy policy;
    struct world world;

    throttling(&policy, k, duration_s(20));
    world_init(&world, &policy, SEED, 1);
    world.model.rate_per_s = 100;
    world.model.burst = 10;
    world.model.usual = duration_ms(5);
    world_offer(&world,
                (struct offer){.rate_per_s = 1000, .length = duration_s(301)});
    world_run(&world, at_s(5 * 20));
    struct span span = span_begin(&world);
    world_run(&world, at_s(300));
    double got = sent_per_s(&span, &world);
    print_message("seed %d, K %.1f: sent %.1f/s, accepted %.1f/s\n", SEED, k,
                  got, done_per_s(&span, &world));
    NEAR(got, sent, 0.03 * sent);
    /* With little to spare it leaves some of what it could have. */
    NEAR(done_per_s(&span, &world), 100, 2.5);
    assert_int_equal(world.counts.refusals[LAYER_THROTTLE],
                     world.counts.verdicts[VERDICT_SHED]);
    world_run(&world, INSTANT_NEVER);
    assert_int_equal(world.counts.calls, 301000);
    world_release(&world);
}

static void test_throttle_sends_k_times_the_accepted(void **state)
{
    (void)state;
    expect_sent(2.0, 200);
    expect_sent(1.5, 150);
    expect_sent(1.1, 110);
}

/* After a drop from all to C of x accepted, the window has to forget first:
 * nothing is refused for W (1 - 1/K) / (1 - C/x). It forgets by slots of a
 * second. */
static void expect_silence(double k, double seconds)
{
    struct policy policy;
    struct world world;

    throttling(&policy, k, duration_s(120));
    world_init(&world, &policy, SEED, 1);
    world_offer(&world,
                (struct offer){.rate_per_s = 1000, .length = duration_s(300)});
    world_run(&world, at_s(130));
    assert_int_equal(world.counts.verdicts[VERDICT_SHED], 0);
    world.model.rate_per_s = 100;
    world.model.burst = 1;
    world.model.counted = world.now;

    double silent = 0;
    while (world.counts.verdicts[VERDICT_SHED] == 0) {
        silent += 0.1;
        world_run(&world, at_s(130 + silent));
    }
    print_message("seed %d, K %.1f: silent for %.1f s\n", SEED, k, silent);
    NEAR(silent, seconds, 1.5);
    world_release(&world);
}

static void test_throttle_is_silent_after_a_drop(void **state)
{
    (void)state;
    expect_silence(2.0, 66.7);
    expect_silence(1.1, 12.1);
}

/* -- a target that takes C/s --
 * Offered x > C, m attempts that are spread in time: a share
 * a = 1 - (1 - C/x)^(1/m) of the attempts is accepted, C / a are sent, and a
 * share C / x of the calls succeeds whatever m is. A budget of b a call bounds
 * that by (1 + b) x. A limiter that takes one and closes for 1/C takes
 * A C / (A + C) only. */

struct limited {
    double x;
    unsigned m;
    double sent, success;
    double budget; /* retries a call; 0: no budget */
};

static void expect_limited(const struct limited *row, double burst,
                           double seconds)
{
    struct policy policy;
    struct world world;

    retrying(&policy, row->m);
    every_backoff(&policy, BACKOFF_CONSTANT, duration_s(5));
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        policy.retry.backoff[i].jitter.mult_low = 0;
    }
    if (row->budget > 0) {
        policy.budget.type = BUDGET_RATIO_WINDOW;
        policy.budget.ratio = row->budget;
        policy.budget.deposit_when = DEPOSIT_REQUEST;
    }
    world_init(&world, &policy, SEED, 1);
    world.calls_max = 16384;
    world.model.rate_per_s = 100;
    world.model.burst = burst;
    world_offer(&world, (struct offer){
                            .rate_per_s = row->x,
                            .is_poisson = true,
                            .length = duration_from_ns((seconds + 21) * 1e9)});
    world_run(&world, at_s(20));
    struct span span = span_begin(&world);
    world_run(&world, at_s(20 + seconds));
    /* By what was really offered: a Poisson stream is not x to a percent. */
    double offered =
        per_s(&span, &world, span.before.calls, world.counts.calls);
    double sent = sent_per_s(&span, &world) / offered * row->x;
    double success = done_per_s(&span, &world) / offered;
    print_message("seed %d, x %.0f, %u attempts: sent %.1f/s, success %.3f\n",
                  SEED, row->x, row->m, sent, success);
    NEAR(sent, row->sent, 0.01 * row->sent);
    NEAR(success, row->success, 0.02 * row->success);
    world_run(&world, INSTANT_NEVER);
    world_release(&world);
}

static void test_rate_limited_target(void **state)
{
    (void)state;
    static const struct limited deep[] = {
        {200, 1, 200.0, 0.500, 0},   {200, 2, 341.4, 0.500, 0},
        {200, 3, 484.7, 0.500, 0},   {200, 4, 628.5, 0.500, 0},
        {150, 1, 150.0, 0.667, 0},   {150, 2, 236.6, 0.667, 0},
        {150, 3, 326.1, 0.667, 0},   {150, 4, 416.4, 0.667, 0},
        {200, 4, 220.0, 0.500, 0.1}, {150, 4, 195.0, 0.667, 0.3},
    };
    for (size_t i = 0; i < array_length(deep); i++) {
        expect_limited(&deep[i], 100, 400);
    }
    expect_limited(&(struct limited){1000, 4, 3847, 0.1, 0}, 100, 60);
}

static void test_rate_limited_target_without_burst(void **state)
{
    (void)state;
    expect_limited(&(struct limited){200, 1, 200, 0.333, 0}, 1, 300);
    expect_limited(&(struct limited){200, 4, 654.5, 0.434, 0}, 1, 300);
}

/* -- breakers in a fleet --
 * The service dies for 20 s in every 40. Twenty clients with a breaker each
 * (five failures in a row, 1 s open and growing to 4 s, one probe) send it a
 * handful of attempts meanwhile, and are all back when it is. */

static void breaking(struct policy *policy)
{
    retrying(policy, 3);
    policy->timeout.attempt = duration_ms(100);
    policy->breaker = (struct breaker_config){
        .condition_count = 1,
        .any_of = {{.type = TRIP_CONSECUTIVE,
                    .count = 5,
                    .failures = UINT32_C(1) << CLASS_TRANSIENT |
                                UINT32_C(1) << CLASS_TIMEOUT}},
        .open = policy->retry.backoff[0],
        .half_open_calls = 1,
    };
    policy->breaker.open.type = BACKOFF_EXPONENTIAL;
    policy->breaker.open.initial = duration_s(1);
    policy->breaker.open.max = duration_s(4);
}

static void test_breakers_of_a_fleet(void **state)
{
    (void)state;
    enum { CLIENTS = 20, ROUNDS = 5 };
    struct policy policy;
    struct world world;

    breaking(&policy);
    world_init(&world, &policy, SEED, CLIENTS);
    world.model.shape = LATENCY_EXPONENTIAL;
    world.model.usual = duration_ms(5);
    world_offer(&world, (struct offer){.rate_per_s = 50,
                                       .is_poisson = true,
                                       .length = duration_s(40 * ROUNDS)});
    for (int round = 0; round < ROUNDS; round++) {
        world.model.failure = 1;
        struct span dead = span_begin(&world);
        world_run(&world, at_s(40 * round + 20));
        uint64_t sent = world.counts.attempts - dead.before.attempts;
        /* Five each and those beside them, and probes after 1, 3, 7 s and
         * every 4 s from then on: six. */
        assert_in_range(sent, CLIENTS * (5 + 5), CLIENTS * (5 + 6 + 4));

        world.model.failure = 0;
        world_run(&world, at_s(40 * round + 25));
        struct span alive = span_begin(&world);
        world_run(&world, at_s(40 * round + 40));
        NEAR(sent_per_s(&alive, &world), 50 * CLIENTS, 0.05 * 50 * CLIENTS);
        assert_int_equal(world.counts.refusals[LAYER_BREAKER],
                         alive.before.refusals[LAYER_BREAKER]);
    }
    world_run(&world, INSTANT_NEVER);
    expect_breaker_table(&world);
    assert_int_equal(world.breaker_table[BREAKER_CLOSED][BREAKER_OPEN],
                     CLIENTS * ROUNDS);
    assert_int_equal(world.breaker_table[BREAKER_HALF_OPEN][BREAKER_CLOSED],
                     CLIENTS * ROUNDS);
    assert_in_range(world.breaker_table[BREAKER_HALF_OPEN][BREAKER_OPEN],
                    5 * CLIENTS * ROUNDS, 6 * CLIENTS * ROUNDS);
    world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_tenth),
        cmocka_unit_test(test_a_cascade_grows),
        cmocka_unit_test(test_throttle_sends_k_times_the_accepted),
        cmocka_unit_test(test_throttle_is_silent_after_a_drop),
        cmocka_unit_test(test_rate_limited_target),
        cmocka_unit_test(test_rate_limited_target_without_burst),
        cmocka_unit_test(test_breakers_of_a_fleet),
    };
    return cmocka_run_group_tests_name("overload", tests, NULL, NULL);
}
