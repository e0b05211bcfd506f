/*
 * breakers: those of shipped clients, against what their libraries document:
 * how many failures open them, for how long, and how many probes decide; in
 * virtual time.
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

/* A call is an attempt, so that what is counted is what is said. */
static void meet(struct bench *bench, const char *client)
{
    read_client(bench, client);
    bench->policy.retry.max_attempts = 1;
    set_up(bench, client, ".");
}

static void part(struct bench *bench)
{
    expect_breaker_table(&bench->world);
    str_release(&bench->text);
    world_release(&bench->world);
    plan_free(bench->plan);
}

static enum breaker_state state_of(const struct bench *bench)
{
    return world_client((struct world *)&bench->world, 0)->breaker.state;
}

/* Calls one after another, `apart`, of which the last `bad` fail. */
static void call(struct bench *bench, unsigned calls, unsigned bad,
                 struct duration apart)
{
    struct world *world = &bench->world;
    for (unsigned i = 0; i < calls; i++) {
        bench->words.next = i < calls - bad ? "." : "F";
        world_call(world, 0, 1, world->now);
        world_run(world, INSTANT_NEVER);
        world->now = instant_add(world->now, apart);
    }
}

/* Calls at one instant, of which `bad` fail; returns how many were let go. */
static unsigned call_together(struct bench *bench, unsigned calls,
                              unsigned bad)
{
    struct world *world = &bench->world;
    uint64_t before = world->counts.attempts;
    static const char words[] = "FFFFFFFFFF....................";
    assert_true(bad <= 10 && calls <= 20);
    bench->words.next = words + 10 - bad;
    for (unsigned i = 0; i < calls; i++) {
        world_call(world, 0, 1, world->now);
    }
    world_run(world, INSTANT_NEVER);
    return (unsigned)(world->counts.attempts - before);
}

static void wait_for(struct bench *bench, struct duration time)
{
    bench->world.now = instant_add(bench->world.now, time);
}

/* 50 % of the last 100 calls, once there are 100; open for 60 s; 10 probes,
 * judged by the same share. */
static void test_resilience4j(void **state)
{
    (void)state;
    struct bench bench;
    struct duration ms = duration_ms(1);

    meet(&bench, "clients/resilience4j");
    call(&bench, 99, 99, ms); /* too few to say */
    assert_int_equal(state_of(&bench), BREAKER_CLOSED);
    call(&bench, 1, 0, ms); /* even a success completes the window */
    assert_int_equal(state_of(&bench), BREAKER_OPEN);
    wait_for(&bench, duration_ms(59900));
    assert_int_equal(call_together(&bench, 1, 0), 0);
    wait_for(&bench, duration_ms(100));
    assert_int_equal(call_together(&bench, 15, 5), 10); /* 5 of 10 */
    assert_int_equal(state_of(&bench), BREAKER_OPEN);
    wait_for(&bench, duration_s(60)); /* no longer than before */
    assert_int_equal(call_together(&bench, 15, 4), 10); /* 4 of 10 */
    assert_int_equal(state_of(&bench), BREAKER_CLOSED);
    call(&bench, 100, 49, ms);
    assert_int_equal(state_of(&bench), BREAKER_CLOSED);
    call(&bench, 1, 1, ms); /* a good one has left the window: 50 of 100 */
    assert_int_equal(state_of(&bench), BREAKER_OPEN);
    part(&bench);
}

/* 10 % over 30 s, once there are 100; open for 5 s; one probe. */
static void test_dotnet_standard_handler(void **state)
{
    (void)state;
    struct bench bench;
    struct duration ms = duration_ms(1);

    meet(&bench, "clients/dotnet-standard-handler");
    call(&bench, 99, 9, ms);
    call(&bench, 1, 0, ms); /* 9 of 100 */
    assert_int_equal(state_of(&bench), BREAKER_CLOSED);
    call(&bench, 1, 1, ms); /* 10 of 101 */
    assert_int_equal(state_of(&bench), BREAKER_CLOSED);
    call(&bench, 1, 1, ms); /* 11 of 102 */
    assert_int_equal(state_of(&bench), BREAKER_OPEN);
    wait_for(&bench, duration_ms(4900));
    assert_int_equal(call_together(&bench, 3, 0), 0);
    wait_for(&bench, duration_ms(100));
    assert_int_equal(call_together(&bench, 3, 1), 1);
    assert_int_equal(state_of(&bench), BREAKER_OPEN);
    wait_for(&bench, duration_s(5));
    assert_int_equal(call_together(&bench, 3, 0), 1);
    assert_int_equal(state_of(&bench), BREAKER_CLOSED);
    call(&bench, 99, 99, duration_ms(400)); /* at most 75 of them in 30 s */
    assert_int_equal(state_of(&bench), BREAKER_CLOSED);
    part(&bench);
}

/* Seven failures in a row; open for 1 s and half as much again by chance,
 * doubling up to a minute; one probe. */
static void test_linkerd(void **state)
{
    (void)state;
    struct bench bench;
    struct duration ms = duration_ms(1);

    meet(&bench, "clients/linkerd-breaker");
    call(&bench, 7, 6, ms);
    call(&bench, 7, 6, ms);
    assert_int_equal(state_of(&bench), BREAKER_CLOSED);
    call(&bench, 1, 1, ms);
    assert_int_equal(state_of(&bench), BREAKER_OPEN);
    for (int64_t s = 1; s <= 64; s *= 2) {
        int64_t expected = s < 60 ? s : 60;
        wait_for(&bench, duration_ms(expected * 1000 - 100));
        assert_int_equal(call_together(&bench, 2, 1), 0);
        wait_for(&bench, duration_ms(expected * 500 + 100));
        assert_int_equal(call_together(&bench, 2, 1), 1);
        assert_int_equal(state_of(&bench), BREAKER_OPEN);
    }
    wait_for(&bench, duration_s(90));
    assert_int_equal(call_together(&bench, 2, 0), 1);
    assert_int_equal(state_of(&bench), BREAKER_CLOSED);
    part(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resilience4j),
        cmocka_unit_test(test_dotnet_standard_handler),
        cmocka_unit_test(test_linkerd),
    };
    if (setenv("SQUALL_PROFILES", "profiles", 1) != 0) {
        return 1;
    }
    return cmocka_run_group_tests_name("breakers", tests, NULL, NULL);
}
