/* What a worker does when a call says SEND, CANCEL, WAKE_AT and FINISH, to the
 * millisecond: retries, hedges and who waits for whom. */
#include "host/attempts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench.h"

#define ONE_OPERATION "load.model=open", "load.rate=10/s", "load.operations=1"

/* A failure, the wait that the policy asks for, and the next attempt. */
static void test_a_retry_waits_for_its_time(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, "F.", ONE_OPERATION, "retry.max_attempts=2",
                "retry.backoff.type=constant", "retry.backoff.initial=20ms",
                "retry.backoff.jitter=none");

    assert_string_equal(bench_run(&bench),
                        "op 0 0 125 succeeded answered\n"
                        "  1 first 0 5 55 server_error 503\n"
                        "  2 retry 75 75 125 ok 201\n");
    assert_string_equal(bench.arrivals.text, "15\n85\n");
    bench_end(&bench);
}

/* A hedge is a second attempt beside the first; who answers first wins, and
 * the other is cancelled and was sent for nothing. */
static void test_the_loser_of_a_hedge_is_cancelled(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, "-.", ONE_OPERATION, "load.connections=2",
                "hedge.max_extra=1", "hedge.trigger=delay",
                "hedge.delay=40ms");

    assert_string_equal(bench_run(&bench),
                        "op 0 0 95 succeeded answered\n"
                        "  1 first 0 5 95 cancelled wasted\n"
                        "  2 hedge 40 45 95 ok 201\n");
    assert_int_equal(bench_panel(&bench)->hedges_won, 1);
    assert_int_equal(bench_panel(&bench)->wasted, 1);
    bench_end(&bench);
}

/* What is cancelled while it waits for a connection never has one, and its
 * place goes to who waits next. */
static void test_cancelled_in_the_queue(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=open", "load.rate=20/s",
                "load.operations=2", "load.connections=2", "load.pool=shared",
                "hedge.max_extra=1", "hedge.trigger=delay",
                "hedge.delay=52ms");

    /* At 52 ms both connections are in use, at 102 ms the other is free. */
    assert_string_equal(bench_run(&bench),
                        "op 0 0 55 succeeded answered\n"
                        "  1 first 0 5 55 ok 201\n"
                        "  2 hedge 52 - 55 cancelled wasted\n"
                        "op 1 50 105 succeeded answered\n"
                        "  1 first 50 55 105 ok 201\n"
                        "  2 hedge 102 102 105 cancelled wasted\n");
    assert_int_equal(bench_panel(&bench)->on_wire, 3);
    assert_int_equal(bench_panel(&bench)->hedges, 2);
    assert_int_equal(bench_panel(&bench)->wasted, 1);
    bench_end(&bench);
}

/* The end of its time is the engine's business no more: the transfer goes
 * back, and who waits for it begins at that instant. */
static void test_a_timeout_frees_its_connection(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, "-.", "load.model=open", "load.rate=100/s",
                "load.operations=2", "load.connections=1",
                "timeout.attempt=60ms");

    assert_string_equal(bench_run(&bench),
                        "op 0 0 60 unanswered attempts_exhausted\n"
                        "  1 first 0 5 60 timeout\n"
                        "op 1 10 115 succeeded answered\n"
                        "  1 first 10 65 115 ok 201\n");
    bench_end(&bench);
}

/* An answer that is not the one that the request expects is a failure, for
 * every engine. */
static void test_an_answer_is_judged(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", ONE_OPERATION,
                "requests[0].expect.status=[\"200\"]");

    assert_string_equal(bench_run(&bench),
                        "op 0 0 55 rejected answered\n"
                        "  1 first 0 5 55 unexpected 201\n");
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_retry_waits_for_its_time),
        cmocka_unit_test(test_the_loser_of_a_hedge_is_cancelled),
        cmocka_unit_test(test_cancelled_in_the_queue),
        cmocka_unit_test(test_a_timeout_frees_its_connection),
        cmocka_unit_test(test_an_answer_is_judged),
    };
    return cmocka_run_group_tests_name("host/attempts", tests, NULL, NULL);
}
