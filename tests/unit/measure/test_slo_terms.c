/* Expressions of several terms, ratios, selectors, windows and baselines: what
 * is understood, what is refused, and how each is judged on a run that was
 * counted by hand. */
#include "base/must.h"
#include "measure/abort_rule.h"
#include "measure/result.h"
#include "measure/slo_noise.h"

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
    return slo;
}

/* The steps as text: terms by their index, & and |. */
static void test_and_binds_closer_than_or(void **state)
{
    (void)state;
    static const struct {
        const char *text, *steps;
    } cases[] = {
        {"p99 < 1s", "0"},
        {"(p99 < 1s)", "0"},
        {"p99 < 1s and p50 < 1s", "01&"},
        {"p99 < 1s or p50 < 1s and max < 1s", "012&|"},
        {"p99 < 1s and p50 < 1s or max < 1s", "01&2|"},
        {"(p99 < 1s or p50 < 1s) and max < 1s", "01|2&"},
        {"p99<1s and(p50<1s or(max<1s))and min<1s", "012|&3&"},
        {"p99 < 1s and p50 < 1s and max < 1s", "01&2&"},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        struct slo slo = parse(cases[i].text);
        char steps[SLO_STEPS_MAX + 1] = "";
        for (size_t k = 0; k < slo.step_count; k++) {
            steps[k] = slo.steps[k] == SLO_AND  ? '&'
                       : slo.steps[k] == SLO_OR ? '|'
                                                : (char)('0' + slo.steps[k]);
        }
        assert_string_equal(steps, cases[i].steps);
        assert_int_equal(slo_needs_each(&slo), !strchr(steps, '|'));
    }
}

static void test_a_term_has_its_text(void **state)
{
    (void)state;
    char text[SLO_TEXT_MAX];
    struct slo slo =
        parse(" ( p99{request=\"a or b\"} < 1s  or p50 <  2s ) and max<3s ");
    static const char *const texts[] = {"p99{request=\"a or b\"} < 1s",
                                        "p50 <  2s", "max<3s"};
    assert_int_equal(slo.term_count, 3);
    for (size_t i = 0; i < 3; i++) {
        slo_term_text(&slo, i, text);
        assert_string_equal(text, texts[i]);
    }
    assert_string_equal(slo.terms[0].metric.name, "a or b");
}

static void test_ratios_have_a_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum metric_unit unit;
        double value;
    } cases[] = {
        {"retries / operations < 0.1", UNIT_FACTOR, 0.1},
        {"p99/p50<10", UNIT_FACTOR, 10},
        {"bytes_received / attempts < 64KiB", UNIT_BYTES, 65536},
        {"p99{phase=spike} / p99{phase=base} <= 2", UNIT_FACTOR, 2},
        {"failed{last=10s} / offered{last=10s} < 0.5", UNIT_FACTOR, 0.5},
        {"breaker_open_time / operations < 1ms", UNIT_DURATION, 1000},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        struct slo slo = parse(cases[i].text);
        assert_true(slo.terms[0].is_ratio);
        assert_int_equal(slo.terms[0].unit, cases[i].unit);
        assert_true(slo.terms[0].value == cases[i].value);
    }
}

static void test_selectors_are_understood(void **state)
{
    (void)state;
    struct slo slo = parse("failed{tier=2, status=5xx} == 0");
    const struct slo_metric *metric = &slo.terms[0].metric;
    assert_int_equal(metric->part, SLO_TIER);
    assert_int_equal(metric->tier, 2);
    assert_int_equal(metric->status_from, 500);
    assert_int_equal(metric->status_to, 599);
    slo = parse("failure_rate{ status = 503 , request = \"buy\" } < 1%");
    metric = &slo.terms[0].metric;
    assert_int_equal(metric->part, SLO_REQUEST);
    assert_int_equal(metric->status_from, 503);
    assert_int_equal(metric->status_to, 503);
    slo = parse("failure_rate{last=1m} < 5%");
    assert_int_equal(slo.terms[0].metric.last.ns / NS_PER_S, 60);
}

