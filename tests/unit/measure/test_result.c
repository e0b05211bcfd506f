/* Figures of runs that are small enough to count by hand, the health of the
 * generator at both sides of each limit, and the order of verdicts. */
#include "measure/result.h"

#include "base/must.h"
#include "measure/series.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct bench {
    struct duration queue; /* what attempts wait for a connection */
    struct arena arena;
    struct tally tally;
    struct result_input input;
    struct result result;
};

static void start(struct bench *bench, size_t stages,
                  struct duration load_length)
{
    static const char *const names[] = {"one", "two"};
    static const struct duration lengths[] = {{3 * NS_PER_S}, {NS_PER_S}};
    *bench = (struct bench){.arena = ARENA_INIT};
    tally_init(&bench->tally, &bench->arena,
               &(struct tally_config){.requests = 1,
                                      .stages = stages,
                                      .load_length = load_length});
    bench->input = (struct result_input){
        .tally = &bench->tally,
        .request_count = 1,
        .stage_count = stages,
        .request_names = names,
        .stage_names = names,
        .stage_lengths = lengths,
        .measured = {4 * NS_PER_S},
        .open_model = true,
        .complete = true,
    };
}

static void compute(struct bench *bench)
{
    result_compute(&bench->result, &bench->arena, &bench->input);
}

static void attempt(struct bench *bench, struct fact fact,
                    enum attempt_kind kind, enum outcome outcome, bool sent)
{
    if (sent) {
        fact.kind = FACT_SENT;
        fact.sent.kind = kind;
        tally_take(&bench->tally, &fact);
    }
    fact.kind = FACT_DONE;
    memset(&fact.done, 0, sizeof(fact.done));
    fact.done.kind = kind;
    fact.done.outcome = outcome;
    fact.done.was_sent = sent;
    fact.done.latency = fact.done.first_byte = duration_ms(1);
    fact.done.connect = NOT_MEASURED;
    fact.done.queue = bench->queue;
    tally_take(&bench->tally, &fact);
}

/* An operation at one second that is late by lag, and ends at another, after
 * so many attempts on the wire. */
static void operate(struct bench *bench, int64_t from_ms, int64_t lag_us,
                    int64_t to_ms, unsigned attempts, bool succeeded)
{
    struct fact fact = {
        .kind = FACT_STARTED,
        .stage = from_ms >= 3000 && bench->tally.config.stages > 1,
        .at = {from_ms * NS_PER_MS + lag_us * NS_PER_US},
    };
    fact.started.intended = (struct instant){from_ms * NS_PER_MS};
    tally_take(&bench->tally, &fact);
    for (unsigned i = 1; i <= attempts; i++) {
        attempt(bench, fact, i == 1 ? ATTEMPT_FIRST : ATTEMPT_RETRY,
                succeeded && i == attempts ? OUTCOME_OK : OUTCOME_TIMEOUT,
                true);
    }
    fact.kind = FACT_FINISHED;
    fact.at = (struct instant){to_ms * NS_PER_MS};
    memset(&fact.finished, 0, sizeof(fact.finished));
    fact.finished.verdict = succeeded ? VERDICT_SUCCEEDED : VERDICT_AMBIGUOUS;
    fact.finished.intended = (struct instant){from_ms * NS_PER_MS};
    fact.finished.attempts = attempts;
    tally_take(&bench->tally, &fact);
}

static void assert_near(double value, double exact)
{
    if (fabs(value - exact) > 1e-9) {
        fail_msg("%g for %g", value, exact);
    }
}

static bool has_warning(const struct bench *bench, const char *part)
{
    const struct generator_figures *g = &bench->result.generator;
    for (size_t i = 0; i < g->warning_count; i++) {
        if (strstr(g->warnings[i], part)) {
            return true;
        }
    }
    return false;
}

/* 4 s of load; 3 operations in the first stage of 3 s, 1 in the second; one
 * succeeds only after the load. */
