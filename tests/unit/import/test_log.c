/* Access logs: lines, times, and what becomes of those that are neither. */
#include "base/instant.h"
#include "import/instants.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../import_case.h"

static void read_recorded(struct import_case *read, const char *text,
                          const char *wanted)
{
    struct str recording = STR_INIT;

    case_read_bytes(read, "log", text, strlen(text), "x.arrivals");
    assert_non_null(read->document);
    import_recording(&read->import, &recording);
    const char *lines = strchr(recording.text, '\n') + 1;
    assert_string_equal(lines, wanted);
    str_release(&recording);
}

/* A line of the common format. */
#define LINE(when, rest) "h - - [10/Oct/2026:" when "] " rest "\n"

static void test_gaps_are_kept(void **state)
{
    struct import_case read;

    (void)state;
    read_recorded(
        &read,
        "h - - [10/Oct/2026:23:59:59 +0000] \"GET /a HTTP/1.1\" 200 1\n"
        "h - - [11/Oct/2026:01:00:01 +0100] \"GET /b HTTP/2.0\" 302 -\n"
        "h - - [10/Oct/2026:22:59:50 -0100] \"GET /a HTTP/1.1\" 200 1 \"-\" "
        "\"x\"\n",
        "0.000000000 GET /a\n9.000000000 GET /a\n11.000000000 GET /b\n");
    assert_requests(&read, 2);
    assert_request(&read, 1,
                   "{\"name\":\"GET /b\",\"method\":\"GET\",\"path\":\"/b\","
                   "\"expect\":{\"status\":[\"2xx\",302]}}");
    assert_remark(&read, "source", "user agents");
    assert_remark(&read, "source", "no host");
    case_release(&read);
}

static void test_one_second_is_shared_evenly(void **state)
{
    struct import_case read;

    (void)state;
    read_recorded(
        &read,
        "h - - [10/Oct/2026:00:00:01 +0000] \"GET /a HTTP/1.1\" 200 1\n"
        "h - - [10/Oct/2026:00:00:01 +0000] \"GET /b HTTP/1.1\" 200 1\n"
        "h - - [10/Oct/2026:00:00:01 +0000] \"GET /a HTTP/1.1\" 200 1\n"
        "h - - [10/Oct/2026:00:00:03 +0000] \"GET /a HTTP/1.1\" 200 1\n",
        "0.000000000 GET /a\n0.333333333 GET /b\n"
        "0.666666666 GET /a\n2.000000000 GET /a\n");
    assert_remark(&read, "source", "3 in all");
    case_release(&read);
    /* Times that say more than the second are left as they are. */
    read_recorded(&read,
                  "{\"time\":\"2026-01-01T00:00:00\",\"method\":\"GET\","
                  "\"path\":\"/a\"}\n"
                  "{\"time\":\"2026-01-01T00:00:00\",\"method\":\"GET\","
                  "\"path\":\"/b\"}\n"
                  "{\"time\":\"2026-01-01T00:00:00.001\",\"method\":\"GET\","
                  "\"path\":\"/c\"}\n",
                  "0.000000000 GET /a\n0.000000000 GET /b\n"
                  "0.001000000 GET /c\n");
    case_release(&read);
}

static void test_lines_of_json(void **state)
{
    struct import_case read;

    (void)state;
    read_recorded(
        &read,
        "{\"ts\":1767225601.5,\"request\":{\"method\":\"POST\",\"uri\":"
        "\"/x\",\"host\":\"h\"},\"status\":301}\n"
        "{\"timestamp\":1767225602000,\"request\":\"GET /y?a=b HTTP/1.1\"}\n"
        "{\"time_local\":\"01/Jan/2026:00:00:03 +0000\",\"request_method\":"
        "\"PUT\",\"request_uri\":\"http://h/z\",\"status\":\"204\"}\n",
        "0.000000000 POST /x\n0.500000000 GET /y\n1.500000000 PUT /z\n");
    assert_remark(&read, "source", "2 requests of POST, PUT or PATCH");
    case_release(&read);
}