static void test_baselines_are_understood(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double factor;
    } cases[] = {
        {"p99 <= baseline", 1},
        {"p99 <= 1.1 * baseline", 1.1},
        {"p99 <= 1.1*baseline", 1.1},
        {"p99 <= baseline * 1.1", 1.1},
        {"p99 <= 110 % * baseline and p50 < 1s", 1.1},
        {"success_rate >= 0.99 * baseline", 0.99},
        {"(p99 / p50 <= 2 * baseline)", 2},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        struct slo slo = parse(cases[i].text);
        assert_true(slo.terms[0].of_baseline);
        assert_true(isnan(slo.terms[0].baseline));
        assert_true(fabs(slo.terms[0].value - cases[i].factor) < 1e-9);
    }
}

static void test_refusals_say_what_to_write(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t at;
        const char *part;
    } cases[] = {
        {"p99 < 1s and", 12, "a metric must stand here"},
        {"p99 < 1s or or p50 < 1s", 12, "no metric \"or\""},
        {"(p99 < 1s", 9, "a \")\" must stand here"},
        {"p99 < 1s)", 8, "\"and\" or \"or\" must stand here"},
        {"() and p99 < 1s", 1, "a metric must stand here"},
        {"p99 < 1s && p50 < 1s", 9, "write \"and\" or \"or\""},
        {"p99 < 1s || p50 < 1s", 9, "write \"and\" or \"or\""},
        {"p99 < 1s, p50 < 1s", 6, "is not a value for p99"},
        {"p99 / goodput < 1", 0, "a duration over a rate has no unit"},
        {"p99 / < 1", 6, "a metric must stand here"},
        {"p99 / p50 < 10ms", 12, "not a value for this ratio: write a plain"},
        {"p99{status=503} < 1s", 3, "p99 is not counted by status"},
        {"failed{status=999} == 0", 14, "\"999\" is no status"},
        {"failed{status=50x} == 0", 14, "or 5xx"},
        {"p99{tier=gold} < 1s", 9, "\"gold\" is no tier"},
        {"p99{last=10} < 1s", 9, "\"10\" is no window"},
        {"p99{last=100ms} < 1s", 9, "of a second or more"},
        {"p99{last=10s,request=a} < 1s", 3, "of all operations together"},
        {"connect.p99{last=10s} < 1s", 11, "not measured by the second"},
        {"mean{last=10s} < 1s", 4, "not measured by the second"},
        {"failed{last=10s} == 0", 17, "judged by the worst"},
        {"failed{last=10s} / offered < 1", 0, "of the same window"},
        {"duplicates{last=10s} < 1", 10, "the whole run only"},
        {"p99 < baselines", 6, "is not a value"},
        {"p99 < 2 + baseline", 6, "is no multiple of a baseline"},
        {"p99 < 0 * baseline", 6, "is no multiple of a baseline"},
        {"p99 < baseline * baseline", 6, "is no multiple of a baseline"},
        {"p99<1s and p99<1s and p99<1s and p99<1s and p99<1s and p99<1s and "
         "p99<1s and p99<1s and p99<1s",
         88, "more than 8 conditions"},
        {"((((((((((((((((((p99<1s))))))))))))))))))", 16,
         "more than 16 parentheses"},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        struct slo slo;
        char problem[200] = "";
        size_t at = 999;
        if (slo_parse(&slo, cases[i].text, problem, sizeof(problem), &at)) {
            fail_msg("%s is understood", cases[i].text);
        }
        if (at != cases[i].at || !strstr(problem, cases[i].part)) {
            fail_msg("%s: %zu: %s", cases[i].text, at, problem);
        }
    }
}

/* A run of 40 s: ten operations a second, two requests of tiers 1 and 2. */
struct bench {
    struct arena arena;
    struct tally tally;
    struct effect_figures effects;
    struct result result;
};

struct one {
    uint16_t request;
    int64_t ms; /* its latency */
    uint16_t status;
    bool failed, dropped, cut_short;
    int64_t late_ms;
};

