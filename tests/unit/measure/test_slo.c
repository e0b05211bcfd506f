/* Expressions: what is understood, what is refused and in which words, and
 * every metric judged on a small run that was counted by hand. */
#include "measure/slo.h"

#include "base/must.h"
#include "measure/result.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct slo parse(const char *text)
{
    struct slo slo;
    char problem[200] = "";
    size_t at = 0;
    if (!slo_parse(&slo, text, problem, sizeof(problem), &at)) {
        fail_msg("%s: %zu: %s", text, at, problem);
    }
    assert_string_equal(slo.text, text);
    return slo;
}

static void test_expressions_are_understood(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name, *request, *phase;
        enum metric_unit unit;
        enum slo_operator op;
        double value;
    } cases[] = {
        {"p99 < 250ms", "p99", "", "", UNIT_DURATION, SLO_LT, 250000},
        {"p99{request=\"checkout\"} < 100ms", "p99", "checkout", "",
         UNIT_DURATION, SLO_LT, 100000},
        {"success_rate{phase=\"spike\"} >= 99%", "success_rate", "", "spike",
         UNIT_RATIO, SLO_GE, 0.99},
        {"amplification <= 1.2", "amplification", "", "", UNIT_FACTOR, SLO_LE,
         1.2},
        {"duplicates == 0", "duplicates", "", "", UNIT_COUNT, SLO_EQ, 0},
        {"effects.duplicate == 0", "duplicates", "", "", UNIT_COUNT, SLO_EQ,
         0},
        {"operations.failed == 0", "failed", "", "", UNIT_COUNT, SLO_EQ, 0},
        {"errors == 0", "failed", "", "", UNIT_COUNT, SLO_EQ, 0},
        {"policy.retry_budget.denied == 0", "retries_denied", "", "",
         UNIT_COUNT, SLO_EQ, 0},
        {"latency.succeeded.p99 < 1us", "succeeded.p99", "", "", UNIT_DURATION,
         SLO_LT, 1},
        {"latency.attempt.p99_9_us < 1us", "attempt.p99.9", "", "",
         UNIT_DURATION, SLO_LT, 1},
        {"generator.schedule_lag.max_us < 1us", "schedule_lag.max", "", "",
         UNIT_DURATION, SLO_LT, 1},
        {"avg < 1us", "mean", "", "", UNIT_DURATION, SLO_LT, 1},
        {"failed.avg < 1us", "failed.mean", "", "", UNIT_DURATION, SLO_LT, 1},
        {"attempt.p50<20ms", "attempt.p50", "", "", UNIT_DURATION, SLO_LT,
         20000},
        {" operation.p99.9 <= 1.5s ", "operation.p99.9", "", "", UNIT_DURATION,
         SLO_LE, 1500000},
        {"schedule_lag.max != 0", "schedule_lag.max", "", "", UNIT_DURATION,
         SLO_NE, 0},
        {"goodput{request=a-b.c}>2000/s", "goodput", "a-b.c", "", UNIT_PER_S,
         SLO_GT, 2000},
        {"mean { phase = 'the spike' } < 80us", "mean", "", "the spike",
         UNIT_DURATION, SLO_LT, 80},
        {"error_rate < 0.001", "error_rate", "", "", UNIT_RATIO, SLO_LT,
         0.001},
        {"p100 < 1m", "p100", "", "", UNIT_DURATION, SLO_LT, 6e7},
        {"operations >= 100_000", "operations", "", "", UNIT_COUNT, SLO_GE,
         100000},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        struct slo slo = parse(cases[i].text);
        char name[SLO_NAME_MAX];
        const struct slo_term *term = &slo.terms[0];
        const struct slo_metric *metric = &term->metric;
        enum slo_part part = cases[i].request[0] ? SLO_REQUEST
                             : cases[i].phase[0] ? SLO_PHASE
                                                 : SLO_WHOLE;
        slo_metric_name(metric, name, sizeof(name));
        assert_int_equal(slo.term_count, 1);
        assert_string_equal(name, cases[i].name);
        assert_int_equal(metric->part, part);
        if (part != SLO_WHOLE) {
            assert_string_equal(metric->name, part == SLO_REQUEST
                                                  ? cases[i].request
                                                  : cases[i].phase);
        }
        assert_int_equal(term->unit, cases[i].unit);
        assert_int_equal(term->op, cases[i].op);
        assert_true(fabs(term->value - cases[i].value) <=
                    1e-12 * cases[i].value);
    }
}

