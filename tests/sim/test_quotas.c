/*
 * quotas: the arithmetic of published retry budgets, over many calls of one
 * client that is shipped in profiles/clients, in virtual time: exact counts,
 * and texts that a person can read (tests/sim/traces/quota-*.txt).
 */
#include "base/must.h"
#include "policy/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "numbers.h"
#include "shipped.h"

static void tear_down(struct bench *bench, const char *name)
{
    golden_hold(name, bench->text.text, SEED);
    str_release(&bench->text);
    world_release(&bench->world);
    plan_free(bench->plan);
}

static double level(struct bench *bench)
{
    return budget_level(&world_client(&bench->world, 0)->budget,
                        &bench->policy.budget, bench->world.now);
}

/* One call from its start to its end, in a line. */
static void call_once(struct bench *bench)
{
    struct world *world = &bench->world;
    struct world_counts before = world->counts;
    const char *words = bench->words.next;

    world_call(world, 0, 1, world->now);
    world_run(world, INSTANT_NEVER);
    unsigned attempts = (unsigned)(world->counts.attempts - before.attempts);
    str_printf(&bench->text, "call %u: ", (unsigned)world->counts.calls);
    for (unsigned i = 0; i < attempts; i++) {
        str_append_char(&bench->text, *words);
        words += words[1] != '\0';
    }
    for (size_t i = 0; i < FINISH_REASON_COUNT; i++) {
        if (world->counts.reasons[i] != before.reasons[i]) {
            str_printf(&bench->text, " %s",
                       finish_reason_name((enum finish_reason)i));
        }
    }
    str_printf(&bench->text, ", %.10g left\n", level(bench));
}

static uint64_t retries(const struct bench *bench)
{
    return bench->world.counts.kinds[ATTEMPT_RETRY];
}

/* -- AWS: 500 tokens, charged by the retry, three attempts -- */

/* A dead service gets so many retries, two a call, and then none. */
static void expect_aws(const char *name, const char *about, const char *client,
                       const char *words, unsigned expected)
{
    struct bench bench;
    read_client(&bench, client);
    set_up(&bench, about, words);
    for (unsigned i = 1; i <= expected / 2; i++) {
        call_once(&bench);
        assert_int_equal(retries(&bench), 2 * i);
    }
    for (unsigned i = 0; i < 3; i++) {
        call_once(&bench);
        assert_int_equal(retries(&bench), expected);
    }
    assert_int_equal(bench.world.counts.reasons[FINISH_BUDGET_EXHAUSTED], 3);
    tear_down(&bench, name);
}

static void test_aws_2026(void **state)
{
    (void)state;
    expect_aws("quota-aws-2026",
               "500 tokens at 14: 35 retries of a dead service, then none.",
               "clients/aws-standard-2026", "F", 35);
}

static void test_aws_before_2026(void **state)
{
    (void)state;
    expect_aws("quota-aws-pre2026",
               "500 tokens at 5: 100 retries of a dead service, then none.",
               "clients/botocore-standard-pre2026", "F", 100);
}

static void test_aws_timeouts(void **state)
{
    (void)state;
    expect_aws("quota-aws-timeouts",
               "500 tokens at 10 for a timeout: 50 retries, then none.",
               "clients/botocore-standard-pre2026", "-", 50);
}

static void test_aws_refunds(void **state)
{
    (void)state;
    struct bench bench;
    read_client(&bench, "clients/aws-standard-2026");
    set_up(&bench,
           "A success gives back what the last retry cost and no more, one "
           "token at the first try; a failure nothing; full is full.",
           ".F.FF.T.FT.FFFF.F.FF...");
    static const double left[] = {500, 500, 486, 486, 472, 444,
                                  444, 444, 430, 431, 432};
    for (size_t i = 0; i < array_length(left); i++) {
        call_once(&bench);
        NEAR(level(&bench), left[i], 0);
    }
    tear_down(&bench, "quota-aws-refunds");
}

