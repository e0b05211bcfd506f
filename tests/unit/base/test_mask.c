/* Secrets do not leave through a command line that is shown. */
#include "base/mask.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void masks_arguments(void **state)
{
    static const struct {
        const char *given, *shown;
    } cases[] = {
        {"Authorization: Bearer abc", "Authorization: ***"},
        {"authorization:Basic eA==", "authorization: ***"},
        {"-HCookie: a=b", "-HCookie: ***"},
        {"--header=X-Api-Key: k", "--header=X-Api-Key: ***"},
        {"Proxy-Authorization : x", "Proxy-Authorization : ***"},
        {"X-Auth-Token: t", "X-Auth-Token: ***"},
        {"requests[0].headers.Authorization=Bearer x",
         "requests[0].headers.Authorization=***"},
        {"requests=[{\"headers\": {\"X-Secret\": \"s\"}}]",
         "requests=[{\"headers\": {\"X-Secret\": ***"},
        {"https://joe:pw@host/x?a=1", "https://***@host/x?a=1"},
        {"--proxy=http://p:q@proxy:3128", "--proxy=http://***@proxy:3128"},
        {"http://host/x?token=abc&b=1", "http://host/x?token=***"},
        {"PGPASSWORD=pw psql -At", "PGPASSWORD=***"},
        {"curl -u joe:pw http://h/l", "curl -u ***"},
        {"curl --user joe:pw http://h/l", "curl --user ***"},
        {"mysql --password pw", "mysql --password ***"},
        {"tool --api-key k", "tool --api-key ***"},
        {"http://host/x?a=1&sig=abc", "http://host/x?a=1&sig=***"},
        {"X-Signature: abc", "X-Signature: ***"},
        {"headers.Authorization.x=abc", "headers.Authorization.x=***"},
        {"--ledger-command=P=abc true", "--ledger-command=P=***"},
        {"http://u:p/w@host/", "http://***@host/"},
        {"ftp://u:p@host:x/", "ftp://***@host:x/"},
        {"http://u:${env:P}@host/?sig=${env:S}",
         "http://u:${env:P}@host/?sig=***"},
        {"sort -u list", "sort -u ***"}, /* too much rather than too little */
        /* Nothing secret in these. */
        {"psql -U joe -At -c 'select key from tokens'",
         "psql -U joe -At -c 'select key from tokens'"},
        {"-u", "-u"},
        {"a password of", "a password of"},
        {"http://token-service:8080/orders",
         "http://token-service:8080/orders"},
        {"http://host/a@b:c", "http://host/a@b:c"},
        {"Content-Type: application/json", "Content-Type: application/json"},
        {"Idempotency-Key: 7", "Idempotency-Key: 7"},
        {"retry_budget.type=token_bucket", "retry_budget.type=token_bucket"},
        {"http://host/?design=1", "http://host/?design=1"},
        {"http://[::1]:80/a@b", "http://[::1]:80/a@b"},
        {"max_attempts.x=1", "max_attempts.x=1"},
        {"-n", "-n"},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < array_length(cases); i++) {
        char *masked = mask_argument(cases[i].given);
        assert_string_equal(masked, cases[i].shown);
        free(masked);
    }
}

static void expect_text(const char *given, const char *shown)
{
    char *masked = mask_text(given);
    assert_string_equal(masked, shown);
    assert_int_equal(mask_finds(given), strcmp(given, shown) != 0);
    free(masked);
}