static void test_what_is_no_line_is_left_out(void **state)
{
    static const char *const lines[] = {
        "junk\n",
        "\n",
        LINE("00:00:00 +0000", "\"\\x16\\x03\\x01\" 400 0"),
        LINE("00:00:00 +0000", "\"-\" 408 0"),
        LINE("00:00:61 +0000", "\"GET / HTTP/1.1\" 200 1"),
        "h - - [10/Foo/2026:00:00:00 +0000] \"GET / HTTP/1.1\" 200 1\n",
        LINE("00:00:00 +0000", "\"GET /"),
        "{\"time\":\"yesterday\",\"method\":\"GET\",\"path\":\"/\"}\n",
        "{\"a\":\n",
        LINE("00:00:00 +0000", "\"GET /a\\\"\\x22\\x01b HTTP/1.1\" 200 1"),
        ("h - bob [10/Oct/2026:00:00:09 +0000] \"GET http://h/c HTTP/1.0\" "
         "200 1\n"),
    };
    struct str text = STR_INIT;
    struct import_case read;

    (void)state;
    for (size_t i = 0; i < array_length(lines); i++) {
        str_append(&text, lines[i]);
    }
    case_read(&read, "log", text.text);
    str_release(&text);
    assert_requests(&read, 2);
    assert_request(&read, 0,
                   "{\"name\":\"GET /a\\\"\\\"\\\\x01b\",\"method\":\"GET\","
                   "\"path\":\"/a\\\"\\\"\\\\x01b\"}");
    assert_remark(&read, "1", "no time");
    assert_remark(&read, "3", "no request");
    assert_remark(&read, "4", "no request");
    assert_remark(&read, "5", "no time");
    assert_remark(&read, "6", "no time");
    assert_remark(&read, "7", "quotes");
    assert_remark(&read, "8", "no time");
    assert_remark(&read, "9", "no object");
    assert_remark(&read, "source", "a user");
    case_release(&read);
    assert_refused("log", "", "no request");
    assert_refused("log", "x\001\n", "U+0001");
}

static void expect_time(bool (*read)(const char *, int64_t *, bool *),
                        const char *text, int64_t wanted, bool wanted_whole)
{
    int64_t ns = 0;
    bool is_whole = false;

    assert_true(read(text, &ns, &is_whole));
    assert_int_equal(ns, wanted);
    assert_int_equal(is_whole, wanted_whole);
}

static void test_instants(void **state)
{
    static const char *const wrong[] = {
        "",
        "2026-13-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-01",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00Zx",
        "2026-01-01T00:00:00.Z",
        "1969-01-01T00:00:00Z",
    };
    int64_t ns;
    bool is_whole;

    (void)state;
    expect_time(instants_read_iso, "1970-01-01T00:00:00Z", 0, true);
    expect_time(instants_read_iso, "2000-02-29T23:59:59.000000001Z",
                951868799 * NS_PER_S + 1, false);
    expect_time(instants_read_iso, "2026-12-01 01:30:00+01:30",
                1796083200 * NS_PER_S, true);
    expect_time(instants_read_log, "01/Mar/2100:00:00:00 +0000",
                (int64_t)4107542400 * NS_PER_S, true);
    expect_time(instants_read_number, "1767225601.25",
                1767225601 * NS_PER_S + 250000000, false);
    expect_time(instants_read_number, "1767225601250",
                1767225601 * NS_PER_S + 250000000, false);
    expect_time(instants_read_number, "1767225601250000",
                1767225601 * NS_PER_S + 250000000, false);
    for (size_t i = 0; i < array_length(wrong); i++) {
        assert_false(instants_read_iso(wrong[i], &ns, &is_whole));
    }
    assert_false(instants_read_number("99999999999999999999", &ns, &is_whole));
    assert_false(instants_read_number("1x", &ns, &is_whole));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gaps_are_kept),
        cmocka_unit_test(test_one_second_is_shared_evenly),
        cmocka_unit_test(test_lines_of_json),
        cmocka_unit_test(test_what_is_no_line_is_left_out),
        cmocka_unit_test(test_instants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
