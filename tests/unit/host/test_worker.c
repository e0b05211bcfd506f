/* The life of a worker in virtual time, to the millisecond: when operations
 * start, what is dropped, and how a load ends. */
#include "host/worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench.h"

/* An answer comes 50 ms after the start, 55 ms on a new connection. */
static void test_open_load_starts_when_due(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=open", "load.rate=10/s",
                "load.duration=300ms");

    assert_string_equal(bench_run(&bench), "op 0 0 55 succeeded answered\n"
                                           "  1 first 0 5 55 ok 201\n"
                                           "op 1 100 150 succeeded answered\n"
                                           "  1 first 100 100 150 ok 201\n"
                                           "op 2 200 250 succeeded answered\n"
                                           "  1 first 200 200 250 ok 201\n");
    assert_int_equal(bench_load_end_ms(&bench), 300);
    bench_end(&bench);
}

/* What finds no slot when it is due is dropped, and never started. */
static void test_no_slot_is_a_dropped_operation(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=open", "load.rate=20/s",
                "load.duration=250ms", "load.max_in_flight=1");

    assert_string_equal(bench_run(&bench), "op 0 0 55 succeeded answered\n"
                                           "  1 first 0 5 55 ok 201\n"
                                           "op 1 100 150 succeeded answered\n"
                                           "  1 first 100 100 150 ok 201\n"
                                           "op 2 150 200 succeeded answered\n"
                                           "  1 first 150 150 200 ok 201\n"
                                           "op 3 200 250 succeeded answered\n"
                                           "  1 first 200 200 250 ok 201\n");
    assert_int_equal(bench_panel(&bench)->dropped, 1);
    assert_int_equal(bench_panel(&bench)->started, 4);
    bench_end(&bench);
}

/* With a slot, but no connection, it waits for one; its answer is late by
 * that. */
static void test_no_connection_is_a_wait(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=open", "load.rate=20/s",
                "load.duration=200ms", "load.connections=1");

    assert_string_equal(bench_run(&bench), "op 0 0 55 succeeded answered\n"
                                           "  1 first 0 5 55 ok 201\n"
                                           "op 1 50 105 succeeded answered\n"
                                           "  1 first 50 55 105 ok 201\n"
                                           "op 2 100 155 succeeded answered\n"
                                           "  1 first 100 105 155 ok 201\n"
                                           "op 3 150 205 succeeded answered\n"
                                           "  1 first 150 155 205 ok 201\n");
    assert_int_equal(bench_panel(&bench)->hist[HISTOGRAM_QUEUE].max_us, 5000);
    bench_end(&bench);
}

/* The number of operations ends it when the next would have been due. */
static void test_counted_open_load_ends_at_the_next(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=open", "load.rate=20/s",
                "load.operations=2", "load.duration=10s");

    assert_string_equal(bench_run(&bench), "op 0 0 55 succeeded answered\n"
                                           "  1 first 0 5 55 ok 201\n"
                                           "op 1 50 105 succeeded answered\n"
                                           "  1 first 50 55 105 ok 201\n");
    assert_int_equal(bench_load_end_ms(&bench), 100);
    assert_true(worker_load_was_counted(bench.worker));
    bench_end(&bench);
}

/* Each caller sends when it was answered. */
static void test_closed_load_waits_for_answers(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=closed", "load.connections=2",
                "load.duration=120ms");

    assert_string_equal(bench_run(&bench), "op 0 0 55 succeeded answered\n"
                                           "  1 first 0 5 55 ok 201\n"
                                           "op 1 0 55 succeeded answered\n"
                                           "  1 first 0 5 55 ok 201\n"
                                           "op 2 55 105 succeeded answered\n"
                                           "  1 first 55 55 105 ok 201\n"
                                           "op 3 55 105 succeeded answered\n"
                                           "  1 first 55 55 105 ok 201\n"
                                           "op 4 105 155 succeeded answered\n"
                                           "  1 first 105 105 155 ok 201\n"
                                           "op 5 105 155 succeeded answered\n"
                                           "  1 first 105 105 155 ok 201\n");
    assert_int_equal(bench_load_end_ms(&bench), 120);
    bench_end(&bench);
}

/* ... and when it has thought. A load may end while all think. */
static void test_callers_think(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=closed", "load.connections=2",
                "load.think=40ms", "load.duration=170ms");

    assert_string_equal(bench_run(&bench), "op 0 0 55 succeeded answered\n"
                                           "  1 first 0 5 55 ok 201\n"
                                           "op 1 0 55 succeeded answered\n"
                                           "  1 first 0 5 55 ok 201\n"
                                           "op 2 95 145 succeeded answered\n"
                                           "  1 first 95 95 145 ok 201\n"
                                           "op 3 95 145 succeeded answered\n"
                                           "  1 first 95 95 145 ok 201\n");
    assert_int_equal(bench_load_end_ms(&bench), 170);
    assert_int_equal(engine_now(worker_engine(bench.worker)).ns,
                     170 * NS_PER_MS);
    bench_end(&bench);
}

