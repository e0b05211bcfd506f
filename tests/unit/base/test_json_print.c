/* JSON as text: what is printed reads back as the same, in either form. */
#include "base/json_print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    const char *json, *lines;
} cases[] = {
    {"null", "null"},
    {"{}", "{}"},
    {"[]", "[]"},
    {"[1,\"a\",null,true]", "[1, \"a\", null, true]"},
    {"{\"a\":1,\"b\":{\"c\":[],\"d\":{}}}",
     "{\n  \"a\": 1,\n  \"b\": {\n    \"c\": [],\n    \"d\": {}\n  }\n}"},
    {"[[1,2],{\"x\":\"\\n\\\"\"}]",
     "[\n  [1, 2],\n  {\n    \"x\": \"\\n\\\"\"\n  }\n]"},
    {"{\"\\u0001\\\"\":0.5}", "{\n  \"\\u0001\\\"\": 0.5\n}"},
};

static void prints_both_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cJSON *value = cJSON_Parse(cases[i].json);
        struct str lines = STR_INIT, compact = STR_INIT;

        assert_non_null(value);
        json_print(&lines, value, false);
        json_print(&compact, value, true);
        assert_string_equal(lines.text, cases[i].lines);
        assert_string_equal(compact.text, cases[i].json);
        cJSON *again = cJSON_Parse(lines.text);
        assert_true(cJSON_Compare(value, again, true));
        cJSON_Delete(again);
        cJSON_Delete(value);
        str_release(&lines);
        str_release(&compact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_both_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
