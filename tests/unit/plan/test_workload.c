/* Which operations a run has: new ones, dealt to workers, with their keys; and
 * dead letters, each as it was. */
#include "reading.h"

#include "plan/dead_letters.h"
#include "plan/workload.h"

#define REQUESTS \
    "\"requests\": [{\"name\": \"order\", \"method\": \"POST\", " \
    "\"weight\": 3, \"body\": \"{{op.seq}} of {{client}}\"}, " \
    "{\"name\": \"look\", \"method\": \"GET\", \"weight\": 1}]"
#define KEYED(key) \
    "{\"idempotency\": {" key ", \"methods\": [\"POST\"]}, " REQUESTS "}"

enum { TURNS = 200 };

static struct plan *plan_with(const char *text)
{
    struct plan *plan = read_texts(
        text, NULL,
        (struct plan_input){.run = 0xabc, .has_seed = true, .seed = 7});
    errors_print(&errors, stderr);
    assert_non_null(plan);
    return plan;
}

static struct planned_operation picked(const struct plan *plan,
                                       uint64_t worker, uint64_t workers,
                                       uint64_t turn)
{
    struct arena arena = {0};
    struct picker picker;
    struct planned_operation operation;

    picker_init(&picker, plan, worker, workers, &arena);
    for (uint64_t i = 0; i <= turn; i++) {
        picker_next(&picker, i, 9, 1700000000000, &operation);
    }
    arena_release(&arena);
    return operation;
}

static void new_operations_are_dealt_to_workers(void **state)
{
    struct plan *plan = plan_with(KEYED("\"key\": \"sequence\""));
    size_t looks = 0;
    (void)state;

    assert_null(dead_letters_of(plan));
    assert_true(workload_of(plan)->count == UINT64_MAX);
    assert_int_equal(plan->run, 0xabc);
    assert_int_equal(plan->spans, 0xabc);
    for (uint64_t turn = 0; turn < TURNS; turn++) {
        struct planned_operation one = picked(plan, 2, 3, turn);
        assert_int_equal(one.place, 3 * turn + 2);
        assert_int_equal(one.number, one.place);
        assert_int_equal(one.client, 9);
        assert_false(one.is_repeated);
        assert_int_equal(one.has_key, one.request == 0);
        assert_int_equal(one.key_length > 0, one.has_key);
        looks += one.request == 1;
    }
    assert_in_range(looks, TURNS / 8, TURNS / 2);
    plan_free(plan);
}

static void a_plan_picks_the_same_again(void **state)
{
    struct plan *plan = plan_with(KEYED("\"key\": \"uuid4\""));
    (void)state;
    for (uint64_t turn = 0; turn < 20; turn++) {
        struct planned_operation a = picked(plan, 0, 1, turn);
        struct planned_operation b = picked(plan, 0, 1, turn);
        assert_int_equal(a.request, b.request);
        assert_string_equal(a.key, b.key);
    }
    plan_free(plan);
}

/* The key of the first operation, and that of its second attempt. */
static void expect_keys(const char *key, const char *first, const char *second)
{
    char text[600];
    struct arena arena = {0};
    struct picker picker;
    struct planned_operation one;

    snprintf(text, sizeof(text), "{\"idempotency\": {%s}, %s}", key, REQUESTS);
    struct plan *plan = plan_with(text);
    picker_init(&picker, plan, 0, 1, &arena);
    picker_next(&picker, 0, 4, 1700000000000, &one);
    assert_int_equal(one.place, 0);
    assert_string_equal(one.key, first);
    assert_int_equal(one.key_length, strlen(first));
    picker_renew_key(&picker, 1, 1700000000000, &one);
    assert_string_equal(one.key, first);
    picker_renew_key(&picker, 2, 1700000000000, &one);
    assert_string_equal(one.key, second);

    struct template_subject subject = planned_operation_subject(plan, &one, 2);
    assert_string_equal(subject.key, second);
    assert_int_equal(subject.attempt, 2);
    assert_int_equal(subject.client, 4);
    assert_int_equal(subject.operation, 0);
    assert_int_equal(subject.run, 0xabc);
    arena_release(&arena);
    plan_free(plan);
}