/* Nobody is answered: the load ends all the same, and then the drain. */
static void test_closed_load_ends_without_answers(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, "-", "load.model=closed", "load.connections=2",
                "load.duration=200ms", "load.drain=100ms");

    assert_string_equal(bench_run(&bench), "op 0 0 300 unanswered abandoned\n"
                                           "  1 first 0 5 300 cancelled\n"
                                           "op 1 0 300 unanswered abandoned\n"
                                           "  1 first 0 5 300 cancelled\n");
    assert_int_equal(bench_load_end_ms(&bench), 200);
    bench_end(&bench);
}

/* The number of operations ends it, at the last verdict. */
static void test_counted_closed_load_ends_with_its_last_verdict(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=closed", "load.connections=2",
                "load.operations=3");

    assert_string_equal(bench_run(&bench), "op 0 0 55 succeeded answered\n"
                                           "  1 first 0 5 55 ok 201\n"
                                           "op 1 0 55 succeeded answered\n"
                                           "  1 first 0 5 55 ok 201\n"
                                           "op 2 55 105 succeeded answered\n"
                                           "  1 first 55 55 105 ok 201\n");
    assert_int_equal(bench_load_end_ms(&bench), 105);
    bench_end(&bench);
}

/* What was due in the warm-up is in the journal, and in no figure. */
static void test_warm_up_is_counted_nowhere(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=open", "load.rate=20/s",
                "load.warmup=100ms", "load.duration=100ms");

    assert_string_equal(bench_run(&bench),
                        "op 0 0 55 succeeded answered warm-up\n"
                        "  1 first 0 5 55 ok 201\n"
                        "op 1 50 105 succeeded answered warm-up\n"
                        "  1 first 50 55 105 ok 201\n"
                        "op 2 100 150 succeeded answered\n"
                        "  1 first 100 100 150 ok 201\n"
                        "op 3 150 200 succeeded answered\n"
                        "  1 first 150 150 200 ok 201\n");
    assert_int_equal(bench_panel(&bench)->started, 2);
    assert_int_equal(bench_panel(&bench)->attempts, 2);
    bench_end(&bench);
}

/* The same in a closed load. */
static void test_closed_warm_up(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=closed", "load.connections=1",
                "load.warmup=100ms", "load.duration=100ms");

    assert_string_equal(bench_run(&bench),
                        "op 0 0 55 succeeded answered warm-up\n"
                        "  1 first 0 5 55 ok 201\n"
                        "op 1 55 105 succeeded answered warm-up\n"
                        "  1 first 55 55 105 ok 201\n"
                        "op 2 105 155 succeeded answered\n"
                        "  1 first 105 105 155 ok 201\n"
                        "op 3 155 205 succeeded answered\n"
                        "  1 first 155 155 205 ok 201\n");
    assert_int_equal(bench_panel(&bench)->started, 2);
    assert_int_equal(bench_load_end_ms(&bench), 200);
    bench_end(&bench);
}

/* The last of a number of operations is tried again, after the load. */
static void test_verdicts_are_awaited(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, "F.", "load.model=open", "load.rate=10/s",
                "load.operations=1", "retry.max_attempts=2",
                "retry.retry_on=[\"5xx\"]", "retry.backoff.type=constant",
                "retry.backoff.initial=200ms");

    assert_string_equal(bench_run(&bench),
                        "op 0 0 305 succeeded answered\n"
                        "  1 first 0 5 55 server_error 503\n"
                        "  2 retry 255 255 305 ok 201\n");
    bench_end(&bench);
}

/* After a load that has a length an answer is awaited, and no retry. */
static void test_nothing_is_sent_after_the_load(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, "F.", "load.model=open", "load.rate=10/s",
                "load.duration=50ms", "retry.max_attempts=2",
                "retry.retry_on=[\"5xx\"]", "retry.backoff.type=constant",
                "retry.backoff.initial=200ms");

    assert_string_equal(bench_run(&bench),
                        "op 0 0 55 rejected abandoned\n"
                        "  1 first 0 5 55 server_error 503\n");
    assert_int_equal(bench_load_end_ms(&bench), 50);
    bench_end(&bench);
}

/* A wait between attempts is given up with the load, an attempt at the end of
 * the drain. */
