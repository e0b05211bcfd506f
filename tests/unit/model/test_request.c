/* What an order says, read from text. */
#include "model/request.h"

#include "base/must.h"
#include "model/service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void keys_are_bare_or_quoted(void **state)
{
    static const struct {
        const char *value, *key; /* NULL: refused */
    } rows[] = {
        {"abc", "abc"},         {"\"abc\"", "abc"}, {"\"a\\\"b\"", "a\"b"},
        {"\"a\\\\b\"", "a\\b"}, {"a\"b", "a\"b"},   {"", NULL},
        {"\"", NULL},           {"\"\"", NULL},     {"\"abc", NULL},
        {"\"a\"b\"", NULL},     {"\"a\\b\"", NULL}, {"\"abc\\\"", NULL},
        {"a b", NULL},          {"a\tb", NULL},     {"\xc3\xa4", NULL},
    };
    char key[ORDER_NAME_MAX + 1];
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        bool good = request_read_key(rows[i].value, key);
        assert_int_equal(good, rows[i].key != NULL);
        if (good) {
            assert_string_equal(key, rows[i].key);
        }
    }
}

/* Two keys that differ in their last character are never cut to one. */
static void long_keys_are_refused_not_cut(void **state)
{
    char value[ORDER_NAME_MAX + 2];
    char key[ORDER_NAME_MAX + 1];
    (void)state;
    memset(value, 'k', sizeof(value) - 1);
    value[ORDER_NAME_MAX + 1] = '\0';
    assert_false(request_read_key(value, key));
    value[ORDER_NAME_MAX] = '\0';
    assert_true(request_read_key(value, key));
    assert_string_equal(key, value);
}

static void names_are_read_from_objects(void **state)
{
    static const struct {
        const char *body, *name; /* NULL: refused */
    } rows[] = {
        {"", ""},
        {"{}", ""},
        {" {\"order\": \"a-1\", \"n\": [1]} \r\n", "a-1"},
        {"{\"Order\": \"a\"}", ""},
        {"{\"order\": \"\\u0061\\/\"}", "a/"},
        {"{\"order\": \"a\\u0000\"}", NULL},
        {"{\"order\": null}", NULL},
        {"{\"order\": \"a\nb\"}", NULL},
        {"{\"order\": \"a\"", NULL},
        {"{\"order\": \"a\"} x", NULL},
        {"[\"order\"]", NULL},
        {"a", NULL},
    };
    struct request_body read;
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        bool good =
            request_read_body(rows[i].body, strlen(rows[i].body), &read);
        assert_int_equal(good, rows[i].name != NULL);
        if (good) {
            assert_string_equal(read.name, rows[i].name);
        }
    }
}

static struct request_body read_body(const char *text)
{
    struct request_body read;
    assert_true(request_read_body(text, strlen(text), &read));
    return read;
}

static bool same_content(const char *a, const char *b)
{
    struct hash128 one = read_body(a).content, other = read_body(b).content;
    return one.high == other.high && one.low == other.low;
}

static void content_is_not_how_it_is_written(void **state)
{
    static const char base[] = "{\"order\":\"a\",\"n\":[1,{\"b\":true}]}";
    (void)state;
    assert_true(same_content(
        base, " {\"n\": [1.0, {\"b\": true}],\n\"order\": \"a\"} "));
    assert_false(same_content(base, "{\"order\":\"b\",\"n\":[1]}"));
    assert_false(
        same_content(base, "{\"order\":\"a\",\"n\":[{\"b\":true},1]}"));
    assert_false(same_content("{\"a\":\"1\"}", "{\"a\":1}"));
    assert_false(same_content("{\"a\":\"b\"}", "{\"b\":\"a\"}"));
    assert_false(same_content("{\"a\":1,\"b\":2}", "{\"a\":2,\"b\":1}"));
}

static void negative_amounts_are_refused(void **state)
{
    static const struct {
        const char *body;
        bool refused;
    } rows[] = {
        {"{}", false},
        {"{\"amount\": -1}", true},
        {"{\"amount\": 0}", false},
        {"{\"amount\": -0.0e5}", false},
        {"{\"amount\": -0.01e3}", true},
        {"{\"amount\": \"-1\"}", false},
        {"{\"of\": {\"amount\": -1}}", false},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        assert_int_equal(read_body(rows[i].body).refused, rows[i].refused);
    }
}

/* Each fault at what it is about, and nothing else. */
static void faults_read_keys_otherwise(void **state)
{
    static const char long_key[] = "12345678901234567890123456789012345678901"
                                   "2345678901234567890";
    static const struct {
        const char *value; /* NULL: no header */
        unsigned count;
        int fault; /* -1: none */
        enum request_key expected;
        const char *key;
    } rows[] = {
        {NULL, 0, -1, REQUEST_NO_KEY, ""},
        {NULL, 0, KEY_FAULT_REQUIRED, REQUEST_BAD_KEY, ""},
        {NULL, 0, KEY_FAULT_CRASH_MISSING, REQUEST_CRASH, ""},
        {"", 1, -1, REQUEST_BAD_KEY, ""},
        {"", 1, KEY_FAULT_SHARED_EMPTY, REQUEST_KEY, "(empty)"},
        {"\"\"", 1, KEY_FAULT_SHARED_EMPTY, REQUEST_KEY, "(empty)"},
        {"\"a", 1, -1, REQUEST_BAD_KEY, ""},
        {"\"a", 1, KEY_FAULT_CRASH_MALFORMED, REQUEST_CRASH, ""},
        {"a", 1, KEY_FAULT_CRASH_MALFORMED, REQUEST_KEY, "a"},
        {"\"a\"", 1, KEY_FAULT_CRASH_QUOTED, REQUEST_CRASH, ""},
        {"a", 2, -1, REQUEST_BAD_KEY, ""},
        {"a", 2, KEY_FAULT_FIRST_LINE, REQUEST_KEY, "a"},
        {"\"a\"", 1, -1, REQUEST_KEY, "a"},
        {"\"a\"", 1, KEY_FAULT_OPAQUE, REQUEST_KEY, "\"a\""},
        {long_key, 1, -1, REQUEST_KEY, long_key},
        {long_key, 1, KEY_FAULT_TRUNCATED, REQUEST_KEY,
         "123456789012345678901234567890123456789012345678"},
        {"\"short\"", 1, KEY_FAULT_TRUNCATED, REQUEST_KEY, "short"},
    };
    char key[ORDER_NAME_MAX + 1];
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        const struct request_keys found = {rows[i].value, rows[i].count};
        uint32_t faults = rows[i].fault < 0 ? 0 : 1U << rows[i].fault;
        assert_int_equal(request_find_key(&found, faults, key),
                         rows[i].expected);
        if (rows[i].expected == REQUEST_KEY) {
            assert_string_equal(key, rows[i].key);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_bare_or_quoted),
        cmocka_unit_test(long_keys_are_refused_not_cut),
        cmocka_unit_test(names_are_read_from_objects),
        cmocka_unit_test(content_is_not_how_it_is_written),
        cmocka_unit_test(negative_amounts_are_refused),
        cmocka_unit_test(faults_read_keys_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
