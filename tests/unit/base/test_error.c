#include "base/error.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../expect_bug.h"

static void expect_printed(const struct errors *errors, const char *expected)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    assert_non_null(stream);
    errors_print(errors, stream);
    assert_int_equal(fclose(stream), 0);
    assert_string_equal(text, expected);
    free(text);
}

static void test_none(void **state)
{
    (void)state;
    struct errors errors = ERRORS_INIT;
    assert_int_equal(errors_exit_status(&errors), 0);
    expect_printed(&errors, "");
}

static void test_without_a_place(void **state)
{
    (void)state;
    struct errors errors = ERRORS_INIT;
    struct error *error =
        errors_add(&errors, ERROR_NO_TARGET, "%s:%d refused", "host", 80);
    error_hint(error, "is it %s?", "running");
    expect_printed(&errors,
                   "squall: error: host:80 refused\n  is it running?\n");
    assert_int_equal(errors_exit_status(&errors), 3);
}

static void test_with_a_place(void **state)
{
    (void)state;
    struct errors errors = ERRORS_INIT;
    struct error *error =
        errors_add(&errors, ERROR_BAD_VALUE, "\"250\" has no unit");
    strncpy(error->file, "a.json", sizeof(error->file) - 1);
    strncpy(error->path, "retry.backoff.initial", sizeof(error->path) - 1);
    strncpy(error->excerpt, "  \"initial\": \"250\",",
            sizeof(error->excerpt) - 1);
    error->line = 14;
    error->column = 14;
    error_hint(error, "write \"250ms\"");
    expect_printed(&errors,
                   "a.json:14:14: error: retry.backoff.initial: \"250\" has "
                   "no unit\n"
                   "   14 |   \"initial\": \"250\",\n"
                   "      |              ^ write \"250ms\"\n");
    assert_int_equal(errors_exit_status(&errors), 2);
}

/* Bytes from outside cannot steer a terminal. */
static void test_control_characters(void **state)
{
    (void)state;
    struct errors errors = ERRORS_INIT;
    struct error *error =
        errors_add(&errors, ERROR_USAGE, "bad \x1b[31m\r\n\x7f\ttab");
    strncpy(error->file, "\x1b]0;x", sizeof(error->file) - 1);
    expect_printed(&errors, "\\x1b]0;x: error: bad "
                            "\\x1b[31m\\x0d\\x0a\\x7f\ttab\n");
}

static void test_past_the_limit(void **state)
{
    (void)state;
    struct errors errors = ERRORS_INIT;
    for (int i = 0; i < ERRORS_MAX + 3; i++) {
        struct error *error = errors_add(
            &errors, i ? ERROR_USAGE : ERROR_NO_REPORT, "number %d", i);
        error_hint(error, "hint %d", i);
        assert_string_equal(errors_last_text(&errors), error->text);
    }
    assert_int_equal(errors.count, ERRORS_MAX);
    assert_int_equal(errors.more, 3);
    assert_string_equal(errors.list[ERRORS_MAX - 1].text, "number 15");
    assert_string_equal(errors_last_text(&errors), "number 18");
    assert_int_equal(errors_exit_status(&errors), 3); /* the first decides */
}

static void test_long_texts_are_cut(void **state)
{
    (void)state;
    struct errors errors = ERRORS_INIT;
    struct error *error = errors_add(&errors, ERROR_USAGE, "%1000d", 1);
    error_hint(error, "%1000d", 1);
    assert_int_equal(strlen(error->text), ERROR_TEXT_MAX - 1);
    assert_int_equal(strlen(error->hint), ERROR_TEXT_MAX - 1);
}

static void test_exit_statuses(void **state)
{
    (void)state;
    assert_int_equal(error_exit_status(ERROR_USAGE), 2);
    assert_int_equal(error_exit_status(ERROR_NO_FILE), 2);
    assert_int_equal(error_exit_status(ERROR_NO_RESOURCE), 3);
    assert_int_equal(error_exit_status(ERROR_NO_LEDGER), 3);
    expect_bug(error_exit_status((enum error_code)1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_without_a_place),
        cmocka_unit_test(test_with_a_place),
        cmocka_unit_test(test_control_characters),
        cmocka_unit_test(test_past_the_limit),
        cmocka_unit_test(test_long_texts_are_cut),
        cmocka_unit_test(test_exit_statuses),
    };
    return cmocka_run_group_tests_name("base/error", tests, NULL, NULL);
}
