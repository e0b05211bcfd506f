#include "report/events.h"

#include "base/date.h"
#include "base/hash.h"
#include "base/mask.h"
#include "base/must.h"
#include "effects/replayed.h"
#include "plan/dead_letters.h"
#include "policy/key.h"
#include "report/event_sample.h"
#include "report/ndjson.h"
#include "report/writer.h"

#include <inttypes.h>
#include <stdlib.h>

/* Keeps the sample apart from other draws by operation numbers. */
static const uint64_t sample_salt = UINT64_C(0x73616d706c650000);

bool events_sampled(uint64_t operation, double share)
{
    double draw = (double)(mix64(operation ^ sample_salt) >> 11) * 0x1p-53;
    return draw < share;
}

bool events_offends(const struct event_trace *trace,
                    const struct events_effect *effect)
{
    return trace->operation.verdict != VERDICT_SUCCEEDED ||
           effect->flags != 0 ||
           (effect->is_known && effect_class_is_offence(effect->class));
}

void events_open(struct str *out, const struct events_run *run,
                 const char *schema, const char *address)
{
    const struct plan *plan = run->plan;
    struct str date = STR_INIT;
    char text[32];
    char *url = mask_text(plan->target.url);

    date_append(&date, run->zero_unix_us, 6);
    ndjson_open(out);
    ndjson_text(out, "schema", schema);
    ndjson_text(out, "type", "run");
    snprintf(text, sizeof(text), "%016" PRIx64, plan->run);
    ndjson_text(out, "run", text);
    snprintf(text, sizeof(text), "%" PRIu64, plan->seed);
    ndjson_text(out, "seed", text);
    ndjson_text(out, "started_at", date.text);
    ndjson_count(out, "started_unix_us", (uint64_t)run->zero_unix_us);
    ndjson_text(out, address, url);
    ndjson_text(out, "profile", plan->name);
    str_release(&date);
    free(url);
}

static void put_number(struct str *out, const char *name, double value)
{
    cJSON *number = cJSON_CreateNumber(value);

    ndjson_tree(out, name, number);
    cJSON_Delete(number);
}

void events_head(struct str *out, const struct events_run *run)
{
    const struct dead_letters *dead_letters = dead_letters_of(run->plan);

    events_open(out, run, "squall.events/1", "target");
    ndjson_text(out, "dead_letters", dead_letters ? dead_letters->file : NULL);
    if (run->per_second > 0) {
        ndjson_null(out, "sample");
        ndjson_count(out, "sample_per_second", run->per_second);
    } else {
        put_number(out, "sample", run->sample);
        ndjson_null(out, "sample_per_second");
    }
    ndjson_close(out);
}

static void put_operation_id(struct str *out, const struct events_run *run,
                             uint64_t operation)
{
    char id[64];
    key_operation_id(run->plan->run, operation, id, sizeof(id));
    ndjson_text(out, "op", id);
}

static void put_key(struct str *out, const struct event_key *key)
{
    ndjson_bytes(out, "key", key->length ? key->text : NULL, key->length);
}

static const struct planned_request *request_of(const struct events_run *run,
                                                uint16_t request)
{
    return &run->plan->requests[request];
}

/* Only ids that were sent can be looked for in another system. */
static void put_trace_id(struct str *out, const struct events_run *run,
                         uint64_t operation, uint16_t request)
{
    char trace[TRACE_ID_LENGTH + 1];
    if (!request_of(run, request)->is_traced) {
        ndjson_null(out, "trace_id");
        return;
    }
    key_trace_id(run->plan->run, operation, trace);
    ndjson_text(out, "trace_id", trace);
}

static void put_span_id(struct str *out, const struct events_run *run,
                        const struct event_attempt *attempt)
{
    char span[SPAN_ID_LENGTH + 1];
    if (!request_of(run, attempt->request)->is_traced) {
        ndjson_null(out, "span_id");
        return;
    }
    key_span_id(run->plan->spans, attempt->operation, attempt->number, span);
    ndjson_text(out, "span_id", span);
}