static void test_drain_ends(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, "F-", "load.model=open", "load.rate=20/s",
                "load.duration=100ms", "load.drain=100ms",
                "retry.max_attempts=2", "retry.retry_on=[\"5xx\"]",
                "retry.backoff.type=constant", "retry.backoff.initial=1s");

    assert_string_equal(bench_run(&bench),
                        "op 0 0 100 rejected abandoned\n"
                        "  1 first 0 5 55 server_error 503\n"
                        "op 1 50 200 unanswered abandoned\n"
                        "  1 first 50 55 200 cancelled\n");
    bench_end(&bench);
}

/* A stop: nothing new is started, and verdicts are awaited. */
static void test_stop_in_the_load(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=open", "load.rate=20/s",
                "load.duration=10s");
    bench.stop_ms[0] = 120;

    assert_string_equal(bench_run(&bench), "op 0 0 55 succeeded answered\n"
                                           "  1 first 0 5 55 ok 201\n"
                                           "op 1 50 105 succeeded answered\n"
                                           "  1 first 50 55 105 ok 201\n"
                                           "op 2 100 150 succeeded answered\n"
                                           "  1 first 100 100 150 ok 201\n");
    assert_int_equal(bench_load_end_ms(&bench), 120);
    assert_int_equal(bench_panel(&bench)->dropped, 0);
    bench_end(&bench);
}

/* At once: what was due was offered, and is dropped. */
static void test_stop_before_the_load(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=open", "load.rate=20/s",
                "load.duration=10s");
    atomic_store(&bench.stop, 1);
    bench.stop_ms[0] = 0;

    assert_string_equal(bench_run(&bench), "");
    assert_int_equal(bench_load_end_ms(&bench), 0);
    assert_int_equal(bench_panel(&bench)->dropped, 1);
    bench_end(&bench);
}

/* A second one gives up what is open. */
static void test_second_stop_abandons(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, "-", "load.model=open", "load.rate=20/s",
                "load.duration=10s");
    bench.stop_ms[0] = 70;
    bench.stop_ms[1] = 90;

    assert_string_equal(bench_run(&bench), "op 0 0 90 unanswered abandoned\n"
                                           "  1 first 0 5 90 cancelled\n"
                                           "op 1 50 90 unanswered abandoned\n"
                                           "  1 first 50 55 90 cancelled\n");
    assert_int_equal(bench_load_end_ms(&bench), 70);
    bench_end(&bench);
}

/* One in the drain changes nothing; a second one ends it. */
static void test_stop_in_the_drain(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".-", "load.model=open", "load.rate=20/s",
                "load.duration=100ms");
    bench.stop_ms[0] = 110;
    bench.stop_ms[1] = 130;

    assert_string_equal(bench_run(&bench), "op 0 0 55 succeeded answered\n"
                                           "  1 first 0 5 55 ok 201\n"
                                           "op 1 50 130 unanswered abandoned\n"
                                           "  1 first 50 55 130 cancelled\n");
    assert_int_equal(bench_load_end_ms(&bench), 100);
    bench_end(&bench);
}

/* Callers that think are not awaited. */
static void test_stop_of_a_closed_load(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=closed", "load.connections=2",
                "load.think=1s", "load.duration=10s");
    bench.stop_ms[0] = 100;

    assert_string_equal(bench_run(&bench), "op 0 0 55 succeeded answered\n"
                                           "  1 first 0 5 55 ok 201\n"
                                           "op 1 0 55 succeeded answered\n"
                                           "  1 first 0 5 55 ok 201\n");
    assert_int_equal(bench_load_end_ms(&bench), 100);
    assert_int_equal(engine_now(worker_engine(bench.worker)).ns,
                     100 * NS_PER_MS);
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_load_starts_when_due),
        cmocka_unit_test(test_no_slot_is_a_dropped_operation),
        cmocka_unit_test(test_no_connection_is_a_wait),
        cmocka_unit_test(test_counted_open_load_ends_at_the_next),
        cmocka_unit_test(test_closed_load_waits_for_answers),
        cmocka_unit_test(test_callers_think),
        cmocka_unit_test(test_closed_load_ends_without_answers),
        cmocka_unit_test(test_counted_closed_load_ends_with_its_last_verdict),
        cmocka_unit_test(test_warm_up_is_counted_nowhere),
        cmocka_unit_test(test_closed_warm_up),
        cmocka_unit_test(test_verdicts_are_awaited),
        cmocka_unit_test(test_nothing_is_sent_after_the_load),
        cmocka_unit_test(test_drain_ends),
        cmocka_unit_test(test_stop_in_the_load),
        cmocka_unit_test(test_stop_before_the_load),
        cmocka_unit_test(test_second_stop_abandons),
        cmocka_unit_test(test_stop_in_the_drain),
        cmocka_unit_test(test_stop_of_a_closed_load),
    };
    return cmocka_run_group_tests_name("host/worker", tests, NULL, NULL);
}
