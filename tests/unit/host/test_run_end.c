/* The one rule for the end of a run: a table over all that an operation may
 * wait for, in both models, in virtual time. */
#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../virtual_run.h"

enum { SETS_MAX = 8 };

/* A load of 1 s, a drain of 200 ms. What waits within squall ends with the
 * load; what is on the wire, with the drain. */
struct row {
    const char *waits_for;
    bool drains;       /* else all is over with the load */
    bool sends_later;  /* that is what its fault is for */
    bool never_closed; /* there is no such wait in the closed model */
    bool never_open;
    struct virtual_script script;
    const char *sets[SETS_MAX];
};

#define HANGS \
    { \
        .hangs = true \
    }
#define FAILS \
    { \
        .status = 503 \
    }
#define WORKS \
    { \
        .status = 200 \
    }

static const struct row rows[] = {
    {.waits_for = "an answer that never comes",
     .drains = true,
     .script = HANGS},
    {.waits_for = "an answer that takes ages",
     .drains = true,
     .script = {.status = 200, .takes = {3600 * NS_PER_S}}},
    {.waits_for = "a connect that hangs",
     .drains = true,
     .script = {.refuses_to_connect = true},
     .sets = {"timeout.connect=1h"}},
    {.waits_for = "a retry",
     .script = FAILS,
     .sets = {"retry={\"max_attempts\": 3, \"retry_on\": [\"5xx\"], "
              "\"backoff\": {\"type\": \"constant\", \"initial\": \"1h\"}}"}},
    {.waits_for = "a retry without end",
     .script = FAILS,
     .sets = {"retry={\"max_attempts\": 1000, \"retry_on\": [\"5xx\"], "
              "\"backoff\": {\"type\": \"constant\", \"initial\": "
              "\"50ms\"}}"}},
    {.waits_for = "what the service's hint says",
     .script = {.status = 503, .line = "Retry-After: 3600"},
     .sets = {"retry={\"max_attempts\": 3, \"retry_on\": [\"5xx\"], "
              "\"server_hint\": {\"headers\": [{\"name\": \"Retry-After\", "
              "\"format\": \"seconds\"}], \"apply\": \"replace\"}}"}},
    {.waits_for = "the rate limit",
     .script = WORKS,
     .sets = {"rate_limit={\"type\": \"token_bucket\", \"rate\": "
              "\"0.001/s\", \"burst\": 1}"}},
    {.waits_for = "a place among those under way",
     .drains = true,
     .script = HANGS,
     .sets = {"concurrency={\"limit\": 1, \"queue\": 1000, \"max_wait\": "
              "\"1h\"}",
              "load.clients=1"}},
    {.waits_for = "an empty budget, in vain",
     .script = FAILS,
     .sets = {"retry={\"max_attempts\": 3, \"retry_on\": [\"5xx\"], "
              "\"on_budget_empty\": \"sleep_then_fail\", \"backoff\": "
              "{\"type\": \"constant\", \"initial\": \"1h\"}}",
              "retry_budget={\"type\": \"token_bucket\", \"capacity\": 1, "
              "\"initial\": 0}"}},
    {.waits_for = "an open breaker",
     .script = FAILS,
     .sets = {"retry={\"max_attempts\": 1000, \"classify\": [{\"when\": "
              "{\"refused_by\": [\"breaker\"]}, \"as\": \"transient\"}, "
              "{\"when\": {\"status\": [503]}, \"as\": \"transient\"}], "
              "\"backoff\": {\"type\": \"constant\", \"initial\": "
              "\"20ms\"}}",
              "breaker={\"any_of\": [{\"type\": \"consecutive\", "
              "\"failures\": 1}], \"open\": {\"type\": \"constant\", "
              "\"initial\": \"1h\"}, \"unit\": \"attempt\"}"}},
    {.waits_for = "a connection of squall's own",
     .drains = true,
     .never_closed = true,
     .script = HANGS,
     .sets = {"load.connections=1"}},
    {.waits_for = "a connection of its client's own pool",
     .drains = true,
     .script = HANGS,
     .sets = {"load.clients=2", "load.pool=per_client"}},
    {.waits_for = "a delayed send",
     .script = WORKS,
     .sets = {"faults=[{\"kind\": \"delay\", \"delay\": \"1h\"}]"}},
    {.waits_for = "an answer to a lost request",
     .drains = true,
     .script = WORKS,
     .sets = {"faults=[{\"kind\": \"lost_request\"}]", "timeout.attempt=1h"}},
    {.waits_for = "an answer that is lost",
     .drains = true,
     .script = WORKS,
     .sets = {"faults=[{\"kind\": \"lost_response\"}]", "timeout.attempt=1h"}},
    {.waits_for = "the next lost send, at once",
     .script = WORKS,
     .sets = {"faults=[{\"kind\": \"lost_request\", \"as\": \"reset\"}]",
              "retry={\"max_attempts\": 1000, \"retry_on\": [\"reset\"], "
              "\"backoff\": {\"type\": \"constant\", \"initial\": "
              "\"1ms\"}}"}},
    {.waits_for = "the rest of a slow answer",
     .drains = true,
     .script = {.status = 200, .length = 60},
     .sets = {"faults=[{\"kind\": \"slow_read\", \"rate\": \"1B\"}]"}},
    {.waits_for = "a late duplicate",
     .drains = true,
     .sends_later = true,
     .script = WORKS,
     .sets =
         {"faults=[{\"kind\": \"late_duplicate\", \"delay\": \"195ms\"}]"}},
    {.waits_for = "a hedge and what it was sent beside",
     .drains = true,
     .script = HANGS,
     .sets = {"hedge={\"delay\": \"10ms\", \"max_extra\": 2}"}},
    {.waits_for = "an operation that is looked at between tries only",
     .drains = true,
     .script = HANGS,
     .sets = {"timeout={\"operation\": \"100ms\", \"deadline_rule\": "
              "\"check_between\"}"}},
    {.waits_for = "its user to think",
     .never_open = true,
     .script = WORKS,
     .sets = {"load.think=1h"}},
    {.waits_for = "some that hang among others",
     .drains = true,
     .script = {.status = 200, .takes = {5 * NS_PER_MS}, .bad_every = 7}},
};