static void test_figures_of_a_timed_run(void **state)
{
    (void)state;
    struct bench bench;
    start(&bench, 2, duration_s(4));
    operate(&bench, 100, 0, 300, 1, true);
    operate(&bench, 200, 0, 2100, 4, false);
    operate(&bench, 2900, 0, 5200, 2, true);
    operate(&bench, 3500, 0, 3600, 1, true);
    /* It is due in second 1, and dropped by a stalled worker in second 3. */
    struct fact dropped = {.kind = FACT_DROPPED, .at = {3 * NS_PER_S}};
    dropped.dropped.intended = (struct instant){NS_PER_S};
    tally_take(&bench.tally, &dropped);
    compute(&bench);
    tally_check(&bench.tally);
    /* One in five dropped: said, but no SLO is decided by it. */
    assert_false(bench.result.generator.saturated);
    assert_int_equal(bench.result.verdict, RUN_DONE);

    const struct panel_figures *total = &bench.result.total;
    assert_near(total->seconds, 4);
    assert_near(total->offered_per_s, 5.0 / 4);
    assert_near(total->operations_per_s, 4.0 / 4);
    assert_near(total->attempts_per_s, 8.0 / 4);
    assert_near(total->goodput_per_s, 2.0 / 4);
    assert_near(total->success_rate, 3.0 / 4);
    assert_near(total->attempts_per_operation, 8.0 / 4);
    assert_near(total->retry_share, 4.0 / 8);
    assert_near(total->wasted_share, 0);
    assert_near(bench.result.stages[0].seconds, 3);
    assert_near(bench.result.stages[0].offered_per_s, 4.0 / 3);
    assert_near(bench.result.stages[0].success_rate, 2.0 / 3);
    assert_near(bench.result.stages[1].goodput_per_s, 1);
    assert_near(bench.result.requests[0].offered_per_s, 5.0 / 4);
    /* Second 0: 5 sends for 2 starts. */
    assert_near(bench.result.peak_1s, 2.5);

    static const int64_t in_flight[] = {1, 1, 1, 1, 1, 0};
    static const uint64_t offered[] = {2, 1, 1, 1, 0, 0};
    static const uint64_t succeeded[] = {1, 0, 0, 1, 0, 1};
    static const uint64_t failed[] = {0, 0, 1, 0, 0, 0};
    static const uint64_t retries[] = {3, 0, 1, 0, 0, 0};
    assert_int_equal(bench.result.series_count, 6);
    assert_int_equal(bench.result.series_interval.ns, NS_PER_S);
    for (size_t i = 0; i < 6; i++) {
        const struct series_point *point = &bench.result.series[i];
        assert_int_equal(point->in_flight, in_flight[i]);
        assert_int_equal(point->offered, offered[i]);
        assert_int_equal(point->succeeded, succeeded[i]);
        assert_int_equal(point->failed, failed[i]);
        assert_int_equal(point->retries, retries[i]);
    }
    assert_true(bench.result.series[1].p50_us == -1);
    assert_true(has_warning(&bench, "1 operations (20 %) were due"));
    arena_release(&bench.arena);
}

/* What this machine could not send is not the service's doing: it is said. */
static void test_attempts_that_could_not_be_made(void **state)
{
    (void)state;
    for (unsigned sent = 98; sent <= 100; sent++) {
        struct bench bench;
        start(&bench, 1, duration_s(4));
        for (unsigned i = 0; i < sent; i++) {
            operate(&bench, 100, 0, 300, 1, true);
        }
        struct fact unsent = {.at = {200 * NS_PER_MS}};
        attempt(&bench, unsent, ATTEMPT_FIRST, OUTCOME_NO_SOCKET, false);
        compute(&bench);
        assert_true(
            has_warning(&bench, "1 attempts (1 %) could not be made") ||
            has_warning(&bench, "1 attempts (0.99 %)"));
        assert_int_equal(bench.result.verdict, RUN_DONE);
        arena_release(&bench.arena);
    }
}

