#include "policy/breaker.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const uint32_t failures = 1u << CLASS_TRANSIENT | 1u << CLASS_TIMEOUT;

static struct instant at_ms(int64_t ms)
{
    return (struct instant){ms * NS_PER_MS};
}

static struct backoff_config constant(int64_t ms)
{
    return (struct backoff_config){
        .type = BACKOFF_CONSTANT,
        .initial = duration_ms(ms),
        .max = DURATION_FOREVER,
        .multiplier = 2.0,
        .jitter = {.mult_low = 1.0, .mult_high = 1.0},
    };
}

/* Resilience4j in small: the last 4 calls, at least 4 of them, half of them
 * bad; open for a second; two probes judged by the same rate. */
static struct breaker_config counting(void)
{
    struct breaker_config config = {
        .condition_count = 1,
        .any_of = {{.type = TRIP_RATE,
                    .window_type = WINDOW_COUNT,
                    .size = 4,
                    .min_calls = 100, /* at most the size */
                    .rate = 0.5,
                    .failures = failures,
                    .ignored = 1u << CLASS_FATAL}},
        .open = constant(1000),
        .half_open_calls = 2,
        .close_when = CLOSE_RATE_BELOW,
        .half_open_rate = 0.5,
    };
    return config;
}

/* Polly in small: a tenth of the calls of ten seconds, in ten buckets, at
 * least 5; open for 5 s, doubling; one probe. */
static struct breaker_config timing(void)
{
    struct breaker_config config = counting();
    config.any_of[0] = (struct breaker_condition){
        .type = TRIP_RATE,
        .window_type = WINDOW_TIME,
        .window = duration_s(10),
        .buckets = 10,
        .min_calls = 5,
        .rate = 0.1,
        .failures = failures,
    };
    config.open = constant(5000);
    config.open.type = BACKOFF_EXPONENTIAL;
    config.half_open_calls = 1;
    config.close_when = CLOSE_ALL_SUCCESS;
    return config;
}

/* A breaker with its stream, and what it said. */
struct bench {
    const struct breaker_config *config;
    struct breaker breaker;
    struct rng rng;
    size_t length;
    char log[2000];
};

static struct bench bench_of(const struct breaker_config *config)
{
    struct bench bench = {.config = config,
                          .rng = rng_stream(1, RNG_JITTER, 0)};
    breaker_init(&bench.breaker, config, at_ms(0));
    return bench;
}

static void note(struct bench *bench, int64_t ms, const char *text)
{
    int written = snprintf(bench->log + bench->length,
                           sizeof(bench->log) - bench->length, "%lld %s\n",
                           (long long)ms, text);
    bench->length += (size_t)written;
    assert_true(bench->length < sizeof(bench->log));
}

/* One call that takes no time, if it may go: f fails, s is well, x is of a
 * class that is ignored. Notes what changes. */
static void one_call(struct bench *bench, int64_t ms, char what)
{
    struct breaker_permit permit;
    enum breaker_state before = bench->breaker.state;
    enum outcome_class class = what == 'f'   ? CLASS_TRANSIENT
                               : what == 's' ? CLASS_SUCCESS
                                             : CLASS_FATAL;
    if (!breaker_allow(&bench->breaker, bench->config, at_ms(ms), &permit,
                       &bench->rng)) {
        note(bench, ms, "denied");
        return;
    }
    if (bench->breaker.state != before) {
        note(bench, ms, breaker_state_name(bench->breaker.state));
        before = bench->breaker.state;
    }
    breaker_on_done(&bench->breaker, bench->config, at_ms(ms), permit, class,
                    DURATION_ZERO, &bench->rng);
    if (bench->breaker.state != before) {
        note(bench, ms, breaker_state_name(bench->breaker.state));
    }
}

static void calls(struct bench *bench, int64_t from_ms, int64_t every_ms,
                  const char *what)
{
    for (size_t i = 0; what[i]; i++) {
        one_call(bench, from_ms + (int64_t)i * every_ms, what[i]);
    }
}

/* Closed, open, half-open, open again, half-open, closed: by the last four
 * calls. */