static size_t fill_sets(const char **sets, const struct row *row, bool open,
                        const char *const *more, size_t more_count)
{
    size_t count = 0;
    sets[count++] = "load.duration=1s";
    sets[count++] = "load.drain=200ms";
    sets[count++] = "load.connections=2";
    if (open) {
        sets[count++] = "load.rate=40/s";
    }
    for (size_t i = 0; i < SETS_MAX && row->sets[i]; i++) {
        sets[count++] = row->sets[i];
    }
    for (size_t i = 0; i < more_count; i++) {
        sets[count++] = more[i];
    }
    return count;
}

/* A way to the service and back takes 2 ms, a connect two more. */
static void expect_end(const struct row *row, bool open, int64_t load_ms,
                       const char *const *more, size_t more_count)
{
    const char *sets[2 * SETS_MAX];
    struct virtual_run run = {.script = row->script};
    size_t count = fill_sets(sets, row, open, more, more_count);
    int64_t most_ms = load_ms + (row->drains ? 200 : 5);

    virtual_run_make(&run, sets, count, 3);
    print_message("%s, %s: %.1f ms\n", row->waits_for,
                  open ? "open" : "closed", (double)run.end.ns / NS_PER_MS);
    assert_true(run.end.ns <= most_ms * NS_PER_MS);
    assert_true(!row->drains || run.end.ns >= (most_ms - 30) * NS_PER_MS);
    assert_int_equal(run.load_time.ns, load_ms * NS_PER_MS);
    assert_true(run.started > 0);
    /* Nothing was sent after the load, but what was on its way arrived. */
    assert_true(row->sends_later ||
                run.last_arrival.ns <= (load_ms + 5) * NS_PER_MS);
    virtual_run_release(&run);
}

