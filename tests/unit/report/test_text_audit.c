/* The result of an audit for people, from its document alone; what the
 * document lacks is left out, and nothing in it can steer the terminal. */
#include "report/text_audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_text(const char *json, const char *wanted)
{
    cJSON *document = cJSON_Parse(json);
    struct text_options options = {.width = 60, .charset = TEXT_ASCII};
    struct str out = STR_INIT;

    assert_non_null(document);
    text_render(document, &options, &out);
    assert_string_equal(out.text, wanted);
    str_release(&out);
    cJSON_Delete(document);
}

static void test_checks_and_their_sum(void **state)
{
    (void)state;
    assert_text(
        "{\"schema\": \"squall.audit/1\", \"target\": \"http://x/\","
        " \"convention\": \"ietf\", \"oracle\": \"ledger\","
        " \"ledger_lost\": false, \"stopped\": \"it is late\","
        " \"started_at\": \"2026-11-25T13:00:00Z\","
        " \"summary\": {\"pass\": 1, \"warn\": 0, \"fail\": 1, \"info\": 0,"
        "               \"skipped\": 0},"
        " \"checks\": ["
        "  {\"id\": \"IK01\", \"title\": \"replay-success\","
        "   \"verdict\": \"pass\", \"observed\": \"201, and the same again\"},"
        "  {\"id\": \"IK02\", \"title\": \"races\", \"verdict\": \"fail\","
        "   \"observed\": \"two effects of one operation\","
        "   \"expected\": \"one\", \"source\": \"RFC\", \"attempts\": ["
        "    {\"what\": \"first\", \"end\": \"answered\", \"status\": 201},"
        "    {\"what\": \"again\", \"end\": \"broken\"},"
        "    {\"what\": \"again\", \"end\": \"broken\"}]}]}",
        "squall audit  http://x/  (ietf)  2026-11-25T13:00:00Z\n"
        "\n"
        "IK01  pass     replay-success         201, and the same\n"
        "                                      again\n"
        "IK02  fail     races                  two effects of one\n"
        "                                      operation\n"
        "               sent                   first: 201, again: a\n"
        "                                      broken connection (2x)\n"
        "               rule                   one\n"
        "               source                 RFC\n"
        "\n"
        "1 fail, 0 warn, 0 info, 1 pass, 0 skipped\n"
        "Effects were read from the ledger.\n"
        "It was stopped: it is late.\n");
}

static void test_only_what_was_missed(void **state)
{
    (void)state;
    cJSON *document = cJSON_Parse(
        "{\"schema\": \"squall.audit/1\", \"target\": \"http://x/\","
        " \"summary\": {\"pass\": 1, \"warn\": 1},"
        " \"checks\": [{\"id\": \"IK01\", \"verdict\": \"pass\"},"
        "  {\"id\": \"IK02\", \"verdict\": \"warn\"},"
        "  {\"id\": \"IK03\", \"verdict\": \"info\"}]}");
    struct text_options options = {.width = 60, .depth = TEXT_VERDICT};
    struct str out = STR_INIT;

    assert_non_null(document);
    text_render(document, &options, &out);
    assert_int_equal(strncmp(out.text, "IK02", 4), 0);
    assert_null(strstr(out.text, "IK01"));
    assert_null(strstr(out.text, "IK03"));
    assert_non_null(strstr(out.text, "\n0 fail, 1 warn, 0 info, 1 pass"));
    str_release(&out);
    cJSON_Delete(document);
}

static void test_many_attempts_are_cut_short(void **state)
{
    (void)state;
    cJSON *check = cJSON_CreateObject();
    cJSON *attempts = cJSON_AddArrayToObject(check, "attempts");
    struct str out = STR_INIT;

    for (int i = 0; i < 24; i++) {
        cJSON *attempt = cJSON_CreateObject();
        cJSON_AddStringToObject(attempt, "what", i % 2 ? "a" : "b");
        cJSON_AddStringToObject(attempt, "end", "timeout");
        cJSON_AddItemToArray(attempts, attempt);
    }
    text_audit_attempts(&out, check);
    assert_int_equal(strncmp(out.text, "b: no answer in time, a: ", 25), 0);
    assert_string_equal(out.text + out.length - 9, "time, ...");
    str_release(&out);
    cJSON_Delete(check);
}

static void test_nothing_is_needed_and_nothing_steers(void **state)
{
    (void)state;
    cJSON *document = cJSON_Parse(
        "{\"schema\": \"squall.audit/1\", \"target\": \"\\u001b[2J\","
        " \"stopped\": \"\\u001b]0;x\\u0007\", \"checks\": [3, {}, {"
        "  \"id\": \"\\u001b[31m\", \"verdict\": \"fail\", \"title\": 7,"
        "  \"attempts\": [1, {\"what\": \"\\u001b\", \"end\": \"\\u001b\"}]"
        " }]}");
    struct text_options options = {.width = 60};
    struct str out = STR_INIT;

    assert_non_null(document);
    text_render(document, &options, &out);
    assert_null(strpbrk(out.text, "\033\007"));
    assert_non_null(strstr(out.text, "0 fail, 0 warn, 0 info, 0 pass"));
    assert_non_null(strstr(out.text, "There was no ledger"));
    str_release(&out);
    cJSON_Delete(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checks_and_their_sum),
        cmocka_unit_test(test_only_what_was_missed),
        cmocka_unit_test(test_many_attempts_are_cut_short),
        cmocka_unit_test(test_nothing_is_needed_and_nothing_steers),
    };
    return cmocka_run_group_tests_name("report/text_audit", tests, NULL, NULL);
}