static void keys_are_made_as_the_profile_says(void **state)
{
    (void)state;
    expect_keys("\"key\": \"sequence\"", "0000000abc-0", "0000000abc-0");
    expect_keys("\"key\": \"sequence\", \"scope\": \"attempt\"",
                "0000000abc-0-1", "0000000abc-0-2");
    expect_keys("\"key\": \"template\", \"template\": "
                "\"k{{op.seq}}.{{client}}.{{attempt}}\", "
                "\"scope\": \"attempt\"",
                "k0.4.1", "k0.4.2");
    expect_keys("\"key\": \"template\", \"template\": \"k{{client}}\"", "k4",
                "k4");
}

/* A key that is a hash is one of the body as it is sent. */
static void hashes_are_of_the_body(void **state)
{
    struct plan *plan = plan_with(KEYED("\"key\": \"hash\""));
    struct planned_operation one;
    char hashed[KEY_MAX], body[32];
    struct key_subject subject = {.run = 0xabc, .attempt = 1, .body = body};
    (void)state;
    for (uint64_t turn = 0;; turn++) {
        one = picked(plan, 0, 1, turn);
        if (one.has_key) {
            break;
        }
    }
    subject.operation = one.number;
    subject.body_length =
        (size_t)snprintf(body, sizeof(body), "%d of 9", (int)one.number);
    key_render(&plan->policy.key, &subject, hashed, sizeof(hashed));
    assert_string_equal(one.key, hashed);
    plan_free(plan);
}

static void nothing_has_a_key_where_none_is_asked_for(void **state)
{
    struct plan *plan = plan_with("{" REQUESTS "}");
    struct planned_operation one = picked(plan, 0, 1, 0);
    (void)state;
    assert_false(one.has_key);
    assert_string_equal(one.key, "");
    assert_int_equal(one.key_length, 0);
    plan_free(plan);
}

/* A report shows the keys of operations that it no longer knows. */
static void keys_are_made_again(void **state)
{
    struct plan *plan = plan_with("{\"idempotency\": {\"scope\": "
                                  "\"attempt\"}, " REQUESTS "}");
    const struct workload *workload = workload_of(plan);
    struct planned_operation one = picked(plan, 0, 1, 5);
    char key[KEY_MAX];
    (void)state;
    assert_int_equal(workload->place(workload, 5), 5);
    assert_int_equal(workload->key_again(plan, 5, 1, key), one.key_length);
    assert_string_equal(key, one.key);
    workload->key_again(plan, 5, 2, key);
    assert_string_not_equal(key, one.key);
    plan_free(plan);

    plan = plan_with("{\"idempotency\": {\"key\": \"hash\"}, " REQUESTS "}");
    assert_int_equal(workload->key_again(plan, 5, 1, key), 0);
    assert_string_equal(key, "");
    plan_free(plan);
}

/* What an attempt of the first operation sends. */
static void new_operations_fill_their_templates(void **state)
{
    struct plan *plan = plan_with(
        "{\"target\": {\"url\": \"http://h:1/\"}, \"requests\": "
        "[{\"method\": \"POST\", \"path\": \"/o/{{op.seq}}\", \"body\": "
        "\"try {{attempt}}\", \"headers\": {\"A\": \"fixed\", \"B\": "
        "\"{{client}}\"}}]}");
    struct planned_operation one = picked(plan, 1, 4, 1);
    struct arena arena = {0};
    struct message_room room;
    struct message message;
    (void)state;

    message_room_init(&room, plan, 3, &arena);
    message_fill(&room, 2, &one, 7, &message);
    assert_int_equal(message.request, 0);
    assert_string_equal(message.url, "http://h:1/o/5");
    assert_int_equal(message.body_length, 5);
    assert_memory_equal(message.body, "try 7", 5);
    assert_false(message.has_all_lines);
    assert_int_equal(message.line_count, 1);
    assert_string_equal(message.lines[0], "B: 9");
    arena_release(&arena);
    plan_free(plan);
}

