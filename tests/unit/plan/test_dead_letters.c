/* A file of dead letters, read: what each line becomes, and what the plan
 * makes of it. What is refused is listed in tests/e2e/49-replay.t as well. */
#include "reading.h"

#include "plan/dead_letters.h"
#include "plan/join.h"

#define HEAD \
    "{\"schema\": \"squall.dead_letters/1\", \"type\": \"run\", " \
    "\"run\": \"00112233445566aa\", \"seed\": \"9\", " \
    "\"url\": \"http://h:1/base?q\", \"target\": null, " \
    "\"requests\": [{\"name\": \"order\"}, " \
    "{\"name\": \"look\", \"expect\": {\"status\": [\"404\"]}}], " \
    "\"idempotency\": {\"scope\": \"attempt\"}, " \
    "\"ledger\": {\"url\": \"/ledger\", \"key\": \"{{op.id}}/{{key}}\"}}\n"
#define ATTEMPT(key) "{\"key\": " key ", \"sent\": true}"
#define LETTER(op, key, attempts, rest) \
    "{\"type\": \"dead_letter\", \"op\": \"33445566aa-" op \
    "\", \"key\": " key \
    ", \"client\": 4, \"request\": \"order\", \"method\": \"POST\", " \
    "\"url\": \"http://h:1/o\", \"url_form\": \"plain\", \"attempts\": " \
    "[" attempts "], " rest "}\n"
#define BARE "\"headers\": [], \"body\": null, \"verdict\": \"shed\""
#define END(count) \
    "{\"type\": \"end\", \"dead_letters\": " count ", \"complete\": true}\n"

static struct dead_letters *read_dead_letters(const char *text,
                                              const char *const *headers,
                                              size_t count)
{
    errors = (struct errors)ERRORS_INIT;
    write_file("a.json", text);
    return dead_letters_read("a.json", headers, count, false, &errors);
}

static struct dead_letters *read_well(const char *text)
{
    struct dead_letters *dead_letters = read_dead_letters(text, NULL, 0);
    errors_print(&errors, stderr);
    assert_non_null(dead_letters);
    return dead_letters;
}

static struct plan *plan_of(struct dead_letters *dead_letters,
                            struct plan_input input)
{
    errors = (struct errors)ERRORS_INIT;
    input.workload = &dead_letters->workload;
    input.run = 5;
    struct plan *plan = plan_read(&input, &errors);
    errors_print(&errors, stderr);
    assert_non_null(plan);
    return plan;
}

static void a_dead_letter_is_what_it_was(void **state)
{
    (void)state;
    struct dead_letters *dead_letters = read_well(
        HEAD LETTER("12", "\"k12\"",
                    ATTEMPT("\"k12\"") "," ATTEMPT(
                        "\"other\"") ","
                                     "{\"key\": null, \"sent\": false}",
                    "\"headers\": [{\"name\": \"A\", \"value\": \"1\", "
                    "\"form\": \"plain\"}], \"body\": \"AP8=\", "
                    "\"body_form\": \"base64\", \"verdict\": \"ambiguous\", "
                    "\"replays\": [{\"attempts\": 3}]")
            LETTER("7", "\"k7\"", ATTEMPT("\"k7\""), BARE)
                LETTER("9", "null", "", BARE) END("3"));

    assert_int_equal(dead_letters->count, 3);
    assert_int_equal(dead_letters->keyless, 1);
    assert_true(dead_letters->complete);
    assert_int_equal(dead_letters->run, 0x00112233445566aa);
    const struct dead_letter *last = &dead_letters->items[2];
    assert_int_equal(dead_letters->items[0].number, 7);
    assert_int_equal(dead_letters->items[1].number, 9);
    assert_int_equal(last->number, 12);
    assert_int_equal(last->line, 2);
    assert_int_equal(last->client, 4);
    assert_int_equal(last->attempts, 2 + 3);
    assert_false(last->one_key);
    assert_int_equal(last->verdict, VERDICT_AMBIGUOUS);
    assert_int_equal(last->body_length, 2);
    assert_memory_equal(last->body, "\0\xff", 2);
    assert_string_equal(last->headers[0], "A: 1");
    assert_true(dead_letters->items[0].one_key);
    assert_null(dead_letters->items[1].key);
    assert_false(dead_letters->items[1].has_body);
    assert_ptr_equal(dead_letters_find(dead_letters, 12), last);
    assert_null(dead_letters_find(dead_letters, 8));
    assert_null(dead_letters_find(dead_letters, 13));
    dead_letters_free(dead_letters);
}

