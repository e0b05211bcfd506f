/* Lines of JSON are JSON, whatever bytes they are made of. */
#include "report/ndjson.h"

#include "base/must.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_every_member(void **state)
{
    (void)state;
    struct str out = STR_INIT;
    cJSON *tree = cJSON_Parse("{\"a\": [1, 2]}");

    ndjson_open(&out);
    ndjson_text(&out, "text", "a \"b\" \\ \n\x7f \xc3\xa9 \xff!");
    ndjson_text(&out, "none", NULL);
    ndjson_text(&out, "empty", "");
    ndjson_bytes(&out, "bytes", "a\0b", 3);
    ndjson_count(&out, "zero", 0);
    ndjson_count(&out, "most", UINT64_MAX);
    ndjson_bool(&out, "yes", true);
    ndjson_bool(&out, "no", false);
    ndjson_us(&out, "at", (struct instant){1234567});
    ndjson_us(&out, "never", (struct instant){-1});
    ndjson_tree(&out, "tree", tree);
    ndjson_tree(&out, "absent", NULL);
    ndjson_begin_array(&out, "list");
    ndjson_begin_object(&out);
    ndjson_count(&out, "n", 1);
    ndjson_end(&out, '}');
    ndjson_begin_object(&out);
    ndjson_end(&out, '}');
    ndjson_end(&out, ']');
    ndjson_close(&out);
    assert_string_equal(
        out.text,
        "{\"text\":\"a \\\"b\\\" \\\\ \\u000a\\u007f \xc3\xa9 \\ufffd!\","
        "\"none\":null,\"empty\":\"\",\"bytes\":\"a\\u0000b\",\"zero\":0,"
        "\"most\":18446744073709551615,\"yes\":true,\"no\":false,"
        "\"at\":1234,\"never\":null,\"tree\":{\"a\":[1,2]},\"absent\":null,"
        "\"list\":[{\"n\":1},{}]}\n");
    cJSON_Delete(tree);
    str_release(&out);
}

/* By another reader: what is UTF-8 comes back, and all of it is one line. */
static void test_any_bytes(void **state)
{
    (void)state;
    struct rng rng = rng_stream(3, RNG_TEMPLATE, 0);
    for (int i = 0; i < 20000; i++) {
        struct str out = STR_INIT;
        char bytes[24];
        size_t length = rng_below(&rng, sizeof(bytes));
        unsigned highest = i % 2 ? 127 : 255;
        for (size_t b = 0; b < length; b++) {
            bytes[b] = (char)(1 + rng_below(&rng, highest));
        }
        ndjson_open(&out);
        ndjson_bytes(&out, "b", bytes, length);
        ndjson_close(&out);
        assert_int_equal(strcspn(out.text, "\n"), out.length - 1);
        cJSON *read = cJSON_Parse(out.text);
        const char *text =
            cJSON_GetStringValue(cJSON_GetObjectItem(read, "b"));
        assert_non_null(text);
        assert_true(ndjson_is_text(text, strlen(text)));
        if (ndjson_is_text(bytes, length)) {
            assert_int_equal(strlen(text), length);
            assert_memory_equal(text, bytes, length);
        } else {
            assert_non_null(strstr(text, "\xef\xbf\xbd"));
        }
        cJSON_Delete(read);
        str_release(&out);
    }
}

/* The examples of RFC 4648. */
static void test_base64(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", "{\"x\":\"\"}\n"},
        {"f", "{\"x\":\"Zg==\"}\n"},
        {"fo", "{\"x\":\"Zm8=\"}\n"},
        {"foo", "{\"x\":\"Zm9v\"}\n"},
        {"foobar", "{\"x\":\"Zm9vYmFy\"}\n"},
        {"\xff\xfe\xfd", "{\"x\":\"//79\"}\n"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct str out = STR_INIT;
        ndjson_open(&out);
        ndjson_base64(&out, "x", rows[i][0], strlen(rows[i][0]));
        ndjson_close(&out);
        assert_string_equal(out.text, rows[i][1]);
        str_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_member),
        cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_base64),
    };
    return cmocka_run_group_tests_name("report/ndjson", tests, NULL, NULL);
}
