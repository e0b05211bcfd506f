/* The figures as OpenMetrics text. */
#include "measure/figure.h"
#include "measure/hist.h"
#include "report/buckets.h"
#include "report/hdr.h"
#include "report/openmetrics.h"
#include "report/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void write_metrics(const char *json, struct file_writer *file)
{
    cJSON *document = cJSON_Parse(json);
    struct writer_input input = {.document = document};

    assert_non_null(document);
    write_openmetrics(&input, file);
    cJSON_Delete(document);
}

static void assert_has(const struct file_writer *file, const char *line)
{
    if (!strstr(file->buffer.text, line)) {
        print_error("no line %s in:\n%s", line, file->buffer.text);
        fail();
    }
}

static void test_figures_by_their_paths(void **state)
{
    struct file_writer file = {.buffer = STR_INIT};
    (void)state;

    write_metrics(
        "{\"tool\": {\"version\": \"9\"}, \"verdict\": \"fail\","
        " \"run\": {\"id\": \"5a\", \"measured_us\": 2500000, \"target\": "
        "\"http://\\\"x\\\\y\\\"\\n/\"},"
        " \"success_rate\": 0.25, \"operations\": {\"started\": 12},"
        " \"attempts\": {\"total\": 34, \"by_outcome\": {\"ok\": 30}},"
        " \"requests\": [{\"name\": \"a\\\"b\","
        "   \"operations\": {\"failed\": 3}}], \"rates\": {\"goodput_per_s\": "
        "5.5},"
        " \"effects\": {\"duplicate\": 0, \"lost\": 0,"
        "   \"unjudged\": {\"duplicate\": \"no response was lost\"},"
        "   \"ratios\": {\"duplicate\": 0, \"lost\": 0}},"
        " \"latency\": {\"time_to_success\": {\"count\": 7,"
        "   \"p50_us\": 1250, \"p99_us\": null}, \"attempt\": {\"count\": 0}},"
        " \"slo\": [{\"expr\": \"p99 < 1s\", \"pass\": false,"
        "   \"judgement\": \"missed\"}]}",
        &file);
    assert_has(&file, "squall_build_info{version=\"9\",libcurl=\"\"} 1\n");
    assert_has(&file, "squall_run_info{run=\"5a\",target="
                      "\"http://\\\"x\\\\y\\\"\\n/\","
                      "profile=\"\",verdict=\"fail\"} 1\n");
    assert_has(&file, "\nsquall_run_measured_seconds 2.5\n");
    assert_has(&file, "# TYPE squall_operations_started counter\n");
    assert_has(&file, "\nsquall_operations_started_total 12\n");
    assert_has(&file, "\nsquall_attempts_total 34\n");
    assert_has(&file, "\nsquall_attempts_by_outcome_total"
                      "{outcome=\"ok\"} 30\n");
    assert_has(&file, "\nsquall_requests_failed_total"
                      "{request=\"a\\\"b\"} 3\n");
    assert_has(&file, "# TYPE squall_rates_goodput_per_second gauge\n");
    assert_has(&file, "\nsquall_success_rate_ratio 0.25\n");
    assert_has(&file, "# UNIT squall_rates_goodput_per_second per_second\n");
    assert_has(&file, "\nsquall_rates_goodput_per_second 5.5\n");
    assert_has(&file, "\nsquall_effects_lost 0\n");
    assert_has(&file, "# TYPE squall_latency_time_to_success_seconds "
                      "summary\n");
    assert_has(&file, "\nsquall_latency_time_to_success_seconds"
                      "{quantile=\"0.5\"} 0.00125\n");
    assert_has(&file, "{quantile=\"0.99\"} +Inf\n");
    assert_has(&file, "\nsquall_latency_time_to_success_seconds_count 7\n");
    assert_has(&file, "squall_slo_met{expr=\"p99 < 1s\","
                      "judgement=\"missed\"} 0\n");
    /* What nothing could spoil, and what there was none of, is left out. */
    assert_null(strstr(file.buffer.text, "effects_duplicate"));
    assert_null(strstr(file.buffer.text, "ratios_duplicate"));
    assert_null(strstr(file.buffer.text, "latency_attempt_seconds"));
    assert_null(strstr(file.buffer.text, "squall_operations_failed"));
    assert_string_equal(file.buffer.text + file.buffer.length - 6, "# EOF\n");
    str_release(&file.buffer);
}

/* A name is that of one metric, and of no other's sample. */
static void test_names_are_apart(void **state)
{
    static const char *const reserved[] = {"_total", "_count", "_sum",
                                           "_bucket", "_created"};
    struct file_writer file = {.buffer = STR_INIT};
    const struct figure *figure;
    (void)state;

    /* Every figure at its place: the documents of runs never have all. */
    cJSON *document = cJSON_CreateObject();
    for (size_t i = 0; (figure = figure_at(i)); i++) {
        const char *path = figure_path(figure->group);
        cJSON *object = document;
        if (!figure->member) {
            continue;
        }
        while (*path) {
            char name[64];
            size_t length = strcspn(path, ".");
            snprintf(name, sizeof name, "%.*s", (int)length, path);
            path += length + (path[length] == '.');
            cJSON *next = cJSON_GetObjectItemCaseSensitive(object, name);
            object = next ? next : cJSON_AddObjectToObject(object, name);
        }
        cJSON_AddNumberToObject(object, figure->member, 1);
    }
    char *text = cJSON_PrintUnformatted(document);
    write_metrics(text, &file);
    cJSON_free(text);
    cJSON_Delete(document);

    size_t count = 0;
    for (const char *at = file.buffer.text; (at = strstr(at, "# TYPE "));) {
        char line[256];
        at += strlen("# TYPE ");
        size_t length = strcspn(at, " ");
        snprintf(line, sizeof line, "# TYPE %.*s ", (int)length, at);
        assert_null(strstr(at, line));
        for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
            size_t tail = strlen(reserved[i]);
            assert_false(length > tail &&
                         memcmp(at + length - tail, reserved[i], tail) == 0);
        }
        count++;
    }
    assert_true(count > 100);
    str_release(&file.buffer);
}

