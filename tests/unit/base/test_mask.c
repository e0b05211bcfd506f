/* Secrets do not leave through a command line that is shown. */
#include "base/mask.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(masks_arguments)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
