/* Redirects in virtual time: each hop is an attempt of its own kind, at once
 * and within the time of the attempt that it follows; what it asks for, and
 * what is counted, exactly. */
#include "host/attempts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench.h"

#define BY_POST "requests[0].method=POST"
#define POST BY_POST, "requests[0].body=x"

static void begin(struct bench *bench, const char *location)
{
    bench->location = location;
    bench->shows_requests = true;
}

/* A way is 20 ms there and back, and the service takes 30. */
static void test_each_hop_is_an_attempt(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, "72.", "load.model=open", "load.rate=2/s",
                "load.operations=1", "target.redirects=5", POST,
                "idempotency.scope=operation", "idempotency.key=sequence");
    begin(&bench, "Location: next?a=1#there");
    assert_string_equal(
        bench_run(&bench),
        "op 0 0 155 succeeded answered\n"
        "  1 first 0 5 55 followed 307 key 0000000001-0\n"
        "  2 redirect 55 55 105 followed 302 key 0000000001-0\n"
        "  3 redirect 105 105 155 ok 201 key 0000000001-0\n");
    assert_string_equal(bench.arrivals.text,
                        "15 POST /orders body 0000000001-0\n"
                        "65 POST /next body 0000000001-0\n"
                        "115 GET /next 0000000001-0\n");
    const struct panel *panel = bench_panel(&bench);
    assert_int_equal(panel->kinds[ATTEMPT_FIRST], 1);
    assert_int_equal(panel->kinds[ATTEMPT_REDIRECT], 2);
    assert_int_equal(panel->on_wire, 3);
    assert_int_equal(panel->attempts_per_operation[3], 1);
    assert_int_equal(panel->by_outcome[OUTCOME_FOLLOWED], 2);
    assert_int_equal(panel->hist[HISTOGRAM_SUCCEEDED].max_us, 155000);
    assert_int_equal(worker_tally(bench.worker)->failures.count, 0);
    bench_end(&bench);
}

static void test_methods(void **state)
{
    static const struct {
        const char *method, *script, *arrivals;
    } rows[] = {
        {"GET", "2.", "15 GET /orders\n65 GET /next\n"},
        {"GET", "7.", "15 GET /orders\n65 GET /next\n"},
        {"HEAD", "3.", "15 HEAD /orders\n65 HEAD /next\n"},
        {"POST", "2.", "15 POST /orders body\n65 GET /next\n"},
        {"POST", "3.", "15 POST /orders body\n65 GET /next\n"},
        {"POST", "7.", "15 POST /orders body\n65 POST /next body\n"},
        {"PUT", "2.", "15 PUT /orders body\n65 PUT /next body\n"},
        {"PUT", "3.", "15 PUT /orders body\n65 GET /next\n"},
        {"DELETE", "37.", "15 DELETE /orders\n65 GET /next\n115 GET /next\n"},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct bench bench;
        char method[40];
        bool has_body = rows[i].method[0] == 'P';
        snprintf(method, sizeof(method), "requests[0].method=%s",
                 rows[i].method);
        BENCH_BEGIN(&bench, rows[i].script, "load.model=open", "load.rate=2/s",
                    "load.operations=1", "target.redirects=5", method,
                    has_body ? "requests[0].body=x"
                             : "requests[0].name=checkout");
        begin(&bench, "Location: /next");
        (void)bench_run(&bench);
        assert_string_equal(bench.arrivals.text, rows[i].arrivals);
        assert_int_equal(bench_panel(&bench)->verdicts[VERDICT_SUCCEEDED], 1);
        bench_end(&bench);
    }
}

/* A loop ends when the hops are used up, and a Location that is none ends at
 * once; without the option nothing is followed. */
