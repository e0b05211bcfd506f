/* The lines of events, which operations are written, and traces of them. */
#include "report/events.h"
#include "report/trace.h"

#include "base/json.h"
#include "base/must.h"
#include "policy/key.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct planned_request request = {.config = {.name = "order"},
                                         .is_traced = true};
static struct plan plan = {.run = 7,
                           .spans = 7,
                           .seed = 9,
                           .requests = &request,
                           .request_count = 1,
                           .target = {.url = "http://joe:pw@127.0.0.1:1/"}};
/* Of those attempts; its text is made up. */
static const struct failures failures = {
    .count = 1,
    .kinds = {{.outcome = OUTCOME_TIMEOUT,
               .hash = 77,
               .count = 1,
               .length = 5,
               .text = "a\nb\"c"}},
};
static const struct events_run run = {.plan = &plan,
                                      .failures = &failures,
                                      .zero_unix_us = 1700000000123456,
                                      .sample = 0.5};

static const struct event_attempt attempts[] = {
    {.operation = 3,
     .client = 2,
     .intended = {1000000},
     .asked = {1100000},
     .sent = {1200000},
     .first_byte = {-1},
     .done = {5000000},
     .error = 77,
     .number = 1,
     .kind = ATTEMPT_FIRST,
     .outcome = OUTCOME_TIMEOUT,
     .fault = FAULT_LOST_RESPONSE,
     .was_sent = true,
     .delivered = true},
    {.operation = 3,
     .client = 2,
     .intended = {1000000},
     .asked = {9000000},
     .sent = {9000000},
     .first_byte = {9500000},
     .done = {9600000},
     .number = 2,
     .kind = ATTEMPT_RETRY,
     .outcome = OUTCOME_OK,
     .status = 201,
     .fault = -1,
     .was_sent = true},
};
static const struct event_key keys[] = {{"k\"1", 3}, {"k\"1", 3}};

static struct event_trace make_trace(uint64_t operation, enum verdict verdict)
{
    return (struct event_trace){
        .operation = {.operation = operation,
                      .client = 2,
                      .intended = {1000000},
                      .verdict_at = {9600000},
                      .attempts = 2,
                      .on_wire = 2,
                      .verdict = (uint8_t)verdict},
        .key = keys[0],
        .attempt_count = array_length(attempts),
        .attempts = attempts,
        .keys = keys,
    };
}

static void test_the_lines(void **state)
{
    (void)state;
    struct str out = STR_INIT;
    struct event_trace trace = make_trace(3, VERDICT_SUCCEEDED);
    struct events_effect effect = {.is_known = true,
                                   .class = EFFECT_DUPLICATE,
                                   .count = 2,
                                   .flags = FLAG_NAMED_TWICE |
                                            FLAG_NAMED_ALIKE | FLAG_STUCK};
    struct events_sum sum = {1, 2, 3};

    events_head(&out, &run);
    assert_string_equal(
        out.text, "{\"schema\":\"squall.events/1\",\"type\":\"run\","
                  "\"run\":\"0000000000000007\",\"seed\":\"9\","
                  "\"started_at\":\"2023-11-14T22:13:20.123456Z\","
                  "\"started_unix_us\":1700000000123456,"
                  "\"target\":\"http://***@127.0.0.1:1/\",\"profile\":null,"
                  "\"dead_letters\":null,\"sample\":0.5,"
                  "\"sample_per_second\":null}\n");
    str_reset(&out);
    events_trace(&out, &run, &trace, &effect, 0);
    char trace_id[TRACE_ID_LENGTH + 1], span[SPAN_ID_LENGTH + 1], wanted[1200];
    key_trace_id(7, 3, trace_id);
    key_span_id(7, 3, 1, span);
    snprintf(wanted, sizeof(wanted),
             "{\"type\":\"attempt\",\"op\":\"0000000007-3\",\"client\":2,"
             "\"request\":\"order\",\"intended_us\":1000,"
             "\"key\":\"k\\\"1\",\"attempt\":1,\"kind\":\"first\","
             "\"asked_us\":1100,\"sent_us\":1200,\"first_byte_us\":null,"
             "\"done_us\":5000,\"outcome\":\"timeout\",\"status\":null,"
             "\"error\":\"a b\\\"c\","
             "\"sent\":true,\"wasted\":false,\"fault\":\"lost_response\","
             "\"delivered\":true,\"trace_id\":\"%s\",\"span_id\":\"%s\"}\n",
             trace_id, span);
    assert_int_equal(strncmp(out.text, wanted, strlen(wanted)), 0);
    snprintf(
        wanted, sizeof(wanted),
        "\n{\"type\":\"operation\",\"op\":\"0000000007-3\","
        "\"client\":2,\"request\":\"order\",\"intended_us\":1000,"
        "\"key\":\"k\\\"1\",\"verdict_us\":9600,\"verdict\":\"succeeded\","
        "\"reason\":\"%s\",\"attempts\":2,\"on_wire\":2,"
        "\"warmup\":false,\"effect\":\"duplicate\",\"effects\":2,"
        "\"flags\":[\"named_twice\",\"named_alike\",\"stuck\"],"
        "\"trace_id\":\"%s\"}\n",
        finish_reason_name((enum finish_reason)0), trace_id);
    assert_non_null(strstr(out.text, wanted));
    str_reset(&out);
    events_end(&out, &sum, false);
    assert_string_equal(out.text,
                        "{\"type\":\"end\",\"operations\":1,\"attempts\":2,"
                        "\"left_out\":3,\"complete\":false}\n");
    str_release(&out);
}

