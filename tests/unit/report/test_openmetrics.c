/* The figures as OpenMetrics text. */
#include "measure/figure.h"
#include "report/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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
        " \"run\": {\"target\": \"http://\\\"x\\\\y\\\"\\n/\"},"
        " \"success_rate\": 0.25, \"operations\": {\"started\": 12},"
        " \"attempts\": {\"total\": 34}, \"rates\": {\"goodput_per_s\": 5.5},"
        " \"effects\": {\"duplicate\": 0, \"lost\": 0,"
        "   \"unjudged\": {\"duplicate\": \"no response was lost\"},"
        "   \"ratios\": {\"duplicate\": 0, \"lost\": 0}},"
        " \"latency\": {\"time_to_success\": {\"count\": 7,"
        "   \"p50_us\": 1250, \"p99_us\": null}, \"attempt\": {\"count\": 0}},"
        " \"slo\": [{\"expr\": \"p99 < 1s\", \"pass\": false,"
        "   \"judgement\": \"missed\"}]}",
        &file);
    assert_has(&file, "squall_build_info{version=\"9\"} 1\n");
    assert_has(&file, "squall_run_info{target=\"http://\\\"x\\\\y\\\"\\n/\","
                      "verdict=\"fail\"} 1\n");
    assert_has(&file, "# TYPE squall_operations_started gauge\n");
    assert_has(&file, "\nsquall_operations_started 12\n");
    assert_has(&file, "\nsquall_attempts 34\n");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures_by_their_paths),
        cmocka_unit_test(test_names_are_apart),
    };
    return cmocka_run_group_tests_name("report/openmetrics", tests, NULL,
                                       NULL);
}
