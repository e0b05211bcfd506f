/* The list of faults, read from text and written back. */
#include "service/fault_list.h"

#include "base/must.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void faults_read_back_as_written(void **state)
{
    static const char text[] =
        "[{\"kind\": \"error\", \"ratio\": \"10%\", \"from\": \"5s\", "
        "\"for\": \"1s\", \"every\": \"10s\", \"status\": 500},"
        "{\"kind\": \"capacity\", \"factor\": 0.2},"
        "{\"kind\": \"latency\", \"delay\": \"300ms\"},"
        "{\"kind\": \"stall\"}]";
    struct service_fault_config first[SERVICE_FAULTS_MAX],
        second[SERVICE_FAULTS_MAX];
    struct errors errors = ERRORS_INIT;
    struct str written = STR_INIT;
    size_t count, again;
    (void)state;
    assert_true(
        fault_list_read(text, sizeof(text) - 1, first, &count, &errors));
    assert_int_equal(count, 4);
    assert_int_equal(first[0].kind, SERVICE_FAULT_ERROR);
    assert_true(first[0].ratio == 0.1);
    assert_int_equal(first[0].window.from.ns, 5 * NS_PER_S);
    assert_int_equal(first[0].window.length.ns, NS_PER_S);
    assert_int_equal(first[0].window.every.ns, 10 * NS_PER_S);
    assert_int_equal(first[0].status, 500);
    assert_true(first[1].factor == 0.2);
    assert_true(first[1].ratio == 1);
    assert_int_equal(first[2].delay.ns, 300 * NS_PER_MS);
    assert_int_equal(first[3].window.length.ns, INT64_MAX);

    fault_list_append(&written, first, count);
    assert_true(fault_list_read(written.text, written.length, second, &again,
                                &errors));
    assert_int_equal(again, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(first[i].kind, second[i].kind);
        assert_true(first[i].ratio == second[i].ratio);
        assert_true(first[i].factor == second[i].factor);
        assert_int_equal(first[i].status, second[i].status);
        assert_int_equal(first[i].delay.ns, second[i].delay.ns);
        assert_memory_equal(&first[i].window, &second[i].window,
                            sizeof(first[i].window));
    }
    assert_int_equal(errors.count, 0);
    str_release(&written);
}

static void wrong_faults_are_all_named(void **state)
{
    static const struct {
        const char *text, *path;
        size_t count;
    } rows[] = {
        {"{}", "", 1},
        {"[", "", 1},
        {"[7]", "[0]", 1},
        {"[{}]", "[0].kind", 1},
        {"[{\"kind\": \"stall\", \"form\": \"1s\"}]", "[0].form", 1},
        {"[{\"kind\": \"stal\", \"ratio\": \"x\"}]", "[0].kind", 2},
        {"[{\"kind\": \"stall\"}, {\"kind\": \"stall\", \"from\": 5}]",
         "[1].from", 1},
        {"[{\"kind\": \"error\", \"status\": 99}]", "[0].status", 1},
    };
    struct service_fault_config faults[SERVICE_FAULTS_MAX];
    size_t count;
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct errors errors = ERRORS_INIT;
        assert_false(fault_list_read(rows[i].text, strlen(rows[i].text),
                                     faults, &count, &errors));
        assert_int_equal(errors.count, rows[i].count);
        assert_string_equal(errors.list[0].path, rows[i].path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_read_back_as_written),
        cmocka_unit_test(wrong_faults_are_all_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