/* The share is kept, and a larger one holds all of a smaller one. */
static void test_the_sample(void **state)
{
    (void)state;
    static const double shares[] = {0, 0.01, 0.1, 0.5, 1};
    enum { N = 100000 };
    for (size_t s = 0; s < array_length(shares); s++) {
        uint64_t count = 0;
        for (uint64_t i = 0; i < N; i++) {
            bool is_in = events_sampled(i, shares[s]);
            count += is_in;
            if (s > 0 && !is_in) {
                assert_false(events_sampled(i, shares[s - 1]));
            }
        }
        double deviation = sqrt(N * shares[s] * (1 - shares[s]));
        assert_true(fabs((double)count - N * shares[s]) <= 4 * deviation);
    }
}

static void test_offenders(void **state)
{
    (void)state;
    static const bool class_offends[EFFECT_CLASS_COUNT] = {
        [EFFECT_DUPLICATE] = true,
        [EFFECT_LOST] = true,
        [EFFECT_PHANTOM] = true};
    for (int v = 0; v < VERDICT_COUNT; v++) {
        struct event_trace trace = make_trace(1, (enum verdict)v);
        struct events_effect effect = {0};
        assert_int_equal(events_offends(&trace, &effect),
                         v != VERDICT_SUCCEEDED);
        for (int c = 0; c < EFFECT_CLASS_COUNT; c++) {
            effect = (struct events_effect){.is_known = true,
                                            .class = (enum effect_class)c};
            assert_int_equal(events_offends(&trace, &effect),
                             v != VERDICT_SUCCEEDED || class_offends[c]);
        }
        effect = (struct events_effect){.flags = FLAG_ILLEGAL_TRANSITION};
        assert_true(events_offends(&trace, &effect));
    }
}

/* A file of a few operations; rewound. */
static FILE *write_events(bool whole)
{
    struct str out = STR_INIT;
    struct events_effect effect = {
        .is_known = true, .class = EFFECT_DUPLICATE, .count = 2};
    struct events_sum sum = {3, 6, 0};
    FILE *file = tmpfile();

    assert_non_null(file);
    events_head(&out, &run);
    for (uint64_t i = 1; i <= 3; i++) {
        struct event_trace trace = make_trace(i, VERDICT_SUCCEEDED);
        struct event_attempt copies[2] = {attempts[0], attempts[1]};
        char text[2][16];
        struct event_key own[2];
        for (size_t a = 0; a < 2; a++) {
            copies[a].operation = i;
            snprintf(text[a], sizeof(text[a]), "key-%u-%u", (unsigned)i,
                     (unsigned)a);
            own[a] = (struct event_key){text[a], strlen(text[a])};
        }
        trace.attempts = copies;
        trace.keys = own;
        trace.key = (struct event_key){NULL, 0};
        events_trace(&out, &run, &trace, &effect, 0);
    }
    events_end(&out, &sum, true);
    fwrite(out.text, 1, whole ? out.length : out.length - 150, file);
    rewind(file);
    str_release(&out);
    return file;
}

static cJSON *read_trace(bool whole, const char *wanted, struct errors *errors)
{
    FILE *file = write_events(whole);
    *errors = (struct errors)ERRORS_INIT;
    cJSON *trace = trace_read(file, "events", wanted, errors);
    fclose(file);
    return trace;
}

static void assert_is_second(cJSON *trace)
{
    assert_non_null(trace);
    const cJSON *operations = json_get(trace, "operations");
    assert_int_equal(cJSON_GetArraySize(operations), 1);
    const cJSON *one = cJSON_GetArrayItem(operations, 0);
    assert_string_equal(
        cJSON_GetStringValue(json_get(json_get(one, "operation"), "op")),
        "0000000007-2");
    assert_int_equal(cJSON_GetArraySize(json_get(one, "attempts")), 2);
}

