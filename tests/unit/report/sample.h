/*
 * A run that never happened, recorded as facts in the real tally, with a
 * ledger fed to the real join: input for the tests of the report.
 */
#ifndef SQUALL_TEST_REPORT_SAMPLE_H
#define SQUALL_TEST_REPORT_SAMPLE_H

#include "base/must.h"
#include "effects/effects_join.h"
#include "measure/result.h"
#include "report/document.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    SAMPLE_OPERATIONS = 20000,
    SAMPLE_REQUESTS = 2,
    SAMPLE_STAGES = 4,
    SAMPLE_WARMUP = 2000
};

struct sample {
    struct arena arena;
    struct tally tally;
    struct operation_log *log;
    struct effect_figures effects;
    struct result result;
    struct plan plan;
    struct run_info run;
    struct slo slos[4];
    uint64_t random;
    struct effects_join *join;
};

static const char *const sample_request_names[] = {"checkout", "browse"};
static const char *const sample_stage_names[] = {"warm-up", "base", "spike",
                                                 "calm"};
static const char *const sample_argv[] = {
    "squall",
    "run",
    "-H",
    "Authorization: Bearer abc",
    "-p",
    "lost-responses",
    "http://joe:secret@localhost:8080/orders",
};

/* A generator of its own (Knuth's MMIX), so that the golden texts stand still
 * when squall's streams move. Uniform in (0, 1). */
static double sample_unit(struct sample *sample)
{
    sample->random = sample->random * UINT64_C(6364136223846793005) +
                     UINT64_C(1442695040888963407);
    return ((double)(sample->random >> 32) + 0.5) / 4294967296.0;
}

static struct duration sample_service_time(struct sample *sample, double load)
{
    double mean_us = 2000 + 1500 * load * load;
    double us = 700 - log(sample_unit(sample)) * mean_us;
    return duration_us((int64_t)us);
}

static void sample_take_attempt(struct sample *sample, struct fact base,
                                struct instant sent, unsigned attempt,
                                bool is_lost, struct duration latency)
{
    enum attempt_kind kind = attempt == 1 ? ATTEMPT_FIRST : ATTEMPT_RETRY;
    struct fact fact = base;
    fact.kind = FACT_SENT;
    fact.at = sent;
    fact.sent.kind = kind;
    tally_take(&sample->tally, &fact);

    if (is_lost) {
        fact = base;
        fact.kind = FACT_FAULT;
        fact.at = sent;
        fact.fault.fault = FAULT_LOST_RESPONSE;
        fact.fault.delivered = true;
        tally_take(&sample->tally, &fact);
    }
    fact = base;
    fact.kind = FACT_DONE;
    fact.at = instant_add(sent, latency);
    fact.done.kind = kind;
    fact.done.outcome = is_lost ? OUTCOME_TIMEOUT : OUTCOME_OK;
    fact.done.status = is_lost ? 0 : 201;
    fact.done.was_sent = true;
    fact.done.latency = latency;
    fact.done.first_byte =
        is_lost ? NOT_MEASURED : duration_from_ns((double)latency.ns * 0.9);
    fact.done.connect =
        attempt == 1 && base.at.ns % 7 == 0 ? duration_us(180) : NOT_MEASURED;
    fact.done.queue = duration_us(3);
    tally_take(&sample->tally, &fact);
}

/* One operation; returns the number of effects that it had. */
static unsigned sample_operation(struct sample *sample, uint64_t number,
                                 struct instant intended, uint16_t stage)
{
    struct fact base = {
        .warmup = stage == 0,
        .request = (uint16_t)(number % 5 == 0),
        .stage = stage,
        .at = instant_add(intended, duration_us(40)),
    };
    struct attempt_note notes[ATTEMPT_NOTES_MAX];
    struct fact fact = base;
    struct instant now = base.at;
    unsigned attempts = 0;
    struct duration backoff = DURATION_ZERO;
    bool succeeded = false;