static void the_plan_sends_them(void **state)
{
    (void)state;
    struct dead_letters *dead_letters = read_well(
        HEAD LETTER("7", "\"k7\"", ATTEMPT("\"k7\""), BARE) END("1"));
    struct plan *plan = plan_of(dead_letters, (struct plan_input){0});

    assert_ptr_equal(dead_letters_of(plan), dead_letters);
    assert_int_equal(plan->load.operations, 1);
    assert_true(plan->load.model == LOAD_OPEN);
    assert_true(plan->load.rate_per_s > 49.9 && plan->load.rate_per_s < 50.1);
    assert_int_equal(plan->policy.retry.max_attempts, 5);
    assert_true(plan->policy.retry.hint.count > 0);
    assert_int_equal(plan->policy.key.scope, KEY_SCOPE_OPERATION);
    assert_true(plan->requests[0].traits.has_key);
    assert_string_equal(plan->requests[0].config.method, "POST");
    assert_true(status_set_has(&plan->requests[1].config.expect.ok, 404));
    assert_string_equal(dead_letters->items[0].url, "http://h:1/o");

    struct arena arena = {0};
    struct picker picker;
    struct planned_operation one;
    picker_init(&picker, plan, 0, 1, &arena);
    picker_next(&picker, 0, 0, 0, &one);
    struct template_subject subject = planned_operation_subject(plan, &one, 2);
    struct hash128 join = join_id(plan, &subject);
    struct hash128 wanted = hash_bytes("33445566aa-7/k7", 15);
    assert_true(join.high == wanted.high && join.low == wanted.low);
    assert_int_equal(subject.client, 4);
    arena_release(&arena);
    plan_free(plan);
    dead_letters_free(dead_letters);
}

static void profiles_and_flags_change_the_policy(void **state)
{
    static const char *const profiles[] = {"b.json"};
    static const char *const sets[] = {"load.connections=3"};
    (void)state;
    struct dead_letters *dead_letters = read_well(
        HEAD LETTER("7", "\"k7\"", ATTEMPT("\"k7\""), BARE) END("1"));
    write_file("b.json", "{\"kind\": \"client\", \"name\": \"c\", \"about\": "
                         "\"a.\", \"source\": \"s\", \"verified\": "
                         "\"2026-11\", \"version\": \"1\", "
                         "\"retry\": {\"max_attempts\": 2, \"retry_on\": "
                         "[\"reset\"]}, \"headers\": {\"B\": \"1\"}, "
                         "\"idempotency\": {\"scope\": \"none\"}}");
    struct plan *plan = plan_of(
        dead_letters, (struct plan_input){.profiles = profiles,
                                          .profile_count = 1,
                                          .sets = sets,
                                          .set_count = 1,
                                          .url = "https://else:2/where"});

    assert_int_equal(plan->policy.retry.max_attempts, 2);
    assert_true(plan->load.model == LOAD_CLOSED);
    assert_int_equal(plan->policy.key.scope, KEY_SCOPE_OPERATION);
    assert_string_equal(dead_letters->items[0].url, "https://else:2/o");
    plan_free(plan);
    dead_letters_free(dead_letters);
}

static void an_embedded_target_left_its_url(void **state)
{
    (void)state;
    struct dead_letters *dead_letters = read_well(
        "{\"schema\": \"squall.dead_letters/1\", \"run\": "
        "\"00112233445566aa\", \"seed\": \"9\", \"url\": \"http://h:1\", "
        "\"requests\": [{\"name\": \"orders\"}], \"ledger\": {\"url\": "
        "\"/ledger\"}}\n" END("0"));
    const cJSON *ledger = cJSON_GetObjectItem(dead_letters->profile, "ledger");
    const cJSON *target = cJSON_GetObjectItem(dead_letters->profile, "target");

    assert_string_equal(cJSON_GetObjectItem(ledger, "key")->valuestring,
                        "{{op.id}}");
    assert_string_equal(cJSON_GetObjectItem(target, "url")->valuestring,
                        "http://h:1");
    assert_int_equal(dead_letters->count, 0);
    dead_letters_free(dead_letters);
}