/* An operation at one second, that its client shed or the service refused. */
static void give_up(struct bench *bench, int64_t at_ms, enum verdict verdict,
                    unsigned limit, double budget_level)
{
    struct fact fact = {.kind = FACT_STARTED, .at = {at_ms * NS_PER_MS}};
    fact.started.intended = fact.at;
    tally_take(&bench->tally, &fact);
    if (verdict == VERDICT_REJECTED) {
        attempt(bench, fact, ATTEMPT_FIRST, OUTCOME_REJECTED, true);
        attempt(bench, fact, ATTEMPT_HEDGE, OUTCOME_REJECTED, true);
    }
    fact.kind = FACT_FINISHED;
    memset(&fact.finished, 0, sizeof(fact.finished));
    fact.finished.verdict = verdict;
    fact.finished.reason = FINISH_THROTTLED;
    fact.finished.attempts = verdict == VERDICT_REJECTED ? 2 : 0;
    fact.finished.hedges = verdict == VERDICT_REJECTED;
    fact.finished.intended = fact.at;
    fact.finished.limit = limit;
    fact.finished.has_budget = budget_level >= 0;
    fact.finished.budget_level = budget_level;
    tally_take(&bench->tally, &fact);
}

static void move_breaker(struct bench *bench, int64_t at_ms,
                         enum breaker_state from, enum breaker_state to)
{
    struct fact fact = {.kind = FACT_BREAKER, .at = {at_ms * NS_PER_MS}};
    fact.breaker.from = from;
    fact.breaker.to = to;
    tally_take(&bench->tally, &fact);
}

/* What clients shed is not what failed, and a second knows its layers. */
static void test_the_series_shows_the_policy(void **state)
{
    (void)state;
    struct bench bench;
    start(&bench, 1, duration_s(4));
    bench.tally.config.layers =
        1u << LAYER_BREAKER | 1u << LAYER_HEDGE | 1u << LAYER_CONCURRENCY;
    give_up(&bench, 100, VERDICT_SHED, 10, 7.5);
    give_up(&bench, 200, VERDICT_REJECTED, 21, 2.5);
    move_breaker(&bench, 1500, BREAKER_CLOSED, BREAKER_OPEN);
    give_up(&bench, 2100, VERDICT_SHED, 4, -1);
    move_breaker(&bench, 3600, BREAKER_OPEN, BREAKER_HALF_OPEN);
    give_up(&bench, 3700, VERDICT_REJECTED, 4, 1);
    move_breaker(&bench, 3750, BREAKER_HALF_OPEN, BREAKER_OPEN);
    compute(&bench);
    tally_check(&bench.tally);

    static const uint64_t rejected[] = {1, 0, 0, 1};
    static const uint64_t shed[] = {1, 0, 1, 0};
    static const int64_t open[] = {0, 1, 1, 1};
    static const double limit[] = {15.5, -1, 4, 4};
    static const double level[] = {2.5, -1, -1, 1};
    assert_int_equal(bench.result.series_count, 4);
    for (size_t i = 0; i < 4; i++) {
        const struct series_point *point = &bench.result.series[i];
        assert_int_equal(point->failed, rejected[i] + shed[i]);
        assert_int_equal(point->rejected, rejected[i]);
        assert_int_equal(point->hedges, rejected[i]);
        assert_int_equal(point->shed, shed[i]);
        assert_int_equal(point->breakers_open, open[i]);
        assert_near(point->limit, limit[i]);
        assert_near(point->budget_level, level[i]);
        assert_int_equal(point->finished, point->succeeded + point->failed);
    }
    /* 1.5 s to 3.6 s, and 3.75 s to the end of the load. */
    assert_int_equal(bench.result.policy.breaker_open.ns, 2350 * NS_PER_MS);
    assert_near(bench.result.total.hedge_share, 0.5);
    assert_true(bench.result.policy.limit_end <
                0); /* no client recorded one */
    arena_release(&bench.arena);
}

