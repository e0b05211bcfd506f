/* Requests that the network delivers twice, in virtual time: what is sent,
 * with which key, what is counted, and what becomes of a duplicate that
 * outlives its operation. */
#include "host/duplicate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench.h"

/* So often injected; requests on the wire, and wasted ones. */
static void assert_facts(const struct bench *bench, enum fault_kind kind,
                         uint64_t injected, uint64_t on_wire, uint64_t wasted)
{
    const struct panel *panel = bench_panel(bench);

    assert_int_equal(worker_tally(bench->worker)->faults[kind].injected,
                     injected);
    assert_int_equal(panel->on_wire, on_wire);
    assert_int_equal(panel->wasted, wasted);
}

/* At once, on a connection of its own, with the same key. */
static void test_sent_beside(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=open", "load.rate=1/s",
                "load.operations=1", "idempotency.header=Idempotency-Key",
                "idempotency.key=template", "idempotency.template={{op.seq}}",
                "idempotency.scope=operation", "faults[0].kind=duplicate");

    assert_string_equal(bench_run(&bench),
                        "op 0 0 55 succeeded answered\n"
                        "  1 first 0 5 55 ok 201 key 0 duplicate\n"
                        "  1 duplicate 5 10 60 ok 201 key 0 wasted\n");
    assert_string_equal(bench.arrivals.text, "15 0\n"
                                             "20 0\n");
    assert_facts(&bench, FAULT_DUPLICATE, 1, 2, 1);
    bench_end(&bench);
}

/* Each attempt is duplicated; the call hears of its own answers alone. */
static void test_each_attempt_has_one(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, "FF.", "load.model=open", "load.rate=1/s",
                "load.operations=1", "idempotency.header=Idempotency-Key",
                "idempotency.key=template", "idempotency.template={{op.seq}}",
                "idempotency.scope=operation", "faults[0].kind=duplicate",
                "retry.max_attempts=2", "retry.retry_on=[\"5xx\"]",
                "retry.backoff.type=none");

    assert_string_equal(bench_run(&bench),
                        "op 0 0 105 succeeded answered\n"
                        "  1 first 0 5 55 server_error 503 key 0 duplicate\n"
                        "  1 duplicate 5 10 60 server_error 503 key 0 wasted\n"
                        "  2 retry 55 55 105 ok 201 key 0 duplicate\n"
                        "  2 duplicate 55 60 110 ok 201 key 0 wasted\n");
    assert_string_equal(bench.arrivals.text, "15 0\n"
                                             "20 0\n"
                                             "65 0\n"
                                             "70 0\n");
    assert_facts(&bench, FAULT_DUPLICATE, 2, 4, 2);
    bench_end(&bench);
}

/* Where each attempt has a key, a duplicate has that of its attempt. */
static void test_key_of_its_attempt(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, "FF.", "load.model=open", "load.rate=1/s",
                "load.operations=1", "idempotency.header=Idempotency-Key",
                "idempotency.key=template",
                "idempotency.template={{op.seq}}-{{attempt}}",
                "idempotency.scope=attempt", "faults[0].kind=duplicate",
                "retry.max_attempts=2", "retry.retry_on=[\"5xx\"]",
                "retry.backoff.type=none");

    assert_string_equal(
        bench_run(&bench),
        "op 0 0 105 succeeded answered\n"
        "  1 first 0 5 55 server_error 503 key 0-1 duplicate\n"
        "  1 duplicate 5 10 60 server_error 503 key 0-1 wasted\n"
        "  2 retry 55 55 105 ok 201 key 0-2 duplicate\n"
        "  2 duplicate 55 60 110 ok 201 key 0-2 wasted\n");
    assert_string_equal(bench.arrivals.text, "15 0-1\n"
                                             "20 0-1\n"
                                             "65 0-2\n"
                                             "70 0-2\n");
    assert_facts(&bench, FAULT_DUPLICATE, 2, 4, 2);
    bench_end(&bench);
}

/* Its answer comes after the verdict, and changes nothing. */
static void test_answer_after_the_verdict(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".F", "load.model=open", "load.rate=1/s",
                "load.operations=1", "idempotency.header=Idempotency-Key",
                "idempotency.key=template", "idempotency.template={{op.seq}}",
                "idempotency.scope=operation", "faults[0].kind=duplicate");

    assert_string_equal(
        bench_run(&bench),
        "op 0 0 55 succeeded answered\n"
        "  1 first 0 5 55 ok 201 key 0 duplicate\n"
        "  1 duplicate 5 10 60 server_error 503 key 0 wasted\n");
    assert_facts(&bench, FAULT_DUPLICATE, 1, 2, 1);
    bench_end(&bench);
}

