/* Command lines of curl: the words of a shell, and what each option makes. */
#include "import/shell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../import_case.h"

static void expect_words(const char *text, size_t count,
                         const char *const *wanted, const char *wanted_rest)
{
    struct shell_words words;
    struct shell_problem problem;
    const char *rest;

    assert_true(shell_split(text, &words, &rest, &problem));
    assert_int_equal(words.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(words.items[i], wanted[i]);
    }
    assert_string_equal(rest, wanted_rest);
    shell_release(&words);
}

static void test_words_are_those_of_a_shell(void **state)
{
    (void)state;
    expect_words("", 0, NULL, "");
    expect_words("  a  b\tc ", 3, (const char *[]){"a", "b", "c"}, "");
    expect_words("'a b' \"c d\" e\\ f", 3,
                 (const char *[]){"a b", "c d", "e f"}, "");
    expect_words("a'b'\"c\"d '' \"\"", 3, (const char *[]){"abcd", "", ""},
                 "");
    expect_words("'\\n$x`' \"\\\"\\\\\\$\\n\"", 2,
                 (const char *[]){"\\n$x`", "\"\\$\\n"}, "");
    expect_words("a \\\n  b \\\r\n c", 3, (const char *[]){"a", "b", "c"}, "");
    expect_words("$'\\n\\t\\'\\\\\\x41\\101\\u00e9\\U0001f600'", 1,
                 (const char *[]){"\n\t'\\AA\xc3\xa9\xf0\x9f\x98\x80"}, "");
    expect_words("$A ${B}c \"$D\" $ $1", 5,
                 (const char *[]){"\001A\002", "\001B\002c", "\001D\002", "$",
                                  "\0011\002"},
                 "");
    expect_words("a | b", 1, (const char *[]){"a"}, "| b");
    expect_words("a\nb", 1, (const char *[]){"a"}, "b");
}

static void test_what_only_a_shell_knows_is_refused(void **state)
{
    static const struct {
        const char *text;
        size_t at;
    } rows[] = {
        {"a 'b", 2},      {"a \"b", 2},  {"a $'b", 2},    {"$(id)", 0},
        {"\"$(id)\"", 1}, {"a `id`", 2}, {"\"`id`\"", 1}, {"${A:-b}", 0},
        {"${", 0},        {"a\001b", 1},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct shell_words words;
        struct shell_problem problem;
        const char *rest;
        assert_false(shell_split(rows[i].text, &words, &rest, &problem));
        assert_int_equal(problem.at, rows[i].at);
        shell_release(&words);
    }
}

static void test_the_request_is_curls(void **state)
{
    static const struct {
        const char *command, *request;
    } rows[] = {
        {"curl host", "{\"name\":\"GET /\",\"path\":\"/\"}"},
        {"curl -I http://h/a#f",
         "{\"name\":\"HEAD /a\",\"method\":\"HEAD\",\"path\":\"/a\"}"},
        {"curl -XDELETE http://h/a",
         "{\"name\":\"DELETE /a\",\"method\":\"DELETE\",\"path\":\"/a\"}"},
        {"curl -d a=1 -d b=2 http://h/",
         "{\"name\":\"POST /\",\"method\":\"POST\",\"path\":\"/\","
         "\"headers\":{\"Content-Type\":"
         "\"application/x-www-form-urlencoded\"},\"body\":\"a=1&b=2\"}"},
        {"curl -G -d a=1 --data-urlencode 'b=c d&' 'http://h?x'",
         "{\"name\":\"GET /\",\"path\":\"/?x&a=1&b=c%20d%26\"}"},
        {"curl --json '{\"a\":1}' http://h/",
         "{\"name\":\"POST /\",\"method\":\"POST\",\"path\":\"/\","
         "\"headers\":{\"Content-Type\":\"application/json\",\"Accept\":"
         "\"application/json\"},\"body\":\"{\\\"a\\\":1}\"}"},
        {"curl -H 'A: b' -H 'A: c' -H 'Accept:' -H 'E;' -A x -e y -b k=v "
         "http://h/",
         "{\"name\":\"GET /\",\"path\":\"/\",\"headers\":{\"A\":[\"b\","
         "\"c\"],\"E\":\"\",\"User-Agent\":\"x\",\"Referer\":\"y\","
         "\"Cookie\":\"${env:COOKIE}\"}}"},
        {"curl -T up.bin http://h/f",
         "{\"name\":\"PUT /f\",\"method\":\"PUT\",\"path\":\"/f\","
         "\"body_file\":\"up.bin\",\"body_placeholders\":false}"},
        {"curl --data-raw '@{{x}} ${env:Y}' -H 'Content-Type: t' http://h/",
         "{\"name\":\"POST /\",\"method\":\"POST\",\"path\":\"/\","
         "\"headers\":{\"Content-Type\":\"t\"},"
         "\"body\":\"@{{{{x}} $${env:Y}\"}"},
        {"curl -F a=b -F f=@x http://h/",
         "{\"name\":\"POST /\",\"method\":\"POST\",\"path\":\"/\","
         "\"form\":[\"a=b\",\"f=@x\"]}"},
        {"curl -F a=b http://h/",
         "{\"name\":\"POST /\",\"method\":\"POST\",\"path\":\"/\","
         "\"headers\":{\"Content-Type\":\"multipart/form-data; "
         "boundary=squall-form-1\"},\"body\":\"--squall-form-1\\r\\n"
         "Content-Disposition: form-data; name=\\\"a\\\"\\r\\n\\r\\nb\\r\\n"
         "--squall-form-1--\\r\\n\"}"},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct import_case read;
        case_read(&read, "curl", rows[i].command);
        assert_requests(&read, 1);
        assert_request(&read, 0, rows[i].request);
        case_release(&read);
    }
}