static void test_a_series_without_layers_measures_none(void **state)
{
    (void)state;
    struct bench bench;
    start(&bench, 1, duration_s(4));
    give_up(&bench, 100, VERDICT_SHED, 10, -1);
    compute(&bench);
    const struct series_point *point = &bench.result.series[0];
    assert_int_equal(point->shed, 1);
    assert_true(point->hedges == -1 && point->breakers_open == -1);
    assert_true(point->limit < 0 && point->budget_level < 0);
    assert_true(bench.result.total.hedge_share < 0);
    assert_true(bench.result.policy.breaker_open.ns < 0);
    assert_true(bench.result.policy.budget_level_end < 0);
    arena_release(&bench.arena);
}

/* 10 operations and no length: starts in 0.9 s, the last verdict at 2 s. */
static void run_by_count(struct bench *bench, bool open_model)
{
    start(bench, 1, DURATION_FOREVER);
    for (int64_t i = 0; i < 10; i++) {
        operate(bench, i * 100, 0, i == 9 ? 2000 : i * 100 + 50, 1, true);
    }
    bench->input.measured = duration_ms(1000);
    bench->input.open_model = open_model;
    compute(bench);
}

static void test_a_run_by_count_lasts_until_its_last_verdict(void **state)
{
    (void)state;
    struct bench bench;
    run_by_count(&bench, true);
    assert_near(bench.result.total.operations_per_s, 10);
    assert_near(bench.result.total.goodput_per_s, 5);
    arena_release(&bench.arena);

    run_by_count(&bench, false);
    assert_near(bench.result.total.operations_per_s, 5);
    assert_near(bench.result.total.goodput_per_s, 5);
    arena_release(&bench.arena);

    /* Interrupted, its length is what ran. */
    run_by_count(&bench, false);
    bench.input.complete = false;
    compute(&bench);
    assert_near(bench.result.total.operations_per_s, 10);
    arena_release(&bench.arena);
}

/* A worker's clock that ends a millisecond early makes no count of it. */
static void test_a_timed_run_that_ends_a_little_early(void **state)
{
    (void)state;
    struct bench bench;
    start(&bench, 1, duration_s(4));
    operate(&bench, 0, 0, 8000, 1, true);
    bench.input.measured.ns -= NS_PER_MS;
    bench.input.open_model = false;
    compute(&bench);
    assert_near(bench.result.total.seconds, 3.999);
    assert_near(bench.result.total.goodput_per_s, 0);
    arena_release(&bench.arena);
}

static void test_nothing_is_not_zero(void **state)
{
    (void)state;
    struct bench bench;
    start(&bench, 1, duration_s(4));
    bench.input.measured = DURATION_ZERO;
    compute(&bench);
    assert_true(bench.result.total.offered_per_s < 0);
    assert_true(bench.result.total.success_rate < 0);
    assert_true(bench.result.total.attempts_per_operation < 0);
    assert_true(bench.result.total.retry_share < 0);
    assert_true(bench.result.peak_1s < 0);
    assert_true(bench.result.herd.dispersion_10ms < 0);
    assert_int_equal(bench.result.effects.oracle, ORACLE_NONE);
    assert_int_equal(bench.result.series_count, 0);
    assert_int_equal(bench.result.verdict, RUN_INVALID);
    assert_int_equal(bench.result.generator.warning_count, 0);
    arena_release(&bench.arena);
}

/* Attempts that never reached the wire are no load on the service. */
static void test_unsent_attempts_are_no_load(void **state)
{
    (void)state;
    struct bench bench;
    start(&bench, 1, duration_s(4));
    operate(&bench, 0, 0, 10, 1, true);
    struct fact fact = {.at = {0}};
    attempt(&bench, fact, ATTEMPT_RETRY, OUTCOME_CONNECT_REFUSED, false);
    attempt(&bench, fact, ATTEMPT_RETRY, OUTCOME_CONNECT_REFUSED, false);
    compute(&bench);
    assert_int_equal(bench.tally.total.attempts, 3);
    assert_near(bench.result.total.attempts_per_operation, 1);
    assert_near(bench.result.total.retry_share, 0);
    arena_release(&bench.arena);
}

