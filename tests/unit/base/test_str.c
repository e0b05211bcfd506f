#include "base/str.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../expect_bug.h"

static void test_valid_at_birth(void **state)
{
    (void)state;
    struct str str = STR_INIT;
    assert_string_equal(str.text, "");
    str_append(&str, "");
    str_append_bytes(&str, NULL, 0);
    str_printf(&str, "%s", "");
    str_reset(&str);
    assert_int_equal(str.capacity, 0); /* nothing was allocated */
    str_release(&str);
    assert_string_equal(str_empty, "");
}

static void test_append(void **state)
{
    (void)state;
    struct str str = STR_INIT;
    str_append(&str, "one");
    str_append_char(&str, ' ');
    str_printf(&str, "%d %s", 2, "three");
    assert_string_equal(str.text, "one 2 three");
    assert_int_equal(str.length, 11);
    str_append_bytes(&str, "a\0b", 3);
    assert_int_equal(str.length, 14);
    assert_memory_equal(str.text, "one 2 threea\0b", 15);
    str_release(&str);
}

/* One character at a time over several growths; always terminated. */
static void test_growth(void **state)
{
    (void)state;
    struct str str = STR_INIT;
    for (size_t i = 0; i < 5000; i++) {
        str_append_char(&str, (char)('a' + i % 26));
        assert_int_equal(str.length, i + 1);
        assert_int_equal(str.text[i + 1], '\0');
        assert_true(str.capacity > str.length);
    }
    for (size_t i = 0; i < 5000; i++) {
        assert_int_equal(str.text[i], 'a' + i % 26);
    }
    str_release(&str);
}

/* A formatted text that fits exactly, and one byte more. */
static void test_printf_at_the_edge(void **state)
{
    (void)state;
    for (int width = 55; width < 75; width++) {
        struct str str = STR_INIT;
        str_printf(&str, "%*d", width, 7);
        assert_int_equal(str.length, width);
        assert_int_equal(strlen(str.text), width);
        str_printf(&str, "%*d", width, 8);
        assert_int_equal(strlen(str.text), 2 * width);
        assert_int_equal(str.text[width - 1], '7');
        str_release(&str);
    }
}

static void test_reset_keeps_the_memory(void **state)
{
    (void)state;
    struct str str = STR_INIT;
    str_append(&str, "something");
    char *memory = str.text;
    str_reset(&str);
    assert_string_equal(str.text, "");
    assert_int_equal(str.length, 0);
    str_append(&str, "else");
    assert_ptr_equal(str.text, memory);
    assert_string_equal(str.text, "else");
    str_release(&str);
    str_append(&str, "again");
    assert_string_equal(str.text, "again");
    str_release(&str);
}

static void test_reserve(void **state)
{
    (void)state;
    struct str str = STR_INIT;
    str_append(&str, "x");
    str_reserve(&str, 1000);
    char *memory = str.text;
    for (int i = 0; i < 1000; i++) {
        str_append_char(&str, 'y');
    }
    assert_ptr_equal(str.text, memory);
    expect_bug(str_reserve(&str, SIZE_MAX / 2));
    str_release(&str);
}

static void test_detach(void **state)
{
    (void)state;
    struct str str = STR_INIT;
    char *empty = str_detach(&str);
    assert_string_equal(empty, "");
    free(empty); /* its own, not the shared empty string */
    str_append(&str, "mine");
    char *text = str_detach(&str);
    assert_string_equal(text, "mine");
    assert_string_equal(str.text, "");
    assert_int_equal(str.capacity, 0);
    free(text);
}

static void test_percent(void **state)
{
    (void)state;
    struct str str = STR_INIT;
    str_append_percent(&str, "", "%");
    assert_string_equal(str.text, "");
    str_append_percent(&str, "a%b\r\n\xff", "%\r\n\xff");
    assert_string_equal(str.text, "a%25b%0D%0A%FF");
    str_release(&str);
}

static void test_wrapped(void **state)
{
    (void)state;
    struct str str = STR_INIT;
    char word[STR_WRAP_COLUMNS + 2];
    memset(word, 'x', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';

    str_append_wrapped(&str, "", 0, 2);
    assert_string_equal(str.text, "\n");
    str_reset(&str);
    str_append_wrapped(&str, "up to the edge", STR_WRAP_COLUMNS - 14, 2);
    assert_string_equal(str.text, "up to the edge\n");
    str_reset(&str);
    str_append_wrapped(&str, "past the  edge", STR_WRAP_COLUMNS - 12, 2);
    assert_string_equal(str.text, "past the\n  edge\n");
    str_reset(&str);
    str_append_wrapped(&str, word, 2, 2); /* it cannot be broken */
    assert_int_equal(str.length, strlen(word) + 1);
    str_release(&str);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid_at_birth),
        cmocka_unit_test(test_append),
        cmocka_unit_test(test_percent),
        cmocka_unit_test(test_wrapped),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_printf_at_the_edge),
        cmocka_unit_test(test_reset_keeps_the_memory),
        cmocka_unit_test(test_reserve),
        cmocka_unit_test(test_detach),
    };
    return cmocka_run_group_tests_name("base/str", tests, NULL, NULL);
}
