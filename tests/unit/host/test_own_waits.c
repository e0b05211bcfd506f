/* own_waits: what squall itself lets an attempt wait for is not the service's
 * doing: it is in no timeout and no latency of it, and what was never sent
 * because of it is shed. In virtual time. */
#include "host/worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench.h"

/* An answer takes 50 ms, the attempt may take 70, and the third has to wait
 * for 65 of squall's own. */
static void test_queue_is_in_no_timeout(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=open", "load.rate=50/s",
                "load.operations=3", "load.connections=1",
                "timeout.attempt=70ms", "retry.max_attempts=3",
                "retry.retry_on=[\"timeout\"]");

    assert_string_equal(bench_run(&bench), "op 0 0 55 succeeded answered\n"
                                           "  1 first 0 5 55 ok 201\n"
                                           "op 1 20 105 succeeded answered\n"
                                           "  1 first 20 55 105 ok 201\n"
                                           "op 2 40 155 succeeded answered\n"
                                           "  1 first 40 105 155 ok 201\n");
    assert_int_equal(bench_panel(&bench)->hist[HISTOGRAM_QUEUE].max_us, 65000);
    bench_end(&bench);
}

/* A hedge is for a service that is slow, not for a queue that is long. */
static void test_queue_makes_no_hedge(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=open", "load.rate=50/s",
                "load.operations=3", "load.connections=1",
                "hedge.trigger=delay", "hedge.delay=60ms",
                "hedge.max_extra=1");

    bench_run(&bench);
    assert_int_equal(bench_panel(&bench)->attempts, 3);
    bench_end(&bench);
}

/* The second is never sent: its operation has 30 ms, and the only connection
 * is in use for longer. */
static void test_operation_deadline_in_the_queue(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=open", "load.rate=100/s",
                "load.operations=2", "load.connections=1",
                "timeout.operation=30ms",
                "timeout.deadline_rule=check_between");

    assert_string_equal(bench_run(&bench), "op 1 10 40 shed no_connection\n"
                                           "  1 first 10 - 40 cancelled\n"
                                           "op 0 0 55 succeeded answered\n"
                                           "  1 first 0 5 55 ok 201\n");
    bench_end(&bench);
}

/* The load ends, the drain, and the run: those that waited were never sent. */
static void test_end_in_the_queue(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, "-", "load.model=open", "load.rate=50/s",
                "load.duration=60ms", "load.connections=1",
                "load.drain=100ms");

    assert_string_equal(bench_run(&bench), "op 1 20 60 shed abandoned\n"
                                           "  1 first 20 - 60 cancelled\n"
                                           "op 2 40 60 shed abandoned\n"
                                           "  1 first 40 - 60 cancelled\n"
                                           "op 0 0 160 unanswered abandoned\n"
                                           "  1 first 0 5 160 cancelled\n");
    /* Nobody knows how long any of that would have taken. */
    const struct hist *hist = bench_panel(&bench)->hist;
    assert_int_equal(hist[HISTOGRAM_OPERATION].count, 1);
    assert_int_equal(hist[HISTOGRAM_OPERATION].unknown, 1);
    assert_int_equal(hist[HISTOGRAM_ATTEMPT].unknown, 1);
    assert_int_equal(hist[HISTOGRAM_QUEUE].count, 3);
    assert_int_equal(hist[HISTOGRAM_QUEUE].unknown, 2);
    assert_int_equal(hist_quantile_us(&hist[HISTOGRAM_QUEUE], 0.3), 0);
    assert_int_equal(hist_quantile_us(&hist[HISTOGRAM_QUEUE], 0.5), -1);
    assert_int_equal(panel_whole(bench_panel(&bench), HISTOGRAM_OPERATION), 3);
    bench_end(&bench);
}

/* So is one whose connection is not there yet, and one that a fault delays;
 * but one whose request is lost on its way was tried. */
static void test_given_up_before_the_first_byte(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=open", "load.rate=50/s",
                "load.duration=10ms", "load.drain=100ms",
                "faults[0].kind=delay", "faults[0].delay=\"1s\"");
    assert_string_equal(bench_run(&bench),
                        "op 0 0 10 shed abandoned\n"
                        "  1 first 0 - 10 cancelled delay\n");
    bench_end(&bench);

    BENCH_BEGIN(&bench, ".", "load.model=open", "load.rate=50/s",
                "load.duration=10ms", "load.drain=100ms",
                "timeout.attempt=50ms", "faults[0].kind=lost_request");
    assert_string_equal(bench_run(&bench),
                        "op 0 0 50 unanswered attempts_exhausted\n"
                        "  1 first 0 - 50 timeout lost_request\n");
    bench_end(&bench);
}

/* A delay is the network's, and runs from the send: it is in the timeout, and
 * the wait for the connection is not. */
static void test_delay_after_the_queue(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=open", "load.rate=100/s",
                "load.operations=2", "load.connections=1",
                "timeout.attempt=100ms", "faults[0].kind=delay",
                "faults[0].delay=\"20ms\"");
    assert_string_equal(bench_run(&bench), "op 0 0 75 succeeded answered\n"
                                           "  1 first 20 25 75 ok 201 delay\n"
                                           "op 1 10 145 succeeded answered\n"
                                           "  1 first 30 95 145 ok 201 "
                                           "delay\n");
    assert_int_equal(bench_panel(&bench)->hist[HISTOGRAM_QUEUE].max_us, 65000);
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queue_is_in_no_timeout),
        cmocka_unit_test(test_queue_makes_no_hedge),
        cmocka_unit_test(test_operation_deadline_in_the_queue),
        cmocka_unit_test(test_end_in_the_queue),
        cmocka_unit_test(test_given_up_before_the_first_byte),
        cmocka_unit_test(test_delay_after_the_queue),
    };
    return cmocka_run_group_tests_name("own waits", tests, NULL, NULL);
}