static void what_is_dropped_has_a_request(void **state)
{
    struct plan *plan = plan_with("{" REQUESTS "}");
    struct arena arena = {0};
    struct picker picker;
    size_t looks = 0;
    (void)state;
    picker_init(&picker, plan, 0, 1, &arena);
    for (int i = 0; i < TURNS; i++) {
        looks += picker_dropped(&picker) == 1;
    }
    assert_in_range(looks, TURNS / 8, TURNS / 2);
    arena_release(&arena);
    plan_free(plan);
}

#define LETTER(op, key, request, verdict) \
    "{\"type\": \"dead_letter\", \"op\": \"33445566aa-" op \
    "\", \"key\": " key ", \"client\": 4, \"request\": \"" request \
    "\", \"method\": \"POST\", " \
    "\"url\": \"http://h:1/o\", \"url_form\": \"plain\", \"attempts\": " \
    "[{\"key\": " key ", \"sent\": true}], \"headers\": [], " \
    "\"body\": null, \"verdict\": \"" verdict "\"}\n"

static void dead_letters_are_what_they_were(void **state)
{
    char key[KEY_MAX];
    (void)state;
    write_file("a.json",
               "{\"schema\": \"squall.dead_letters/1\", \"type\": \"run\", "
               "\"run\": \"00112233445566aa\", \"seed\": \"9\", "
               "\"url\": \"http://h:1/\", \"target\": null, "
               "\"requests\": [{\"name\": \"order\"}, {\"name\": "
               "\"pay\"}]}\n" LETTER("12", "\"k12\"", "pay", "ambiguous")
                   LETTER("7", "null", "order", "shed") "{\"type\": \"end\", "
                                                        "\"dead_letters\": 2, "
                                                        "\"complete\": "
                                                        "true}\n");
    errors = (struct errors)ERRORS_INIT;
    struct dead_letters *dead_letters =
        dead_letters_read("a.json", NULL, 0, false, &errors);
    assert_non_null(dead_letters);
    struct plan_input input = {.workload = &dead_letters->workload, .run = 5};
    struct plan *plan = plan_read(&input, &errors);
    errors_print(&errors, stderr);
    assert_non_null(plan);

    assert_ptr_equal(dead_letters_of(plan), dead_letters);
    assert_int_equal(plan->run, 0x00112233445566aa);
    assert_int_equal(plan->seed, 9);
    assert_int_equal(plan->spans, 5);
    assert_int_equal(workload_of(plan)->count, 2);
    struct planned_operation one = picked(plan, 0, 1, 0);
    assert_int_equal(one.number, 7);
    assert_int_equal(one.place, 0);
    assert_int_equal(one.client, 4);
    assert_int_equal(one.request, 0);
    assert_false(one.has_key);
    assert_true(one.is_repeated);
    assert_int_equal(one.earlier.verdict, VERDICT_SHED);
    assert_false(one.earlier.one_key);

    one = picked(plan, 1, 2, 0); /* the second of two workers */
    assert_int_equal(one.number, 12);
    assert_int_equal(one.place, 1);
    assert_int_equal(one.request, 1);
    assert_true(one.has_key);
    assert_string_equal(one.key, "k12");
    assert_int_equal(one.key_length, 3);
    assert_int_equal(one.earlier.verdict, VERDICT_AMBIGUOUS);
    assert_int_equal(one.earlier.attempts, 1);
    assert_true(one.earlier.one_key);
    struct template_subject subject = planned_operation_subject(plan, &one, 3);
    assert_int_equal(subject.operation, 12);
    assert_int_equal(subject.client, 4);
    assert_string_equal(subject.key, "k12");
    assert_int_equal(workload_of(plan)->place(workload_of(plan), 12), 1);
    assert_int_equal(workload_of(plan)->key_again(plan, 12, 2, key), 3);
    assert_string_equal(key, "k12");
    assert_int_equal(workload_of(plan)->key_again(plan, 7, 1, key), 0);
    assert_string_equal(key, "");
    plan_free(plan);
    dead_letters_free(dead_letters);
}

