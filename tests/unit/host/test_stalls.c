/* stalls: squall itself is away for a while (stopped, or kept from its core),
 * and what has come meanwhile goes before what the time has brought: an answer
 * that came in time is an answer, and nothing is sent again for it. In virtual
 * time, with a wait that returns blind, as an interrupted one does. */
#include "host/worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench.h"

/* Away from 20 ms to 300 ms; the answer is there at 55. */
static const struct virtual_stall away = {
    .from = {20 * NS_PER_MS}, .to = {300 * NS_PER_MS}, .is_blind = true};

static void stop(struct bench *bench, const struct virtual_stall *stall)
{
    bench->settings.stalls = stall;
    bench->settings.stall_count = 1;
}

static void test_answers_go_before_timers(void **state)
{
    static const struct {
        const char *sets[4];
    } rows[] = {
        {{"timeout.attempt=100ms", "retry.max_attempts=3",
          "retry.retry_on=[\"timeout\"]"}},
        {{"timeout.operation=100ms", "retry.max_attempts=3",
          "retry.retry_on=[\"timeout\"]"}},
        {{"hedge.trigger=delay", "hedge.delay=60ms", "hedge.max_extra=2"}},
        {{"load.drain=50ms", "load.warmup=0s", "timeout.attempt=1s"}},
        {{"timeout.attempt=100ms", "faults[0].kind=duplicate"}},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct bench bench;
        const char *sets[8] = {"load.model=open", "load.rate=10/s",
                               "load.duration=50ms", "load.operations=1"};
        size_t count = 4;
        for (size_t k = 0; k < 4 && rows[i].sets[k]; k++) {
            sets[count++] = rows[i].sets[k];
        }
        bench_begin(&bench, ".", sets, count);
        stop(&bench, &away);
        bench_run(&bench);
        const struct panel *panel = bench_panel(&bench);
        assert_int_equal(panel->verdicts[VERDICT_SUCCEEDED], 1);
        assert_int_equal(panel->by_outcome[OUTCOME_OK],
                         panel->attempts); /* of duplicates, too */
        assert_int_equal(panel->kinds[ATTEMPT_RETRY], 0);
        assert_int_equal(panel->kinds[ATTEMPT_HEDGE], 0);
        bench_end(&bench);
    }
}

/* One that had not come when its time was up is late, as ever: after a look,
 * for which the virtual clock takes 1 ms. */
static void test_what_has_not_come_is_late(void **state)
{
    static const struct virtual_stall short_one = {
        .from = {20 * NS_PER_MS}, .to = {40 * NS_PER_MS}, .is_blind = true};
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=open", "load.rate=10/s",
                "load.operations=1", "timeout.attempt=30ms");
    stop(&bench, &short_one);
    assert_string_equal(bench_run(&bench),
                        "op 0 0 41 unanswered attempts_exhausted\n"
                        "  1 first 0 5 41 timeout\n");
    bench_end(&bench);
}

/* Slots that were free by then are free for what was due: nothing is dropped
 * because squall did not look. */
static void test_nothing_is_dropped_unseen(void **state)
{
    static const struct virtual_stall stall = {
        .from = {40 * NS_PER_MS}, .to = {110 * NS_PER_MS}, .is_blind = true};
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=open", "load.rate=10/s",
                "load.operations=2", "load.max_in_flight=1");
    stop(&bench, &stall);
    assert_string_equal(bench_run(&bench), "op 0 0 110 succeeded answered\n"
                                           "  1 first 0 5 110 ok 201\n"
                                           "op 1 100 160 succeeded answered\n"
                                           "  1 first 110 110 160 ok 201\n");
    assert_int_equal(bench_panel(&bench)->dropped, 0);
    bench_end(&bench);
}

/* The load ends while it is away: who was answered by then was. */
static void test_the_end_of_a_load_looks_first(void **state)
{
    struct bench bench;
    (void)state;
    BENCH_BEGIN(&bench, ".", "load.model=closed", "load.connections=1",
                "load.duration=100ms", "load.drain=50ms");
    stop(&bench, &away);
    assert_string_equal(bench_run(&bench), "op 0 0 300 succeeded answered\n"
                                           "  1 first 0 5 300 ok 201\n");
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_go_before_timers),
        cmocka_unit_test(test_what_has_not_come_is_late),
        cmocka_unit_test(test_nothing_is_dropped_unseen),
        cmocka_unit_test(test_the_end_of_a_load_looks_first),
    };
    return cmocka_run_group_tests_name("stalls", tests, NULL, NULL);
}
