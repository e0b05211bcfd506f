/* URLs that libcurl reads once: what it makes of a copy is what the text
 * said, or there is none. */
#include "engine/curl/parsed_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Of a copy, as libcurl makes one for every request. */
static void expect_whole(CURLU *parsed, const char *wanted)
{
    CURLU *copy = curl_url_dup(parsed);
    char *text = NULL;

    assert_int_equal(curl_url_get(copy, CURLUPART_URL, &text, 0), CURLUE_OK);
    assert_string_equal(text, wanted);
    curl_free(text);
    curl_url_cleanup(copy);
}

static void a_url_stays_what_it_was(void **state)
{
    static const char *const urls[] = {
        "http://127.0.0.1:8080/",
        "https://shop.example/orders?state=new&page=2",
        "http://[2001:db8::1]:8080/a/../b/./c",
        "http://user:word@shop.example:1/%7eall?",
        "http://shop.example/?",
        "http://[fe80::1%25eth0]/",
    };
    (void)state;

    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        CURLU *parsed = parsed_url_new(urls[i]);
        if (parsed) {
            CURLU *whole = curl_url();
            char *text = NULL;
            assert_int_equal(
                curl_url_set(whole, CURLUPART_URL, urls[i], CURLU_PATH_AS_IS),
                CURLUE_OK);
            assert_int_equal(curl_url_get(whole, CURLUPART_URL, &text, 0),
                             CURLUE_OK);
            expect_whole(parsed, text);
            curl_free(text);
            curl_url_cleanup(whole);
        }
        curl_url_cleanup(parsed);
    }
}

/* Those that nearly all runs have are read once, whatever the release. */
static void common_urls_are_read_once(void **state)
{
    CURLU *parsed = parsed_url_new("http://127.0.0.1:8080/a/../b?c=d");
    char *path = NULL;
    (void)state;

    assert_non_null(parsed);
    expect_whole(parsed, "http://127.0.0.1:8080/a/../b?c=d");
    assert_int_equal(curl_url_get(parsed, CURLUPART_PATH, &path, 0),
                     CURLUE_OK);
    assert_string_equal(path, "/a/../b");
    curl_free(path);
    curl_url_cleanup(parsed);
}

static void what_is_no_url_is_left_to_libcurl(void **state)
{
    (void)state;
    assert_null(parsed_url_new(""));
    assert_null(parsed_url_new("http://"));
    assert_null(parsed_url_new("http://a b/"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_stays_what_it_was),
        cmocka_unit_test(common_urls_are_read_once),
        cmocka_unit_test(what_is_no_url_is_left_to_libcurl),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
