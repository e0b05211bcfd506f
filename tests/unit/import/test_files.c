/* HAR files and files of vegeta's targets, whole and hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../import_case.h"

#define HAR(entries) "{\"log\":{\"entries\":[" entries "]}}"
#define GET(url) "{\"request\":{\"method\":\"GET\",\"url\":\"" url "\"}}"

static void test_a_har_entry_is_a_request(void **state)
{
    struct import_case read;

    (void)state;
    case_read(&read, "har",
              HAR("{\"request\":{\"method\":\"POST\",\"url\":"
                  "\"https://H.example:443/a?b={{c}}#d\",\"headers\":["
                  "{\"name\":\":authority\",\"value\":\"x\"},{\"name\":"
                  "\"Host\",\"value\":\"h.example\"},{\"name\":\"content-"
                  "length\",\"value\":\"9\"},{\"name\":\"X-A\",\"value\":"
                  "\"1\"},{\"name\":\"x-a\",\"value\":\"2\"}],\"postData\":"
                  "{\"mimeType\":\"text/plain\",\"text\":\"aGk=\","
                  "\"encoding\":\"base64\"}},\"response\":{\"status\":303}}"));
    assert_requests(&read, 1);
    assert_request(&read, 0,
                   "{\"name\":\"POST /a\",\"method\":\"POST\",\"path\":"
                   "\"/a?b={{{{c}}\",\"headers\":{\"X-A\":[\"1\",\"2\"],"
                   "\"Content-Type\":\"text/plain\"},\"body\":\"hi\","
                   "\"expect\":{\"status\":[\"2xx\",303]}}");
    assert_string_equal(cJSON_GetStringValue(json_get(
                            json_get(read.document, "target"), "url")),
                        "https://h.example");
    case_release(&read);
}

static void test_the_same_request_weighs_more(void **state)
{
    struct import_case read;

    (void)state;
    case_read(
        &read, "har",
        HAR(GET("http://h/a") "," GET("http://h/b") "," GET(
            "http://h/a") "," GET("http://other/") "," GET("ftp://h/") ",{},"
                                                                       "3"));
    assert_requests(&read, 2);
    assert_request(&read, 0,
                   "{\"name\":\"GET /a\",\"weight\":2,\"method\":\"GET\","
                   "\"path\":\"/a\"}");
    assert_remark(&read, "log.entries[3]", "one target");
    assert_remark(&read, "log.entries[4]", "no URL of http");
    assert_remark(&read, "log.entries[5]", "no request");
    assert_remark(&read, "log.entries[6]", "no request");
    case_release(&read);
}

static void test_what_no_request_can_be_is_left_out(void **state)
{
    struct import_case read;

    (void)state;
    case_read(
        &read, "har",
        HAR("{\"request\":{\"method\":\"G T\",\"url\":\"http://h/\"}},"
            "{\"request\":{\"method\":\"POST\",\"url\":\"http://h/\","
            "\"postData\":{\"text\":\"/w==\",\"encoding\":\"base64\"}}},"
            "{\"request\":{\"method\":\"POST\",\"url\":\"http://h/\","
            "\"postData\":{\"text\":\"!\",\"encoding\":\"base64\"}}},"
            "{\"request\":{\"method\":\"POST\",\"url\":\"http://h/\","
            "\"postData\":{\"mimeType\":\"multipart/form-data\","
            "\"params\":[{\"name\":\"a\"}]}}},"
            "{\"request\":{\"method\":\"POST\",\"url\":\"http://h/\","
            "\"headers\":[{\"name\":\"A B\",\"value\":\"c\"},{\"name\":"
            "\"A\",\"value\":\"b\\nc\"}],\"postData\":{\"params\":[{\"name\":"
            "\"a\",\"value\":\"b c\"}]}}}"));
    assert_requests(&read, 1);
    assert_request(&read, 0,
                   "{\"name\":\"POST /\",\"method\":\"POST\",\"path\":\"/\","
                   "\"body\":\"a=b%20c\"}");
    assert_remark(&read, "log.entries[0]", "method");
    assert_remark(&read, "log.entries[1]", "UTF-8");
    assert_remark(&read, "log.entries[2]", "base64");
    assert_remark(&read, "log.entries[3]", "multipart");
    assert_remark(&read, "log.entries[4]", "header");
    case_release(&read);
}

static void test_times_are_kept_where_all_are_known(void **state)
{
    struct import_case read;
    struct str text = STR_INIT;
    static const char har[] =
        HAR("{\"startedDateTime\":\"2026-01-01T00:00:01.5+01:00\",\"request\":"
            "{\"method\":\"GET\",\"url\":\"http://h/a\"}},"
            "{\"startedDateTime\":\"2025-12-31T23:00:00.25Z\",\"request\":"
            "{\"method\":\"GET\",\"url\":\"http://h/b\"}}");

    (void)state;
    case_read_bytes(&read, "har", har, sizeof(har) - 1, "x.arrivals");
    assert_requests(&read, 2);
    import_recording(&read.import, &text);
    assert_non_null(
        strstr(text.text, "\n0.000000000 GET /b\n1.250000000 GET /a\n"));
    case_release(&read);
    str_release(&text);

    case_read(&read, "har", HAR(GET("http://h/")));
    assert_remark(&read, "log.entries", "no times");
    case_release(&read);
}

static void test_targets_of_both_formats(void **state)
{
    struct import_case read;

    (void)state;
    case_read(&read, "vegeta",
              "# a comment\r\nGET http://h/a\r\nX-A: b: c\r\nX-A:d\r\n\r\n"
              "PUT http://h/b\n@body.bin\nPOST http://h/c\n");
    assert_requests(&read, 3);
    assert_request(&read, 0,
                   "{\"name\":\"GET /a\",\"method\":\"GET\",\"path\":\"/a\","
                   "\"headers\":{\"X-A\":[\"b: c\",\"d\"]}}");
    assert_request(&read, 1,
                   "{\"name\":\"PUT /b\",\"method\":\"PUT\",\"path\":\"/b\","
                   "\"body_file\":\"body.bin\",\"body_placeholders\":false}");
    assert_remark(&read, "6", "body.bin");
    case_release(&read);

    case_read(&read, "vegeta",
              "{\"method\":\"POST\",\"url\":\"http://h/x\",\"body\":"
              "\"eyJhIjoxfQ==\",\"header\":{\"X\":[\"a\",\"b\"],\"Y\":3}}\n"
              "not json\n{\"url\":1}\n"
              "{\"method\":\"GET\",\"url\":\"http://h/\",\"body\":\"!\"}\n");
    assert_requests(&read, 1);
    assert_request(&read, 0,
                   "{\"name\":\"POST /x\",\"method\":\"POST\",\"path\":"
                   "\"/x\",\"headers\":{\"X\":[\"a\",\"b\"]},\"body\":"
                   "\"{\\\"a\\\":1}\"}");
    assert_remark(&read, "1", "no list");
    assert_remark(&read, "2", "no object");
    assert_remark(&read, "3", "method and url");
    assert_remark(&read, "4", "base64");
    case_release(&read);
}

static void test_what_is_no_such_file_is_refused(void **state)
{
    (void)state;
    assert_refused("har", "", "");
    assert_refused("har", "{", "");
    assert_refused("har", "[]", "log.entries");
    assert_refused("har", HAR(""), "no request");
    assert_refused("har", HAR(GET("http://h/\\u0001PATH\\u0002")), "U+0001");
    assert_refused("vegeta", "", "no request");
    assert_refused("vegeta", "GET http://h/\001PATH\002", "U+0001");
    assert_refused("vegeta", "GET", "no request");
    assert_refused("url", "ftp://h/", "no URL");
    assert_refused("url", "", "no URL");
}

static void test_more_requests_than_a_profile_has(void **state)
{
    struct import_case read;
    struct str text = STR_INIT;

    (void)state;
    for (int i = 0; i < 300; i++) {
        str_printf(&text, "GET http://h/%d\n", i);
    }
    str_append(&text, "GET http://h/299\n");
    case_read(&read, "vegeta", text.text);
    assert_requests(&read, 256);
    assert_request(&read, 255,
                   "{\"name\":\"GET /299\",\"weight\":2,\"method\":\"GET\","
                   "\"path\":\"/299\"}");
    assert_remark(&read, "source", "300 requests differ");
    assert_remark(&read, "source", "44 requests of the other 44 kinds");
    case_release(&read);
    str_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_har_entry_is_a_request),
        cmocka_unit_test(test_the_same_request_weighs_more),
        cmocka_unit_test(test_what_no_request_can_be_is_left_out),
        cmocka_unit_test(test_times_are_kept_where_all_are_known),
        cmocka_unit_test(test_targets_of_both_formats),
        cmocka_unit_test(test_what_is_no_such_file_is_refused),
        cmocka_unit_test(test_more_requests_than_a_profile_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