    fact.kind = FACT_STARTED;
    fact.started.intended = intended;
    tally_take(&sample->tally, &fact);
    while (attempts < 3 && !succeeded) {
        bool is_lost = sample_unit(sample) < (stage == 2 ? 0.1 : 0.02);
        struct duration latency =
            is_lost ? duration_ms(200)
                    : sample_service_time(sample, stage == 2 ? 3 : 1);
        attempts++;
        sample_take_attempt(sample, base, now, attempts, is_lost, latency);
        notes[attempts - 1] = (struct attempt_note){
            .sent = instant_since(now, intended),
            .done = duration_add(instant_since(now, intended), latency),
            .status = is_lost ? 0 : 201,
            .number = (uint16_t)attempts,
            .outcome = is_lost ? OUTCOME_TIMEOUT : OUTCOME_OK,
            .kind = attempts == 1 ? ATTEMPT_FIRST : ATTEMPT_RETRY,
            .fault = is_lost ? FAULT_LOST_RESPONSE : -1,
        };
        now = instant_add(now, latency);
        succeeded = !is_lost;
        if (is_lost && attempts < 3) {
            now = instant_add(now, duration_ms(50));
            backoff = duration_add(backoff, duration_ms(50));
        }
    }
    char id[32];
    int length =
        snprintf(id, sizeof(id), "op-%llu", (unsigned long long)number);
    fact = base;
    fact.kind = FACT_FINISHED;
    fact.at = now;
    fact.finished.verdict = succeeded ? VERDICT_SUCCEEDED : VERDICT_AMBIGUOUS;
    fact.finished.reason =
        succeeded ? FINISH_ANSWERED : FINISH_ATTEMPTS_EXHAUSTED;
    fact.finished.intended = intended;
    fact.finished.attempts = attempts;
    fact.finished.backoff = backoff;
    fact.finished.queue = duration_us(3);
    fact.finished.operation = number;
    fact.finished.join = hash_bytes(id, (size_t)length);
    fact.finished.has_effect = true;
    fact.finished.one_key = true;
    fact.finished.limit = 20 + (unsigned)(number % 5);
    fact.finished.note_count = attempts;
    fact.finished.notes = notes;
    tally_take(&sample->tally, &fact);
    operation_log_take(sample->log, &fact);
    return attempts;
}

/* The service has no keys: each delivered attempt is an effect, but it lost
 * one operation and knows of one that was never asked for. */
static void sample_run(struct sample *sample)
{
    static const struct {
        int64_t from_ms, step_us;
    } stages[SAMPLE_STAGES] = {
        {0, 1000},
        {2000, 1000},
        {8000, 250},
        {10000, 500},
    };
    static unsigned effects[SAMPLE_OPERATIONS];
    int64_t at_us = 0;
    uint16_t stage = 0;
    for (uint64_t i = 0; i < SAMPLE_OPERATIONS; i++) {
        while (stage + 1 < SAMPLE_STAGES &&
               at_us >= stages[stage + 1].from_ms * 1000) {
            stage++;
        }
        effects[i] = sample_operation(
            sample, i, (struct instant){at_us * NS_PER_US}, stage);
        at_us += stages[stage].step_us;
    }
    effects[5000] = 0;
    effects[6000] = 2;

    struct operation_log *logs[] = {sample->log};
    sample->join = effects_join_new(logs, 1);
    for (uint64_t i = 0; i < SAMPLE_OPERATIONS; i++) {
        char id[32];
        int length =
            snprintf(id, sizeof(id), "op-%llu", (unsigned long long)i);
        effects_join_entry(sample->join, id, (size_t)length, effects[i]);
    }
    effects_join_entry(sample->join, "stranger", 8, 3);
    effects_join_finish(sample->join, &sample->effects);
}

/* An operation of the spike that the client itself did not let out, or that
 * it hedged: a hedge overtook its first attempt. */