/* With one connection it waits for the answer of its attempt. */
static void test_waits_for_a_connection(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=open", "load.rate=1/s",
                "load.operations=1", "idempotency.header=Idempotency-Key",
                "idempotency.key=template", "idempotency.template={{op.seq}}",
                "idempotency.scope=operation", "faults[0].kind=duplicate",
                "load.connections=1");

    assert_string_equal(bench_run(&bench),
                        "op 0 0 55 succeeded answered\n"
                        "  1 first 0 5 55 ok 201 key 0 duplicate\n"
                        "  1 duplicate 5 55 105 ok 201 key 0 wasted\n");
    assert_string_equal(bench.arrivals.text, "15 0\n"
                                             "65 0\n");
    assert_facts(&bench, FAULT_DUPLICATE, 1, 2, 1);
    bench_end(&bench);
}

/* A late one is sent so long after the verdict. */
static void test_late_one_follows_the_verdict(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=open", "load.rate=1/s",
                "load.operations=1", "idempotency.header=Idempotency-Key",
                "idempotency.key=template", "idempotency.template={{op.seq}}",
                "idempotency.scope=operation", "faults[0].kind=late_duplicate",
                "faults[0].delay=100ms");

    assert_string_equal(bench_run(&bench),
                        "op 0 0 55 succeeded answered\n"
                        "  1 first 0 5 55 ok 201 key 0 late_duplicate\n"
                        "  1 duplicate 155 155 205 ok 201 key 0 wasted\n");
    assert_string_equal(bench.arrivals.text, "15 0\n"
                                             "165 0\n");
    assert_facts(&bench, FAULT_LATE_DUPLICATE, 1, 2, 1);
    bench_end(&bench);
}

/* One of each attempt waits for the verdict, not for its attempt's end. */
static void test_late_one_of_a_retry(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, "F.", "load.model=open", "load.rate=1/s",
                "load.operations=1", "idempotency.header=Idempotency-Key",
                "idempotency.key=template", "idempotency.template={{op.seq}}",
                "idempotency.scope=operation", "faults[0].kind=late_duplicate",
                "faults[0].delay=100ms", "retry.max_attempts=2",
                "retry.retry_on=[\"5xx\"]", "retry.backoff.type=none");

    assert_string_equal(
        bench_run(&bench),
        "op 0 0 105 succeeded answered\n"
        "  1 first 0 5 55 server_error 503 key 0 late_duplicate\n"
        "  1 duplicate 205 210 260 ok 201 key 0 wasted\n"
        "  2 retry 55 55 105 ok 201 key 0 late_duplicate\n"
        "  2 duplicate 205 205 255 ok 201 key 0 wasted\n");
    assert_string_equal(bench.arrivals.text, "15 0\n"
                                             "65 0\n"
                                             "215 0\n"
                                             "220 0\n");
    assert_facts(&bench, FAULT_LATE_DUPLICATE, 2, 4, 2);
    bench_end(&bench);
}

/* It comes while its slot is another operation's, and stays that of its own.
 */
static void test_late_one_in_a_slot_of_another(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=open", "load.rate=10/s",
                "load.operations=2", "load.max_in_flight=1",
                "idempotency.header=Idempotency-Key",
                "idempotency.key=template", "idempotency.template={{op.seq}}",
                "idempotency.scope=operation", "faults[0].kind=late_duplicate",
                "faults[0].delay=60ms");

    assert_string_equal(bench_run(&bench),
                        "op 0 0 55 succeeded answered\n"
                        "  1 first 0 5 55 ok 201 key 0 late_duplicate\n"
                        "  1 duplicate 115 150 200 ok 201 key 0 wasted\n"
                        "op 1 100 150 succeeded answered\n"
                        "  1 first 100 100 150 ok 201 key 1 late_duplicate\n"
                        "  1 duplicate 210 210 260 ok 201 key 1 wasted\n");
    assert_string_equal(bench.arrivals.text, "15 0\n"
                                             "110 1\n"
                                             "160 0\n"
                                             "220 1\n");
    assert_facts(&bench, FAULT_LATE_DUPLICATE, 2, 4, 2);
    bench_end(&bench);
}

