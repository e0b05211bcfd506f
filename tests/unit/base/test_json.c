/* json: what is refused and where, where things stand, and merge patches as
 * RFC 7396 gives them in its appendix A. */
#include "base/json.h"
#include "base/must.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static cJSON *parse(const char *text, struct errors *errors)
{
    struct json_source source;
    json_source_set(&source, "test.json", text, strlen(text));
    cJSON *tree = json_parse(&source, errors);
    json_source_release(&source);
    return tree;
}

static void bad_texts_are_refused_with_their_place(void **state)
{
    static const struct {
        const char *text;
        int line, column;
        const char *problem;
    } cases[] = {
        {"", 1, 1, "nothing here"},
        {" // only a comment", 1, 19, "nothing here"},
        {"{} {}", 1, 4, "nothing may follow the value"},
        {"{\"a\":1,}", 1, 8, "remove the comma before this brace"},
        {"[1,]", 1, 4, "remove the comma before this bracket"},
        {"{\"a\":1\n \"b\":2}", 2, 2, "expected a comma or a closing brace"},
        {"[1 2]", 1, 4, "expected a comma or a closing bracket"},
        {"{a:1}", 1, 2, "expected a key in double quotes"},
        {"{\"a\" 1}", 1, 6, "expected a colon after the key"},
        {"{\"a\":1,\n\"b\":2,\n  \"a\":3}", 3, 3,
         "this key stands here for the second time"},
        {"{\"a\":1,\"\\u0061\":2}", 1, 8,
         "this key stands here for the second time"},
        {"007", 1, 1, "a number must not begin with a zero"},
        {"[-]", 1, 2, "not a number as JSON writes it"},
        {"[1.]", 1, 2, "not a number as JSON writes it"},
        {"[1e]", 1, 2, "not a number as JSON writes it"},
        {"[+1]", 1, 2, "expected a value"},
        {"[1e999]", 1, 2, "this number is too large"},
        {"[NaN]", 1, 2, "expected a value"},
        {"[tru]", 1, 2, "expected a value"},
        {"[", 1, 2, "the text ends where a value is expected"},
        {"[\"abc", 1, 2, "this text has no closing quote"},
        {"[\"ab\nc\"]", 1, 2, "this text has no closing quote"},
        {"[\"a\tb\"]", 1, 4,
         "control character in a text; write it as an escape such as \\t"},
        {"[\"\\x\"]", 1, 3, "unknown escape in a text"},
        {"[\"\\u12\"]", 1, 3, "\\u needs four hexadecimal digits"},
        {"[\"\\u0000\"]", 1, 3, "\\u0000 is not allowed in a text"},
        {"[\"\\ud800\"]", 1, 3, "this surrogate has no other half"},
        {"[\"\\udc00\\ud800\"]", 1, 3, "this surrogate has no other half"},
        {"[\"\xff\"]", 1, 3, "not valid UTF-8"},
        {"[\"\xc0\x80\"]", 1, 3, "not valid UTF-8"},
        {"[\"\xed\xa0\x80\"]", 1, 3, "not valid UTF-8"},
        {"[\"\xf4\x90\x80\x80\"]", 1, 3, "not valid UTF-8"},
        {"[\"\xe2\x82\"]", 1, 3, "not valid UTF-8"},
        {"[1] /* open", 1, 5, "this comment has no end"},
        {"[1] /x", 1, 5, "expected a value or a comment"},
        {"[\"\xc3\xa9\xc3\xa9\" x]", 1, 7,
         "expected a comma or a closing bracket"},
    };
    (void)state;
    for (size_t i = 0; i < array_length(cases); i++) {
        struct errors errors = ERRORS_INIT;
        assert_null(parse(cases[i].text, &errors));
        assert_int_equal(errors.count, 1);
        assert_string_equal(errors.list[0].text, cases[i].problem);
        assert_int_equal(errors.list[0].line, cases[i].line);
        assert_int_equal(errors.list[0].column, cases[i].column);
        assert_int_equal(errors.list[0].code, ERROR_SYNTAX);
        assert_string_equal(errors.list[0].file, "test.json");
    }
}

static void good_texts_are_read(void **state)
{
    struct errors errors = ERRORS_INIT;
    (void)state;
    cJSON *tree =
        parse("\xef\xbb\xbf// first\n{ /* a \" */ \"a\": [1, -2.5e3, "
              "true, null], // {\n \"u\": \"\\u00e9\\ud83d\\ude00/*no"
              "*/ //no\", \"A\": {} }\n",
              &errors);
    assert_non_null(tree);
    assert_int_equal(errors.count, 0);
    assert_true(json_get(tree, "a")->child->next->valuedouble == -2500);
    assert_string_equal(json_get(tree, "u")->valuestring,
                        "\xc3\xa9\xf0\x9f\x98\x80/*no*/ //no");
    assert_true(cJSON_IsObject(json_get(tree, "A")));
    cJSON_Delete(tree);
}

