/* Requests of OTLP. That OpenTelemetry's own definitions read them, too,
 * tests/e2e/19-otlp.t shows. */
#include "report/otlp.h"

#include "base/json.h"
#include "base/must.h"
#include "policy/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct planned_request request = {
    .config = {.name = "order", .method = "POST"}};
static struct plan plan = {.run = 7,
                           .spans = 8,
                           .name = "a \"b\"",
                           .requests = &request,
                           .request_count = 1,
                           .target = {.url = "http://joe:pw@127.0.0.1:1/"}};
static const struct events_run run = {.plan = &plan,
                                      .zero_unix_us = 1700000000123456};

static const struct event_attempt attempts[] = {
    {.operation = 3,
     .asked = {1100000},
     .sent = {1200000},
     .first_byte = {-1},
     .done = {5000000},
     .number = 1,
     .kind = ATTEMPT_FIRST,
     .outcome = OUTCOME_TIMEOUT,
     .fault = FAULT_LOST_RESPONSE,
     .was_sent = true,
     .delivered = true},
    {.operation = 3,
     .asked = {9000000},
     .sent = {-1},
     .first_byte = {-1},
     .done = {9100000},
     .number = 2,
     .kind = ATTEMPT_RETRY,
     .outcome = OUTCOME_OK,
     .status = 201,
     .fault = -1},
};
static const struct event_key keys[] = {{"k\"1", 3}, {"\xff", 1}};
static const struct event_trace trace = {
    .operation = {.operation = 3,
                  .intended = {1000000},
                  .verdict_at = {9600000},
                  .attempts = 2,
                  .on_wire = 1,
                  .verdict = VERDICT_SUCCEEDED},
    .key = {"k\"1", 3},
    .attempt_count = 2,
    .attempts = attempts,
    .keys = keys,
};

/* By names and numbers, such as "spans.0.name"; NULL where there is none. */
static const cJSON *at(const cJSON *tree, const char *path)
{
    while (tree && *path) {
        size_t length = strcspn(path, ".");
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)length, path);
        tree = cJSON_IsArray(tree)
                   ? cJSON_GetArrayItem(tree, (int)strtol(name, NULL, 10))
                   : cJSON_GetObjectItemCaseSensitive(tree, name);
        path += length + (path[length] == '.');
    }
    return tree;
}

static const char *text_at(const cJSON *tree, const char *path)
{
    const char *text = cJSON_GetStringValue(at(tree, path));
    return text ? text : "(none)";
}

/* The value of an attribute, whatever its type, as text. */
static const char *attribute(const cJSON *of, const char *key)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, at(of, "attributes"))
    {
        if (strcmp(text_at(one, "key"), key) == 0) {
            const cJSON *value = at(one, "value");
            assert_int_equal(cJSON_GetArraySize(value), 1);
            return cJSON_IsBool(value->child)
                       ? cJSON_IsTrue(value->child) ? "true" : "false"
                       : cJSON_GetStringValue(value->child);
        }
    }
    return "(none)";
}

static cJSON *parse(struct str *text)
{
    cJSON *tree = cJSON_Parse(text->text);
    assert_non_null(tree);
    str_release(text);
    return tree;
}

static cJSON *make_spans(const struct events_effect *effect)
{
    struct str out = STR_INIT;
    otlp_spans_begin(&out, &run);
    otlp_spans_add(&out, &run, &trace, effect);
    otlp_spans_add(&out, &run, &trace, effect);
    otlp_spans_end(&out);
    return parse(&out);
}

static void test_the_resource(void **state)
{
    (void)state;
    cJSON *tree = make_spans(&(struct events_effect){0});
    const cJSON *resource = at(tree, "resourceSpans.0.resource");

    assert_string_equal(attribute(resource, "service.name"), "squall");
    assert_string_equal(attribute(resource, "service.instance.id"),
                        "0000000000000007");
    assert_string_equal(attribute(resource, "squall.profile"), "a \"b\"");
    assert_string_equal(attribute(resource, "squall.target"),
                        "http://***@127.0.0.1:1/");
    cJSON_Delete(tree);
}

static void test_an_operation(void **state)
{
    (void)state;
    struct events_effect effect = {.is_known = true,
                                   .class = EFFECT_DUPLICATE,
                                   .count = 2,
                                   .flags = FLAG_STUCK};
    cJSON *tree = make_spans(&effect);
    const cJSON *spans = at(tree, "resourceSpans.0.scopeSpans.0.spans");
    char id[TRACE_ID_LENGTH + 1], span[SPAN_ID_LENGTH + 1];

    assert_int_equal(cJSON_GetArraySize(spans), 6);
    key_trace_id(7, 3, id);
    key_span_id(8, 3, 0, span);
    assert_string_equal(text_at(spans, "0.traceId"), id);
    assert_string_equal(text_at(spans, "0.spanId"), span);
    assert_null(at(spans, "0.parentSpanId"));
    assert_string_equal(text_at(spans, "0.name"), "order");
    assert_string_equal(text_at(spans, "0.startTimeUnixNano"),
                        "1700000000124456000");
    assert_string_equal(text_at(spans, "0.endTimeUnixNano"),
                        "1700000000133056000");
    const cJSON *operation = at(spans, "0");
    assert_string_equal(attribute(operation, "squall.key"), "k\"1");
    assert_string_equal(attribute(operation, "squall.effect"), "duplicate");
    assert_string_equal(attribute(operation, "squall.effects"), "2");
    assert_string_equal(attribute(operation, "squall.effect.stuck"), "true");
    assert_int_equal(at(spans, "0.status.code")->valueint, 2);
    assert_string_equal(text_at(spans, "0.status.message"), "duplicate");
    cJSON_Delete(tree);
}