static void test_trace_by_count(void **state)
{
    (void)state;
    struct breaker_config config = counting();
    struct bench bench = bench_of(&config);
    calls(&bench, 0, 10, "ffsxs"); /* two of four, and one ignored */
    calls(&bench, 500, 500, "ss"); /* denied; half-open, the first probe */
    assert_int_equal(bench.breaker.state, BREAKER_OPEN);
    calls(&bench, 1040, 10, "ff");   /* both probes are bad */
    calls(&bench, 1100, 1000, "fs"); /* denied; half-open, 1 bad of 2 */
    calls(&bench, 2110, 10, "f");
    calls(&bench, 3110, 10, "xss"); /* an ignored one gives its probe back */
    calls(&bench, 3200, 10, "ssfsf");
    assert_string_equal(bench.log, "40 open\n"
                                   "500 denied\n"
                                   "1000 denied\n"
                                   "1040 half_open\n"
                                   "1050 open\n"
                                   "1100 denied\n"
                                   "2100 half_open\n"
                                   "2110 open\n"
                                   "3110 half_open\n"
                                   "3130 closed\n"
                                   "3240 open\n");
    assert_int_equal(bench.breaker.opened, 4);
    assert_int_equal(bench.breaker.half_opened, 3);
    assert_int_equal(bench.breaker.closed, 1);
    assert_int_equal(bench.breaker.denied, 3);
    /* 40 to 1040, 1050 to 2100, 2110 to 3110; the last one is not over. */
    assert_int_equal(bench.breaker.open_total.ns, 3050 * NS_PER_MS);
}

static void test_trace_by_time(void **state)
{
    (void)state;
    struct breaker_config config = timing();
    struct bench bench = bench_of(&config);
    calls(&bench, 0, 1000, "fsss"); /* 1 of 4: too few */
    calls(&bench, 4000, 1000, "s"); /* 1 of 5 */
    calls(&bench, 8999, 1, "ss");   /* denied; a probe goes well */
    /* Eleven calls of which one failed are less than a tenth; the failure
     * and then successes leave the window in turn. */
    calls(&bench, 10000, 10, "ssssssssssf");
    calls(&bench, 20000, 10, "sssfsssssssss");
    calls(&bench, 25030, 10, "f");     /* the probe fails: twice the time */
    calls(&bench, 30030, 5000, "fss"); /* denied, denied, half-open */
    assert_string_equal(bench.log, "4000 open\n"
                                   "8999 denied\n"
                                   "9000 half_open\n"
                                   "9000 closed\n"
                                   "20040 open\n"
                                   "20050 denied\n"
                                   "20060 denied\n"
                                   "20070 denied\n"
                                   "20080 denied\n"
                                   "20090 denied\n"
                                   "20100 denied\n"
                                   "20110 denied\n"
                                   "20120 denied\n"
                                   "25030 denied\n"
                                   "30030 half_open\n"
                                   "30030 open\n"
                                   "35030 denied\n"
                                   "40030 half_open\n"
                                   "40030 closed\n");
}

static void test_consecutive(void **state)
{
    (void)state;
    struct breaker_config config = counting();
    config.any_of[0] = (struct breaker_condition){
        .type = TRIP_CONSECUTIVE,
        .count = 3,
        .failures = failures,
    };
    config.half_open_calls = 1;
    config.close_when = CLOSE_ALL_SUCCESS;
    config.open.type = BACKOFF_EXPONENTIAL;
    config.open.max = duration_ms(3000);
    struct bench bench = bench_of(&config);
    calls(&bench, 0, 1, "ffsffxfff"); /* fatal is good where not ignored */
    calls(&bench, 1008, 0, "f");
    calls(&bench, 3008, 0, "f");
    calls(&bench, 6008, 0, "f"); /* 1, 2, 3, 3 s */
    calls(&bench, 9008, 0, "s");
    calls(&bench, 9010, 1, "fff");
    calls(&bench, 10012, 0, "s"); /* from 1 s again */
    assert_string_equal(bench.log, "8 open\n"
                                   "1008 half_open\n1008 open\n"
                                   "3008 half_open\n3008 open\n"
                                   "6008 half_open\n6008 open\n"
                                   "9008 half_open\n9008 closed\n"
                                   "9012 open\n"
                                   "10012 half_open\n10012 closed\n");
}

static void timed_call(struct bench *bench, int64_t ms, int64_t took_ms,
                       enum outcome_class class)
{
    struct breaker_permit permit;
    assert_true(breaker_allow(&bench->breaker, bench->config, at_ms(ms),
                              &permit, &bench->rng));
    breaker_on_done(&bench->breaker, bench->config, at_ms(ms), permit, class,
                    duration_ms(took_ms), &bench->rng);
}

/* Slow is longer than the limit, not as long; how it ended is no matter. And
 * any one condition is enough. */