static void take(struct bench *bench, int64_t at_ms, const struct one *one)
{
    struct instant intended = {at_ms * NS_PER_MS};
    struct fact fact = {.kind = FACT_STARTED, .request = one->request};

    fact.at = intended;
    if (one->dropped) {
        fact.kind = FACT_DROPPED;
        fact.dropped.intended = intended;
        tally_take(&bench->tally, &fact);
        return;
    }
    fact.started.intended = intended;
    tally_take(&bench->tally, &fact);
    fact.kind = FACT_SENT;
    fact.sent.kind = ATTEMPT_FIRST;
    tally_take(&bench->tally, &fact);
    fact = (struct fact){.kind = FACT_DONE, .request = one->request};
    fact.at = instant_add(intended, duration_ms(one->ms));
    fact.done.outcome = one->failed ? OUTCOME_SERVER_ERROR : OUTCOME_OK;
    fact.done.status = one->status;
    fact.done.was_sent = true;
    fact.done.latency = duration_ms(one->ms);
    fact.done.first_byte = fact.done.connect = NOT_MEASURED;
    tally_take(&bench->tally, &fact);
    struct instant at = fact.at;
    fact = (struct fact){
        .kind = FACT_FINISHED, .request = one->request, .at = at};
    fact.finished.verdict =
        one->failed ? VERDICT_AMBIGUOUS : VERDICT_SUCCEEDED;
    fact.finished.reason = FINISH_ANSWERED;
    fact.finished.status = one->status;
    fact.finished.intended = intended;
    fact.finished.attempts = 1;
    fact.finished.late = duration_ms(one->late_ms);
    fact.finished.is_cut_short = one->cut_short;
    tally_take(&bench->tally, &fact);
}

static void begin(struct bench *bench)
{
    *bench = (struct bench){.arena = ARENA_INIT};
    tally_init(&bench->tally, &bench->arena,
               &(struct tally_config){.requests = 3,
                                      .load_length = {40 * NS_PER_S},
                                      .is_level = true});
}

static void compute(struct bench *bench)
{
    static const char *const requests[] = {"buy", "look", "list"};
    static const uint64_t tiers[] = {1, 2, 2};
    result_compute(&bench->result, &bench->arena,
                   &(struct result_input){
                       .tally = &bench->tally,
                       .request_count = 3,
                       .request_names = requests,
                       .request_tiers = tiers,
                       .measured = {40 * NS_PER_S},
                       .effects = &bench->effects,
                       .complete = true,
                       .cpu_share = 0.1,
                   });
}

/* From 20 s to 25 s half of them fail with 503; look takes 20 ms, the rest 10;
 * list begins at 30 s. */
static void start(struct bench *bench)
{
    begin(bench);
    for (int i = 0; i < 400; i++) {
        int at = i * 100;
        bool bad = at >= 20000 && at < 25000 && i % 2 == 0;
        uint16_t request = at >= 30000 && i % 10 == 5 ? 2 : (uint16_t)(i % 2);
        take(bench, at,
             &(struct one){.request = request,
                           .ms = request == 1 ? 20 : 10,
                           .status = bad ? 503 : 200,
                           .failed = bad});
    }
    compute(bench);
}

static struct slo_judgement judge(const struct bench *bench, const char *text)
{
    struct slo slo = parse(text);
    return slo_judge(&slo, &bench->result);
}

static void assert_words(const struct bench *bench, const char *text,
                         enum slo_word word)
{
    struct slo_judgement judgement = judge(bench, text);
    if (judgement.word != word) {
        fail_msg("%s: %s, %g: %s", text, slo_word_name(judgement.word),
                 judgement.value, judgement.reason);
    }
    assert_int_equal(judgement.pass, word == SLO_MET);
}

struct row {
    const char *text;
    double value;
};

static void assert_values(const struct bench *bench, const struct row *rows,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct slo_judgement judgement = judge(bench, rows[i].text);
        if (!judgement.measured || fabs(judgement.value - rows[i].value) >
                                       1e-9 + 0.008 * fabs(rows[i].value)) {
            fail_msg("%s: %.9g: %s", rows[i].text, judgement.value,
                     judgement.reason);
        }
    }
}