/* Of ten tenths of a second: how long the loop was away, the share of them on
 * a core, and the wait for one. */
static void tell_of_worker(struct bench *bench, int64_t away_ms, double cpu,
                           int64_t waiting_ms)
{
    struct fact fact = {.kind = FACT_WORKER};
    for (int i = 0; i < 10; i++) {
        fact.worker.wall = duration_ms(100);
        fact.worker.cpu = duration_ms((int64_t)(100 * cpu));
        fact.worker.waiting = (struct duration){waiting_ms * NS_PER_MS / 10};
        fact.worker.away = duration_ms(i == 0 ? away_ms : 0);
        fact.worker.away_sum = fact.worker.away;
        fact.worker.stalls = i == 0 && away_ms >= 10;
        fact.worker.lag = duration_ms(2);
        tally_take(&bench->tally, &fact);
    }
}

/* Lateness p99 and operation p99; how the worker did; what must come of it.
 * Whoever was kept from work is not saturated. */
static void test_the_generator_knows_its_limits(void **state)
{
    (void)state;
    static const struct {
        int64_t lag_us, operation_ms;
        double cpu; /* share, of the run and of its late times */
        int64_t away_ms, waiting_ms;
        bool open_model, saturated;
        const char *warning; /* NULL: none at all */
    } cases[] = {
        {1000, 9, 0.5, 0, 0, true, false, NULL},
        {5100, 50, 0.5, 0, 400, true, false,
         "late, p99 5.1 ms; this machine was busy: squall waited 400 ms for a "
         "CPU, up to 40 ms at a time"},
        {5100, 50, 0.85, 0, 0, true, true, "lower the rate, or use more"},
        {5100, 60, 0.85, 0, 0, true, false, "lower the rate, or use more"},
        {5100, 50, 0.5, 0, 0, true, false, "was stopped"},
        {5100, 50, 0.5, 0, 0, false, false, NULL},
        {900, 9, 0.90, 0, 0, true, false, NULL},
        {900, 9, 0.94, 0, 0, true, false, "94 % of its core"},
        {900, 9, 0.97, 0, 0, true, true, "97 % of its core"},
        {0, 9, 0.97, 0, 0, false, true, "97 % of its core"},
        {0, 9, 0.1, 500, 0, false, false,
         "for up to 500 ms, and 1 time for 10 ms or more; it had little to "
         "do"},
        {0, 9, 0.1, 11, 100, true, false,
         "squall waited 100 ms for a CPU, up to 10 ms"},
        {0, 9, 0.1, 500, 100, true, false, "was stopped"},
        {0, 9, 0.85, 40, 0, false, false, "it was at work all the time"},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        struct bench bench;
        start(&bench, 1, duration_s(4));
        operate(&bench, 0, cases[i].lag_us, cases[i].operation_ms, 1, true);
        tell_of_worker(&bench, cases[i].away_ms, cases[i].cpu,
                       cases[i].waiting_ms);
        bench.input.cpu_share = cases[i].cpu;
        bench.input.open_model = cases[i].open_model;
        compute(&bench);
        assert_int_equal(bench.result.generator.saturated, cases[i].saturated);
        assert_int_equal(bench.result.verdict, RUN_DONE);
        if (cases[i].warning) {
            assert_true(has_warning(&bench, cases[i].warning));
        } else {
            assert_int_equal(bench.result.generator.warning_count, 0);
        }
        arena_release(&bench.arena);
    }
}