static void nesting_is_limited(void **state)
{
    (void)state;
    for (int depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
        struct errors errors = ERRORS_INIT;
        struct str text = STR_INIT;
        for (int i = 0; i < depth; i++) {
            str_append_char(&text, '[');
        }
        for (int i = 0; i < depth; i++) {
            str_append_char(&text, ']');
        }
        cJSON *tree = parse(text.text, &errors);
        assert_int_equal(tree != NULL, depth == JSON_DEPTH_MAX);
        cJSON_Delete(tree);
        str_release(&text);
    }
}

static void places_are_found(void **state)
{
    static const char text[] = "{ // load: {\n"
                               "  \"load\": {\"rate\": \"5/s\",\n"
                               "\t\"stages\": [ {}, {\"for\": \"1s\" } ]},\n"
                               "  \"h\": {\"a.b\": 1, \"c[0]\": [[7]]}\n"
                               "}";
    static const struct {
        const char *path;
        enum json_part part;
        int line, column;
    } cases[] = {
        {"", JSON_VALUE, 1, 1},
        {"load", JSON_KEY, 2, 3},
        {"load", JSON_VALUE, 2, 11},
        {"load.rate", JSON_KEY, 2, 12},
        {"load.rate", JSON_VALUE, 2, 20},
        {"load.stages[0]", JSON_VALUE, 3, 14},
        {"load.stages[1].for", JSON_VALUE, 3, 26},
        {"h[\"a.b\"]", JSON_VALUE, 4, 16},
        {"h[\"c[0]\"][0][0]", JSON_VALUE, 4, 29},
    };
    static const char *const missing[] = {
        "loa",   "load.rate.x", "load.stages[2]", "load.stages[x]",
        "h.a.b", "load..rate",  "load[0]",        "load.stages.for",
        "[",     "h[\"a"};
    struct json_source source;
    int line, column;
    char excerpt[80];
    (void)state;
    json_source_set(&source, "x", text, strlen(text));
    for (size_t i = 0; i < array_length(cases); i++) {
        assert_true(json_locate(&source, cases[i].path, cases[i].part, &line,
                                &column, excerpt, sizeof(excerpt)));
        assert_int_equal(line, cases[i].line);
        assert_int_equal(column, cases[i].column);
    }
    assert_string_equal(excerpt, "  \"h\": {\"a.b\": 1, \"c[0]\": [[7]]}");
    for (size_t i = 0; i < array_length(missing); i++) {
        assert_false(json_locate(&source, missing[i], JSON_VALUE, &line,
                                 &column, excerpt, sizeof(excerpt)));
    }
    json_source_release(&source);
}

static void files_that_cannot_be_read_are_errors(void **state)
{
    struct errors errors = ERRORS_INIT;
    struct json_source source;
    (void)state;
    assert_false(json_source_read(&source, "/nonexistent/x.json", &errors));
    assert_false(json_source_read(&source, "/", &errors));
    assert_int_equal(errors.count, 2);
    assert_int_equal(errors.list[0].code, ERROR_NO_FILE);
    assert_null(source.text);
}

/* The fifteen examples of appendix A: original, patch, result. */
static void merge_patch_is_that_of_the_rfc(void **state)
{
    static const char *const cases[][3] = {
        {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
        {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
        {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
        {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}",
         "{\"a\":{\"b\":\"d\"}}"},
        {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
        {"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
        {"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
        {"{\"a\":\"foo\"}", "null", "null"},
        {"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
        {"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
        {"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
        {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
    };
    (void)state;
    for (size_t i = 0; i < array_length(cases); i++) {
        struct errors errors = ERRORS_INIT;
        cJSON *target = parse(cases[i][0], &errors);
        cJSON *patch = parse(cases[i][1], &errors);
        json_merge(&target, patch);
        char *text = cJSON_PrintUnformatted(target);
        assert_string_equal(text, cases[i][2]);
        free(text);
        cJSON_Delete(target);
        cJSON_Delete(patch);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_texts_are_refused_with_their_place),
        cmocka_unit_test(good_texts_are_read),
        cmocka_unit_test(nesting_is_limited),
        cmocka_unit_test(places_are_found),
        cmocka_unit_test(files_that_cannot_be_read_are_errors),
        cmocka_unit_test(merge_patch_is_that_of_the_rfc),
    };
    return cmocka_run_group_tests_name("base/json", tests, NULL, NULL);
}
