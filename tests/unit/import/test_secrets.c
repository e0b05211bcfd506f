/* Secrets never reach a profile: each is a variable, wherever it stands. */
#include "import/secrets.h"
#include "import/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../import_case.h"

struct row {
    const char *header; /* NULL: a text */
    const char *text, *written;
};

static void expect_written(struct secrets *secrets, const struct row *row)
{
    struct str out = STR_INIT;

    secrets_find_variables(secrets, row->text, strlen(row->text));
    secrets_find(secrets, row->header, row->text, strlen(row->text));
    secrets_write(secrets, &out, row->header, row->text, strlen(row->text));
    assert_string_equal(out.text, row->written);
    str_release(&out);
}

static void test_each_place_of_a_secret(void **state)
{
    static const struct row rows[] = {
        {"Authorization", "Bearer abc.def", "Bearer ${env:AUTHORIZATION}"},
        {"authorization", "Basic QWxhZGRpbg==", "Basic ${env:AUTHORIZATION}"},
        {"Authorization", "opaque", "${env:AUTHORIZATION}"},
        {"Proxy-Authorization",
         "Basic eA==", "Basic ${env:PROXY_AUTHORIZATION}"},
        {"Cookie", "sid=1; theme=dark", "${env:COOKIE}"},
        {"X-Api-Key", "k 1", "${env:X_API_KEY}"},
        {"X-Auth-Token", "t", "${env:X_AUTH_TOKEN}"},
        {"Accept", "text/plain", "text/plain"},
        {"Referer", "http://h/?token=abc&x=1",
         "http://h/?token=${env:TOKEN}&x=1"},
        {NULL, "/a?api_key=k1&b=2", "/a?api_key=${env:API_KEY}&b=2"},
        {NULL, "/a;jsessionid=77", "/a;jsessionid=${env:JSESSIONID}"},
        {NULL, "user=bob&password=p%40ss",
         "user=bob&password=${env:PASSWORD}"},
        {NULL, "{\"password\": \"a \\\"b\", \"n\": 1}",
         "{\"password\": \"${env:PASSWORD}\", \"n\": 1}"},
        {NULL, "{\"token\":null,\"session\":true,\"sid\":\"\"}",
         "{\"token\":null,\"session\":true,\"sid\":\"\"}"},
        {NULL, "{\"pin\":1,\"client_secret\":12345}",
         "{\"pin\":1,\"client_secret\":${env:CLIENT_SECRET}}"},
        {NULL, "pwd=x", "pwd=${env:PWD_VALUE}"},
        {NULL, "a Basic plan", "a Basic plan"},
        {NULL, "{\"plan\":\"Bearer of news\"}",
         "{\"plan\":\"Bearer of news\"}"},
        {NULL, "nothing here {{x}} ${env:Y} $${env:Z}",
         "nothing here {{{{x}} $${env:Y} $$${env:Z}"},
        {"Authorization", "Bearer \001MY\002", "Bearer ${env:MY}"},
        {"Cookie", "\001C\002", "${env:C}"},
        {NULL, "{\"password\":\"\001P\002\"}", "{\"password\":\"${env:P}\"}"},
        {NULL, "password=x\001P\002", "password=${env:PASSWORD}"},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct secrets secrets = SECRETS_INIT;
        expect_written(&secrets, &rows[i]);
        secrets_release(&secrets);
    }
}

static void test_one_variable_a_value(void **state)
{
    static const struct row rows[] = {
        {"X-Token", "first-value", "${env:X_TOKEN}"},
        {"X-Token", "second-value", "${env:X_TOKEN_2}"},
        {"X-Token", "first-value", "${env:X_TOKEN}"},
        {NULL, "/second-value/x", "/${env:X_TOKEN_2}/x"},
        {NULL, "token=first-value", "token=${env:X_TOKEN}"},
        {"X-Token", "abc", "${env:X_TOKEN_3}"},
        {NULL, "/abc", "/abc"}, /* too short to be taken for it */
        {NULL, "\001TOKEN\002", "${env:TOKEN}"},
        {NULL, "token=third-value", "token=${env:TOKEN_2}"},
    };
    struct secrets secrets = SECRETS_INIT;

    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        expect_written(&secrets, &rows[i]);
    }
    secrets_release(&secrets);
}

/* Whatever a format is: what was secret is nowhere in what is made of it. */
static void test_no_profile_has_a_secret(void **state)
{
    static const char *const sources[][2] = {
        {"curl", "curl -u bob:hunter2222 -H 'Authorization: Bearer "
                 "hunter2222' -b s=hunter2222 -d password=hunter2222 "
                 "'http://eve:hunter2222@h/hunter2222?token=hunter2222'"},
        {"har",
         "{\"log\":{\"entries\":[{\"request\":{\"method\":\"POST\",\"url\":"
         "\"http://bob:hunter2222@h/?api_key=hunter2222\",\"headers\":[{"
         "\"name\":\"X-Api-Key\",\"value\":\"hunter2222\"}],\"cookies\":[{"
         "\"name\":\"s\",\"value\":\"hunter2222\"}],\"postData\":{"
         "\"mimeType\":\"a/b\",\"text\":\"{\\\"password\\\":"
         "\\\"hunter2222\\\"}\"}}}]}}"},
        {"vegeta", "GET http://bob:hunter2222@h/?sig=hunter2222\n"
                   "Cookie: s=hunter2222\n"},
        {"log", "h - - [10/Oct/2026:00:00:00 +0000] \"GET "
                "/a?token=hunter2222 HTTP/1.1\" 200 1\n"},
        {"url", "http://bob:hunter2222@h/?token=hunter2222"},
    };
    (void)state;
    for (size_t i = 0; i < array_length(sources); i++) {
        struct import_case read;
        case_read(&read, sources[i][0], sources[i][1]);
        assert_non_null(read.document);
        char *text = cJSON_PrintUnformatted(read.document);
        assert_null(strstr(text, "hunter2222"));
        assert_non_null(strstr(text, "${env:"));
        for (size_t r = 0; r < read.import.remark_count; r++) {
            assert_null(strstr(read.import.remarks[r].text, "hunter2222"));
        }
        free(text);
        case_release(&read);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_place_of_a_secret),
        cmocka_unit_test(test_one_variable_a_value),
        cmocka_unit_test(test_no_profile_has_a_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