/* A dead letter goes out as it was, with a span of its own for each attempt,
 * which is made from the number of this run. */
static void a_dead_letter_sends_its_own_text(void **state)
{
    char old[SPAN_ID_LENGTH + 1], new[SPAN_ID_LENGTH + 1];
    char text[1200], wanted[100];
    struct arena arena = {0};
    struct message_room room;
    struct message message;
    (void)state;

    key_span_id(0x00112233445566aa, 7, 1, old);
    snprintf(
        text, sizeof(text),
        "{\"schema\": \"squall.dead_letters/1\", \"type\": \"run\", "
        "\"run\": \"00112233445566aa\", \"seed\": \"9\", "
        "\"url\": \"http://h:1/\", \"target\": null, "
        "\"requests\": [{\"name\": \"order\"}]}\n"
        "{\"type\": \"dead_letter\", \"op\": \"33445566aa-7\", \"key\": null, "
        "\"client\": 4, \"request\": \"order\", \"method\": \"POST\", "
        "\"url\": \"http://h:1/{{not}}\", \"url_form\": \"plain\", "
        "\"attempts\": [{\"attempt\": 1, \"key\": null, \"sent\": true}], "
        "\"headers\": [{\"name\": \"A\", \"value\": \"{{op.id}}\", "
        "\"form\": \"plain\"}, {\"name\": \"T\", \"value\": \"00-%s-01\", "
        "\"form\": \"plain\"}], \"body\": \"{{op.id}}\", "
        "\"body_form\": \"plain\", \"verdict\": \"ambiguous\"}\n"
        "{\"type\": \"end\", \"dead_letters\": 1, \"complete\": true}\n",
        old);
    write_file("a.json", text);
    errors = (struct errors)ERRORS_INIT;
    struct dead_letters *dead_letters =
        dead_letters_read("a.json", NULL, 0, false, &errors);
    errors_print(&errors, stderr);
    assert_non_null(dead_letters);
    struct plan_input input = {.workload = &dead_letters->workload, .run = 5};
    struct plan *plan = plan_read(&input, &errors);
    errors_print(&errors, stderr);
    assert_non_null(plan);
    struct planned_operation one = picked(plan, 0, 1, 0);

    message_room_init(&room, plan, 2, &arena);
    message_fill(&room, 1, &one, 3, &message);
    key_span_id(5, 7, 3, new);
    snprintf(wanted, sizeof(wanted), "T: 00-%s-01", new);
    assert_true(message.has_all_lines);
    assert_string_equal(message.url, "http://h:1/{{not}}");
    assert_int_equal(message.line_count, 2);
    assert_string_equal(message.lines[0], "A: {{op.id}}");
    assert_string_equal(message.lines[1], wanted);
    assert_int_equal(message.body_length, 9);
    assert_memory_equal(message.body, "{{op.id}}", 9);
    arena_release(&arena);
    plan_free(plan);
    dead_letters_free(dead_letters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_operations_are_dealt_to_workers),
        cmocka_unit_test(a_plan_picks_the_same_again),
        cmocka_unit_test(keys_are_made_as_the_profile_says),
        cmocka_unit_test(hashes_are_of_the_body),
        cmocka_unit_test(nothing_has_a_key_where_none_is_asked_for),
        cmocka_unit_test(keys_are_made_again),
        cmocka_unit_test(new_operations_fill_their_templates),
        cmocka_unit_test(what_is_dropped_has_a_request),
        cmocka_unit_test(dead_letters_are_what_they_were),
        cmocka_unit_test(a_dead_letter_sends_its_own_text),
    };
    return cmocka_run_group_tests_name("plan/workload", tests, enter_folder,
                                       leave_folder);
}