static void expect_settings(const char *command, const char *settings)
{
    struct import_case read;

    case_read(&read, "curl", command);
    assert_requests(&read, 1);
    char *text = cJSON_PrintUnformatted(read.import.settings);
    assert_string_equal(text, settings);
    free(text);
    case_release(&read);
}

static void test_other_options_are_those_of_run(void **state)
{
    (void)state;
    expect_settings("curl -ksSLf -o x -w y -m 5 --compressed --http2 h",
                    "[\"--insecure\",\"--max-time=5\",\"--compressed\","
                    "\"--http2\",\"--location=50\"]");
    expect_settings("curl -L --max-redirs 3 --retry 2 --cacert c -E d:e h",
                    "[\"--retries=2\",\"--cacert=c\",\"--cert=d\","
                    "\"--location=3\"]");
    expect_settings("curl --insec -x http://u:secretpw@p:1 h",
                    "[\"--insecure\","
                    "\"--proxy=http://u:${env:PROXY_PASSWORD}@p:1\"]");
}

static void test_what_is_lost_is_said(void **state)
{
    struct import_case read;

    (void)state;
    case_read(&read, "curl",
              "curl --limit-rate 5k -b jar.txt -H @file -d a=b -d @x "
              "--data-urlencode @y -F 'g=<z' http://h/[1-3] --next http://i/ "
              "| jq");
    assert_requests(&read, 1);
    assert_remark(&read, "--limit-rate", "nothing like it");
    assert_remark(&read, "--cookie", "jar.txt");
    assert_remark(&read, "--header", "file");
    assert_remark(&read, "--data", "\"@x\" is left out");
    assert_remark(&read, "--data-urlencode", "\"@y\"");
    assert_remark(&read, "--form", "neither");
    assert_remark(&read, "--next", "left out");
    assert_remark(&read, "URL", "brackets");
    assert_remark(&read, "the end", "| jq");
    case_release(&read);
}

static void test_what_is_no_command_is_refused(void **state)
{
    (void)state;
    assert_refused("curl", "curl", "no URL");
    assert_refused("curl", "curl --nothing h", "\"--nothing\" is no option");
    assert_refused("curl", "curl --data", "needs an argument");
    assert_refused("curl", "curl -H", "needs an argument");
    assert_refused("curl", "curl 'h", "not closed");
    assert_refused("curl", "curl ftp://h/", "no request");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_are_those_of_a_shell),
        cmocka_unit_test(test_what_only_a_shell_knows_is_refused),
        cmocka_unit_test(test_the_request_is_curls),
        cmocka_unit_test(test_other_options_are_those_of_run),
        cmocka_unit_test(test_what_is_lost_is_said),
        cmocka_unit_test(test_what_is_no_command_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