static void masks_values_wherever_they_are(void **state)
{
    (void)state;
    mask_add("v\"lue one", strlen("v\"lue one"), "${env:ONE}");
    mask_add("lue", 3, "${env:SHORT}");
    mask_add("v\"lue", strlen("v\"lue"), "${env:PART}");
    expect_text("a v\"lue one, lue and v\"lue", "a ***, lue and ***");
    expect_text("{\"a\": \"v\\\"lue one\"}", "{\"a\": \"***\"}");
    expect_text("?q=v%22lue%20one", "?q=***");
    mask_add_from_argument("Authorization: Bearer t0ken9");
    mask_add_from_argument("http://joe:pass9word@h/?a=1&sig=s1gned9");
    mask_add_from_argument("me:other9word@proxy:80");
    mask_add_from_argument("{\"password\": \"in9json\", \"b\": \"plain9\"}");
    mask_add_named("X-Api-Key", "named9");
    mask_add_named("X-Other", "plain9");
    expect_text("t0ken9 pass9word s1gned9 other9word in9json named9 plain9",
                "*** *** *** *** *** *** plain9");
    expect_text("Bearer", "Bearer");
    expect_text("", "");
    expect_text("see http://a:b@h/?x=1", "see http://***@h/?x=1");
    expect_text("/p?a=1&token=t", "/p?a=1&token=***");
    expect_text("/p?token=", "/p?token=***");
    expect_text("http://${env:U}@h/?token=${env:T}",
                "http://${env:U}@h/?token=${env:T}");
    expect_text("http://h:80/a@b?c=1&d", "http://h:80/a@b?c=1&d");
}

static void puts_origins(void **state)
{
    struct str text = STR_INIT;
    bool restorable = true;
    (void)state;

    mask_add("origin9", 7, "${env:ORIGIN9}");
    mask_add("ORIGIN9", 7, "${env:LOUD}");
    str_append(&text, "a origin9 ${env:ORIGIN9} b");
    assert_true(mask_put_origins(&text, &restorable));
    assert_true(restorable);
    assert_string_equal(text.text, "a ${env:ORIGIN9} ${env:ORIGIN9} b");
    assert_false(mask_put_origins(&text, &restorable));
    mask_add("nowhere9", 8, NULL);
    str_append(&text, "nowhere9");
    assert_true(mask_put_origins(&text, &restorable));
    assert_false(restorable);
    str_release(&text);
}

static void expect_in_place(const char *given, bool is_cut, const char *shown)
{
    char text[200];
    size_t length = strlen(given);
    memcpy(text, given, length);
    length = mask_values_in_place(text, length, is_cut);
    assert_int_equal(length, strlen(shown));
    assert_memory_equal(text, shown, length);
}

/* However often JSON quotes JSON; and what is cut leaves no part. */
static void masks_what_was_escaped_or_cut(void **state)
{
    (void)state;
    mask_add("W1DE\"q\\z&\n\xc3\xa9!", 13, NULL);
    mask_add("\\\\\\\\", 4, NULL);
    assert_true(mask_has_values());
    expect_text("a W1DE\"q\\z&\n\xc3\xa9! b", "a *** b");
    expect_text("a W1DE\\\"q\\\\z&\\n\xc3\xa9! b", "a *** b");
    expect_text("a W1DE\\\\\\\"q\\\\\\\\z\\u0026\\\\n\\u00E9! b", "a *** b");
    expect_text("a W1DE\"q\\z", "a W1DE\"q\\z"); /* whole ones alone */
    expect_text("a \\\\ b", "a \\\\ b");
    expect_in_place("a W1DE\\\"q\\\\z\\u0026\\n\\u00e9! b", false, "a *** b");
    expect_in_place("a W1DE\\\"q\\\\z\\u00", true, "a ***");
    expect_in_place("a W1DE\\", false, "a ***");
    expect_in_place("a W1D", false, "a W1D");
    expect_in_place("a W1D", true, "a ***");
    expect_in_place("a W", true, "a *");
    expect_in_place("", true, "");
    expect_in_place("W1DE\"q\\z&\n\xc3\xa9!W1DE", false, "******");
}