static void test_refusals_say_what_to_write(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t at;
        const char *part; /* of what is said */
    } cases[] = {
        {"", 0, "a metric must stand here"},
        {"< 5", 0, "a metric must stand here"},
        {"succes_rate > 1%", 0, "did you mean \"success_rate\"?"},
        {"http_req_duration < 1s", 0, "did you mean \"p95\"?"},
        {"http_req_duration.p(99) < 1s", 0, "did you mean \"p99\"?"},
        {"http_req_waiting.p(90) < 1s", 0, "did you mean \"first_byte.p90\"?"},
        {"http_req_failed.rate<0.01", 0, "did you mean \"failure_rate\"?"},
        {"p(95) < 1s", 0, "did you mean \"p95\"?"},
        {"attempt.p(99.9) < 1s", 0, "did you mean \"attempt.p99.9\"?"},
        {"http_reqs > 1/s", 0, "did you mean \"rps\"?"},
        {"  duplicate == 0", 2, "did you mean \"duplicates\"?"},
        {"zebra == 0", 0, "explain slo"},
        {"attempt < 5ms", 0, "such as attempt.p99"},
        {"schedule_lag < 5ms", 0, "schedule_lag.p99"},
        {"p101 < 5ms", 0, "no metric \"p101\""},
        {"p < 5ms", 0, "no metric \"p\""},
        {"p9x < 5ms", 0, "no metric"},
        {"p99", 3, "one of < <= > >= == !="},
        {"p99 = 5ms", 4, "write \"==\""},
        {"p99 =< 5ms", 4, "one of < <= > >= == !="},
        {"p99 <", 5, "a duration such as 250ms"},
        {"p99 < 250", 6, "250ms"},
        {"p99 < 10%", 6, "is not a value for p99: write a duration"},
        {"p99 < -5ms", 6, "a duration"},
        {"success_rate >= 99", 16, "percent sign"},
        {"success_rate >= 120%", 16, "more than the whole"},
        {"success_rate >= 5ms", 16, "a share such as 99.9%"},
        {"amplification <= 120%", 17, "a plain number such as 1.2"},
        {"amplification <= -1", 17, "a plain number"},
        {"amplification <= inf", 17, "a plain number"},
        {"duplicates == 0.5", 14, "a whole number"},
        {"goodput > 2000", 10, "a rate such as 2000/s"},
        {"p99{} < 5ms", 4, "{request=\"NAME\"}"},
        {"p99{verb=\"x\"} < 5ms", 4, "{request=\"NAME\"}"},
        {"p99{request} < 5ms", 4, "{request=\"NAME\"}"},
        {"p99{request=\"x} < 5ms", 12, "a name in quotes"},
        {"p99{request=\"\"} < 5ms", 12, "a name in quotes"},
        {"p99{request=x < 5ms", 14, "\"}\" must stand here"},
        {"p99{request=x,phase=y} < 5ms", 20, "not of several together"},
        {"duplicates{request=x} == 0", 10, "the whole run only"},
        {"schedule_lag.p99{phase=x} < 1ms", 16, "the whole run only"},
        {"p99 < 5ms extra", 6, "is not a value"},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        struct slo slo;
        char problem[200] = "";
        size_t at = 999;
        assert_false(
            slo_parse(&slo, cases[i].text, problem, sizeof(problem), &at));
        if (at != cases[i].at || !strstr(problem, cases[i].part)) {
            fail_msg("%s: %zu: %s", cases[i].text, at, problem);
        }
    }
}

/* No text of any length writes past its bounds. */
static void test_endless_texts_are_refused(void **state)
{
    (void)state;
    static const char *const patterns[] = {"a", "p99{request=\"a", "p99<1",
                                           "a.", "9"};
    for (size_t i = 0; i < array_length(patterns); i++) {
        char text[2000] = "";
        while (strlen(text) + 20 < sizeof(text)) {
            size_t length = strlen(text);
            snprintf(text + length, sizeof(text) - length, "%s",
                     length == 0 ? patterns[i]
                                 : patterns[i] + strlen(patterns[i]) - 1);
            struct slo slo;
            char problem[40];
            size_t at;
            if (!slo_parse(&slo, text, problem, sizeof(problem), &at)) {
                assert_true(at <= strlen(text));
                assert_true(strlen(problem) < sizeof(problem));
            }
        }
    }
}

