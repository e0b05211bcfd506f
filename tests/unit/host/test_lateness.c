/* Squall's own part in what it measures, when its process is stopped, to the
 * millisecond: the service and the network go on. In virtual time. */
#include "host/worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench.h"

static void stop_between(struct bench *bench, int64_t from_ms, int64_t to_ms)
{
    static struct virtual_stall stall;

    stall = (struct virtual_stall){.from = {from_ms * NS_PER_MS},
                                   .to = {to_ms * NS_PER_MS}};
    bench->settings.stalls = &stall;
    bench->settings.stall_count = 1;
}

/* In ms: the longest that was seen, and the least that each can have been, of
 * the smallest and of the largest. */
static void assert_ends(const struct bench *bench, enum histogram which,
                        int64_t seen, int64_t least_min, int64_t least_max)
{
    const struct panel *panel = bench_panel(bench);

    assert_int_equal(panel->hist[which].max_us, seen * 1000);
    assert_int_equal(panel->least[which].count, panel->hist[which].count);
    assert_int_equal(panel->least[which].min_us, least_min * 1000);
    assert_int_equal(panel->least[which].max_us, least_max * 1000);
}

/* Nobody was late: both ends are one. */
static void test_without_a_stop_all_is_known(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=closed", "load.connections=1",
                "load.operations=3");
    bench_run(&bench);
    assert_ends(&bench, HISTOGRAM_ATTEMPT, 50, 50, 50);
    assert_ends(&bench, HISTOGRAM_OPERATION, 55, 50, 55);
    assert_int_equal(worker_tally(bench.worker)->workers.away_max.ns, 0);
    bench_end(&bench);
}

/* Sent at 55, there at 65 and answered at 95; the answer comes at 105 and is
 * seen at 200. Squall looked at 65 last, so that it took 10 to 145. */
static void test_an_answer_that_came_during_a_stop(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=closed", "load.connections=1",
                "load.operations=3");
    stop_between(&bench, 80, 200);
    assert_string_equal(bench_run(&bench), "op 0 0 55 succeeded answered\n"
                                           "  1 first 0 5 55 ok 201\n"
                                           "op 1 55 200 succeeded answered\n"
                                           "  1 first 55 55 200 ok 201\n"
                                           "op 2 200 250 succeeded answered\n"
                                           "  1 first 200 200 250 ok 201\n");
    assert_ends(&bench, HISTOGRAM_ATTEMPT, 145, 10, 50);
    assert_ends(&bench, HISTOGRAM_OPERATION, 145, 10, 55);
    assert_ends(&bench, HISTOGRAM_FIRST_BYTE, 145, 10, 50);
    assert_int_equal(worker_tally(bench.worker)->workers.away_max.ns,
                     duration_ms(120).ns);
    assert_int_equal(worker_tally(bench.worker)->workers.stalls, 1);
    bench_end(&bench);
}

/* Due at 0, 100 and 200; stopped from 80 to 180. The second starts late by 80,
 * which is squall's own, and takes 50 beside it. */
static void test_a_start_that_was_late(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=open", "load.rate=10/s",
                "load.operations=3", "load.connections=4");
    stop_between(&bench, 80, 180);
    assert_string_equal(bench_run(&bench), "op 0 0 55 succeeded answered\n"
                                           "  1 first 0 5 55 ok 201\n"
                                           "op 1 100 230 succeeded answered\n"
                                           "  1 first 180 180 230 ok 201\n"
                                           "op 2 200 255 succeeded answered\n"
                                           "  1 first 200 205 255 ok 201\n");
    assert_ends(&bench, HISTOGRAM_ATTEMPT, 50, 50, 50);
    assert_ends(&bench, HISTOGRAM_OPERATION, 130, 50, 55);
    bench_end(&bench);
}

/* One connection for two that are due at once: the second waits for it, and
 * that is squall's own. */
static void test_a_wait_for_an_own_connection(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=open", "load.rate=100/s",
                "load.operations=2", "load.connections=1");
    bench_run(&bench);
    assert_ends(&bench, HISTOGRAM_ATTEMPT, 50, 50, 50);
    assert_ends(&bench, HISTOGRAM_OPERATION, 95, 50, 55);
    bench_end(&bench);
}

/* Its 70 ms were over at 75, and squall came to it at 200: it is known to have
 * taken 70. The retry was late by as much. */
static void test_a_timer_that_was_late(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, "-.", "load.model=closed", "load.connections=1",
                "load.operations=1", "timeout.attempt=70ms",
                "retry.max_attempts=2", "retry.retry_on=[\"timeout\"]",
                "retry.backoff.type=none");
    stop_between(&bench, 60, 200);
    bench_run(&bench);
    const struct panel *panel = bench_panel(&bench);
    assert_int_equal(panel->by_outcome[OUTCOME_TIMEOUT], 1);
    assert_int_equal(panel->verdicts[VERDICT_SUCCEEDED], 1);
    int64_t seen = panel->hist[HISTOGRAM_OPERATION].max_us;
    int64_t late = seen - panel->least[HISTOGRAM_OPERATION].max_us;
    assert_true(late >= 125000 && late <= 130000);
    assert_true(panel->least[HISTOGRAM_ATTEMPT].max_us <= 70000);
    assert_int_equal(panel->cut_short, 0);
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_stop_all_is_known),
        cmocka_unit_test(test_an_answer_that_came_during_a_stop),
        cmocka_unit_test(test_a_start_that_was_late),
        cmocka_unit_test(test_a_wait_for_an_own_connection),
        cmocka_unit_test(test_a_timer_that_was_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
