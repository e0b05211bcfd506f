/* base64 of RFC 4648, there and back. */
#include "base/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The vectors of RFC 4648, section 10. */
static void test_vectors(void **state)
{
    static const char *const vectors[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        struct str text = STR_INIT, bytes = STR_INIT;
        base64_append(&text, vectors[i][0], strlen(vectors[i][0]));
        assert_string_equal(text.text, vectors[i][1]);
        assert_true(base64_read(&bytes, text.text));
        assert_string_equal(bytes.text, vectors[i][0]);
        str_release(&text);
        str_release(&bytes);
    }
}

static void test_all_bytes(void **state)
{
    unsigned char all[256];
    struct str text = STR_INIT, bytes = STR_INIT;
    (void)state;

    for (size_t i = 0; i < sizeof(all); i++) {
        all[i] = (unsigned char)i;
    }
    base64_append(&text, all, sizeof(all));
    assert_true(base64_read(&bytes, text.text));
    assert_int_equal(bytes.length, sizeof(all));
    assert_memory_equal(bytes.text, all, sizeof(all));
    str_release(&text);
    str_release(&bytes);
}

static void test_what_is_none(void **state)
{
    static const char *const wrong[] = {
        "Z", "Zm9", "Zm9vY", "Z===", "====", "Zm=v", "Zm-v", "Zg==Zg=="};
    (void)state;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct str bytes = STR_INIT;
        assert_false(base64_read(&bytes, wrong[i]));
        str_release(&bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_all_bytes),
        cmocka_unit_test(test_what_is_none),
    };
    return cmocka_run_group_tests_name("base/base64", tests, NULL, NULL);
}