/* The line of a bucket. */
static unsigned long long bucket(const struct str *out, const char *le)
{
    char start[96];
    snprintf(start, sizeof start,
             "squall_duration_time_to_success_seconds_bucket{le=\"%s\"} ", le);
    const char *line = strstr(out->text, start);
    assert_non_null(line);
    return strtoull(line + strlen(start), NULL, 10);
}

/* Two at 1 ms, three at 40 ms, and one that never was. */
static cJSON *six_operations(void)
{
    struct arena arena = ARENA_INIT;
    struct hist hist;
    struct str hdr = STR_INIT;
    cJSON *document = cJSON_CreateObject();
    cJSON *of = cJSON_AddObjectToObject(
        cJSON_AddObjectToObject(document, "latency"), "time_to_success");

    hist_init(&hist, &arena);
    for (int i = 0; i < 5; i++) {
        hist_record(&hist, duration_ms(i < 2 ? 1 : 40));
    }
    hdr_append(&hdr, hist.counts, HIST_BUCKETS);
    cJSON_AddNumberToObject(of, "count", 6);
    cJSON_AddStringToObject(of, "hdr", hdr.text);
    cJSON_AddNullToObject(of, "mean_us");
    str_release(&hdr);
    arena_release(&arena);
    return document;
}

static void test_buckets(void **state)
{
    struct str out = STR_INIT;
    cJSON *document = six_operations();
    (void)state;

    openmetrics_put(&out, document, FORM_OPENMETRICS);
    assert_int_equal(bucket(&out, "0.0009765625"), 0);
    assert_int_equal(bucket(&out, "0.00138106793200498"), 2);
    assert_int_equal(bucket(&out, "0.03125"), 2);
    assert_int_equal(bucket(&out, "0.0441941738241592"), 5);
    assert_int_equal(bucket(&out, "4096"), 5);
    assert_int_equal(bucket(&out, "+Inf"), 6);
    /* The sum of what never ended is not known, so it is not 0. */
    assert_null(
        strstr(out.text, "squall_duration_time_to_success_seconds_sum"));
    str_reset(&out);
    openmetrics_put(&out, document, FORM_PROMETHEUS);
    assert_non_null(strstr(
        out.text, "squall_duration_time_to_success_seconds_sum +Inf\n"));
    assert_non_null(
        strstr(out.text, "squall_duration_time_to_success_seconds_count 6\n"));
    assert_null(strstr(out.text, "# UNIT"));
    assert_null(strstr(out.text, "# EOF"));
    cJSON_Delete(document);
    str_release(&out);
}

/* A histogram that is none has no buckets, rather than empty ones. */
static void test_no_buckets(void **state)
{
    struct str out = STR_INIT;
    cJSON *document = six_operations();
    (void)state;

    cJSON *of = document->child->child;
    cJSON_ReplaceItemInObject(of, "hdr", cJSON_CreateString("HISTFAAA"));
    openmetrics_put(&out, document, FORM_OPENMETRICS);
    assert_null(strstr(out.text, "_bucket"));
    cJSON_Delete(document);
    str_release(&out);
}

static void test_bounds(void **state)
{
    (void)state;
    for (unsigned i = 1; i < BUCKETS_BOUNDS; i++) {
        double ratio = buckets_bound_s(i) / buckets_bound_s(i - 1);
        assert_true(ratio > 1.414 && ratio < 2.001);
    }
    assert_true(buckets_bound_s(0) == 0x1p-14);
    assert_true(buckets_bound_s(42) == 0x1p7);
    assert_true(buckets_bound_s(BUCKETS_BOUNDS - 1) * 1e6 > HIST_US_MAX);
}

/* More of a kind than a store can bear are one. */
static void test_labels_are_bounded(void **state)
{
    struct str out = STR_INIT;
    cJSON *document = cJSON_CreateObject();
    cJSON *statuses = cJSON_AddObjectToObject(
        cJSON_AddObjectToObject(document, "attempts"), "by_status");
    size_t lines = 0;
    (void)state;

    for (int status = 100; status < 999; status++) {
        char name[8];
        snprintf(name, sizeof name, "%d", status);
        cJSON_AddNumberToObject(statuses, name, 2);
    }
    openmetrics_put(&out, document, FORM_OPENMETRICS);
    for (const char *at = out.text; (at = strstr(at, "{status=")); at++) {
        lines++;
    }
    assert_int_equal(lines, 51);
    assert_non_null(strstr(out.text, "{status=\"other\"} 1698\n"));
    cJSON_Delete(document);
    str_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures_by_their_paths),
        cmocka_unit_test(test_names_are_apart),
        cmocka_unit_test(test_buckets),
        cmocka_unit_test(test_no_buckets),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_labels_are_bounded),
    };
    return cmocka_run_group_tests_name("report/openmetrics", tests, NULL,
                                       NULL);
}