static void put_error(struct str *out, const struct failures *failures,
                      const struct event_attempt *attempt)
{
    enum outcome outcome = (enum outcome)attempt->outcome;
    const struct failure_kind *kind =
        failures && outcome != OUTCOME_OK
            ? failures_find(failures, outcome, attempt->status, attempt->error)
            : NULL;
    char shown[FAILURE_SHOWN_MAX] = "";

    if (kind) {
        failure_show(kind, shown);
    }
    ndjson_text(out, "error", shown[0] ? shown : NULL);
}

void events_attempt_members(struct str *out, const struct events_run *run,
                            const struct event_attempt *attempt,
                            const struct event_key *key)
{
    put_key(out, key);
    ndjson_count(out, "attempt", attempt->number);
    ndjson_text(out, "kind",
                attempt_kind_name((enum attempt_kind)attempt->kind));
    ndjson_us(out, "asked_us", attempt->asked);
    ndjson_us(out, "sent_us", attempt->sent);
    ndjson_us(out, "first_byte_us", attempt->first_byte);
    ndjson_us(out, "done_us", attempt->done);
    ndjson_text(out, "outcome", outcome_name((enum outcome)attempt->outcome));
    if (attempt->status > 0) {
        ndjson_count(out, "status", attempt->status);
    } else {
        ndjson_null(out, "status");
    }
    put_error(out, run->failures, attempt);
    ndjson_bool(out, "sent", attempt->was_sent);
    ndjson_bool(out, "wasted", attempt->wasted);
    ndjson_text(out, "fault",
                attempt->fault < 0
                    ? NULL
                    : fault_name((enum fault_kind)attempt->fault));
    ndjson_bool(out, "delivered", attempt->delivered);
    put_trace_id(out, run, attempt->operation, attempt->request);
    put_span_id(out, run, attempt);
}

static void put_attempt(struct str *out, const struct events_run *run,
                        const struct event_attempt *attempt,
                        const struct event_key *key)
{
    ndjson_open(out);
    ndjson_text(out, "type", "attempt");
    put_operation_id(out, run, attempt->operation);
    ndjson_count(out, "client", attempt->client);
    ndjson_text(out, "request",
                request_of(run, attempt->request)->config.name);
    ndjson_us(out, "intended_us", attempt->intended);
    events_attempt_members(out, run, attempt, key);
    ndjson_close(out);
}

static void put_flags(struct str *out, uint8_t flags)
{
    static const char *const names[] = {
#define EFFECT_FLAG(id, name, sentence) name,
#include "measure/effect.def"
    };
    ndjson_begin_array(out, "flags");
    for (size_t i = 0; i < array_length(names); i++) {
        if (flags >> i & 1) {
            ndjson_value(out, names[i]);
        }
    }
    ndjson_end(out, ']');
}

void events_effect_members(struct str *out, const struct events_effect *effect)
{
    if (effect->is_known) {
        ndjson_text(out, "effect", effect_class_name(effect->class));
        ndjson_count(out, "effects", effect->count);
    } else {
        ndjson_null(out, "effect");
        ndjson_null(out, "effects");
    }
    put_flags(out, effect->flags);
}

/* Of a dead letter that was sent again: what it was, and what it is. */
static void put_both(struct str *out, const struct events_run *run,
                     const struct event_operation *operation)
{
    const struct dead_letters *dead_letters = dead_letters_of(run->plan);
    const struct dead_letter *dead_letter =
        dead_letters ? dead_letters_find(dead_letters, operation->operation)
                     : NULL;

    if (!dead_letter) {
        return;
    }
    const struct operation_ending *ending =
        &run->endings[dead_letter - dead_letters->items];
    enum verdict now = replayed_verdict(dead_letter->verdict,
                                        (enum verdict)operation->verdict,
                                        ending->rejects_all);
    ndjson_text(out, "earlier_verdict", verdict_name(dead_letter->verdict));
    ndjson_count(out, "earlier_on_wire", dead_letter->attempts);
    ndjson_text(out, "overall_verdict", verdict_name(now));
}

