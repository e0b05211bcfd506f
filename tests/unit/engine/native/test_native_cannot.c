/* What the native engine cannot do is known before a run. */
#include "engine/native/native_cannot.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../manual.h"

static struct planned_request request;

static struct plan plain_plan(void)
{
    request = (struct planned_request){0};
    return (struct plan){.target = {.url = "http://127.0.0.1/"},
                         .request_count = 1,
                         .requests = &request};
}

static void a_plain_run_lacks_nothing(void **state)
{
    struct plan plan = plain_plan();
    const char *addresses[] = {"127.0.0.2", "::1"};
    struct header_config lines[] = {{"X-A", "b", 0}, {"Expect", "", 0}};
    (void)state;

    assert_null(native_cannot(&plan));
    plan.target.unix_socket = "/tmp/socket";
    plan.target.interface = (struct string_list){2, addresses};
    request.config.headers = (struct header_list){2, lines};
    assert_null(native_cannot(&plan));
    plan.target.url = NULL; /* the embedded target */
    assert_null(native_cannot(&plan));
}

static void assert_lacks(const struct plan *plan, const char *word)
{
    const char *lacking = native_cannot(plan);

    if (!lacking || !strstr(lacking, word)) {
        fail_msg("wanted a word of %s, found %s", word,
                 lacking ? lacking : "none");
    }
}

static void what_it_lacks_is_named(void **state)
{
    struct plan plan = plain_plan();
    const char *devices[] = {"127.0.0.2", "eth0"};
    struct header_config line = {"transfer-encoding", "chunked", 0};
    (void)state;

    plan.target.http = HTTP_2;
    assert_lacks(&plan, "HTTP/2");
    plan = plain_plan();
    plan.target.proxy = "http://127.0.0.1:1/";
    assert_lacks(&plan, "prox");
    plan = plain_plan();
    plan.target.compressed = true;
    assert_lacks(&plan, "compressed");
    plan = plain_plan();
    plan.policy.redirects = 1;
    assert_lacks(&plan, "redirects");
    plan = plain_plan();
    plan.target.interface = (struct string_list){2, devices};
    assert_lacks(&plan, "devices");
    plan = plain_plan();
    request.config.headers = (struct header_list){1, &line};
    assert_lacks(&plan, "Transfer-Encoding");
    line.name = "EXPECT";
    assert_lacks(&plan, "Expect");
}

static void the_manual_lists_it(void **state)
{
    struct str list = STR_INIT;
    (void)state;

#define NATIVE_CANNOT(condition, words) str_printf(&list, ".It\n%s;\n", words);
#include "engine/native/native_cannot.def"
#undef NATIVE_CANNOT
    assert_manual_has("man/squall-run.1",
                      ".\\\" native: made from native_cannot.def by \"make "
                      "golden\"; do not edit\n",
                      ".\\\" native end\n", list.text);
    str_release(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_run_lacks_nothing),
        cmocka_unit_test(what_it_lacks_is_named),
        cmocka_unit_test(the_manual_lists_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
