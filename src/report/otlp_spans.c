/* The spans of an operation and of its attempts. */
#include "base/must.h"
#include "measure/failures.h"
#include "policy/key.h"
#include "report/ndjson.h"
#include "report/otlp.h"
#include "report/otlp_attribute.h"

#include <stdio.h>

/* Of the protocol: enum SpanKind, and enum StatusCode. */
enum { KIND_INTERNAL = 1, KIND_CLIENT = 3, STATUS_ERROR = 2 };

/* Attempts are numbered from 1: this is the span of the operation. */
enum { WHOLE_OPERATION = 0 };

static void put_ids(struct str *out, const struct events_run *run,
                    uint64_t operation, unsigned attempt)
{
    char trace[TRACE_ID_LENGTH + 1], span[SPAN_ID_LENGTH + 1];

    key_trace_id(run->plan->run, operation, trace);
    key_span_id(run->plan->spans, operation, attempt, span);
    ndjson_text(out, "traceId", trace);
    ndjson_text(out, "spanId", span);
}

static void put_parent(struct str *out, const struct events_run *run,
                       uint64_t operation)
{
    char span[SPAN_ID_LENGTH + 1];

    key_span_id(run->plan->spans, operation, WHOLE_OPERATION, span);
    ndjson_text(out, "parentSpanId", span);
}

static void put_times(struct str *out, const struct events_run *run,
                      struct instant start, struct instant end)
{
    int64_t zero = run->zero_unix_us * NS_PER_US;

    ndjson_digits(out, "startTimeUnixNano", (uint64_t)(zero + start.ns));
    ndjson_digits(out, "endTimeUnixNano",
                  (uint64_t)(zero + (end.ns > start.ns ? end.ns : start.ns)));
}

static void put_error(struct str *out, const char *message)
{
    ndjson_begin_member(out, "status");
    ndjson_count(out, "code", STATUS_ERROR);
    ndjson_text(out, "message", message);
    ndjson_end(out, '}');
}

static const struct request_config *request_of(const struct events_run *run,
                                               uint16_t request)
{
    return &run->plan->requests[request].config;
}

/* What was said of the failure, or else what kind it is. */
static void put_failure(struct str *out, const struct events_run *run,
                        const struct event_attempt *attempt)
{
    enum outcome outcome = (enum outcome)attempt->outcome;
    const struct failure_kind *kind =
        run->failures ? failures_find(run->failures, outcome, attempt->status,
                                      attempt->error)
                      : NULL;
    char shown[FAILURE_SHOWN_MAX] = "";

    if (kind) {
        failure_show(kind, shown);
    }
    put_error(out, shown[0] ? shown : outcome_name(outcome));
}

static void put_attempt_attributes(struct str *out,
                                   const struct events_run *run,
                                   const struct event_attempt *attempt,
                                   const struct event_key *key)
{
    enum outcome outcome = (enum outcome)attempt->outcome;

    ndjson_begin_array(out, "attributes");
    otlp_attribute_text(out, "http.request.method",
                        request_of(run, attempt->request)->method);
    if (attempt->number > 1) {
        otlp_attribute_count(out, "http.request.resend_count",
                             attempt->number - 1);
    }
    if (attempt->status > 0) {
        otlp_attribute_count(out, "http.response.status_code",
                             attempt->status);
    }
    if (outcome != OUTCOME_OK) {
        otlp_attribute_text(out, "error.type", outcome_name(outcome));
    }
    otlp_attribute_text(out, "squall.attempt.kind",
                        attempt_kind_name((enum attempt_kind)attempt->kind));
    otlp_attribute_text(out, "squall.attempt.outcome", outcome_name(outcome));
    otlp_attribute_bool(out, "squall.attempt.sent", attempt->was_sent);
    otlp_attribute_bool(out, "squall.attempt.wasted", attempt->wasted);
    otlp_attribute_bytes(out, "squall.key", key->text, key->length);
    if (attempt->fault >= 0) {
        otlp_attribute_text(out, "squall.fault",
                            fault_name((enum fault_kind)attempt->fault));
        otlp_attribute_bool(out, "squall.fault.delivered", attempt->delivered);
    }
    ndjson_end(out, ']');
}