static void test_parts_statuses_and_ratios_are_measured(void **state)
{
    (void)state;
    /* 25 of 400 failed, all of buy, which has 200; list has 10 of look's. */
    static const struct row rows[] = {
        {"failed{status=503} < 99", 25},
        {"failed{status=5xx} < 99", 25},
        {"failed{status=500} < 99", 0},
        {"failed{status=2xx} < 99", 0},
        {"attempts{status=200} < 999", 375},
        {"failure_rate{status=503} < 99%", 0.0625},
        {"failure_rate{request=buy,status=503} < 99%", 0.125},
        {"failure_rate{status=503,tier=2} < 99%", 0},
        {"operations{tier=1} < 999", 200},
        {"operations{tier=2} < 999", 200},
        {"operations{request=list} < 999", 10},
        {"failure_rate{tier=1} < 99%", 0.125},
        {"operation.max{tier=2} < 1s", 20000},
        {"failed / operations < 1", 0.0625},
        {"operation.p99 / operation.p50 < 10", 2},
        {"operation.p50{tier=2} / operation.p50{tier=1} < 10", 2},
    };
    struct bench bench;
    start(&bench);
    assert_values(&bench, rows, array_length(rows));
    assert_words(&bench, "retries / failed == 0", SLO_MET);
    assert_words(&bench, "failed / shed < 1", SLO_NOT_MEASURED);
    assert_non_null(
        strstr(judge(&bench, "failed / retries < 1").reason, "divided by 0"));
    assert_words(&bench, "p99 / p50 < 10", SLO_MISSED); /* it is never */
    assert_words(&bench, "p50 / p99 < 10", SLO_NOT_MEASURED);
    assert_words(&bench, "p99{tier=3} < 1s", SLO_NOT_MEASURED);
    arena_release(&bench.arena);
}

/* The table of Kleene's strong logic, with two ways not to know. */
static void test_three_values_are_joined_as_kleene_says(void **state)
{
    (void)state;
    static const char *const terms[] = {
        [SLO_MET] = "offered == 400",
        [SLO_MISSED] = "offered == 0",
        [SLO_INVALID] = "throughput > 10/s",
        [SLO_NOT_MEASURED] = "lost == 0",
    };
    static const enum slo_word both[SLO_WORD_COUNT][SLO_WORD_COUNT] = {
        [SLO_MET] = {SLO_MET, SLO_MISSED, SLO_INVALID, SLO_NOT_MEASURED},
        [SLO_MISSED] = {SLO_MISSED, SLO_MISSED, SLO_MISSED, SLO_MISSED},
        [SLO_INVALID] = {SLO_INVALID, SLO_MISSED, SLO_INVALID,
                         SLO_NOT_MEASURED},
        [SLO_NOT_MEASURED] = {SLO_NOT_MEASURED, SLO_MISSED, SLO_NOT_MEASURED,
                              SLO_NOT_MEASURED},
    };
    static const enum slo_word either[SLO_WORD_COUNT][SLO_WORD_COUNT] = {
        [SLO_MET] = {SLO_MET, SLO_MET, SLO_MET, SLO_MET},
        [SLO_MISSED] = {SLO_MET, SLO_MISSED, SLO_INVALID, SLO_NOT_MEASURED},
        [SLO_INVALID] = {SLO_MET, SLO_INVALID, SLO_INVALID, SLO_INVALID},
        [SLO_NOT_MEASURED] = {SLO_MET, SLO_NOT_MEASURED, SLO_INVALID,
                              SLO_NOT_MEASURED},
    };
    struct bench bench;
    start(&bench);
    bench.result.generator.saturated = true; /* rates have no upper end */
    for (size_t a = 0; a < SLO_WORD_COUNT; a++) {
        assert_words(&bench, terms[a], (enum slo_word)a);
        for (size_t b = 0; b < SLO_WORD_COUNT; b++) {
            char text[SLO_TEXT_MAX];
            snprintf(text, sizeof(text), "%s and %s", terms[a], terms[b]);
            assert_words(&bench, text, both[a][b]);
            snprintf(text, sizeof(text), "(%s or %s)", terms[a], terms[b]);
            assert_words(&bench, text, either[a][b]);
        }
    }
    assert_words(&bench, "offered == 0 and lost == 0 or offered == 400",
                 SLO_MET);
    assert_words(&bench, "offered == 0 and (lost == 0 or offered == 400)",
                 SLO_MISSED);
    struct slo slo = parse("offered == 400 and (lost == 0 or p50 < 1s)");
    struct slo_judgement judged[SLO_TERMS_MAX];
    assert_true(slo_judge_all(&slo, &bench.result, judged).pass);
    assert_int_equal(judged[1].word, SLO_NOT_MEASURED);
    assert_int_equal(judged[2].word, SLO_MET);
    arena_release(&bench.arena);
}