static void test_every_metric_that_is_described_parses(void **state)
{
    (void)state;
    static const char *const values[][2] = {
        {"duration", "1ms"}, {"ratio", "1%"}, {"count", "1"},
        {"rate", "1/s"},     {"factor", "1"}, {"size", "1kB"},
        {"flow", "1MB/s"},
    };
    const char *name;
    const char *unit;
    const char *sentence;
    size_t count = 0;
    for (; slo_metric_describe(count, &name, &unit, &sentence); count++) {
        char text[SLO_TEXT_MAX];
        const char *value = NULL;
        for (size_t i = 0; i < array_length(values); i++) {
            if (strcmp(values[i][0], unit) == 0) {
                value = values[i][1];
            }
        }
        assert_non_null(value);
        snprintf(text, sizeof(text), "%s < %s", name, value);
        struct slo slo = parse(text);
        char again[SLO_NAME_MAX];
        slo_metric_name(&slo.terms[0].metric, again, sizeof(again));
        if (strncmp(name, "operation.", 10) != 0) {
            assert_string_equal(again, name);
        }
        assert_int_equal(sentence[strlen(sentence) - 1], '.');
    }
    assert_true(count > 40);
}

/* A run of two requests and two stages; figures are set by hand. */
struct small_run {
    struct arena arena;
    struct tally tally;
    struct effect_figures effects;
    struct result result;
};

static void count(struct small_run *run, uint16_t request, uint16_t stage,
                  int64_t ms, bool succeeded)
{
    struct fact fact = {
        .kind = FACT_STARTED, .request = request, .stage = stage};
    fact.started.intended = fact.at;
    tally_take(&run->tally, &fact);
    fact.kind = FACT_SENT;
    fact.sent.kind = ATTEMPT_FIRST;
    tally_take(&run->tally, &fact);
    fact.kind = FACT_DONE;
    fact.at.ns = ms * NS_PER_MS;
    fact.done.kind = ATTEMPT_FIRST;
    fact.done.outcome = succeeded ? OUTCOME_OK : OUTCOME_TIMEOUT;
    fact.done.status = 0;
    fact.done.was_sent = true;
    fact.done.wasted = false;
    fact.done.resend_refused = false;
    fact.done.latency = duration_ms(ms);
    fact.done.first_byte = fact.done.connect = NOT_MEASURED;
    fact.done.queue = DURATION_ZERO;
    tally_take(&run->tally, &fact);
    fact.kind = FACT_FINISHED;
    memset(&fact.finished, 0, sizeof(fact.finished));
    fact.finished.limit = 11;
    fact.finished.verdict = succeeded ? VERDICT_SUCCEEDED : VERDICT_AMBIGUOUS;
    fact.finished.reason = FINISH_ANSWERED;
    fact.finished.intended = (struct instant){0};
    fact.finished.attempts = 1;
    fact.finished.backoff = DURATION_ZERO;
    tally_take(&run->tally, &fact);
}

/* One more of look that the breaker shed, after it had waited. */
static void shed(struct small_run *run)
{
    struct fact fact = {.kind = FACT_STARTED, .request = 1};
    tally_take(&run->tally, &fact);
    memset(&fact.finished, 0, sizeof(fact.finished));
    fact.kind = FACT_FINISHED;
    fact.at.ns = 4 * NS_PER_MS;
    fact.finished.verdict = VERDICT_SHED;
    fact.finished.reason = FINISH_BREAKER_OPEN;
    fact.finished.refusals[LAYER_BREAKER] = 3;
    fact.finished.refusals[LAYER_CONCURRENCY] = 2;
    fact.finished.refusals[LAYER_RATE_LIMIT] = 4;
    fact.finished.refusals[LAYER_THROTTLE] = 5;
    fact.finished.waited_place = true;
    fact.finished.limit_wait = duration_ms(4);
    fact.finished.limit = 12;
    tally_take(&run->tally, &fact);
}

/* Client 7 opens at 500 ms and is open still; it is left with a limit of 10,
 * another with one of 15. */
static void end_clients(struct small_run *run)
{
    struct fact fact = {.kind = FACT_BREAKER, .at = {500 * NS_PER_MS}};
    fact.breaker.client = 7;
    fact.breaker.from = BREAKER_CLOSED;
    fact.breaker.to = BREAKER_OPEN;
    tally_take(&run->tally, &fact);
    for (unsigned i = 0; i < 2; i++) {
        fact.kind = FACT_CLIENT;
        fact.client.budget_level = 3 + 2 * i;
        fact.client.limit = 10 + 5 * i;
        fact.client.running_max = 9 - i;
        fact.client.queued_max = i;
        tally_take(&run->tally, &fact);
    }
}

