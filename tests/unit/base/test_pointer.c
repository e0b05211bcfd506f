/* One value of a text: what is found, and what is said when it is not. */
#include "base/pointer.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static enum pointer_result find(const char *path, const char *text,
                                struct json_span *span)
{
    struct pointer pointer;
    assert_null(pointer_compile(&pointer, &arena, path));
    return pointer_find(&pointer, text, strlen(text), span);
}

static void test_finds(void **state)
{
    (void)state;
    static const struct {
        const char *path, *text;
        enum json_kind kind;
        const char *found;
    } rows[] = {
        {"/id", "{\"id\":\"a\"}", JSON_STRING, "a"},
        {"/id", " { \"x\" : [ {} , \"}\" ] , \"id\" : 12 } ", JSON_NUMBER,
         "12"},
        {"/id", "{\"\\u0069d\":-1.5e+3}", JSON_NUMBER, "-1.5e+3"},
        {"/a/1/b", "{\"a\":[0,{\"b\":null}]}", JSON_NULL, "null"},
        {"/0", "[true,false]", JSON_TRUE, "true"},
        {"/0", "{\"0\":false}", JSON_FALSE, "false"},
        {"/a~1b/c~0d", "{\"a/b\":{\"c~d\":\"\"}}", JSON_STRING, ""},
        {"/", "{\"\":{\"x\":1}}", JSON_COMPOUND, "{"},
        {"/a", "{\"a\":[1", JSON_COMPOUND, "["},
        {"/a", "{\"a\":\"first\",\"a\":\"second\"}", JSON_STRING, "first"},
        /* What follows is not looked at, whatever it is. */
        {"/a", "{\"a\":1,", JSON_NUMBER, "1"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct json_span span;
        assert_int_equal(find(rows[i].path, rows[i].text, &span),
                         POINTER_FOUND);
        assert_int_equal(span.kind, rows[i].kind);
        assert_int_equal(span.length, strlen(rows[i].found));
        assert_memory_equal(span.text, rows[i].found, span.length);
    }
}

static void test_says_why_not(void **state)
{
    (void)state;
    static const struct {
        const char *path, *text;
        enum pointer_result result;
    } rows[] = {
        {"/id", "{}", POINTER_ABSENT},
        {"/id", "{\"x\":{\"id\":1}}", POINTER_ABSENT},
        {"/id", "[1]", POINTER_ABSENT},
        {"/id", "\"id\"", POINTER_ABSENT},
        {"/2", "[1,2]", POINTER_ABSENT},
        {"/01", "[1,2]", POINTER_ABSENT},
        {"/-", "[1,2]", POINTER_ABSENT},
        {"/a/b", "{\"a\":\"text\"}", POINTER_ABSENT},
        {"/id", "", POINTER_CUT},
        {"/id", "{\"x\":\"a\\", POINTER_CUT},
        {"/id", "{\"x\":tru", POINTER_CUT},
        {"/id", "{\"id\":12", POINTER_CUT}, /* 12, or 123? */
        {"/id", "{\"x\":1", POINTER_CUT},
        {"/id", "{\"x\":1 \"id\":2}", POINTER_MALFORMED},
        {"/id", "{\"x\" 1}", POINTER_MALFORMED},
        {"/id", "{x:1}", POINTER_MALFORMED},
        {"/id", "{\"id\":01}", POINTER_MALFORMED},
        {"/id", "{\"id\":1.}", POINTER_MALFORMED},
        {"/id", "{\"x\":\"\n\",\"id\":1}", POINTER_MALFORMED},
        {"/id", "{\"x\":nul,\"id\":1}", POINTER_MALFORMED},
        {"/id", "<html>", POINTER_MALFORMED},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct json_span span;
        assert_int_equal(find(rows[i].path, rows[i].text, &span),
                         rows[i].result);
    }
}

static void test_a_million_brackets_cost_no_stack(void **state)
{
    (void)state;
    enum { DEPTH = 1000000 };
    char *text = arena_alloc(&arena, DEPTH + 1);
    struct json_span span;
    memset(text, '[', DEPTH);
    assert_int_equal(find("/5", text, &span), POINTER_CUT);
}

static void test_decodes(void **state)
{
    (void)state;
    static const struct {
        const char *written, *meant;
    } rows[] = {
        {"plain", "plain"},
        {"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t"},
        {"\\u00e9\\u20AC", "\xc3\xa9\xe2\x82\xac"},
        {"\\ud83d\\ude00!", "\xf0\x9f\x98\x80!"},
        {"\\ud83d-", "\xef\xbf\xbd-"},
        {"\\ude00", "\xef\xbf\xbd"},
        {"\\ud83d\\u0041", "\xef\xbf\xbd"
                           "A"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        char out[64];
        struct json_span span = {JSON_STRING, rows[i].written,
                                 strlen(rows[i].written)};
        size_t length = json_span_decode(&span, out);
        assert_int_equal(length, strlen(rows[i].meant));
        assert_memory_equal(out, rows[i].meant, length);
        assert_true(json_span_is(&span, rows[i].meant, length));
        assert_false(json_span_is(&span, rows[i].meant, length - 1));
        /* In its own place, too. */
        char *copy = arena_strdup(&arena, rows[i].written);
        span.text = copy;
        assert_int_equal(json_span_decode(&span, copy), length);
        assert_memory_equal(copy, rows[i].meant, length);
    }
}

static void test_refuses_pointers(void **state)
{
    (void)state;
    struct pointer pointer;
    assert_non_null(pointer_compile(&pointer, &arena, ""));
    assert_non_null(pointer_compile(&pointer, &arena, "id"));
    assert_non_null(pointer_compile(&pointer, &arena, "/a~"));
    assert_non_null(pointer_compile(&pointer, &arena, "/a~2"));
    assert_non_null(pointer_compile(
        &pointer, &arena, "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"));
    assert_null(pointer_compile(&pointer, &arena,
                                "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_finds, release),
        cmocka_unit_test_teardown(test_says_why_not, release),
        cmocka_unit_test_teardown(test_a_million_brackets_cost_no_stack,
                                  release),
        cmocka_unit_test_teardown(test_decodes, release),
        cmocka_unit_test_teardown(test_refuses_pointers, release),
    };
    return cmocka_run_group_tests_name("base/pointer", tests, NULL, NULL);
}