static void sample_policed(struct sample *sample, uint64_t number,
                           enum finish_reason reason)
{
    bool is_hedged = reason == FINISH_ANSWERED;
    struct instant at = {8 * NS_PER_S + (int64_t)number * 4 * NS_PER_MS};
    struct fact base = {.stage = 2, .at = at};
    struct fact fact = base;
    fact.kind = FACT_STARTED;
    fact.started.intended = at;
    tally_take(&sample->tally, &fact);
    for (int i = 0; is_hedged && i < 2; i++) {
        enum attempt_kind kind = i == 0 ? ATTEMPT_FIRST : ATTEMPT_HEDGE;
        fact = base;
        fact.kind = FACT_SENT;
        fact.sent.kind = kind;
        tally_take(&sample->tally, &fact);
        fact = base;
        fact.kind = FACT_DONE;
        fact.at = instant_add(at, duration_ms(35));
        fact.done.kind = kind;
        fact.done.outcome = i == 0 ? OUTCOME_CANCELLED : OUTCOME_OK;
        fact.done.status = i == 0 ? 0 : 201;
        fact.done.was_sent = true;
        fact.done.wasted = i == 0;
        fact.done.closed_connection = i == 0 && number % 4 != 0;
        fact.done.latency = duration_ms(35 - 30 * i);
        fact.done.first_byte = i == 0 ? NOT_MEASURED : duration_ms(4);
        fact.done.connect = NOT_MEASURED;
        tally_take(&sample->tally, &fact);
    }
    fact = base;
    fact.kind = FACT_FINISHED;
    fact.at = instant_add(at, duration_ms(is_hedged ? 35 : 2));
    fact.finished.verdict = is_hedged ? VERDICT_SUCCEEDED : VERDICT_SHED;
    fact.finished.reason = reason;
    fact.finished.intended = at;
    fact.finished.attempts = is_hedged ? 2 : 0;
    fact.finished.hedges = is_hedged;
    fact.finished.hedges_denied = number % 11 == 0;
    fact.finished.won_by_hedge = is_hedged;
    fact.finished.waited_place = reason == FINISH_CONCURRENCY_FULL;
    fact.finished.waited_rate = reason == FINISH_RATE_LIMITED;
    fact.finished.limit_wait = duration_ms(2);
    fact.finished.limit = 18;
    fact.finished.refusals[LAYER_BREAKER] = reason == FINISH_BREAKER_OPEN;
    fact.finished.refusals[LAYER_CONCURRENCY] =
        reason == FINISH_CONCURRENCY_FULL;
    fact.finished.refusals[LAYER_RATE_LIMIT] = reason == FINISH_RATE_LIMITED;
    fact.finished.refusals[LAYER_THROTTLE] = reason == FINISH_THROTTLED;
    fact.finished.has_budget = true;
    fact.finished.retries_granted = number % 3 == 0;
    fact.finished.budget_level = (double)(number % 40) / 4 + 1.5;
    tally_take(&sample->tally, &fact);
}

/* A breaker that goes round every 250 ms of the spike, and stays open. */
static void sample_breakers(struct sample *sample)
{
    static const enum breaker_state round[] = {
        BREAKER_CLOSED,
        BREAKER_OPEN,
        BREAKER_HALF_OPEN,
    };
    for (size_t i = 0; i < 22; i++) {
        struct fact fact = {
            .kind = FACT_BREAKER,
            .at = {8 * NS_PER_S + (int64_t)i * 90 * NS_PER_MS},
        };
        fact.breaker.client = i < 18 ? 3 : 12;
        fact.breaker.from = round[i % 3];
        fact.breaker.to = round[(i + 1) % 3];
        tally_take(&sample->tally, &fact);
    }
    for (unsigned i = 0; i < 4; i++) {
        struct fact fact = {.kind = FACT_CLIENT};
        fact.client.budget_level = 8 + i;
        fact.client.limit = 19 + i;
        fact.client.running_max = 24 - i;
        fact.client.queued_max = 10 + i;
        tally_take(&sample->tally, &fact);
    }
}

static void sample_layers(struct sample *sample)
{
    static const enum finish_reason reasons[] = {
        FINISH_ANSWERED,     FINISH_BREAKER_OPEN, FINISH_CONCURRENCY_FULL,
        FINISH_RATE_LIMITED, FINISH_THROTTLED,    FINISH_BREAKER_OPEN,
    };
    for (uint64_t i = 0; i < 490; i++) {
        sample_policed(sample, i, reasons[i % array_length(reasons)]);
    }
    sample_breakers(sample);
    sample->plan.policy.budget.type = BUDGET_TOKEN_BUCKET;
}