static void test_ends(void **state)
{
    static const struct {
        const char *redirects, *location, *trace, *method;
    } rows[] = {
        {"target.redirects=1", "Location: /orders",
         "op 0 0 105 rejected answered\n"
         "  1 first 0 5 55 followed 307\n"
         "  2 redirect 55 55 105 redirect_limit 307\n",
         "requests[0].method=GET"},
        {"target.redirects=2", "Location: /orders",
         "op 0 0 155 rejected answered\n"
         "  1 first 0 5 55 followed 307\n"
         "  2 redirect 55 55 105 followed 307\n"
         "  3 redirect 105 105 155 redirect_limit 307\n",
         BY_POST},
        {"target.redirects=2", "Location: ftp://service.invalid/",
         "op 0 0 55 rejected answered\n  1 first 0 5 55 redirected 307\n",
         BY_POST},
        {"target.redirects=2", "Location:",
         "op 0 0 55 rejected answered\n  1 first 0 5 55 redirected 307\n",
         BY_POST},
        {"target.redirects=2", "X-Location: /",
         "op 0 0 55 rejected answered\n  1 first 0 5 55 redirected 307\n",
         BY_POST},
        {"target.redirects=0", "Location: /orders",
         "op 0 0 55 rejected answered\n  1 first 0 5 55 redirected 307\n",
         BY_POST},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct bench bench;
        BENCH_BEGIN(&bench, "7", "load.model=open", "load.rate=2/s",
                    "load.operations=1", rows[i].redirects, rows[i].method);
        begin(&bench, rows[i].location);
        assert_string_equal(bench_run(&bench), rows[i].trace);
        bench_end(&bench);
    }
}

/* A retry begins where the operation did; the attempt's timeout is that of an
 * attempt with its hops; and no to the GET that became of a POST is no answer
 * to the POST. */
static void test_with_the_policy(void **state)
{
    static const struct {
        const char *script, *timeout, *trace, *arrivals;
    } rows[] = {
        {"7F7.", "timeout.attempt=1s",
         "op 0 0 225 succeeded answered\n"
         "  1 first 0 5 55 followed 307\n"
         "  2 redirect 55 55 105 server_error 503\n"
         "  3 retry 125 125 175 followed 307\n"
         "  4 redirect 175 175 225 ok 201\n",
         "15 POST /orders body\n65 POST /next body\n"
         "135 POST /orders body\n185 POST /next body\n"},
        {"7-", "timeout.attempt=80ms",
         "op 0 0 80 ambiguous answered\n"
         "  1 first 0 5 55 followed 307\n"
         "  2 redirect 55 55 80 timeout\n",
         "15 POST /orders body\n65 POST /next body\n"},
        {"3N", "timeout.attempt=1s",
         "op 0 0 105 ambiguous answered\n"
         "  1 first 0 5 55 followed 303\n"
         "  2 redirect 55 55 105 rejected 404\n",
         "15 POST /orders body\n65 GET /next\n"},
        {"7N", "timeout.attempt=1s",
         "op 0 0 105 rejected answered\n"
         "  1 first 0 5 55 followed 307\n"
         "  2 redirect 55 55 105 rejected 404\n",
         "15 POST /orders body\n65 POST /next body\n"},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct bench bench;
        BENCH_BEGIN(&bench, rows[i].script, "load.model=open", "load.rate=2/s",
                    "load.operations=1", POST, "target.redirects=5",
                    rows[i].timeout, "retry.max_attempts=2",
                    "retry.retry_on[0]=5xx", "retry.backoff.type=constant",
                    "retry.backoff.initial=20ms", "retry.backoff.jitter=none");
        begin(&bench, "Location: /next");
        assert_string_equal(bench_run(&bench), rows[i].trace);
        assert_string_equal(bench.arrivals.text, rows[i].arrivals);
        bench_end(&bench);
    }
}

/* The load is over when the hop is due: it belongs to what is on the wire. */
static void test_hops_at_the_end_of_the_load(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, "2.", "load.model=open", "load.rate=2/s",
                "load.duration=20ms", "target.redirects=1");
    begin(&bench, "Location: /next");
    assert_string_equal(bench_run(&bench), "op 0 0 105 succeeded answered\n"
                                           "  1 first 0 5 55 followed 302\n"
                                           "  2 redirect 55 55 105 ok 201\n");
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_hop_is_an_attempt),
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_with_the_policy),
        cmocka_unit_test(test_hops_at_the_end_of_the_load),
    };
    return cmocka_run_group_tests_name("host/redirects", tests, NULL, NULL);
}