static void test_slow_calls(void **state)
{
    (void)state;
    struct breaker_config config = counting();
    config.condition_count = 2;
    config.any_of[1] = config.any_of[0];
    config.any_of[1].type = TRIP_SLOW;
    config.any_of[1].slow = duration_ms(100);
    config.any_of[1].rate = 1.0;
    struct bench bench = bench_of(&config);
    static const int64_t took[] = {101, 101, 100, 101, 500, 101};
    for (size_t i = 0; i < array_length(took); i++) {
        timed_call(&bench, (int64_t)i, took[i],
                   i == 3 ? CLASS_TRANSIENT : CLASS_SUCCESS);
        assert_int_equal(bench.breaker.state, BREAKER_CLOSED);
    }
    timed_call(&bench, 6, 101, CLASS_SUCCESS);
    assert_int_equal(bench.breaker.state, BREAKER_OPEN);
}

/* At the rate, or strictly above it: 1 of 10 at 10 %. */
static void test_threshold(void **state)
{
    (void)state;
    for (int strictly = 0; strictly <= 1; strictly++) {
        struct breaker_config config = counting();
        config.any_of[0].size = 10;
        config.any_of[0].rate = 0.1;
        config.any_of[0].strictly = strictly != 0;
        struct bench bench = bench_of(&config);
        calls(&bench, 0, 1, "fsssssssss");
        assert_int_equal(bench.breaker.state,
                         strictly ? BREAKER_CLOSED : BREAKER_OPEN);
    }
}

/* Finagle: an average that forgets over 30 s, above 20 % bad, with at least
 * five calls and 30 s seen. After one bad call and a gap of g, good ones
 * leave exp(-g / 30 s) of it. */
static void test_moving_average(void **state)
{
    (void)state;
    struct breaker_config config = counting();
    config.any_of[0] = (struct breaker_condition){
        .type = TRIP_RATE,
        .window_type = WINDOW_EMA,
        .window = duration_s(30),
        .min_calls = 5,
        .min_age = duration_s(30),
        .rate = 0.2,
        .strictly = true,
        .failures = failures,
    };
    /* exp(-48 / 30) = 0.2019, exp(-49 / 30) = 0.1953. */
    for (int64_t gap_s = 48; gap_s <= 49; gap_s++) {
        struct bench bench = bench_of(&config);
        calls(&bench, 0, 0, "ffff");
        assert_int_equal(bench.breaker.state, BREAKER_CLOSED);
        calls(&bench, gap_s * 1000, 0, "s");
        assert_int_equal(bench.breaker.state,
                         gap_s == 48 ? BREAKER_OPEN : BREAKER_CLOSED);
    }
    struct bench bench = bench_of(&config);
    calls(&bench, 0, 7000, "ffffs"); /* 28 s: too young */
    assert_int_equal(bench.breaker.state, BREAKER_CLOSED);
    calls(&bench, 30000, 0, "s");
    assert_int_equal(bench.breaker.state, BREAKER_OPEN);
}

static void test_probes_that_do_not_come_back(void **state)
{
    (void)state;
    struct breaker_config config = counting();
    config.half_open_max = duration_ms(300);
    struct bench bench = bench_of(&config);
    struct breaker_permit first, second, none;
    calls(&bench, 0, 0, "ffff");
    assert_true(breaker_allow(&bench.breaker, &config, at_ms(1000), &first,
                              &bench.rng));
    assert_true(breaker_allow(&bench.breaker, &config, at_ms(1000), &second,
                              &bench.rng));
    assert_false(breaker_allow(&bench.breaker, &config, at_ms(1000), &none,
                               &bench.rng));
    breaker_forget(&bench.breaker, second); /* it was never sent */
    assert_true(breaker_allow(&bench.breaker, &config, at_ms(1299), &second,
                              &bench.rng));
    assert_int_equal(bench.breaker.state, BREAKER_HALF_OPEN);
    breaker_on_done(&bench.breaker, &config, at_ms(1300), first, CLASS_SUCCESS,
                    DURATION_ZERO, &bench.rng);
    assert_int_equal(bench.breaker.state, BREAKER_OPEN);
    assert_int_equal(bench.breaker.open_until.ns, 2300 * NS_PER_MS);
    /* What comes back later is of another period. */
    breaker_on_done(&bench.breaker, &config, at_ms(1400), second,
                    CLASS_TRANSIENT, DURATION_ZERO, &bench.rng);
    breaker_forget(&bench.breaker, second);
    assert_int_equal(bench.breaker.opened, 2);
}

/* -- every short sequence, against a model in other words -- */

enum { DEPTH = 11, KINDS = 5, RUNNING_MAX = DEPTH };

/* Consecutive 2, open 10 ms, two probes that must both succeed. */
struct model {
    int state; /* 0 closed, 1 open, 2 half-open */
    int in_a_row, probes_out, probes_good;
    int64_t opened_at;
};