static void expect_ends(int64_t load_ms, const char *const *more, size_t count)
{
    for (size_t i = 0; i < array_length(rows); i++) {
        if (!rows[i].never_closed) {
            expect_end(&rows[i], false, load_ms, more, count);
        }
        if (!rows[i].never_open) {
            expect_end(&rows[i], true, load_ms, more, count);
        }
    }
}

static void test_every_wait_ends(void **state)
{
    (void)state;
    expect_ends(1000, NULL, 0);
}

static void test_every_wait_ends_after_a_warm_up(void **state)
{
    static const char *const more[] = {"load.warmup=500ms"};
    (void)state;
    expect_ends(1500, more, array_length(more));
}

static void test_a_number_beside_a_length_changes_nothing(void **state)
{
    static const char *const more[] = {"load.operations=1000000"};
    (void)state;
    expect_ends(1000, more, array_length(more));
}

/* The last operation ends the load; but it may be tried again, and waits. */
static void test_a_number_of_operations_is_awaited(void **state)
{
    static const char *const sets[] = {
        "load.operations=3",
        "load.connections=2",
        "load.drain=10s",
        "retry.max_attempts=3",
        "retry.retry_on=[\"5xx\"]",
        "retry.backoff={\"type\": \"constant\", \"initial\": \"2s\"}",
    };
    (void)state;
    struct virtual_run run = {.script = FAILS};
    virtual_run_make(&run, sets, array_length(sets), 1);
    assert_int_equal(run.arrived, 9);
    assert_true(run.end.ns >= 8 * NS_PER_S && run.end.ns < 9 * NS_PER_S);
    virtual_run_release(&run);
}

/* But not for ever: from the last start on, the drain is all there is. */
static void test_a_number_of_operations_has_its_drain(void **state)
{
    static const char *const sets[] = {
        "load.operations=2",
        "load.connections=2",
        "load.drain=10s",
        "retry.max_attempts=1000",
        "retry.retry_on=[\"5xx\"]",
        "retry.backoff={\"type\": \"constant\", \"initial\": \"3s\"}",
    };
    (void)state;
    struct virtual_run run = {.script = FAILS};
    virtual_run_make(&run, sets, array_length(sets), 1);
    assert_int_equal(run.end.ns, 10 * NS_PER_S);
    virtual_run_release(&run);
}

/* Without a length and without a timeout, answers that never come would hold
 * it for ever. */
static void test_a_number_of_operations_that_hang(void **state)
{
    static const char *const sets[] = {"load.operations=100",
                                       "load.connections=2", "load.drain=1s"};
    (void)state;
    struct virtual_run run = {.script = {.hangs = true}};
    virtual_run_make(&run, sets, array_length(sets), 1);
    assert_true(run.end.ns >= 1 * NS_PER_S && run.end.ns <= 2 * NS_PER_S);
    assert_int_equal(run.tally->total.started, 2);
    virtual_run_release(&run);
}

/* A schedule that has run out and left nothing is not waited for. */
static void test_an_idle_end_is_skipped(void **state)
{
    static const char *const sets[] = {
        "load.stages=[{\"for\": \"1s\", \"rate\": \"10/s\"}, "
        "{\"for\": \"1h\", \"rate\": \"0/s\"}]"};
    (void)state;
    struct virtual_run run = {.script = WORKS};
    virtual_run_make(&run, sets, array_length(sets), 1);
    assert_true(run.end.ns < 1 * NS_PER_S);
    assert_int_equal(run.load_time.ns, 3601 * NS_PER_S);
    virtual_run_release(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_wait_ends),
        cmocka_unit_test(test_every_wait_ends_after_a_warm_up),
        cmocka_unit_test(test_a_number_beside_a_length_changes_nothing),
        cmocka_unit_test(test_a_number_of_operations_is_awaited),
        cmocka_unit_test(test_a_number_of_operations_has_its_drain),
        cmocka_unit_test(test_a_number_of_operations_that_hang),
        cmocka_unit_test(test_an_idle_end_is_skipped),
    };
    return cmocka_run_group_tests_name("host/run_end", tests, NULL, NULL);
}
