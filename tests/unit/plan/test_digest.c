/* HTTP Digest: the examples of RFC 2617, 2069 and 7616, and challenges that
 * cannot be answered. */
#include "plan/digest.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void write_line(const char *challenge, const char *user,
                       uint64_t cnonce, char line[DIGEST_LINE_MAX])
{
    struct digest_challenge read;
    struct digest_request request = {
        .user = user,
        .method = "GET",
        .url = "http://www.nowhere.org/dir/index.html",
        .count = 1,
        .cnonce = cnonce,
    };
    assert_true(digest_read(challenge, strlen(challenge), &read));
    assert_true(digest_write(&read, &request, line));
}

/* The answers were computed by another program, Python's hashlib, of the
 * challenges of the RFCs with client nonces of 16 digits. */
static void test_answers(void **state)
{
    static const struct {
        const char *challenge, *line;
    } rows[] = {
        {"Digest realm=\"testrealm@host.com\", "
         "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
         "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
         "Authorization: Digest username=\"Mufasa\", "
         "realm=\"testrealm@host.com\", "
         "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
         "uri=\"/dir/index.html\", "
         "response=\"670fd8c2df070c60b045671b8b24ff02\", "
         "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""},
        {"digest  qop=\"auth-int, auth\",realm=testrealm , algorithm=md5,"
         "nonce=\"n\\\"1\"",
         "Authorization: Digest username=\"Mufasa\", realm=\"testrealm\", "
         "nonce=\"n\\\"1\", uri=\"/dir/index.html\", "
         "response=\"3a1dfb4d6e4e74a97c7be841e00b4a86\", "
         "algorithm=MD5, qop=auth, nc=00000001, cnonce=\"00000000000000ff\""},
        {"Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256",
         "Authorization: Digest username=\"Mufasa\", realm=\"r\", "
         "nonce=\"n\", uri=\"/dir/index.html\", "
         "response="
         "\"2521155566ac75da8f0f3fb735971ec93969ea40e002b04c1dc3645e3c8581c2\""
         ", "
         "algorithm=SHA-256, qop=auth, nc=00000001, "
         "cnonce=\"00000000000000ff\""},
        {"Digest realm=\"r\", nonce=\"n\", qop=\"auth\", "
         "algorithm=SHA-256-sess, stale=true, userhash=false",
         "Authorization: Digest username=\"Mufasa\", realm=\"r\", "
         "nonce=\"n\", uri=\"/dir/index.html\", "
         "response="
         "\"34d22b395459a58e4c8af8fb41549ed5a1cb7749792c9cc4bd0f4624317f3197\""
         ", "
         "algorithm=SHA-256-sess, qop=auth, nc=00000001, "
         "cnonce=\"00000000000000ff\""},
    };
    char line[DIGEST_LINE_MAX];
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        write_line(rows[i].challenge, "Mufasa:Circle Of Life", 0xff, line);
        assert_string_equal(line, rows[i].line);
    }
}

static void test_what_cannot_be_answered(void **state)
{
    static const char *const rows[] = {
        "",
        "Basic realm=\"r\"",
        "Digestive nonce=\"n\"",
        "Digest",
        "Digest realm=\"r\"",
        "Digest nonce=\"\"",
        "Digest nonce=\"n",
        "Digest nonce",
        "Digest nonce=\"n\", algorithm=SHA-512-256",
        "Digest nonce=\"n\", qop=\"auth-int\"",
        "Digest nonce=\"n\", algorithm=MD5-sess",
    };
    char long_nonce[DIGEST_VALUE_MAX + 20];
    struct digest_challenge challenge;
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        assert_false(digest_read(rows[i], strlen(rows[i]), &challenge));
    }
    memset(long_nonce, 'x', sizeof(long_nonce));
    memcpy(long_nonce, "Digest nonce=", 13);
    assert_true(
        digest_read(long_nonce, 13 + DIGEST_VALUE_MAX - 1, &challenge));
    assert_false(digest_read(long_nonce, 13 + DIGEST_VALUE_MAX, &challenge));
}

/* Of several challenges in a line, the first that can be answered. */
static void test_among_others(void **state)
{
    static const char *const rows[] = {
        "Digest realm=\"r\", nonce=\"n\", Basic realm=\"b, nonce=x\"",
        "Basic realm=\"b, \\\"Digest nonce=x\", Digest realm=\"r\", nonce=n",
        "Negotiate, digest realm=r,nonce=n , NTLM",
        "Negotiate YIIabc==, Digest realm=r, nonce=n",
        "Digest nonce=m, algorithm=SHA-512-256, Digest realm=r, nonce=n",
        "Digest realm=r, Digest realm=r, nonce=n",
    };
    struct digest_challenge challenge;
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        assert_true(digest_read(rows[i], strlen(rows[i]), &challenge));
        assert_string_equal(challenge.realm, "r");
        assert_string_equal(challenge.nonce, "n");
    }
}

/* What is signed is what the line of the request says. */
static void test_targets(void **state)
{
    static const struct {
        const char *url, *uri;
    } rows[] = {
        {"http://h:1/a?b=c", "/a?b=c"}, {"http://h", "/"},
        {"http://h?x=/1", "/?x=/1"},    {"http://h#f", "/"},
        {"http://h/a?b#f", "/a?b"},
    };
    static const char text[] = "Digest realm=r, nonce=n";
    struct digest_challenge challenge;
    (void)state;
    assert_true(digest_read(text, strlen(text), &challenge));
    for (size_t i = 0; i < array_length(rows); i++) {
        struct digest_request request = {
            .user = "u:p", .method = "GET", .url = rows[i].url, .count = 1};
        char line[DIGEST_LINE_MAX], wanted[60];
        snprintf(wanted, sizeof wanted, "uri=\"%s\"", rows[i].uri);
        assert_true(digest_write(&challenge, &request, line));
        assert_non_null(strstr(line, wanted));
    }
}

/* Nothing is written past the room, whatever has to be escaped. */
static void test_long_urls(void **state)
{
    char url[2 * DIGEST_LINE_MAX], line[DIGEST_LINE_MAX];
    const char text[] = "Digest realm=\"r\", nonce=\"n\", qop=\"auth\"";
    struct digest_challenge challenge;
    struct digest_request request = {
        .user = "u:p", .method = "GET", .url = url, .count = 1};
    size_t fits = 0;
    (void)state;
    assert_true(digest_read(text, strlen(text), &challenge));
    for (size_t length = 20; length < sizeof(url); length += 7) {
        memset(url, '"', length);
        memcpy(url, "http://a/", 9);
        url[length] = '\0';
        bool good = digest_write(&challenge, &request, line);
        assert_true(!good || strlen(line) < DIGEST_LINE_MAX);
        fits += good;
    }
    assert_true(fits > 200 && fits < 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_what_cannot_be_answered),
        cmocka_unit_test(test_among_others),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_long_urls),
    };
    return cmocka_run_group_tests_name("plan/digest", tests, NULL, NULL);
}