static const uint32_t layers_on =
    1u << LAYER_BREAKER | 1u << LAYER_HEDGE | 1u << LAYER_CONCURRENCY |
    1u << LAYER_THROTTLE | 1u << LAYER_RATE_LIMIT;

/* buy: 1, 2, 3 ms succeeded; look: 10 ms not succeeded. The stage 1 is empty.
 */
static void start_layered(struct small_run *run, bool open_model,
                          uint32_t layers)
{
    static const char *const requests[] = {"buy", "look"};
    static const char *const stages[] = {"base", "spike"};
    static const struct duration lengths[] = {{NS_PER_S}, {NS_PER_S}};
    *run = (struct small_run){.arena = ARENA_INIT};
    tally_init(&run->tally, &run->arena,
               &(struct tally_config){.requests = 2,
                                      .stages = 2,
                                      .load_length = {2 * NS_PER_S},
                                      .layers = layers});
    count(run, 0, 0, 1, true);
    count(run, 0, 0, 2, true);
    count(run, 0, 0, 3, true);
    count(run, 1, 0, 10, false);
    if (layers) {
        shed(run);
        end_clients(run);
    }
    run->effects = (struct effect_figures){.oracle = ORACLE_LEDGER,
                                           .operations_checked = 4};
    run->effects.classes[EFFECT_DUPLICATE] = 2;
    run->effects.table[VERDICT_SUCCEEDED][1] = 2;
    run->effects.table[VERDICT_REJECTED][0] = 1;
    run->effects.resent = 1;
    result_compute(&run->result, &run->arena,
                   &(struct result_input){
                       .tally = &run->tally,
                       .request_count = 2,
                       .stage_count = 2,
                       .request_names = requests,
                       .stage_names = stages,
                       .stage_lengths = lengths,
                       .measured = {2 * NS_PER_S},
                       .effects = &run->effects,
                       .open_model = open_model,
                       .complete = true,
                   });
}

static void start_run(struct small_run *run, bool open_model)
{
    start_layered(run, open_model, 0);
}

struct judged {
    const char *text;
    bool pass;
    double value;
};

static void assert_judged(const struct small_run *run,
                          const struct judged *expected)
{
    struct slo slo = parse(expected->text);
    struct slo_judgement judgement = slo_judge(&slo, &run->result);
    if (!judgement.measured || judgement.pass != expected->pass ||
        fabs(judgement.value - expected->value) > 1e-9) {
        fail_msg("%s: %g %s", expected->text, judgement.value,
                 judgement.reason);
    }
}

static void test_judgements(void **state)
{
    (void)state;
    static const struct judged cases[] = {
        {"p50 == 2ms", true, 2000},
        {"operation.p99 < 10ms", false, 10000},
        {"operation.p99 <= 10ms", true, 10000},
        /* One of four failed, late: it never succeeded. */
        {"p75 == 3ms", true, 3000},
        {"time_to_success.p75 < 4ms", true, 3000},
        {"p76 < 1h", false, -1},
        {"p99 < 1h", false, -1},
        {"p99 > 1us", false, -1},
        {"p99 != 1us", false, -1},
        {"max < 1h", false, -1},
        {"mean < 1h", false, -1},
        {"max{request=buy} == 3ms", true, 3000},
        {"succeeded.p99 < 10ms", true, 3000},
        {"p99{request=buy} < 5ms", true, 3000},
        {"operation.p99{request=look} > 5ms", true, 10000},
        {"operation.max{phase=base} != 10ms", false, 10000},
        {"min == 1ms", true, 1000},
        {"operation.mean == 4ms", true, 4000},
        {"succeeded.max == 3ms", true, 3000},
        {"attempt.p25 == 1ms", true, 1000},
        {"queue.max == 0", true, 0},
        {"success_rate >= 75%", true, 0.75},
        {"success_rate > 75%", false, 0.75},
        {"success_rate{request=buy} == 1", true, 1},
        {"error_rate <= 25%", true, 0.25},
        {"amplification == 1", true, 1},
        {"peak_1s == 1", true, 1},
        {"retry_share == 0%", true, 0},
        {"operations == 4", true, 4},
        {"succeeded{request=look} == 0", true, 0},
        {"ambiguous == 1", true, 1},
        {"goodput == 1.5/s", true, 1.5},
        {"goodput{phase=base} == 3/s", true, 3},
        {"throughput == 2/s", true, 2},
        {"herd_peak == 20", true, 20},
        {"duplicates == 0", false, 2},
        {"lost == 0", true, 0},
        {"schedule_lag.max == 0", true, 0},
    };
    struct small_run run;
    start_run(&run, true);
    for (size_t i = 0; i < array_length(cases); i++) {
        assert_judged(&run, &cases[i]);
    }
    arena_release(&run.arena);
}