/* -- gRPC, the example of A6: 10 tokens, 0.1 a success -- */

static void test_grpc_throttle(void **state)
{
    (void)state;
    struct bench bench;
    read_client(&bench, "clients/grpc-example");
    set_up(&bench,
           "10 tokens, one a failure, a tenth back for a success; retried "
           "above 5: the fifth failure is not.",
           "FFFFFFF....................F...........F.");
    call_once(&bench);
    assert_int_equal(retries(&bench), 3);
    NEAR(level(&bench), 6, 0);
    call_once(&bench);
    assert_int_equal(retries(&bench), 3); /* 5 > 5 is false */
    NEAR(level(&bench), 5, 0);
    call_once(&bench);
    call_once(&bench);
    assert_int_equal(retries(&bench), 3);
    NEAR(level(&bench), 3, 0);
    for (int i = 0; i < 20; i++) {
        call_once(&bench);
    }
    NEAR(level(&bench), 5, 0); /* and a failure would make it 4 */
    call_once(&bench);
    assert_int_equal(retries(&bench), 3);
    NEAR(level(&bench), 4, 0);
    for (int i = 0; i < 11; i++) {
        call_once(&bench);
    }
    NEAR(level(&bench), 5.1, 1e-9);
    call_once(&bench);
    assert_int_equal(retries(&bench), 3); /* 4.1 now */
    tear_down(&bench, "quota-grpc");
}

/* -- Envoy: three retries at once, or a fifth of what is in flight -- */

/* So many calls at one instant, all failing after 10 ms. */
static void call_at_once(struct bench *bench, unsigned calls)
{
    for (unsigned i = 0; i < calls; i++) {
        world_call(&bench->world, 0, 1, bench->world.now);
    }
    world_run(&bench->world, INSTANT_NEVER);
}

static void test_envoy_three_retries(void **state)
{
    (void)state;
    struct bench bench;
    read_client(&bench, "clients/envoy-5xx");
    every_backoff(&bench.policy, BACKOFF_CONSTANT, duration_ms(25));
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        bench.policy.retry.backoff[i].jitter.mult_low = 1; /* to be read */
    }
    set_up(&bench,
           "Ten calls fail at once: three are retried, and hold their "
           "place while they back off.",
           "F");
    bench.world.trace = &bench.text;
    call_at_once(&bench, 10);
    assert_int_equal(retries(&bench), 3);
    call_at_once(&bench, 2); /* the places are free again */
    assert_int_equal(retries(&bench), 5);
    NEAR(level(&bench), 3, 0);
    tear_down(&bench, "quota-envoy-three");
}

/* The i-th of 50 failures finds 50 - i attempts in flight and i - 1 retries
 * that hold a place: granted while i - 1 < 0.2 (50 - i), so 9 times. */
static void test_envoy_a_fifth(void **state)
{
    (void)state;
    struct bench bench;
    read_client(&bench, "clients/envoy-budget");
    set_up(&bench,
           "A fifth of the attempts in flight, and three at least: "
           "nine of fifty.",
           "F");
    call_at_once(&bench, 50);
    assert_int_equal(retries(&bench), 9);
    call_at_once(&bench, 10); /* 0.2 * 9 < 3 */
    assert_int_equal(retries(&bench), 9 + 3);
    str_printf(&bench.text, "fifty at once: 9 retries\n"
                            "ten at once: 3 retries\n");
    tear_down(&bench, "quota-envoy-fifth");
}

/* -- Linkerd: 20 % over 10 s, and 10 a second in any case -- */

struct second {
    uint64_t calls, successes, retries;
};

/* A second of constant load, in a line. */
static struct second one_second(struct bench *bench, double rate_per_s)
{
    struct world *world = &bench->world;
    struct world_counts before = world->counts;
    int64_t number = world->now.ns / NS_PER_S;