static void sample_plan(struct sample *sample)
{
    sample->plan = (struct plan){
        .load = {.model = LOAD_OPEN, .first_stage_is_warmup = true},
        .policy = {.key = {.scope = KEY_SCOPE_OPERATION, .kind = KEY_UUID4}},
        .seed = UINT64_C(0xfedcba9876543210),
        .run = UINT64_C(0x1122334455),
    };
    sample->plan.profile = cJSON_Parse(
        "{\"name\":\"lost-responses\",\"load\":{\"model\":\"open\","
        "\"arrival\":\"constant\",\"rate\":\"1000/s\",\"stages\":[{},{}]}}");
    sample->run = (struct run_info){
        .id = "1122334455",
        .started_unix_ms = INT64_C(1767225600123),
        .measured_unix_us = INT64_C(1767225602123456),
        .duration = duration_ms(14250),
        .threads = 2,
        .argc = (int)array_length(sample_argv),
        .argv = sample_argv,
        .exit_status = 1,
        .target_url = "http://joe:secret@localhost:8080/orders",
        .embedded_target = false,
        .libcurl = "libcurl/7.88.1",
    };
}

static const char *const sample_slos[] = {"p99 < 250ms", "success_rate >= 99%",
                                          "duplicates == 0",
                                          "p99{phase=\"calm\"} < 1ms"};

/* The tally of a sample as its result. */
static void sample_compute(struct sample *sample, bool has_ledger)
{
    static const struct duration lengths[SAMPLE_STAGES] = {
        {2 * NS_PER_S}, {6 * NS_PER_S}, {2 * NS_PER_S}, {2 * NS_PER_S}};
    for (size_t i = 0; i < array_length(sample_slos); i++) {
        char problem[200];
        size_t at;
        must(slo_parse(&sample->slos[i], sample_slos[i], problem,
                       sizeof(problem), &at));
    }
    struct result_input input = {
        .tally = &sample->tally,
        .request_count = SAMPLE_REQUESTS,
        .stage_count = SAMPLE_STAGES,
        .request_names = sample_request_names,
        .stage_names = sample_stage_names,
        .stage_lengths = lengths,
        .measured = duration_s(10),
        .effects = has_ledger ? &sample->effects : NULL,
        .open_model = true,
        .cpu_share = 0.34,
        .complete = true,
        .slo_count = array_length(sample_slos),
        .slos = sample->slos,
    };
    result_compute(&sample->result, &sample->arena, &input);
}

static void sample_tally(struct sample *sample, uint32_t layers)
{
    struct tally_config config = {
        .requests = SAMPLE_REQUESTS,
        .stages = SAMPLE_STAGES,
        .load_length = duration_s(12),
        .warmup = duration_s(2),
        .first_stage_is_warmup = true,
        .layers = layers,
    };
    tally_init(&sample->tally, &sample->arena, &config);
}

/* Everything but the release is done here. Bits of enum layer: what clients
 * have, and did; a retry budget too. Other seeds make other runs. */
static void sample_make_seeded(struct sample *sample, bool has_ledger,
                               uint32_t layers, uint64_t seed)
{
    memset(sample, 0, sizeof(*sample));
    sample->random = seed;
    sample_tally(sample, layers);
    sample->log = operation_log_new(&sample->arena, SAMPLE_OPERATIONS);
    sample_plan(sample);
    sample_run(sample);
    if (layers) {
        sample_layers(sample);
    }
    tally_check(&sample->tally);
    sample_compute(sample, has_ledger);
}

static inline void sample_make_with(struct sample *sample, bool has_ledger,
                                    uint32_t layers)
{
    sample_make_seeded(sample, has_ledger, layers, 1);
}

static inline void sample_make(struct sample *sample, bool has_ledger)
{
    sample_make_with(sample, has_ledger, 0);
}

static void sample_release(struct sample *sample)
{
    effects_join_free(sample->join);
    cJSON_Delete(sample->plan.profile);
    arena_release(&sample->arena);
}

#endif