/* The worst window decides, and says when it was. */
static void test_windows_are_judged_at_every_second(void **state)
{
    (void)state;
    struct bench bench;
    start(&bench);
    /* All of 20 s to 25 s: half. Of 10 s: a quarter. */
    struct slo_judgement five = judge(&bench, "failure_rate{last=5s} < 50%");
    assert_int_equal(five.word, SLO_MISSED);
    assert_true(fabs(five.value - 0.5) < 1e-9 && five.at_s == 25);
    struct slo_judgement ten = judge(&bench, "failure_rate{last=10s} <= 25%");
    assert_int_equal(ten.word, SLO_MET);
    assert_true(fabs(ten.value - 0.25) < 1e-9 && ten.at_s == 25);
    static const struct row rows[] = {
        {"success_rate{last=5s} >= 50%", 0.5},
        {"goodput{last=5s} > 4/s", 5},
        {"failed{last=1s} <= 5", 5},
        {"amplification{last=3s} <= 1", 1},
        {"operation.p99{last=5s} < 30ms", 20000},
        {"throughput{last=40s} > 9/s", 10},
        {"failed{last=5s} / offered{last=5s} < 1", 0.5},
    };
    assert_values(&bench, rows, array_length(rows));
    assert_words(&bench, "p50{last=5s} < 15ms", SLO_MISSED);
    assert_words(&bench, "p99{last=5s} < 1s", SLO_MISSED); /* never */
    assert_words(&bench, "failure_rate{last=41s} < 50%", SLO_NOT_MEASURED);
    assert_words(&bench, "failure_rate{last=5s} < 60% and failure_rate < 10%",
                 SLO_MET);
    arena_release(&bench.arena);
}

/* One operation of a window was late by 300 ms of its 310: without it the rest
 * is as quick as ever. What squall may have cut short, or dropped, is no
 * failure that is known. */
static void test_windows_know_squalls_own_lateness(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    for (int i = 0; i < 400; i++) {
        bool late = i == 100;
        take(&bench, i * 100,
             &(struct one){.ms = late ? 310 : 10,
                           .late_ms = late ? 300 : 0,
                           .status = 200});
    }
    compute(&bench);
    assert_words(&bench, "operation.p99{last=5s} < 400ms", SLO_MET);
    assert_words(&bench, "operation.p99{last=5s} < 100ms", SLO_INVALID);
    assert_words(&bench, "operation.p99{last=5s} < 5ms", SLO_MISSED);
    assert_words(&bench, "p99{last=5s} < 100ms", SLO_INVALID);
    assert_words(&bench, "p50{last=5s} < 11ms", SLO_MET);
    assert_words(&bench, "goodput{last=5s} >= 9.8/s", SLO_MET);
    assert_words(&bench, "goodput{last=5s} >= 10.1/s", SLO_MISSED);
    struct fact worker = {.kind = FACT_WORKER, .at = {22 * NS_PER_S}};
    worker.worker.wall = duration_s(1);
    worker.worker.away_sum = duration_ms(500);
    tally_take(&bench.tally, &worker);
    /* Half of what was known of its time it was not there. */
    assert_words(&bench, "goodput{last=40s} > 10.1/s", SLO_INVALID);
    assert_words(&bench, "goodput{last=40s} > 20.1/s", SLO_MISSED);
    arena_release(&bench.arena);
}

static void test_windows_know_what_squall_cut_short(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    for (int i = 0; i < 400; i++) {
        bool cut = i == 205, dropped = i == 303;
        take(&bench, i * 100,
             &(struct one){.ms = 10,
                           .status = 200,
                           .failed = cut,
                           .cut_short = cut,
                           .dropped = dropped});
    }
    compute(&bench);
    assert_words(&bench, "failure_rate{last=5s} <= 1%", SLO_INVALID);
    assert_words(&bench, "failure_rate{last=5s} <= 2%", SLO_MET);
    assert_words(&bench, "failed{last=1s} < 1", SLO_INVALID);
    assert_words(&bench, "p99{last=5s} < 1s", SLO_INVALID);
    assert_words(&bench, "p90{last=5s} < 11ms", SLO_MET);
    assert_words(&bench, "dropped{last=5s} <= 1", SLO_MET);
    assert_words(&bench, "dropped{last=5s} < 1", SLO_MISSED);
    arena_release(&bench.arena);
}