/* Squall does not wait for it longer than for an attempt. */
static void test_the_timeout_holds_for_it(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".-", "load.model=open", "load.rate=1/s",
                "load.operations=1", "idempotency.header=Idempotency-Key",
                "idempotency.key=template", "idempotency.template={{op.seq}}",
                "idempotency.scope=operation", "faults[0].kind=duplicate",
                "timeout.attempt=200ms");

    assert_string_equal(bench_run(&bench),
                        "op 0 0 55 succeeded answered\n"
                        "  1 first 0 5 55 ok 201 key 0 duplicate\n"
                        "  1 duplicate 5 10 205 timeout key 0 wasted\n");
    assert_facts(&bench, FAULT_DUPLICATE, 1, 2, 1);
    bench_end(&bench);
}

/* What never goes out has no duplicate, and none is counted. */
static void test_not_sent_is_not_duplicated(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=open", "load.rate=1/s",
                "load.operations=1", "idempotency.header=Idempotency-Key",
                "idempotency.key=template", "idempotency.template={{op.seq}}",
                "idempotency.scope=operation", "faults[0].kind=duplicate",
                "timeout.attempt=3ms");

    assert_string_equal(bench_run(&bench),
                        "op 0 0 3 unanswered attempts_exhausted\n"
                        "  1 first 0 - 3 timeout key 0\n");
    assert_facts(&bench, FAULT_DUPLICATE, 0, 0, 0);
    bench_end(&bench);
}

/* The end of the run cuts one that is out. */
static void test_abandoned_on_its_way(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".-", "load.model=open", "load.rate=1/s",
                "load.operations=1", "idempotency.header=Idempotency-Key",
                "idempotency.key=template", "idempotency.template={{op.seq}}",
                "idempotency.scope=operation", "faults[0].kind=duplicate",
                "load.drain=500ms");

    assert_string_equal(bench_run(&bench),
                        "op 0 0 55 succeeded answered\n"
                        "  1 first 0 5 55 ok 201 key 0 duplicate\n"
                        "  1 duplicate 5 10 500 cancelled key 0 wasted\n");
    assert_facts(&bench, FAULT_DUPLICATE, 1, 2, 1);
    bench_end(&bench);
}

/* One that was never tried is counted nowhere. */
static void test_abandoned_before_it_was_tried(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=open", "load.rate=1/s",
                "load.operations=1", "idempotency.header=Idempotency-Key",
                "idempotency.key=template", "idempotency.template={{op.seq}}",
                "idempotency.scope=operation", "faults[0].kind=late_duplicate",
                "faults[0].delay=10s");
    bench.stop_ms[0] = 300;
    bench.stop_ms[1] = 400;

    assert_string_equal(bench_run(&bench),
                        "op 0 0 55 succeeded answered\n"
                        "  1 first 0 5 55 ok 201 key 0 late_duplicate\n");
    assert_string_equal(bench.arrivals.text, "15 0\n");
    assert_facts(&bench, FAULT_LATE_DUPLICATE, 0, 1, 0);
    bench_end(&bench);
}

/* One that waits for a connection does not get it when its attempt is given
 * up: it was never tried, and is counted nowhere. */
static void test_abandoned_in_the_queue(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, "-", "load.model=open", "load.rate=1/s",
                "load.operations=1", "idempotency.header=Idempotency-Key",
                "idempotency.key=template", "idempotency.template={{op.seq}}",
                "idempotency.scope=operation", "faults[0].kind=duplicate",
                "load.connections=1", "load.drain=500ms");

    assert_string_equal(bench_run(&bench),
                        "op 0 0 500 unanswered abandoned\n"
                        "  1 first 0 5 500 cancelled key 0 duplicate\n");
    assert_string_equal(bench.arrivals.text, "15 0\n");
    assert_facts(&bench, FAULT_DUPLICATE, 0, 1, 0);
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sent_beside),
        cmocka_unit_test(test_each_attempt_has_one),
        cmocka_unit_test(test_key_of_its_attempt),
        cmocka_unit_test(test_answer_after_the_verdict),
        cmocka_unit_test(test_waits_for_a_connection),
        cmocka_unit_test(test_late_one_follows_the_verdict),
        cmocka_unit_test(test_late_one_of_a_retry),
        cmocka_unit_test(test_late_one_in_a_slot_of_another),
        cmocka_unit_test(test_the_timeout_holds_for_it),
        cmocka_unit_test(test_not_sent_is_not_duplicated),
        cmocka_unit_test(test_abandoned_on_its_way),
        cmocka_unit_test(test_abandoned_before_it_was_tried),
        cmocka_unit_test(test_abandoned_in_the_queue),
    };
    return cmocka_run_group_tests_name("host/duplicate", tests, NULL, NULL);
}
