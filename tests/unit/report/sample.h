/*
 * A run that never happened, told in facts to the real tally, with a ledger
 * told to the real join: input for the tests of the report.
 */
#ifndef SQUALL_TEST_REPORT_SAMPLE_H
#define SQUALL_TEST_REPORT_SAMPLE_H

#include "base/must.h"
#include "measure/result.h"
#include "report/document.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SAMPLE_OPERATIONS = 20000, SAMPLE_REQUESTS = 2, SAMPLE_STAGES = 4,
       SAMPLE_WARMUP = 2000 };

struct sample {
    struct arena arena;
    struct tally tally;
    struct effects effects;
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
    "squall", "run", "-H", "Authorization: Bearer abc", "-p",
    "lost-responses", "http://joe:secret@localhost:8080/orders",
};

/* A generator of its own (Knuth's MMIX), so that the golden texts stand still
 * when squall's streams move. Uniform in (0, 1). */
static double sample_unit(struct sample *sample)
{
    sample->random = sample->random * UINT64_C(6364136223846793005) +
                     UINT64_C(1442695040888963407);
    return ((double)(sample->random >> 32) + 0.5) / 4294967296.0;
}

static struct duration sample_service_time(struct sample *sample,
                                           double load)
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
    fact.done.connect = attempt == 1 && base.at.ns % 7 == 0
                            ? duration_us(180)
                            : NOT_MEASURED;
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
    bool acked = false;

    fact.kind = FACT_STARTED;
    fact.started.intended = intended;
    tally_take(&sample->tally, &fact);
    while (attempts < 3 && !acked) {
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
            .outcome = is_lost ? OUTCOME_TIMEOUT : OUTCOME_OK,
            .kind = attempts == 1 ? ATTEMPT_FIRST : ATTEMPT_RETRY,
            .fault = is_lost ? FAULT_LOST_RESPONSE : -1,
        };
        now = instant_add(now, latency);
        acked = !is_lost;
        if (is_lost && attempts < 3) {
            now = instant_add(now, duration_ms(50));
            backoff = duration_add(backoff, duration_ms(50));
        }
    }
    char id[32];
    int length = snprintf(id, sizeof(id), "op-%llu",
                          (unsigned long long)number);
    fact = base;
    fact.kind = FACT_FINISHED;
    fact.at = now;
    fact.finished.verdict = acked ? VERDICT_ACKED : VERDICT_AMBIGUOUS;
    fact.finished.reason =
        acked ? FINISH_ANSWERED : FINISH_ATTEMPTS_EXHAUSTED;
    fact.finished.intended = intended;
    fact.finished.attempts = attempts;
    fact.finished.backoff = backoff;
    fact.finished.queue = duration_us(3);
    fact.finished.operation = number;
    fact.finished.join = hash_bytes(id, (size_t)length);
    fact.finished.has_effect = true;
    fact.finished.one_key = true;
    fact.finished.note_count = attempts;
    fact.finished.notes = notes;
    tally_take(&sample->tally, &fact);
    return attempts;
}

/* The service has no keys: each delivered attempt is an effect, but it lost
 * one operation and knows of one that was never asked for. */
static void sample_run(struct sample *sample)
{
    static const struct {
        int64_t from_ms, step_us;
    } stages[SAMPLE_STAGES] = {
        {0, 1000}, {2000, 1000}, {8000, 250}, {10000, 500},
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

    struct effects_log *logs[] = {sample->tally.effects};
    sample->join = effects_join_new(logs, 1);
    for (uint64_t i = 0; i < SAMPLE_OPERATIONS; i++) {
        char id[32];
        int length = snprintf(id, sizeof(id), "op-%llu",
                              (unsigned long long)i);
        effects_join_entry(sample->join, id, (size_t)length, effects[i]);
    }
    effects_join_entry(sample->join, "stranger", 8, 3);
    effects_join_finish(sample->join, &sample->effects);
}

static void sample_plan(struct sample *sample)
{
    sample->plan = (struct plan){
        .load = {.model = LOAD_OPEN, .first_stage_is_warmup = true},
        .policy = {.key = {.scope = KEY_SCOPE_OPERATION,
                           .kind = KEY_UUID4}},
        .seed = UINT64_C(0xfedcba9876543210),
        .run = UINT64_C(0x1122334455),
    };
    sample->plan.profile = cJSON_Parse(
        "{\"name\":\"lost-responses\",\"load\":{\"model\":\"open\","
        "\"arrival\":\"constant\",\"rate\":\"1000/s\",\"stages\":[{},{}]}}");
    sample->run = (struct run_info){
        .id = "1122334455",
        .started_unix_ms = INT64_C(1767225600123),
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

/* Everything but the release is done here. */
static void sample_make(struct sample *sample, bool has_ledger)
{
    static const char *const texts[] = {"p99 < 250ms", "success_rate >= 99%",
                                        "duplicates == 0",
                                        "p99{phase=\"calm\"} < 1ms"};
    static const struct duration lengths[SAMPLE_STAGES] = {
        {2 * NS_PER_S}, {6 * NS_PER_S}, {2 * NS_PER_S}, {2 * NS_PER_S}};
    memset(sample, 0, sizeof(*sample));
    sample->random = 1;
    struct tally_config config = {
        .requests = SAMPLE_REQUESTS,
        .stages = SAMPLE_STAGES,
        .load_length = duration_s(12),
        .warmup = duration_s(2),
        .first_stage_is_warmup = true,
        .keep_effects = true,
        .operations_max = SAMPLE_OPERATIONS,
    };
    tally_init(&sample->tally, &sample->arena, &config);
    sample_plan(sample);
    sample_run(sample);
    tally_check(&sample->tally);
    for (size_t i = 0; i < array_length(texts); i++) {
        char problem[200];
        size_t at;
        must(slo_parse(&sample->slos[i], texts[i], problem, sizeof(problem),
                       &at));
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
        .slo_count = array_length(texts),
        .slos = sample->slos,
    };
    result_compute(&sample->result, &sample->arena, &input);
}

static void sample_release(struct sample *sample)
{
    effects_join_free(sample->join);
    cJSON_Delete(sample->plan.profile);
    arena_release(&sample->arena);
}

#endif