/* What the clients' layers recorded; the hedges are recorded by hand. */
static const struct judged of_layers[] = {
    {"breaker_opened == 1", true, 1},
    {"breaker_half_opened == 0", true, 0},
    {"breaker_closed > 0", false, 0},
    {"breaker_open_time <= 1500ms", true, 1500000},
    {"breaker_open_at_end == 1", true, 1},
    {"not_permitted == 3", true, 3},
    {"not_permitted{request=buy} == 0", true, 0},
    {"concurrency_rejected == 2", true, 2},
    {"concurrency_queued == 1", true, 1},
    {"running_max == 9", true, 9},
    {"queued_max == 1", true, 1},
    {"limit_min == 11", true, 11},
    {"limit_max == 12", true, 12},
    {"limit_end == 12.5", true, 12.5},
    {"rate_limited == 4", true, 4},
    {"rate_limit_waited == 0", true, 0},
    {"throttled == 5", true, 5},
    {"hedges < 4", true, 3},
    {"hedge_share == 50%", true, 0.5},
    {"hedges_won == 2", true, 2},
    {"hedges_cancelled < 4", false, 4},
    {"hedges_denied == 6", true, 6},
    {"hedge_connections_closed == 1", true, 1},
};

static void test_layers_are_judged(void **state)
{
    (void)state;
    static const struct judged others[] = {
        {"limit_wait.max == 4ms", true, 4000},
        {"budget_level_end == 4", true, 4},
        {"shed == 1", true, 1},
        {"shed_rate == 20%", true, 0.2},
    };
    struct small_run run;
    start_layered(&run, true, layers_on);
    struct panel *total = &run.tally.total;
    total->hedges = 3;
    total->hedges_won = 2;
    total->hedges_cancelled = 4;
    total->hedges_denied = 6;
    total->hedge_connections_closed = 1;
    run.result.total.hedge_share = 0.5;
    for (size_t i = 0; i < array_length(of_layers); i++) {
        assert_judged(&run, &of_layers[i]);
    }
    for (size_t i = 0; i < array_length(others); i++) {
        assert_judged(&run, &others[i]);
    }
    arena_release(&run.arena);
}

static void assert_unmeasured(const struct small_run *run, const char *text,
                              const char *why)
{
    struct slo slo = parse(text);
    struct slo_judgement judgement = slo_judge(&slo, &run->result);
    assert_false(judgement.measured);
    assert_false(judgement.pass);
    if (!strstr(judgement.reason, why)) {
        fail_msg("%s: %s", text, judgement.reason);
    }
}

/* Of what ids in answers show, and of what they cannot. */
static void test_answers_are_judged(void **state)
{
    (void)state;
    static const struct judged rows[] = {
        {"duplicates <= 2", false, 3},     {"extra_effects == 5", true, 5},
        {"aliased < 7", false, 7},         {"divergent == 4", true, 4},
        {"replay_mismatch == 0", true, 0}, {"stuck == 0", true, 0},
    };
    struct small_run run;
    start_run(&run, false);
    struct effect_figures *effects = &run.result.effects;
    effects->oracle = ORACLE_EFFECT_ID;
    assert_unmeasured(&run, "divergent == 0", "no answer shows it");
    assert_unmeasured(&run, "replay_mismatch == 0", "no answer shows it");
    assert_unmeasured(&run, "stuck == 0", "no answer shows it");
    assert_unmeasured(&run, "aliased == 0", "nothing to measure it on");
    assert_unmeasured(&run, "lost == 0", "only a ledger does");
    assert_unmeasured(&run, "phantom == 0", "only a ledger does");
    effects->answers = (struct answer_figures){.names_effects = true,
                                               .knows_shared = true,
                                               .compares = true,
                                               .has_keys = true,
                                               .divergent = 4};
    effects->classes[EFFECT_DUPLICATE] = 3;
    effects->extra_effects = 5;
    effects->aliased = 7;
    for (size_t i = 0; i < array_length(rows); i++) {
        assert_judged(&run, &rows[i]);
    }
    arena_release(&run.arena);
}

