/* What differs in two reports is found, the biggest first, in words; what is
 * the same is not; a report against itself has no change. */
#include "report/diff.h"

#include "report/text.h"
#include "report/text_part.h"
#include "report/validate.h"

#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *const argv[] = {"squall", "report", "diff", "a", "b"};

static struct sample sample;
static cJSON *document;

static int make(void **state)
{
    (void)state;
    sample_make(&sample, true);
    document = document_make(&sample.result, &sample.plan, &sample.run);
    return 0;
}

static int release(void **state)
{
    (void)state;
    cJSON_Delete(document);
    sample_release(&sample);
    return 0;
}

static cJSON *diff_with(const cJSON *other, struct errors *errors)
{
    struct merge_input inputs[] = {{"a.json", document}, {"b.json", other}};
    return diff_reports(inputs, (int)array_length(argv), argv, errors);
}

/* What is between the last dot and its end is replaced. */
static void set(cJSON *report, const char *path, cJSON *value)
{
    char parent[100];
    const char *dot = strrchr(path, '.');

    snprintf(parent, sizeof(parent), "%.*s", dot ? (int)(dot - path) : 0,
             path);
    cJSON_ReplaceItemInObject((cJSON *)text_find(report, parent),
                              dot ? dot + 1 : path, value);
}

static void a_report_does_not_differ_from_itself(void **state)
{
    struct errors errors = ERRORS_INIT;
    cJSON *diff = diff_with(document, &errors);

    (void)state;
    assert_non_null(diff);
    assert_true(report_validate(diff, &errors));
    assert_int_equal(cJSON_GetArraySize(text_find(diff, "changes")), 0);
    assert_int_equal(cJSON_GetArraySize(text_find(diff, "configuration")), 0);
    assert_int_equal(cJSON_GetArraySize(text_find(diff, "judgements")), 0);
    assert_in_range((size_t)text_number(diff, "same"), 100, 1000);
    cJSON_Delete(diff);
}

static void assert_change(const cJSON *diff, int index, const char *path,
                          const char *title, const char *words)
{
    const cJSON *change =
        cJSON_GetArrayItem(text_find(diff, "changes"), index);

    assert_non_null(change);
    assert_string_equal(text_string(change, "path"), path);
    assert_string_equal(text_string(change, "title"), title);
    assert_string_equal(text_string(change, "words"), words);
}

static void changes_are_told_the_biggest_first(void **state)
{
    struct errors errors = ERRORS_INIT;
    cJSON *other = cJSON_Duplicate(document, true);

    (void)state;
    set(document, "latency.connect.p50_us", cJSON_CreateNumber(200));
    set(other, "latency.connect.p50_us", cJSON_CreateNumber(150));
    set(document, "latency.time_to_success.p99_99_us",
        cJSON_CreateNumber(500000));
    set(other, "latency.time_to_success.p99_99_us", cJSON_CreateNull());
    set(document, "success_rate", cJSON_CreateNumber(0.99));
    set(other, "success_rate", cJSON_CreateNumber(0.95));
    set(document, "attempts.retries", cJSON_CreateNumber(40));
    set(other, "attempts.retries", cJSON_CreateNumber(100));
    set(other, "effects.late", cJSON_CreateNumber(3));
    set(other, "attempts.by_status",
        cJSON_Duplicate(text_find(document, "attempts.by_status"), true));
    cJSON_AddNumberToObject((cJSON *)text_find(other, "attempts.by_status"),
                            "503", 7);
    set(other, "profile.load.rate", cJSON_CreateString("2000/s"));
    set(other, "verdict", cJSON_CreateString("pass"));
    cJSON *diff = diff_with(other, &errors);
    assert_non_null(diff);
    assert_true(report_validate(diff, &errors));
    assert_int_equal(cJSON_GetArraySize(text_find(diff, "changes")), 6);
    assert_change(diff, 0, "attempts.by_status.503", "attempts by status 503",
                  "from 0 to 7");
    assert_change(diff, 1, "latency.time_to_success.p99_99_us",
                  "latency time to success p99.99", "from 500 ms to never");
    assert_change(diff, 2, "attempts.retries", "attempts retries",
                  "from 40 to 100, 2.5 times as much");
    assert_change(diff, 3, "latency.connect.p50_us", "latency connect p50",
                  "from 200 us to 150 us, 25 % less");
    assert_change(diff, 4, "success_rate", "success rate",
                  "from 99.00 % to 95.0 %, 4 points less");
    assert_change(diff, 5, "effects.late", "effects late",
                  "from not measured to 3");
    assert_string_equal(
        cJSON_GetStringValue(text_find(diff, "configuration")->child),
        "load.rate: \"1000/s\"; \"2000/s\" in b.json");
    assert_string_equal(
        cJSON_GetStringValue(text_find(diff, "judgements")->child),
        "verdict: fail, then pass");
    struct str out = STR_INIT;
    struct text_options options = {.width = 80, .depth = TEXT_FULL};
    text_render(diff, &options, &out);
    assert_non_null(strstr(out.text, "attempts retries  "));
    assert_non_null(strstr(out.text, "from 40 to 100,"));
    assert_non_null(strstr(out.text, "load.rate: \"1000/s\""));
    assert_non_null(strstr(out.text, "One run against another"));
    str_release(&out);
    cJSON_Delete(diff);
    cJSON_Delete(other);
}

static void what_is_no_report_is_refused(void **state)
{
    struct errors errors = ERRORS_INIT;
    cJSON *other = cJSON_CreateObject();

    (void)state;
    assert_null(diff_with(other, &errors));
    assert_string_equal(errors.list[0].file, "b.json");
    assert_int_equal(errors_exit_status(&errors), 2);
    cJSON_Delete(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_does_not_differ_from_itself),
        cmocka_unit_test(changes_are_told_the_biggest_first),
        cmocka_unit_test(what_is_no_report_is_refused),
    };
    return cmocka_run_group_tests(tests, make, release);
}