/* The manual has every name of the table. */
static void the_manual_lists_the_names(void **state)
{
    static char page[1 << 18];
    FILE *file = fopen("man/squall-profile.5", "r");
    const char *name;
    (void)state;

    assert_non_null(file);
    page[fread(page, 1, sizeof(page) - 1, file)] = '\0';
    fclose(file);
    const char *list = strstr(page, ".\\\" secret names begin");
    assert_non_null(list);
    for (size_t i = 0; (name = mask_secret_name(i)); i++) {
        struct str wanted = STR_INIT;
        str_printf(&wanted, "\n.Li %s ", name);
        const char *found = strstr(list, wanted.text);
        if (!found) {
            fail_msg("man/squall-profile.5 lacks the secret name %s", name);
        }
        str_release(&wanted);
    }
}

static void follows_an_option(void **state)
{
    static const struct {
        const char *before, *argument, *shown;
    } rows[] = {
        {"-u", "me:secret", "***"},
        {"--user", "me:secret", "***"},
        {"--bearer", "token", "***"},
        {"run", "me:secret", "me:secret"},
        {"-n", "5", "5"},
        {"-H", "Authorization: Basic x", "Authorization: ***"},
        {"-X", "POST", "POST"},
        {"--url", "http://a:b@c/", "http://***@c/"},
        {NULL, "-ume:secret", "-u***"},
        {NULL, "--user=me:secret", "--user=***"},
        {NULL, "--bearer=token", "--bearer=***"},
        {"--set", "target.user=me:secret", "target.user=***"},
        {"--set", "load.rate=5/s", "load.rate=5/s"},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        char *shown = mask_argument_after(rows[i].before, rows[i].argument);
        assert_string_equal(shown, rows[i].shown);
        free(shown);
    }
}

/* Of what a service said: the whole value, whatever is in it. */
static void masks_the_values_of_names(void **state)
{
    static const struct {
        const char *given, *shown;
    } rows[] = {
        {"{\"password\": \"ab,c}&'d\", \"a\": 1}",
         "{\"password\": \"********\", \"a\": 1}"},
        {"{\"password\": \"a\\\"b\\\\\", \"a\": 1}",
         "{\"password\": \"******\", \"a\": 1}"},
        {"\"{\\\"token\\\": \\\"a,b\\\", \\\"a\\\": 1}\"",
         "\"{\\\"token\\\": \\\"***\\\", \\\"a\\\": 1}\""},
        {"{\"token\":\n  \"ab\"}", "{\"token\":\n  \"**\"}"},
        {"{\"token\": \"\", \"a\": 1}", "{\"token\": \"\", \"a\": 1}"},
        {"{\"token\": \"cut of", "{\"token\": \"*** **"},
        {"{\"pins\": 1, \"password\": 123}",
         "{\"pins\": 1, \"password\": ***}"},
        {"{\"api_key\": [\"a\", {\"b\": 2}], \"a\": 1}",
         "{\"api_key\": ***** ***** ***, \"a\": 1}"},
        {"<a><password>ab</password><b>c</b></a>",
         "<a><password>**</password><b>c</b></a>"},
        {"password=ab&a=1", "password=**&a=1"},
        {"a='1' password='a,b' c", "a='1' password='***' c"},
        {"Cookie: a=b\r\nAccept: c", "Cookie: ***\r\nAccept: c"},
        {"Bearer ab, c", "Bearer **, c"},
        {"token expired: no", "token expired: no"},
        {"\"password\"", "\"password\""},
        {"password:", "password:"},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        char *shown = strdup(rows[i].given);
        must(shown);
        mask_named_values(shown, strlen(shown));
        assert_string_equal(shown, rows[i].shown);
        free(shown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masks_arguments),
        cmocka_unit_test(masks_values_wherever_they_are),
        cmocka_unit_test(puts_origins),
        cmocka_unit_test(masks_what_was_escaped_or_cut),
        cmocka_unit_test(the_manual_lists_the_names),
        cmocka_unit_test(follows_an_option),
        cmocka_unit_test(masks_the_values_of_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