static void test_what_was_not_measured_fails_with_the_reason(void **state)
{
    (void)state;
    struct small_run run;
    start_run(&run, false);
    assert_unmeasured(&run, "p99{phase=spike} < 5s", "nothing was recorded");
    assert_unmeasured(&run, "connect.p99 < 5s", "nothing was recorded");
    assert_unmeasured(&run, "success_rate{phase=spike} >= 0%", "not measured");
    assert_unmeasured(&run, "p99{request=gone} < 5s",
                      "there is no request of this name");
    assert_unmeasured(&run, "schedule_lag.p99 < 5s", "closed model");
    /* A history that knows nothing of the run, and a run of which nothing was
     * joined, are no proof. */
    struct effect_figures *effects = &run.result.effects;
    effects->transitions.is_measured = true;
    assert_unmeasured(&run, "illegal_transitions == 0", "nothing to measure");
    effects->transitions.checked = 1;
    assert_judged(&run, &(struct judged){"illegal_transitions == 0", true, 0});
    assert_judged(&run, &(struct judged){"lost == 0", true, 0});
    effects->classes[EFFECT_DUPLICATE] = 0;
    assert_judged(&run, &(struct judged){"duplicates == 0", true, 0});
    effects->resent = 0;
    assert_unmeasured(&run, "duplicates == 0",
                      "nothing was sent again and no response was lost");
    assert_unmeasured(&run, "extra_effects == 0", "nothing was sent again");
    run.tally.faults[FAULT_LOST_RESPONSE].delivered = 1;
    assert_judged(&run, &(struct judged){"duplicates == 0", true, 0});
    effects->table[VERDICT_SUCCEEDED][1] = 0;
    assert_unmeasured(&run, "lost == 0", "no operation succeeded");
    assert_unmeasured(&run, "duplicates == 0", "no operation succeeded");
    effects->table[VERDICT_REJECTED][0] = 0;
    assert_unmeasured(&run, "phantom == 0",
                      "no operation was rejected or shed");
    effects->operations_checked = 0;
    assert_unmeasured(&run, "lost == 0", "nothing to measure it on");
    effects->seen_before = 4;
    assert_unmeasured(&run, "lost == 0", "all 4 operations have ids that had");
    assert_unmeasured(&run, "duplicates == 0", "had effects before the run");
    assert_judged(&run, &(struct judged){"seen_before == 4", true, 4});
    effects->oracle = ORACLE_NONE;
    assert_unmeasured(&run, "duplicates == 0", "there is no ledger");
    assert_unmeasured(&run, "foreign >= 0", "there is no ledger");
    run.result.effects.oracle = ORACLE_UNVERIFIED;
    snprintf(run.result.effects.problem, sizeof(run.result.effects.problem),
             "it burned");
    assert_unmeasured(&run, "lost == 0", "unverified: it burned");
    arena_release(&run.arena);
}

/* What a profile does not have is not 0. */
static void test_layers_that_are_off_fail_with_the_reason(void **state)
{
    (void)state;
    struct small_run run;
    start_run(&run, true);
    for (size_t i = 0; i < array_length(of_layers); i++) {
        assert_unmeasured(&run, of_layers[i].text, "the profile has no ");
    }
    assert_unmeasured(&run, "not_permitted == 0", "no breaker");
    assert_unmeasured(&run, "limit_wait.p99 < 1s", "nothing was recorded");
    assert_unmeasured(&run, "budget_level_end >= 0", "not measured");
    assert_unmeasured(&run, "retries_denied == 0", "not measured");
    arena_release(&run.arena);
}

/* 999 of 1000 is 99.9 %, whatever binary fractions make of it. */
static void test_rounding_fails_no_one(void **state)
{
    (void)state;
    struct small_run run;
    start_run(&run, true);
    for (int k = 0; k <= 1000; k++) {
        char text[SLO_TEXT_MAX];
        run.result.total.success_rate = (double)k / 1000;
        snprintf(text, sizeof(text), "success_rate >= %d.%d%%", k / 10,
                 k % 10);
        struct slo slo = parse(text);
        assert_true(slo_judge(&slo, &run.result).pass);
        slo.terms[0].op = SLO_LT;
        assert_false(slo_judge(&slo, &run.result).pass);
        slo.terms[0].op = SLO_EQ;
        assert_true(slo_judge(&slo, &run.result).pass);
    }
    arena_release(&run.arena);
}

/* Of ten operations of 10 ms each, squall was late by 0 to 9 ms: they took
 * from 10 down to 1 ms at least. */