    world_offer(world, (struct offer){.rate_per_s = rate_per_s,
                                      .length = duration_s(1)});
    world_run(world, (struct instant){(number + 1) * NS_PER_S});
    struct second got = {
        world->counts.calls - before.calls,
        world->counts.verdicts[VERDICT_SUCCEEDED] -
            before.verdicts[VERDICT_SUCCEEDED],
        world->counts.kinds[ATTEMPT_RETRY] - before.kinds[ATTEMPT_RETRY],
    };
    str_printf(&bench->text,
               "second %u: %u calls, %u succeeded, %u retries, %.10g left\n",
               (unsigned)number + 1, (unsigned)got.calls,
               (unsigned)got.successes, (unsigned)got.retries, level(bench));
    return got;
}

/* So soon that what a second begins it also ends. */
static struct reply answer_by_health(struct world *world, unsigned call,
                                     unsigned attempt)
{
    (void)call;
    (void)attempt;
    const bool *is_dead = world->script;
    return (struct reply){
        .after = duration_us(10),
        .status = *is_dead ? 503 : 200,
    };
}

static void test_linkerd_reserve(void **state)
{
    (void)state;
    struct bench bench;
    bool is_dead = true;
    read_client(&bench, "clients/linkerd-profile");
    set_up(&bench,
           "Nothing ever succeeds: the reserve of 10 a second over "
           "10 s, 100 at once and again when they are forgotten.",
           "F");
    bench.world.serve = answer_by_health;
    bench.world.script = &is_dead;
    for (int i = 0; i < 21; i++) {
        struct second got = one_second(&bench, 100);
        assert_int_equal(got.calls, 100);
        assert_int_equal(got.retries, i % 10 ? 0 : 100);
    }
    tear_down(&bench, "quota-linkerd-reserve");
}

/* Ten good seconds deposit 20 each. What is retried never exceeds a fifth of
 * the successes of the last ten seconds and the reserve. */
static void test_linkerd_a_fifth(void **state)
{
    (void)state;
    enum { SECONDS = 32 };
    struct bench bench;
    struct second seconds[SECONDS];
    bool is_dead = false;

    read_client(&bench, "clients/linkerd-profile");
    set_up(&bench,
           "100 calls a second: 12 good ones, 6 of them dead, then "
           "good again and a dead one: a fifth over 10 s and a "
           "reserve of 100.",
           ".");
    bench.world.serve = answer_by_health;
    bench.world.script = &is_dead;
    for (int i = 0; i < SECONDS; i++) {
        is_dead = (i >= 12 && i < 18) || i == 30;
        seconds[i] = one_second(&bench, 100);
        uint64_t retried = 0;
        uint64_t succeeded = 0;
        for (int j = i < 9 ? 0 : i - 9; j <= i; j++) {
            retried += seconds[j].retries;
            succeeded += seconds[j].successes;
        }
        if (seconds[i].retries > 0) {
            assert_true((double)retried <= 0.2 * (double)succeeded + 100);
        }
    }
    /* Nine good seconds and the reserve; then what ten dead ones leave. */
    assert_int_equal(seconds[12].retries, 9 * 20 + 100);
    assert_int_equal(seconds[13].retries, 0);
    assert_int_equal(seconds[30].retries, 9 * 20 + 100);
    tear_down(&bench, "quota-linkerd-fifth");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aws_2026),
        cmocka_unit_test(test_aws_before_2026),
        cmocka_unit_test(test_aws_timeouts),
        cmocka_unit_test(test_aws_refunds),
        cmocka_unit_test(test_grpc_throttle),
        cmocka_unit_test(test_envoy_three_retries),
        cmocka_unit_test(test_envoy_a_fifth),
        cmocka_unit_test(test_linkerd_reserve),
        cmocka_unit_test(test_linkerd_a_fifth),
    };
    if (setenv("SQUALL_PROFILES", "profiles", 1) != 0) {
        return 1;
    }
    return cmocka_run_group_tests_name("quotas", tests, NULL, NULL);
}