static struct slo against(const char *text, double baseline, double declared)
{
    struct slo slo = parse(text);
    slo.terms[0].baseline = baseline;
    slo.terms[0].baseline_length = duration_s(40);
    slo.terms[0].least_noise = declared;
    return slo;
}

/* Batches of two seconds, of 10 and of 14 ms: as noisy as that is, and no
 * noisier; and not at all where the plan makes it so. */
static void test_a_difference_within_noise_is_none(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    for (int i = 0; i < 400; i++) {
        take(&bench, i * 100,
             &(struct one){.ms = i / 20 % 3 == 0 ? 14 : 10, .status = 200});
    }
    compute(&bench);
    struct slo slo = against("operation.p50 <= baseline", 9800, 0);
    struct slo_judgement judgement = slo_judge(&slo, &bench.result);
    /* 20 batches, 7 of them of 14 ms. */
    double expected = 2.0930 * sqrt(16e6 * 7 * 13 / 400 * 20 / 19) / sqrt(20) *
                      sqrt(1.0 + 40.0 / 40);
    assert_true(fabs(judgement.noise - expected) < 0.02 * expected);
    assert_int_equal(judgement.word, SLO_MET);
    assert_non_null(strstr(judgement.reason, "no more than noise"));
    assert_true(judgement.bound == 9800 && judgement.baseline == 9800);
    /* Far beyond it is missed; so is a count of effects, which has none. */
    slo = against("operation.p50 <= 1.1 * baseline", 5000, 0);
    judgement = slo_judge(&slo, &bench.result);
    assert_int_equal(judgement.word, SLO_MISSED);
    assert_true(fabs(judgement.bound - 5500) < 1e-6);
    slo = against("operation.max <= baseline", 13900, 0);
    judgement = slo_judge(&slo, &bench.result);
    assert_int_equal(judgement.word, SLO_MISSED);
    assert_true(isnan(judgement.noise));
    bench.tally.config.is_level = false;
    slo = against("operation.p50 <= baseline", 9800, 0);
    judgement = slo_judge(&slo, &bench.result);
    assert_int_equal(judgement.word, SLO_MISSED);
    assert_true(isnan(judgement.noise));
    bench.tally.config.is_level = true;
    /* What is declared counts where it is more, or nothing is known. */
    slo = against("operation.max <= baseline", 13900, 0.01);
    judgement = slo_judge(&slo, &bench.result);
    assert_int_equal(judgement.word, SLO_MET);
    assert_true(fabs(judgement.noise - 139) < 1e-6);
    slo = against("operation.p50 <= baseline", 5000, 1.1);
    assert_true(slo_judge(&slo, &bench.result).pass);
    slo = against("success_rate >= baseline", 1, 0);
    assert_true(slo_judge(&slo, &bench.result).pass);
    slo = parse("p99 <= baseline");
    assert_int_equal(slo_judge(&slo, &bench.result).word, SLO_NOT_MEASURED);
    arena_release(&bench.arena);
}

static bool rule_parses(struct abort_rule *rule, const char *text,
                        const char *part)
{
    char problem[200] = "";
    size_t at = 0;
    bool good = abort_rule_parse(rule, text, problem, sizeof(problem), &at);
    if (part && !strstr(problem, part)) {
        fail_msg("%s: %s", text, problem);
    }
    return good;
}

