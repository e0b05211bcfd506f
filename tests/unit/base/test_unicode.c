/* Which bytes are UTF-8 (RFC 3629), and what becomes of those that are not. */
#include "base/unicode.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_valid(void **state)
{
    (void)state;
    static const char *const valid[] = {
        "",
        "abc",
        "\xc3\xa9",
        "\xe2\x82\xac",
        "\xf0\x9f\x98\x80",
        "\xef\xbf\xbf",
        "\xf4\x8f\xbf\xbf",
        "\xed\x9f\xbf",
    };
    static const char *const invalid[] = {
        "\x80",
        "\xc0\x80",
        "\xc3",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "a\xff",
        "\xe2\x82",
        "\xe2\x28\xa1",
    };
    for (size_t i = 0; i < array_length(valid); i++) {
        assert_true(utf8_is_valid(valid[i], strlen(valid[i])));
    }
    for (size_t i = 0; i < array_length(invalid); i++) {
        assert_false(utf8_is_valid(invalid[i], strlen(invalid[i])));
    }
}

static void test_mended(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"plain", "plain"},
        {"a\xff"
         "b",
         "a?b"},
        {"caf\xc3\xa9 \xc3", "caf\xc3\xa9 ?"},
        {"\xe2\x82", "??"},
        {"\xed\xa0\x80x", "???x"},
    };
    for (size_t i = 0; i < array_length(pairs); i++) {
        char text[32];
        snprintf(text, sizeof(text), "%s", pairs[i][0]);
        utf8_mend(text);
        assert_string_equal(text, pairs[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_mended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
