/* What the journal has of attempts: the key that each carried, whoever it was
 * that ended first, and of what was never sent no key and no time. */
#include "host/journal_entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench.h"

#define KEYS \
    "idempotency.scope=attempt", "idempotency.header=Idempotency-Key", \
        "idempotency.key=template", \
        "idempotency.template={{op.id}}-{{attempt}}", "load.model=open", \
        "load.rate=10/s", "load.operations=1"

/* The hedge has its key before the first attempt ends, and keeps it. */
static void test_each_attempt_has_its_own_key(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, "-.", KEYS, "load.connections=2", "hedge.max_extra=1",
                "hedge.trigger=delay", "hedge.delay=40ms");

    assert_string_equal(bench_run(&bench),
                        "op 0 0 95 succeeded answered\n"
                        "  1 first 0 5 95 cancelled key 0000000001-0-1 "
                        "wasted\n"
                        "  2 hedge 40 45 95 ok 201 key 0000000001-0-2\n");
    bench_end(&bench);
}

/* One of the operation's is in all of its attempts. */
static void test_a_key_of_the_operation(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, "F.", "idempotency.scope=operation",
                "idempotency.header=Idempotency-Key",
                "idempotency.key=template", "idempotency.template={{op.id}}",
                "load.model=open", "load.rate=10/s", "load.operations=1",
                "retry.max_attempts=2", "retry.backoff.type=none");

    assert_string_equal(bench_run(&bench),
                        "op 0 0 105 succeeded answered\n"
                        "  1 first 0 5 55 server_error 503 key "
                        "0000000001-0\n"
                        "  2 retry 55 55 105 ok 201 key 0000000001-0\n");
    bench_end(&bench);
}

/* What a fault kept from its connection carried no key anywhere. */
static void test_no_transfer_no_key(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", KEYS, "faults[0].kind=lost_request",
                "faults[0].ratio=1", "faults[0].as=reset");

    assert_string_equal(bench_run(&bench),
                        "op 0 0 0 unanswered attempts_exhausted\n"
                        "  1 first 0 - 0 reset lost_request\n");
    bench_end(&bench);
}

/* Without a journal nothing is written, and all else is as it was. */
static void test_without_a_journal(void **state)
{
    struct journal_entries entries = {0};
    const struct attempt attempt = {0};
    const struct fact done = {.kind = FACT_DONE};
    struct operation operation = {0};
    (void)state;

    journal_entry_begun(&entries, &attempt);
    journal_entry_done(&entries, &attempt, &done, -1, false);
    journal_entry_over(&entries, &operation);
    assert_int_equal(operation.progress.chain, 0);
    assert_null(entries.keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_attempt_has_its_own_key),
        cmocka_unit_test(test_a_key_of_the_operation),
        cmocka_unit_test(test_no_transfer_no_key),
        cmocka_unit_test(test_without_a_journal),
    };
    return cmocka_run_group_tests_name("host/journal_entry", tests, NULL,
                                       NULL);
}