static void test_rules_that_end_a_run_are_understood(void **state)
{
    (void)state;
    struct abort_rule rule;
    assert_true(rule_parses(&rule, "p99 > 2s", NULL));
    assert_int_equal(rule.lasting.ns, 0);
    assert_true(rule_parses(
        &rule, "failed > 9 or p99{request=\"wait for it\"} > 1s for 5s",
        NULL));
    assert_int_equal(rule.lasting.ns, 5 * NS_PER_S);
    assert_int_equal(rule.when.term_count, 2);
    assert_string_equal(rule.text, "failed > 9 or p99{request=\"wait for "
                                   "it\"} > 1s for 5s");
    assert_false(
        rule_parses(&rule, "p99 > 2s for ever", "not how long it must hold"));
    assert_false(rule_parses(&rule, "p99 > for 5s", "value is missing"));
    assert_false(rule_parses(&rule, "p99 > baseline", "no baseline"));
}

/* It holds from the end of the first bad second on, until it does not. */
static void test_a_rule_ends_a_run_when_it_has_held(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ends_at; /* 0: it does not */
    } cases[] = {
        {"failure_rate{last=1s} > 40%", 21},
        {"failure_rate{last=1s} > 40% for 3s", 24},
        {"failure_rate{last=1s} > 40% for 4s", 25},
        {"failure_rate{last=1s} > 40% for 5s", 0},
        {"failure_rate{last=5s} > 40%", 25},
        {"p99{last=1s} > 1m", 21}, /* never is more */
        {"p99{last=1s} < 1s and failed{last=1s} > 0", 0},
        {"goodput{last=2s} < 6/s", 22},
        {"lost > 0", 0}, /* nobody knows */
    };
    struct bench bench;
    start(&bench);
    for (size_t i = 0; i < array_length(cases); i++) {
        struct abort_rule rule;
        struct abort_watch watch = {.holds = false};
        int64_t ended = 0;
        assert_true(rule_parses(&rule, cases[i].text, NULL));
        for (int64_t s = 1; s <= 40 && !ended; s++) {
            ended =
                abort_watch_look(&watch, &rule, &bench.result, duration_s(s))
                    ? s
                    : 0;
        }
        if (ended != cases[i].ends_at) {
            fail_msg("%s: %d", cases[i].text, (int)ended);
        }
    }
    arena_release(&bench.arena);
}

static void test_what_can_never_be_judged_is_known_before(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"p99 < 1s", NULL},
        {"hedges == 0", "no hedge"},
        {"breaker_opened == 0", NULL},
        {"duplicates == 0", "no ledger"},
        {"failed / duplicates == 0", "no ledger"},
        {"schedule_lag.p99 < 1s", "closed model"},
        {"time_to_recover < 1s", "recovers from"},
        {"failure_rate{last=11s} < 1%", "longer than the run"},
        {"failure_rate{last=10s} < 1%", NULL},
        {"limit_wait.p99 < 1s", "no limits"},
        {"p99 < baseline", "--baseline"},
    };
    const struct slo_ground ground = {.oracle = ORACLE_NONE,
                                      .layers = 1u << LAYER_BREAKER,
                                      .measured = {10 * NS_PER_S}};
    for (size_t i = 0; i < array_length(cases); i++) {
        struct slo slo = parse(cases[i].text);
        const char *why = slo_why_unseen(&slo.terms[0], &ground);
        if ((why != NULL) != (cases[i].why != NULL) ||
            (why && !strstr(why, cases[i].why))) {
            fail_msg("%s: %s", cases[i].text, why ? why : "nothing");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_and_binds_closer_than_or),
        cmocka_unit_test(test_a_term_has_its_text),
        cmocka_unit_test(test_ratios_have_a_unit),
        cmocka_unit_test(test_selectors_are_understood),
        cmocka_unit_test(test_baselines_are_understood),
        cmocka_unit_test(test_refusals_say_what_to_write),
        cmocka_unit_test(test_parts_statuses_and_ratios_are_measured),
        cmocka_unit_test(test_three_values_are_joined_as_kleene_says),
        cmocka_unit_test(test_windows_are_judged_at_every_second),
        cmocka_unit_test(test_windows_know_squalls_own_lateness),
        cmocka_unit_test(test_windows_know_what_squall_cut_short),
        cmocka_unit_test(test_a_difference_within_noise_is_none),
        cmocka_unit_test(test_rules_that_end_a_run_are_understood),
        cmocka_unit_test(test_a_rule_ends_a_run_when_it_has_held),
        cmocka_unit_test(test_what_can_never_be_judged_is_known_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