static void start_late_run(struct small_run *run)
{
    static const char *const requests[] = {"all"};
    *run = (struct small_run){.arena = ARENA_INIT};
    tally_init(
        &run->tally, &run->arena,
        &(struct tally_config){.requests = 1, .load_length = {2 * NS_PER_S}});
    for (int i = 0; i < 10; i++) {
        struct fact fact = {.kind = FACT_STARTED, .at = {0}};
        tally_take(&run->tally, &fact);
        fact.kind = FACT_SENT;
        tally_take(&run->tally, &fact);
        fact = (struct fact){.kind = FACT_DONE, .at = {10 * NS_PER_MS}};
        fact.done.was_sent = true;
        fact.done.first_byte = fact.done.connect = NOT_MEASURED;
        fact.done.latency = duration_ms(10);
        fact.done.late = duration_ms(i);
        tally_take(&run->tally, &fact);
        fact = (struct fact){.kind = FACT_FINISHED, .at = {10 * NS_PER_MS}};
        fact.finished.verdict = VERDICT_SUCCEEDED;
        fact.finished.attempts = 1;
        fact.finished.late = duration_ms(i);
        tally_take(&run->tally, &fact);
    }
    result_compute(&run->result, &run->arena,
                   &(struct result_input){
                       .tally = &run->tally,
                       .request_count = 1,
                       .request_names = requests,
                       .measured = {2 * NS_PER_S},
                       .complete = true,
                       .cpu_share = 0.5,
                   });
}

static struct slo_judgement assert_word(const struct result *result,
                                        const char *text, enum slo_word word)
{
    struct slo slo = parse(text);
    struct slo_judgement judgement = slo_judge(&slo, result);
    if (judgement.word != word) {
        fail_msg("%s: %s, from %g to %g", text, slo_word_name(judgement.word),
                 judgement.low, judgement.high);
    }
    return judgement;
}

/* Where both ends agree an SLO is judged, whatever its operator. */
static void test_between_two_ends_nothing_is_judged(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum slo_word word;
        double low, high;
    } cases[] = {
        {"p50 < 11ms", SLO_MET, 5000, 10000},
        {"p50 < 10ms", SLO_INVALID, 5000, 10000},
        {"p50 <= 10ms", SLO_MET, 5000, 10000},
        {"p50 < 5ms", SLO_MISSED, 5000, 10000},
        {"p50 <= 5.01ms", SLO_INVALID, 5000, 10000},
        {"p50 > 10ms", SLO_MISSED, 5000, 10000},
        {"p50 > 4ms", SLO_MET, 5000, 10000},
        {"p50 >= 5ms", SLO_MET, 5000, 10000},
        {"p50 > 5.01ms", SLO_INVALID, 5000, 10000},
        {"p50 == 7ms", SLO_INVALID, 5000, 10000},
        {"p50 == 11ms", SLO_MISSED, 5000, 10000},
        {"p50 != 7ms", SLO_INVALID, 5000, 10000},
        {"p50 != 11ms", SLO_MET, 5000, 10000},
        {"max < 10ms", SLO_MISSED, 10000, 10000},
        {"min < 2ms", SLO_INVALID, 1000, 10000},
        {"mean < 6ms", SLO_INVALID, 5500, 10000},
        {"operation.p90 < 9ms", SLO_MISSED, 9000, 10000},
        {"attempt.p10 < 900us", SLO_MISSED, 1000, 10000},
        {"attempt_ok.p20 < 2.1ms", SLO_INVALID, 2000, 10000},
        {"succeeded.p99 < 20ms", SLO_MET, 10000, 10000},
        {"success_rate >= 100%", SLO_MET, 1, 1},
        {"throughput >= 5/s", SLO_MET, 5, 5},
    };
    struct small_run run;
    start_late_run(&run);
    for (size_t i = 0; i < array_length(cases); i++) {
        struct slo_judgement judgement =
            assert_word(&run.result, cases[i].text, cases[i].word);
        assert_int_equal(judgement.pass, judgement.word == SLO_MET);
        assert_true(fabs(judgement.low - cases[i].low) <= cases[i].low / 1000);
        assert_true(fabs(judgement.high - cases[i].high) < 1e-9);
    }
    /* Values between 0 and the root of the mean square of 1 to 9 from none. */
    struct slo slo = parse("stddev < 1s");
    struct slo_judgement judgement = slo_judge(&slo, &run.result);
    assert_int_equal(judgement.low, 0);
    assert_true(judgement.high > 2872 && judgement.high < 10000);
    arena_release(&run.arena);
}