void events_trace(struct str *out, const struct events_run *run,
                  const struct event_trace *trace,
                  const struct events_effect *effect, double stands_for)
{
    const struct event_operation *operation = &trace->operation;

    for (size_t i = 0; i < trace->attempt_count; i++) {
        put_attempt(out, run, &trace->attempts[i], &trace->keys[i]);
    }
    ndjson_open(out);
    ndjson_text(out, "type", "operation");
    put_operation_id(out, run, operation->operation);
    ndjson_count(out, "client", operation->client);
    ndjson_text(out, "request",
                request_of(run, operation->request)->config.name);
    ndjson_us(out, "intended_us", operation->intended);
    put_key(out, &trace->key);
    ndjson_us(out, "verdict_us", operation->verdict_at);
    ndjson_text(out, "verdict",
                verdict_name((enum verdict)operation->verdict));
    ndjson_text(out, "reason",
                finish_reason_name((enum finish_reason)operation->reason));
    ndjson_count(out, "attempts", operation->attempts);
    ndjson_count(out, "on_wire", operation->on_wire);
    ndjson_bool(out, "warmup", operation->warmup);
    put_both(out, run, operation);
    events_effect_members(out, effect);
    put_trace_id(out, run, operation->operation, operation->request);
    if (stands_for > 0) {
        put_number(out, "stands_for", stands_for);
    }
    ndjson_close(out);
}

void events_end(struct str *out, const struct events_sum *sum, bool complete)
{
    ndjson_open(out);
    ndjson_text(out, "type", "end");
    ndjson_count(out, "operations", sum->operations);
    ndjson_count(out, "attempts", sum->attempts);
    ndjson_count(out, "left_out", sum->left_out);
    ndjson_bool(out, "complete", complete);
    ndjson_close(out);
}

static uint64_t second_of(const struct event_trace *trace)
{
    return (uint64_t)(trace->operation.intended.ns / NS_PER_S);
}

/* Goes through all operations once to draw those of each second; NULL where
 * they are drawn otherwise. */
static struct event_sample *draw(const struct writer_run *run,
                                 uint64_t per_second)
{
    const struct event_trace *trace;

    if (per_second == 0) {
        return NULL;
    }
    struct event_sample *drawn =
        event_sample_new(per_second, run->events.plan->seed);
    run->begin(run->context);
    while ((trace = run->next(run->context))) {
        uint64_t operation = trace->operation.operation;
        struct events_effect effect = run->effect(run->context, operation);
        event_sample_offer(drawn, second_of(trace), operation,
                           events_offends(trace, &effect));
    }
    (void)run->end(run->context);
    return drawn;
}

/* How many operations one stands for, 0 where all that are drawn stand for
 * themselves; negative: it is left out. */
static double weight_of(const struct event_sample *drawn, double share,
                        const struct event_trace *trace,
                        const struct events_effect *effect)
{
    uint64_t operation = trace->operation.operation;
    bool offends = events_offends(trace, effect);

    if (!drawn) {
        return offends || events_sampled(operation, share) ? 0 : -1;
    }
    return event_sample_takes(drawn, second_of(trace), operation, offends)
               ? event_sample_stands_for(drawn, second_of(trace), offends)
               : -1;
}

void write_events(const struct writer_input *input, struct file_writer *file)
{
    const struct writer_run *run = input->run;
    struct events_run about = run->events;
    const struct event_trace *trace;
    struct events_sum sum = {0};

    about.sample = input->sample;
    about.per_second = input->per_second;
    events_head(&file->buffer, &about);
    struct event_sample *drawn = draw(run, about.per_second);
    run->begin(run->context);
    while (file->number == 0 && (trace = run->next(run->context))) {
        struct events_effect effect =
            run->effect(run->context, trace->operation.operation);
        double weight = weight_of(drawn, about.sample, trace, &effect);
        if (weight < 0) {
            sum.left_out++;
            continue;
        }
        events_trace(&file->buffer, &about, trace, &effect, weight);
        sum.operations++;
        sum.attempts += trace->attempt_count;
        file_flush_when_long(file);
    }
    events_end(&file->buffer, &sum, run->end(run->context));
    if (drawn) {
        event_sample_free(drawn);
    }
}