static void test_waits_for_connections_have_units(void **state)
{
    (void)state;
    static const struct {
        int64_t wait_ms;
        const char *warning;
    } cases[] = {
        {20, "waited 20 ms at p50 for one of 2 connections"},
        {640, "waited 640 ms at p50"},
        {2000, "waited 2.00 s at p50"},
        {3600 * 1000, "waited 3600.00 s at p50"},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        struct bench bench;
        start(&bench, 1, duration_s(4));
        bench.queue = duration_ms(cases[i].wait_ms);
        bench.input.connections = 2;
        operate(&bench, 0, 0, 50, 1, true);
        compute(&bench);
        assert_true(bench.result.generator.lacks_connections);
        if (!has_warning(&bench, cases[i].warning)) {
            fail_msg("%s: not in \"%s\"", cases[i].warning,
                     bench.result.generator.warnings[0]);
        }
        arena_release(&bench.arena);
    }
}

static void test_the_host_of_a_machine_may_be_busy(void **state)
{
    (void)state;
    struct bench bench;
    start(&bench, 1, duration_s(4));
    operate(&bench, 0, 0, 9, 1, true);
    tell_of_worker(&bench, 500, 0.1, 20);
    bench.input.stolen = duration_ms(300);
    compute(&bench);
    assert_true(has_warning(&bench, "the host of this machine was busy: it "
                                    "took 300 ms of its cores"));
    arena_release(&bench.arena);
}

static void test_what_is_not_covered_is_said(void **state)
{
    (void)state;
    struct bench bench;
    start(&bench, 1, duration_s(100000));
    operate(&bench, 0, 0, 3600 * 1000 + 1, 1, true);
    bench.input.measured = duration_s(3601);
    compute(&bench);
    assert_true(has_warning(&bench, "1 durations above 1 h"));
    assert_true(has_warning(&bench, "the first hour only"));
    assert_false(has_warning(&bench, "24 hours"));
    bench.input.measured = duration_s(24 * 3600 + 1);
    compute(&bench);
    assert_true(has_warning(&bench, "24 hours"));
    assert_false(has_warning(&bench, "sends were recorded"));

    struct fact sent = {.kind = FACT_SENT};
    tally_take(&bench.tally, &sent);
    compute(&bench);
    assert_true(has_warning(&bench, "2 sends were recorded and 1 attempts"));
    arena_release(&bench.arena);
}

/* incomplete > invalid > fail > done, over all sixteen combinations. */
static void test_the_order_of_verdicts(void **state)
{
    (void)state;
    struct slo missed, slos[2];
    char problem[100];
    size_t at;
    assert_true(slo_parse(&missed, "p99 < 1ms", problem, 100, &at));
    assert_true(slo_parse(&slos[0], "throughput > 9/s", problem, 100, &at));
    for (unsigned bits = 0; bits < 16; bits++) {
        bool fails = bits & 1;
        bool undecided = bits & 2; /* what squall cannot give more of */
        bool unverified = bits & 4;
        bool incomplete = bits & 8;
        struct effect_figures effects = {
            .oracle = unverified ? ORACLE_UNVERIFIED : ORACLE_LEDGER};
        struct bench bench;
        start(&bench, 1, duration_s(4));
        operate(&bench, 0, 0, 7, 1, true);
        slos[1] = missed;
        bench.input.cpu_share = 0.97;
        bench.input.slos = undecided ? slos : slos + 1;
        bench.input.slo_count = (size_t)fails + undecided;
        bench.input.effects = &effects;
        bench.input.complete = !incomplete;
        compute(&bench);
        enum run_verdict expected = incomplete   ? RUN_INCOMPLETE
                                    : unverified ? RUN_INVALID
                                    : fails      ? RUN_FAIL
                                    : undecided  ? RUN_INVALID
                                                 : RUN_DONE;
        assert_int_equal(bench.result.verdict, expected);
        assert_int_equal(bench.result.only_undecided,
                         undecided && expected == RUN_INVALID && !unverified);
        arena_release(&bench.arena);
    }
}

