/* From texts to addresses: what is refused, and what the rest means. */
#include "plan/address.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char hint[300];

static void expect_problem(const char *found, const char *expected,
                           const char *text)
{
    if (!expected != !found || (found && !strstr(found, expected))) {
        fail_msg("\"%s\": %s", text, found ? found : "no problem");
    }
}

static void urls(void **state)
{
    static const struct {
        const char *text, *problem;
    } cases[] = {
        {"http://a/", NULL},
        {"HTTPS://a:8443/x?y=http://b", NULL},
        {"http://u:p@a/{{op.id}}?k={{key}}", NULL},
        {"http://[::1]:80/", NULL},
        {"http://[fe80::1%25eth0]/", NULL},
        {"http://a/\xc3\xa9", NULL},
        {"http://b\xc3\xbc"
         "cher.test/",
         "ASCII"},
        {"http://u:p\xc3\xa9@a/", "ASCII"},
        {"http://[fe80::1]/", "needs its zone"},
        {"http://a/b c", "blanks"},
        {"http://a/b#c", "never sent"},
        {"http://a/\x01", "control"},
        {"http://a/\x7f", "control"},
        {"a.test/x", "no scheme"},
        {"/x", "no scheme"},
        {"ftp://a/", "neither http nor https"},
        {"http://", ""},
        {"http:///x", ""},
        {"http://a:bad/", ""},
        {"http://a:65536/", ""},
        {"http://[::1/", ""},
    };
    (void)state;
    for (size_t i = 0; i < array_length(cases); i++) {
        expect_problem(address_url_problem(cases[i].text, hint, sizeof(hint)),
                       cases[i].problem, cases[i].text);
    }
}

static void proxies(void **state)
{
    static const struct {
        const char *text, *problem;
    } cases[] = {
        {"http://a", NULL},
        {"a:8080", NULL},
        {"u:p@a:8080", NULL},
        {"socks5h://u:p@[::1]", NULL},
        {"socks4a://a", NULL},
        {"socks6://a", "of no proxy"},
        {"ftp://a", "of no proxy"},
        {"http://a:x", ""},
        {"http://b\xc3\xbc", "ASCII"},
        {"http://a b", "blanks"},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < array_length(cases); i++) {
        expect_problem(
            address_proxy_problem(cases[i].text, hint, sizeof(hint)),
            cases[i].problem, cases[i].text);
    }
}

static void pins(void **state)
{
    static const char *const good[] = {
        "a:1:127.0.0.1", "+a:1:127.0.0.1", "*:65535:[::1],10.0.0.1",
        "a:443:::1",     "a:443:fe80::1",
    };
    static const char *const bad[] = {
        "a",
        "a:1",
        "a:1:",
        "a:1:b",
        "a::1.2.3.4",
        "a:0:1.2.3.4",
        "a:65536:1.2.3.4",
        ":1:1.2.3.4",
        "a:1:1.2.3",
        "a:1:1.2.3.4,",
        "a:1:1.2.3.4,x",
        "-a:1",
        "a:1:[1.2.3.4]",
        "a:x:1.2.3.4",
        "b\xc3\xbc:1:1.2.3.4",
        "a:1:fe80::1%eth0",
    };
    (void)state;
    for (size_t i = 0; i < array_length(good); i++) {
        expect_problem(address_pin_problem(good[i], hint, sizeof(hint)), NULL,
                       good[i]);
    }
    for (size_t i = 0; i < array_length(bad); i++) {
        expect_problem(address_pin_problem(bad[i], hint, sizeof(hint)), "",
                       bad[i]);
    }
}

static void what_they_mean(void **state)
{
    static const struct {
        bool proxy;
        const char *text, *host;
        unsigned port;
        bool is_literal;
    } cases[] = {
        {false, "http://a/x", "a", 80, false},
        {false, "https://u:p@a", "a", 443, false},
        {false, "http://127.0.0.1:8080/", "127.0.0.1", 8080, true},
        {false, "http://[::1]:8080/", "::1", 8080, true},
        {false, "http://[fe80::1%25eth0]/", "fe80::1%eth0", 80, true},
        {true, "http://a", "a", 1080, false},
        {true, "https://a", "a", 443, false},
        {true, "a", "a", 1080, false},
        {true, "a:3128", "a", 3128, false},
        {true, "socks5://u:p@[::1]", "::1", 1080, true},
    };
    (void)state;
    for (size_t i = 0; i < array_length(cases); i++) {
        struct address address;
        if (cases[i].proxy) {
            address_of_proxy(cases[i].text, &address);
        } else {
            address_of_url(cases[i].text, &address);
        }
        assert_string_equal(address.host, cases[i].host);
        assert_int_equal(address.port, cases[i].port);
        assert_int_equal(address.is_literal, cases[i].is_literal);
        address_release(&address);
    }
}

static void pins_of_an_address(void **state)
{
    struct address address = {.host = (char *)"a.test", .port = 443};
    bool by_name;
    (void)state;

    assert_string_equal(
        address_pinned("+A.Test:443:1.2.3.4", &address, &by_name), "1.2.3.4");
    assert_true(by_name);
    assert_string_equal(address_pinned("*:443:[::1]", &address, &by_name),
                        "[::1]");
    assert_false(by_name);
    assert_null(address_pinned("a.test:80:1.2.3.4", &address, &by_name));
    assert_null(address_pinned("b.test:443:1.2.3.4", &address, &by_name));
    assert_null(address_pinned("*:80:1.2.3.4", &address, &by_name));
}

/* Only what is not ASCII is touched. */
static void encoding(void **state)
{
    struct arena arena = ARENA_INIT;
    (void)state;
    assert_string_equal(
        address_encoded("http://a/\xc3\xa9/../%41?{{key}}={\"x\"}", &arena),
        "http://a/%C3%A9/../%41?{{key}}={\"x\"}");
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls),
        cmocka_unit_test(proxies),
        cmocka_unit_test(pins),
        cmocka_unit_test(what_they_mean),
        cmocka_unit_test(pins_of_an_address),
        cmocka_unit_test(encoding),
    };
    return cmocka_run_group_tests_name("plan/address", tests, NULL, NULL);
}