/* By its op.id, or by the key of any of its attempts. */
static void test_traces_are_found(void **state)
{
    (void)state;
    static const char *const names[] = {"0000000007-2", "key-2-0", "key-2-1"};
    struct errors errors;
    for (size_t i = 0; i < array_length(names); i++) {
        cJSON *trace = read_trace(true, names[i], &errors);
        assert_is_second(trace);
        assert_true(cJSON_IsTrue(json_get(trace, "complete")));
        cJSON_Delete(trace);
        trace = read_trace(false, names[i], &errors);
        assert_is_second(trace);
        assert_false(cJSON_IsTrue(json_get(trace, "complete")));
        cJSON_Delete(trace);
    }
}

static void test_traces_that_are_not_there(void **state)
{
    (void)state;
    struct errors errors;
    assert_null(read_trace(true, "key-9-0", &errors));
    assert_int_equal(errors_exit_status(&errors), 2);
    assert_non_null(strstr(errors.list[0].text, "among the 3"));
    assert_non_null(strstr(errors.list[0].hint, "key-1-0"));
    assert_null(read_trace(true, "something else", &errors));
    assert_null(strstr(errors.list[0].hint, "near"));

    FILE *file = tmpfile();
    assert_non_null(file);
    errors = (struct errors)ERRORS_INIT;
    assert_null(trace_read(file, "empty", "x", &errors));
    assert_int_equal(errors_exit_status(&errors), 2);
    fclose(file);
}

/* The report's word on effects wins; that of another run is refused. */
static void test_effects_of_a_trace(void **state)
{
    (void)state;
    struct errors errors;
    cJSON *report =
        cJSON_Parse("{\"run\": {\"id\": \"0000000000000007\"}, \"effects\": "
                    "{\"examples\": [{\"id\": \"0000000007-2\", \"class\": "
                    "\"duplicate\", \"effects\": 5}]}}");
    cJSON *other = cJSON_Parse("{\"run\": {\"id\": \"8\"}}");
    const cJSON *reports[] = {report, NULL};
    for (size_t i = 0; i < array_length(reports); i++) {
        cJSON *trace = read_trace(true, "0000000007-2", &errors);
        assert_true(trace_add_effects(trace, reports[i], "r", &errors));
        const cJSON *one =
            cJSON_GetArrayItem(json_get(trace, "operations"), 0);
        double effects = cJSON_GetNumberValue(json_get(one, "effects"));
        assert_int_equal((int)effects, i == 0 ? 5 : 2);
        cJSON_Delete(trace);
    }
    cJSON *trace = read_trace(true, "0000000007-2", &errors);
    assert_false(trace_add_effects(trace, other, "r", &errors));
    assert_int_equal(errors.count, 1);
    cJSON_Delete(trace);
    cJSON_Delete(report);
    cJSON_Delete(other);
}

static void test_a_trace_for_people(void **state)
{
    (void)state;
    struct errors errors;
    struct text_options options = {.width = 80, .charset = TEXT_ASCII};
    cJSON *trace = read_trace(true, "key-2-1", &errors);
    assert_true(trace_add_effects(trace, NULL, NULL, &errors));
    FILE *file = tmpfile();
    assert_non_null(file);
    trace_render(trace, &options, file);
    rewind(file);
    char text[2000], wanted[2000];
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    cJSON_Delete(trace);

    char trace_id[TRACE_ID_LENGTH + 1], spans[2][SPAN_ID_LENGTH + 1];
    key_trace_id(7, 2, trace_id);
    key_span_id(7, 2, 1, spans[0]);
    key_span_id(7, 2, 2, spans[1]);
    snprintf(wanted, sizeof(wanted),
             "Operation 0000000007-2\n"
             "  request  order\n"
             "  trace id %s\n"
             "  client   2\n"
             "  intended 1.00 ms into the run\n"
             "  +200 us    1 first     timeout after 3.80 ms <- "
             "lost_response, delivered\n"
             "               key  key-2-0\n"
             "               span %s\n"
             "            waited 4.00 ms before the next\n"
             "  +8.00 ms   2 retry     ok 201 after 600 us\n"
             "               key  key-2-1\n"
             "               span %s\n"
             "  +8.60 ms     succeeded: %s\n"
             "  effects  2, duplicate\n",
             trace_id, spans[0], spans[1],
             finish_reason_name((enum finish_reason)0));
    assert_string_equal(text, wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_lines),
        cmocka_unit_test(test_the_sample),
        cmocka_unit_test(test_offenders),
        cmocka_unit_test(test_traces_are_found),
        cmocka_unit_test(test_traces_that_are_not_there),
        cmocka_unit_test(test_effects_of_a_trace),
        cmocka_unit_test(test_a_trace_for_people),
    };
    return cmocka_run_group_tests_name("report/events", tests, NULL, NULL);
}
