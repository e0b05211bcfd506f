/* Each client-side fault in virtual time: what is sent, what the caller sees
 * and when, what the service had of it, and what is counted. A connection
 * takes 5 ms, a way 10 ms, the service 30 ms. Duplicates are held in
 * test_duplicate.c. */
#include "host/inject.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench.h"

enum { SETS_MAX = 6 };

struct row {
    const char *sets[SETS_MAX]; /* the fault, and what else is set */
    const char *script, *body;
    const char *trace, *arrivals;
    enum fault_kind kind;
    uint64_t injected, delivered, on_wire;
};

/* One operation that may be tried twice, without a wait between. */
static void hold(const struct row *row)
{
    static const char *const always[] = {
        "load.model=open",          "load.rate=1/s",
        "load.operations=1",        "retry.max_attempts=2",
        "retry.backoff.type=none",  "retry.retry_on=[\"reset\",\"timeout\"]",
        "requests[0].method=POST",  "requests[0].body=\"0123456789\"",
        "timeout.attempt=\"200ms\""};
    const char *sets[array_length(always) + SETS_MAX];
    struct bench bench;
    size_t count = 0;

    for (size_t i = 0; i < array_length(always); i++) {
        sets[count++] = always[i];
    }
    for (size_t i = 0; i < SETS_MAX && row->sets[i]; i++) {
        sets[count++] = row->sets[i];
    }
    bench_begin(&bench, row->script, sets, count);
    bench.body = row->body;
    assert_string_equal(bench_run(&bench), row->trace);
    assert_string_equal(bench.arrivals.text ? bench.arrivals.text : "",
                        row->arrivals);
    const struct tally *tally = worker_tally(bench.worker);
    assert_int_equal(tally->faults[row->kind].injected, row->injected);
    assert_int_equal(tally->faults[row->kind].delivered, row->delivered);
    assert_int_equal(bench_panel(&bench)->on_wire, row->on_wire);
    bench_end(&bench);
}

#define FIRST_ONLY "faults[0].for=\"1ms\""

/* Nothing is sent; a reset is seen at once, a timeout when patience ends. */
static void test_lost_request(void **state)
{
    static const struct row rows[] = {
        {.sets = {"faults[0].kind=lost_request", "faults[0].as=reset",
                  "faults[0].for=\"1ms\"", "retry.max_attempts=1"},
         .script = ".",
         .trace = "op 0 0 0 rejected attempts_exhausted\n"
                  "  1 first 0 - 0 reset lost_request\n",
         .arrivals = "",
         .kind = FAULT_LOST_REQUEST,
         .injected = 1},
        {.sets = {"faults[0].kind=lost_request", FIRST_ONLY},
         .script = ".",
         .trace = "op 0 0 255 succeeded answered\n"
                  "  1 first 0 - 200 timeout lost_request\n"
                  "  2 retry 200 205 255 ok 201\n",
         .arrivals = "215\n",
         .kind = FAULT_LOST_REQUEST,
         .injected = 1,
         .on_wire = 1},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        hold(&rows[i]);
    }
}

/* The service has the request whole; the caller sees a reset once it is
 * delivered, or waits for its own timeout. Its connection is used no more. */
static void test_lost_response(void **state)
{
    static const struct row rows[] = {
        {.sets = {"faults[0].kind=lost_response", "faults[0].as=reset",
                  FIRST_ONLY},
         .script = ".",
         .trace = "op 0 0 70 succeeded answered\n"
                  "  1 first 0 5 15 reset lost_response delivered\n"
                  "  2 retry 15 20 70 ok 201\n",
         .arrivals = "15\n30\n",
         .kind = FAULT_LOST_RESPONSE,
         .injected = 1,
         .delivered = 1,
         .on_wire = 2},
        {.sets = {"faults[0].kind=lost_response", FIRST_ONLY},
         .script = ".",
         .trace = "op 0 0 255 succeeded answered\n"
                  "  1 first 0 5 200 timeout lost_response delivered\n"
                  "  2 retry 200 205 255 ok 201\n",
         .arrivals = "15\n215\n",
         .kind = FAULT_LOST_RESPONSE,
         .injected = 1,
         .delivered = 1,
         .on_wire = 2},
        /* Lost 3 ms after the send, before it could arrive: it is waited for
         * until it has. */
        {.sets = {"faults[0].kind=lost_response", "faults[0].as=reset",
                  "faults[0].after=\"3ms\"", FIRST_ONLY},
         .script = ".",
         .trace = "op 0 0 70 succeeded answered\n"
                  "  1 first 0 5 15 reset lost_response delivered\n"
                  "  2 retry 15 20 70 ok 201\n",
         .arrivals = "15\n30\n",
         .kind = FAULT_LOST_RESPONSE,
         .injected = 1,
         .delivered = 1,
         .on_wire = 2},
        /* While it is served, and after it was answered: nobody hears of the
         * answer, and the reset comes at its time. */
        {.sets = {"faults[0].kind=lost_response", "faults[0].as=reset",
                  "faults[0].after=\"35ms\"", FIRST_ONLY},
         .script = ".",
         .trace = "op 0 0 95 succeeded answered\n"
                  "  1 first 0 5 40 reset lost_response delivered\n"
                  "  2 retry 40 45 95 ok 201\n",
         .arrivals = "15\n55\n",
         .kind = FAULT_LOST_RESPONSE,
         .injected = 1,
         .delivered = 1,
         .on_wire = 2},
        {.sets = {"faults[0].kind=lost_response", "faults[0].as=reset",
                  "faults[0].after=\"80ms\"", FIRST_ONLY},
         .script = ".",
         .trace = "op 0 0 140 succeeded answered\n"
                  "  1 first 0 5 85 reset lost_response delivered\n"
                  "  2 retry 85 90 140 ok 201\n",
         .arrivals = "15\n100\n",
         .kind = FAULT_LOST_RESPONSE,
         .injected = 1,
         .delivered = 1,
         .on_wire = 2},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        hold(&rows[i]);
    }
}

