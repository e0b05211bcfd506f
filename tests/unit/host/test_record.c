/* What is recorded of operations whose course is known to the millisecond:
 * each counter and each distribution, exactly. */
#include "host/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench.h"

static void assert_times(const struct panel *panel, enum histogram histogram,
                         uint64_t count, int64_t min_ms, int64_t max_ms)
{
    const struct hist *hist = &panel->hist[histogram];
    assert_int_equal(hist->count, count);
    assert_int_equal(hist->min_us, min_ms * 1000);
    assert_int_equal(hist->max_us, max_ms * 1000);
}

/* One that is tried three times, and one that succeeds at once. */
static void test_attempts_and_verdicts(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, "FT.", "load.model=open", "load.rate=2/s",
                "load.operations=2", "retry.max_attempts=3",
                "retry.backoff.type=constant", "retry.backoff.initial=20ms",
                "retry.backoff.jitter=none");
    (void)bench_run(&bench);
    const struct panel *panel = bench_panel(&bench);

    assert_int_equal(panel->started, 2);
    assert_int_equal(panel->verdicts[VERDICT_SUCCEEDED], 2);
    assert_int_equal(panel->attempts, 4);
    assert_int_equal(panel->on_wire, 4);
    assert_int_equal(panel->kinds[ATTEMPT_FIRST], 2);
    assert_int_equal(panel->kinds[ATTEMPT_RETRY], 2);
    assert_int_equal(panel->retries_on_wire, 2);
    assert_int_equal(panel->by_outcome[OUTCOME_OK], 2);
    assert_int_equal(panel->by_status[503], 1);
    assert_int_equal(panel->by_status[429], 1);
    assert_int_equal(panel->attempts_per_operation[3], 1);
    assert_int_equal(panel->attempts_per_operation[1], 1);
    /* 5 ms of connecting once; 50 ms an attempt; 20 ms between. */
    assert_times(panel, HISTOGRAM_OPERATION, 2, 50, 195);
    assert_times(panel, HISTOGRAM_ATTEMPT, 4, 50, 50);
    assert_times(panel, HISTOGRAM_ATTEMPT_OK, 2, 50, 50);
    assert_times(panel, HISTOGRAM_CONNECT, 1, 5, 5);
    tally_check(worker_tally(bench.worker));
    bench_end(&bench);
}

/* Nothing goes out: an attempt is counted that was not sent, no time to an
 * answer, and what ended it. */
static void test_what_was_not_sent(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=open", "load.rate=2/s",
                "load.operations=1", "faults[0].kind=lost_request",
                "faults[0].ratio=1", "faults[0].as=reset");
    (void)bench_run(&bench);
    const struct panel *panel = bench_panel(&bench);

    assert_int_equal(panel->attempts, 1);
    assert_int_equal(panel->on_wire, 0);
    assert_int_equal(panel->by_outcome[OUTCOME_RESET], 1);
    assert_int_equal(panel->attempts_per_operation[0], 1);
    assert_int_equal(panel->hist[HISTOGRAM_ATTEMPT].count, 0);
    assert_int_equal(panel->hist[HISTOGRAM_CONNECT].count, 0);
    assert_null(bench.arrivals.text);
    tally_check(worker_tally(bench.worker));
    bench_end(&bench);
}

/* Of an operation of the warm-up nothing is in a figure, whenever it ends; of
 * what was dropped nothing but that it was. */
static void test_what_does_not_count(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=open", "load.rate=25/s",
                "load.warmup=60ms", "load.duration=80ms",
                "load.max_in_flight=1");
    (void)bench_run(&bench);
    const struct panel *panel = bench_panel(&bench);

    /* Due at 0, 40, 80 and 120; the first is answered at 55. */
    assert_int_equal(panel->started, 1);
    assert_int_equal(panel->dropped, 1);
    assert_int_equal(panel->attempts, 1);
    assert_times(panel, HISTOGRAM_OPERATION, 1, 50, 50);
    tally_check(worker_tally(bench.worker));
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attempts_and_verdicts),
        cmocka_unit_test(test_what_was_not_sent),
        cmocka_unit_test(test_what_does_not_count),
    };
    return cmocka_run_group_tests_name("host/record", tests, NULL, NULL);
}