/* What was to be done to the service and was not comes before any SLO, and
 * after an interruption. */
static void test_a_timeline_that_was_not_carried_out(void **state)
{
    struct slo missed;
    char problem[200];
    size_t at;

    (void)state;
    assert_true(
        slo_parse(&missed, "p50 < 1us", problem, sizeof(problem), &at));
    for (int complete = 0; complete < 2; complete++) {
        struct bench bench;
        start(&bench, 1, duration_s(4));
        operate(&bench, 0, 0, 7, 1, complete);
        bench.input.slos = &missed;
        bench.input.slo_count = 1;
        bench.input.complete = complete;
        bench.input.timeline_problem = "timeline[0].run (x): no";
        compute(&bench);
        assert_int_equal(bench.result.verdict,
                         complete ? RUN_INVALID : RUN_INCOMPLETE);
        assert_false(bench.result.only_undecided);
        if (complete) {
            assert_string_equal(bench.result.problem,
                                "timeline[0].run (x): no");
        } else {
            assert_non_null(strstr(bench.result.problem,
                                   "timeline[0].run (x): no; none of 1 "));
        }
        arena_release(&bench.arena);
    }
}

static void test_a_verdict_is_found_by_its_name(void **state)
{
    enum run_verdict found;
    (void)state;
    for (int v = 0; v < RUN_VERDICT_COUNT; v++) {
        enum run_verdict verdict = (enum run_verdict)v;
        assert_true(run_verdict_find(run_verdict_name(verdict), &found));
        assert_int_equal(found, verdict);
    }
    assert_false(run_verdict_find("good", &found));
    assert_null(run_verdict_problem(RUN_FAIL));
    assert_non_null(run_verdict_problem(RUN_INCOMPLETE));
    assert_int_equal(run_verdict_exit_status(RUN_INVALID), 3);
}

/* Measured are 4 s: a tenth of that is what starts may be late by, at p99. */
static void test_a_load_that_is_late_is_another(void **state)
{
    static const struct {
        int64_t lag_ms;
        bool open_model, is_replay, too_late;
    } cases[] = {
        {390, true, false, false},
        {410, true, false, true},
        {410, false, false, false},
        {410, true, true, false},
    };
    (void)state;
    for (size_t i = 0; i < array_length(cases); i++) {
        struct bench bench;
        start(&bench, 1, duration_s(4));
        operate(&bench, 0, cases[i].lag_ms * 1000, 1000, 1, true);
        bench.input.open_model = cases[i].open_model;
        bench.input.is_replay = cases[i].is_replay;
        compute(&bench);
        assert_int_equal(bench.result.generator.too_late, cases[i].too_late);
        arena_release(&bench.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures_of_a_timed_run),
        cmocka_unit_test(test_attempts_that_could_not_be_made),
        cmocka_unit_test(test_the_series_shows_the_policy),
        cmocka_unit_test(test_a_series_without_layers_measures_none),
        cmocka_unit_test(test_a_run_by_count_lasts_until_its_last_verdict),
        cmocka_unit_test(test_a_timed_run_that_ends_a_little_early),
        cmocka_unit_test(test_nothing_is_not_zero),
        cmocka_unit_test(test_unsent_attempts_are_no_load),
        cmocka_unit_test(test_a_load_that_is_late_is_another),
        cmocka_unit_test(test_the_generator_knows_its_limits),
        cmocka_unit_test(test_waits_for_connections_have_units),
        cmocka_unit_test(test_the_host_of_a_machine_may_be_busy),
        cmocka_unit_test(test_what_is_not_covered_is_said),
        cmocka_unit_test(test_the_order_of_verdicts),
        cmocka_unit_test(test_a_timeline_that_was_not_carried_out),
        cmocka_unit_test(test_a_verdict_is_found_by_its_name),
    };
    return cmocka_run_group_tests_name("measure/result", tests, NULL, NULL);
}