/* Half of the body arrives, which is no request to the service. */
static void test_torn_request(void **state)
{
    static const struct row rows[] = {
        {.sets = {"faults[0].kind=torn_request", "faults[0].as=reset",
                  FIRST_ONLY},
         .script = ".",
         .trace = "op 0 0 70 succeeded answered\n"
                  "  1 first 0 5 15 reset torn_request\n"
                  "  2 retry 15 20 70 ok 201\n",
         .arrivals = "30\n",
         .kind = FAULT_TORN_REQUEST,
         .injected = 1,
         .on_wire = 2},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        hold(&rows[i]);
    }
}

/* It asks for its connection when the delay is over, and may run out of time
 * before. */
static void test_delay(void **state)
{
    static const struct row rows[] = {
        {.sets = {"faults[0].kind=delay", "faults[0].delay=\"40ms\""},
         .script = ".",
         .trace = "op 0 0 95 succeeded answered\n"
                  "  1 first 40 45 95 ok 201 delay\n",
         .arrivals = "55\n",
         .kind = FAULT_DELAY,
         .injected = 1,
         .on_wire = 1},
        {.sets = {"faults[0].kind=delay", "faults[0].delay=\"300ms\"",
                  FIRST_ONLY},
         .script = ".",
         .trace = "op 0 0 255 succeeded answered\n"
                  "  1 first 0 - 200 timeout delay\n"
                  "  2 retry 200 205 255 ok 201\n",
         .arrivals = "215\n",
         .kind = FAULT_DELAY,
         .injected = 1,
         .on_wire = 1},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        hold(&rows[i]);
    }
}

/* The body of the answer, ten bytes, takes its time after the first of them,
 * or longer than the caller has. */
static void test_slow_read(void **state)
{
    static const struct row rows[] = {
        {.sets = {"faults[0].kind=slow_read", "faults[0].rate=\"100B\""},
         .script = ".",
         .body = "0123456789",
         .trace = "op 0 0 155 succeeded answered\n"
                  "  1 first 0 5 155 ok 201 slow_read\n",
         .arrivals = "15\n",
         .kind = FAULT_SLOW_READ,
         .injected = 1,
         .on_wire = 1},
        {.sets = {"faults[0].kind=slow_read", "faults[0].rate=\"1B\"",
                  FIRST_ONLY},
         .script = ".",
         .body = "0123456789",
         .trace = "op 0 0 255 succeeded answered\n"
                  "  1 first 0 5 200 timeout slow_read\n"
                  "  2 retry 200 205 255 ok 201\n",
         .arrivals = "15\n215\n",
         .kind = FAULT_SLOW_READ,
         .injected = 1,
         .on_wire = 2},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        hold(&rows[i]);
    }
}

/* A fault that had nothing to do is not counted: an answer without a body is
 * not slow, and an attempt that was given up before it was delivered lost no
 * answer. */
static void test_what_did_not_happen_is_not_counted(void **state)
{
    static const struct row rows[] = {
        {.sets = {"faults[0].kind=slow_read", "faults[0].rate=\"1B\""},
         .script = ".", /* no body */
         .trace = "op 0 0 55 succeeded answered\n"
                  "  1 first 0 5 55 ok 201\n",
         .arrivals = "15\n",
         .kind = FAULT_SLOW_READ,
         .on_wire = 1},
        {.sets = {"faults[0].kind=lost_response", "faults[0].as=reset",
                  "timeout.attempt=\"12ms\"", FIRST_ONLY,
                  "retry.max_attempts=1"},
         .script = ".",
         .trace = "op 0 0 12 ambiguous attempts_exhausted\n"
                  "  1 first 0 5 12 timeout\n",
         .arrivals = "15\n",
         .kind = FAULT_LOST_RESPONSE,
         .on_wire = 1},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        hold(&rows[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lost_request),
        cmocka_unit_test(test_lost_response),
        cmocka_unit_test(test_torn_request),
        cmocka_unit_test(test_delay),
        cmocka_unit_test(test_slow_read),
        cmocka_unit_test(test_what_did_not_happen_is_not_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