static bool model_allow(struct model *model, int64_t now)
{
    if (model->state == 1 && now - model->opened_at >= 10) {
        *model = (struct model){.state = 2};
    }
    if (model->state == 2) {
        bool free = model->probes_out + model->probes_good < 2;
        model->probes_out += free;
        return free;
    }
    return model->state == 0;
}

static void model_done(struct model *model, int64_t now, bool bad)
{
    bool opens = false;
    if (model->state == 0) {
        model->in_a_row = bad ? model->in_a_row + 1 : 0;
        opens = model->in_a_row == 2;
    } else {
        model->probes_out--;
        model->probes_good += !bad;
        opens = bad;
    }
    if (opens) {
        *model = (struct model){.state = 1, .opened_at = now};
    } else if (model->state == 2 && model->probes_good == 2) {
        *model = (struct model){.state = 0};
    }
}

struct running {
    struct breaker_permit permit;
    int period; /* by the model: how often its state has changed */
};

struct search {
    struct bench bench;
    struct model model;
    int model_period;
    int64_t now;
    int running_count;
    struct running running[RUNNING_MAX];
};

static uint64_t sequences, closings;

/* 0 asks for a call, 1 and 2 end the oldest one well and badly, 3 forgets
 * it, 4 lets 10 ms pass. */
static bool apply(struct search *s, int kind)
{
    struct breaker *breaker = &s->bench.breaker;
    int state = s->model.state;
    if (kind == 4) {
        s->now += 10;
        return true;
    }
    if (kind == 0) {
        struct breaker_permit permit;
        bool allowed = breaker_allow(breaker, s->bench.config, at_ms(s->now),
                                     &permit, &s->bench.rng);
        assert_int_equal(allowed, model_allow(&s->model, s->now));
        s->model_period += s->model.state != state;
        if (allowed) {
            s->running[s->running_count++] =
                (struct running){permit, s->model_period};
        }
        return true;
    }
    if (s->running_count == 0) {
        return false;
    }
    struct running oldest = s->running[0];
    s->running_count--;
    memmove(s->running, s->running + 1,
            (size_t)s->running_count * sizeof(oldest));
    bool current = oldest.period == s->model_period;
    if (kind == 3) {
        breaker_forget(breaker, oldest.permit);
        s->model.probes_out -= current && s->model.state == 2;
        return true;
    }
    breaker_on_done(breaker, s->bench.config, at_ms(s->now), oldest.permit,
                    kind == 1 ? CLASS_SUCCESS : CLASS_TIMEOUT, DURATION_ZERO,
                    &s->bench.rng);
    if (current) {
        model_done(&s->model, s->now, kind == 2);
        s->model_period += s->model.state != state;
    }
    return true;
}

static void explore(const struct search *before, int depth)
{
    for (int kind = 0; kind < KINDS; kind++) {
        struct search s = *before;
        if (!apply(&s, kind)) {
            continue;
        }
        sequences++;
        closings += s.bench.breaker.closed > before->bench.breaker.closed;
        assert_int_equal((int)s.bench.breaker.state, s.model.state);
        assert_true(s.bench.breaker.given <= 2);
        assert_true(s.bench.breaker.opened >= s.bench.breaker.half_opened);
        assert_true(s.bench.breaker.half_opened >= s.bench.breaker.closed);
        if (depth + 1 < DEPTH) {
            explore(&s, depth + 1);
        }
    }
}

static void test_every_short_sequence(void **state)
{
    (void)state;
    struct breaker_config config = counting();
    config.any_of[0] = (struct breaker_condition){
        .type = TRIP_CONSECUTIVE, .count = 2, .failures = failures};
    config.close_when = CLOSE_ALL_SUCCESS;
    config.open = constant(10);
    struct search s = {.bench = bench_of(&config)};
    explore(&s, 0);
    print_message("%llu steps, %llu closings\n", (unsigned long long)sequences,
                  (unsigned long long)closings);
    assert_true(sequences > 1000000 && closings > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trace_by_count),
        cmocka_unit_test(test_trace_by_time),
        cmocka_unit_test(test_consecutive),
        cmocka_unit_test(test_slow_calls),
        cmocka_unit_test(test_threshold),
        cmocka_unit_test(test_moving_average),
        cmocka_unit_test(test_probes_that_do_not_come_back),
        cmocka_unit_test(test_every_short_sequence),
    };
    return cmocka_run_group_tests_name("policy/breaker", tests, NULL, NULL);
}