static void headers_stand_in_and_secrets_come_back(void **state)
{
    static const char *const headers[] = {"x-b: given", "C: more"};
    (void)state;
    assert_int_equal(setenv("SQUALL_TEST_SECRET", "s3", 1), 0);
    struct dead_letters *dead_letters = read_dead_letters(
        HEAD LETTER("7", "null", "",
                    "\"headers\": [{\"name\": \"A\", \"value\": "
                    "\"T ${env:SQUALL_TEST_SECRET}!\", \"form\": \"env\"}, "
                    "{\"name\": \"X-B\", \"value\": \"***\", \"form\": "
                    "\"masked\"}], \"body\": \"${env:SQUALL_TEST_SECRET}\", "
                    "\"body_form\": \"plain\", \"verdict\": \"rejected\"")
            END("1"),
        headers, 2);

    assert_non_null(dead_letters);
    assert_int_equal(dead_letters->items[0].header_count, 3);
    assert_int_equal(dead_letters->headers_max, 3);
    assert_string_equal(dead_letters->items[0].headers[0], "A: T s3!");
    assert_string_equal(dead_letters->items[0].headers[1], "x-b: given");
    assert_string_equal(dead_letters->items[0].headers[2], "C: more");
    assert_string_equal(dead_letters->items[0].body,
                        "${env:SQUALL_TEST_SECRET}");
    dead_letters_free(dead_letters);
    unsetenv("SQUALL_TEST_SECRET");
}

static const struct {
    const char *text;
    int line;
    const char *error;
} refusals[] = {
    {"", 0, "is empty"},
    {"{\"a\": }\n", 1, "value"},
    {"[]\n", 1, "not an object"},
    {HEAD, 1, "ends here"},
    {HEAD END("0") END("0"), 3, "follows the last line"},
    {HEAD END("1"), 2, "another number of dead letters than there are: 0"},
    {HEAD "{\"type\": \"x\"}\n" END("1"), 2, "\"type\""},
    {HEAD LETTER("7", "\"\"", "", BARE) END("1"), 2, "\"key\""},
    {HEAD LETTER("07", "null", "", BARE) END("1"), 2, "not an operation"},
    {HEAD LETTER("300000000000000", "null", "", BARE) END("1"), 2,
     "not an operation"},
    {HEAD LETTER("7", "null", "",
                 "\"headers\": [], \"body\": \"A===\", "
                 "\"body_form\": \"base64\", "
                 "\"verdict\": \"shed\"") END("1"),
     2, "not base64"},
    {HEAD LETTER("7", "null", "",
                 "\"headers\": [], \"body\": \"x\", "
                 "\"body_form\": \"masked\", "
                 "\"verdict\": \"shed\"") END("1"),
     2, "the body was masked"},
    {HEAD LETTER("7", "null", "",
                 "\"headers\": [{\"name\": "
                 "\"Content-Length\", \"value\": \"1\", "
                 "\"form\": \"plain\"}], "
                 "\"verdict\": \"shed\"") END("1"),
     2, "no name that may be sent"},
};

static void what_is_wrong_is_refused_with_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct dead_letters *dead_letters =
            read_dead_letters(refusals[i].text, NULL, 0);
        if (dead_letters) {
            fail_msg("accepted: %s", refusals[i].text);
        }
        assert_int_equal(errors.count, 1);
        assert_string_equal(errors.list[0].file, "a.json");
        assert_int_equal(errors.list[0].line, refusals[i].line);
        if (!strstr(errors.list[0].text, refusals[i].error)) {
            fail_msg("said: %s, wanted: %s", errors.list[0].text,
                     refusals[i].error);
        }
        assert_int_equal(errors_exit_status(&errors), 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dead_letter_is_what_it_was),
        cmocka_unit_test(the_plan_sends_them),
        cmocka_unit_test(profiles_and_flags_change_the_policy),
        cmocka_unit_test(an_embedded_target_left_its_url),
        cmocka_unit_test(headers_stand_in_and_secrets_come_back),
        cmocka_unit_test(what_is_wrong_is_refused_with_its_line),
    };
    return cmocka_run_group_tests_name("plan/dead_letters", tests,
                                       enter_folder, leave_folder);
}