/* A failure that squall may have made is no proof of one; half a second in two
 * is no proof of a rate; a stall bunches what is sent. */
static void test_counts_and_rates_have_ends_too(void **state)
{
    (void)state;
    struct small_run run;
    struct fact worker = {.kind = FACT_WORKER};
    start_late_run(&run);
    run.tally.total.verdicts[VERDICT_SUCCEEDED] = 8;
    run.tally.total.verdicts[VERDICT_AMBIGUOUS] = 2;
    run.tally.total.cut_short = 1;
    run.tally.total.on_wire = 20;
    run.tally.total.after_late = 5;
    run.result.total.success_rate = 0.8;
    run.result.total.attempts_per_operation = 2;
    run.result.peak_1s = 3;
    worker.worker.wall = duration_s(2);
    worker.worker.away = worker.worker.away_sum = duration_ms(500);
    worker.worker.stalls = 1;
    tally_take(&run.tally, &worker);
    static const struct {
        const char *text;
        enum slo_word word;
    } cases[] = {
        {"success_rate >= 80%", SLO_MET},
        {"success_rate >= 90%", SLO_INVALID},
        {"success_rate >= 91%", SLO_MISSED},
        {"error_rate < 10.1%", SLO_INVALID},
        {"error_rate < 9%", SLO_MISSED},
        {"ambiguous == 0", SLO_MISSED},
        {"ambiguous <= 1", SLO_INVALID},
        {"ambiguous <= 2", SLO_MET},
        {"amplification <= 1.4", SLO_MISSED},
        {"amplification <= 1.5", SLO_INVALID},
        {"peak_1s < 1.4", SLO_MISSED},
        {"peak_1s < 2", SLO_INVALID},
        {"throughput >= 6.6/s", SLO_INVALID},
        {"throughput >= 6.7/s", SLO_MISSED},
        {"throughput < 5.1/s", SLO_INVALID},
        {"stall_max < 500ms", SLO_MISSED},
        {"stalls <= 1", SLO_MET},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        (void)assert_word(&run.result, cases[i].text, cases[i].word);
    }
    /* With no time to spare there is no telling what a rate would be. */
    run.result.generator.saturated = true;
    struct slo slo = parse("throughput >= 1000000/s");
    assert_int_equal(slo_judge(&slo, &run.result).word, SLO_INVALID);
    arena_release(&run.arena);
}

/* A limit of squall's own kept three of them from the service. */
static void test_what_never_began_may_have_failed(void **state)
{
    static const struct {
        const char *text;
        enum slo_word word;
    } cases[] = {
        {"failed == 0", SLO_MISSED},      {"failed <= 2", SLO_INVALID},
        {"failed <= 5", SLO_MET},         {"rejected == 0", SLO_INVALID},
        {"ambiguous <= 4", SLO_INVALID},  {"succeeded >= 8", SLO_MET},
        {"succeeded >= 11", SLO_INVALID}, {"succeeded >= 12", SLO_MISSED},
    };
    (void)state;
    struct small_run run;
    start_late_run(&run);
    run.tally.total.verdicts[VERDICT_SUCCEEDED] = 8;
    run.tally.total.verdicts[VERDICT_AMBIGUOUS] = 2;
    run.tally.total.dropped = 3;
    for (size_t i = 0; i < array_length(cases); i++) {
        (void)assert_word(&run.result, cases[i].text, cases[i].word);
    }
    arena_release(&run.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expressions_are_understood),
        cmocka_unit_test(test_refusals_say_what_to_write),
        cmocka_unit_test(test_endless_texts_are_refused),
        cmocka_unit_test(test_every_metric_that_is_described_parses),
        cmocka_unit_test(test_judgements),
        cmocka_unit_test(test_layers_are_judged),
        cmocka_unit_test(test_layers_that_are_off_fail_with_the_reason),
        cmocka_unit_test(test_answers_are_judged),
        cmocka_unit_test(test_what_was_not_measured_fails_with_the_reason),
        cmocka_unit_test(test_rounding_fails_no_one),
        cmocka_unit_test(test_between_two_ends_nothing_is_judged),
        cmocka_unit_test(test_counts_and_rates_have_ends_too),
        cmocka_unit_test(test_what_never_began_may_have_failed),
    };
    return cmocka_run_group_tests_name("measure/slo", tests, NULL, NULL);
}