/* `before`: the one that it was made after, or NULL. */
static void put_attempt(struct str *out, const struct events_run *run,
                        const struct event_attempt *attempt,
                        const struct event_key *key,
                        const struct event_attempt *before)
{
    const struct request_config *request = request_of(run, attempt->request);
    char name[128];

    snprintf(name, sizeof(name), "%s %s", request->method, request->name);
    ndjson_begin_object(out);
    put_ids(out, run, attempt->operation, attempt->number);
    put_parent(out, run, attempt->operation);
    ndjson_text(out, "name", name);
    ndjson_count(out, "kind", KIND_CLIENT);
    put_times(out, run, attempt->sent.ns >= 0 ? attempt->sent : attempt->asked,
              attempt->done);
    put_attempt_attributes(out, run, attempt, key);
    if (before) {
        ndjson_begin_array(out, "links");
        ndjson_begin_object(out);
        put_ids(out, run, before->operation, before->number);
        ndjson_end(out, '}');
        ndjson_end(out, ']');
    }
    if (attempt->outcome != OUTCOME_OK) {
        put_failure(out, run, attempt);
    }
    ndjson_end(out, '}');
}

static void put_flags(struct str *out, uint8_t flags)
{
    static const char *const names[] = {
#define EFFECT_FLAG(id, name, sentence) "squall.effect." name,
#include "measure/effect.def"
    };
    for (size_t i = 0; i < array_length(names); i++) {
        if (flags >> i & 1) {
            otlp_attribute_bool(out, names[i], true);
        }
    }
}

static void put_operation(struct str *out, const struct events_run *run,
                          const struct event_trace *trace,
                          const struct events_effect *effect)
{
    const struct event_operation *operation = &trace->operation;
    const char *verdict = verdict_name((enum verdict)operation->verdict);
    char id[64];

    key_operation_id(run->plan->run, operation->operation, id, sizeof(id));
    ndjson_begin_object(out);
    put_ids(out, run, operation->operation, WHOLE_OPERATION);
    ndjson_text(out, "name", request_of(run, operation->request)->name);
    ndjson_count(out, "kind", KIND_INTERNAL);
    put_times(out, run, operation->intended, operation->verdict_at);
    ndjson_begin_array(out, "attributes");
    otlp_attribute_text(out, "squall.operation", id);
    otlp_attribute_bytes(out, "squall.key", trace->key.text,
                         trace->key.length);
    otlp_attribute_text(out, "squall.verdict", verdict);
    otlp_attribute_text(
        out, "squall.reason",
        finish_reason_name((enum finish_reason)operation->reason));
    otlp_attribute_count(out, "squall.client", operation->client);
    otlp_attribute_count(out, "squall.attempts", operation->attempts);
    otlp_attribute_count(out, "squall.attempts.sent", operation->on_wire);
    otlp_attribute_bool(out, "squall.warmup", operation->warmup);
    if (effect->is_known) {
        otlp_attribute_text(out, "squall.effect",
                            effect_class_name(effect->class));
        otlp_attribute_count(out, "squall.effects", effect->count);
    }
    put_flags(out, effect->flags);
    ndjson_end(out, ']');
    if (effect->is_known && effect_class_is_offence(effect->class)) {
        put_error(out, effect_class_name(effect->class));
    } else if (operation->verdict != VERDICT_SUCCEEDED) {
        put_error(out, verdict);
    }
    ndjson_end(out, '}');
}

void otlp_spans_add(struct str *out, const struct events_run *run,
                    const struct event_trace *trace,
                    const struct events_effect *effect)
{
    put_operation(out, run, trace, effect);
    for (size_t i = 0; i < trace->attempt_count; i++) {
        const struct event_attempt *attempt = &trace->attempts[i];
        bool is_first = attempt->kind == ATTEMPT_FIRST || i == 0;
        put_attempt(out, run, attempt, &trace->keys[i],
                    is_first ? NULL : &trace->attempts[i - 1]);
    }
}