static void test_attempts(void **state)
{
    (void)state;
    cJSON *tree = make_spans(&(struct events_effect){0});
    const cJSON *spans = at(tree, "resourceSpans.0.scopeSpans.0.spans");
    const cJSON *first = at(spans, "1"), *second = at(spans, "2");
    char span[SPAN_ID_LENGTH + 1];

    key_span_id(8, 3, 1, span);
    assert_string_equal(text_at(first, "spanId"), span);
    assert_string_equal(text_at(first, "parentSpanId"),
                        text_at(spans, "0.spanId"));
    assert_string_equal(text_at(first, "name"), "POST order");
    assert_string_equal(text_at(first, "startTimeUnixNano"),
                        "1700000000124656000");
    assert_string_equal(attribute(first, "error.type"), "timeout");
    assert_string_equal(attribute(first, "squall.fault"), "lost_response");
    assert_string_equal(attribute(first, "http.response.status_code"),
                        "(none)");
    assert_string_equal(text_at(first, "status.message"), "timeout");
    assert_null(at(first, "links"));
    /* Never sent: from when it was asked for. Bytes that are no text. */
    assert_string_equal(text_at(second, "startTimeUnixNano"),
                        "1700000000132456000");
    assert_string_equal(text_at(second, "links.0.spanId"), span);
    assert_string_equal(text_at(second, "links.0.traceId"),
                        text_at(spans, "0.traceId"));
    assert_string_equal(attribute(second, "squall.key"), "\xef\xbf\xbd");
    assert_string_equal(attribute(second, "http.response.status_code"), "201");
    assert_string_equal(attribute(second, "http.request.resend_count"), "1");
    assert_string_equal(attribute(second, "squall.attempt.sent"), "false");
    assert_null(at(second, "status"));
    assert_null(at(spans, "0.status"));
    cJSON_Delete(tree);
}

static const cJSON *find_metric(const cJSON *tree, const char *name)
{
    const cJSON *metric;
    cJSON_ArrayForEach(metric,
                       at(tree, "resourceMetrics.0.scopeMetrics.0.metrics"))
    {
        if (strcmp(text_at(metric, "name"), name) == 0) {
            return metric;
        }
    }
    return NULL;
}

static void test_metrics(void **state)
{
    (void)state;
    struct str out = STR_INIT;
    cJSON *document = cJSON_Parse(
        "{\"run\": {\"id\": \"07\"}, \"operations\": {\"started\": 12},"
        " \"success_rate\": 0.25, \"bytes\": {\"sent\": 9,"
        "   \"sent_per_s\": 4.5},"
        " \"latency\": {\"operation\": {\"count\": 3, \"mean_us\": null,"
        "   \"hdr\": null}}}");

    otlp_metrics(&out, document, 5, 1700000000000000001);
    cJSON *tree = parse(&out);
    cJSON_Delete(document);
    const cJSON *started = find_metric(tree, "squall.operations.started");
    assert_non_null(started);
    assert_true(cJSON_IsTrue(at(started, "sum.isMonotonic")));
    assert_int_equal(at(started, "sum.aggregationTemporality")->valueint, 2);
    const cJSON *point = at(started, "sum.dataPoints.0");
    assert_string_equal(text_at(point, "asInt"), "12");
    assert_string_equal(text_at(point, "startTimeUnixNano"), "5");
    assert_string_equal(text_at(point, "timeUnixNano"), "1700000000000000001");
    const cJSON *rate = find_metric(tree, "squall.success_rate");
    assert_true(at(rate, "gauge.dataPoints.0.asDouble")->valuedouble == 0.25);
    assert_null(at(rate, "gauge.dataPoints.0.startTimeUnixNano"));
    assert_string_equal(
        text_at(find_metric(tree, "squall.bytes.sent"), "unit"), "By");
    assert_string_equal(
        text_at(find_metric(tree, "squall.bytes.sent_rate"), "unit"), "By/s");
    /* None of three ever ended: above all bounds, without a sum. */
    point = at(find_metric(tree, "squall.duration.operation"),
               "histogram.dataPoints.0");
    assert_string_equal(text_at(point, "count"), "3");
    assert_null(at(point, "sum"));
    int bounds = cJSON_GetArraySize(at(point, "explicitBounds"));
    const cJSON *counts = at(point, "bucketCounts");
    assert_int_equal(cJSON_GetArraySize(counts), bounds + 1);
    assert_string_equal(cJSON_GetArrayItem(counts, bounds)->valuestring, "3");
    assert_null(find_metric(tree, "squall.latency.operation"));
    assert_null(find_metric(tree, "squall.operations.failed"));
    cJSON_Delete(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_resource),
        cmocka_unit_test(test_an_operation),
        cmocka_unit_test(test_attempts),
        cmocka_unit_test(test_metrics),
    };
    return cmocka_run_group_tests_name("report/otlp", tests, NULL, NULL);
}
