/* What is kept of an answer, and what several of them say together. */
#include "engine/answer.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;
static struct plan plan;
static struct planned_request request;
static struct answer answers[2];

static int set_up(void **state)
{
    (void)state;
    plan = (struct plan){.request_count = 1, .requests = &request};
    plan.effect_id.place = EFFECT_ID_BODY;
    must(!pointer_compile(&plan.effect_id.pointer, &arena, "/id"));
    memset(answers, 0, sizeof(answers));
    answers_make_room(answers, sizeof(answers[0]), 2, &plan, &arena);
    answer_begin(&answers[0]);
    answer_begin(&answers[1]);
    return 0;
}

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void header(struct answer *answer, const char *line)
{
    answer_header(answer, &plan, line, strlen(line));
}

static void body(struct answer *answer, const char *text)
{
    answer_body(answer, text, strlen(text));
}

/* Adds an answer with this body, in pieces of one byte. */
static void add(struct answers_seen *seen, const char *text, bool thrown_away)
{
    answer_begin(&answers[0]);
    header(&answers[0], "Content-Type: application/json");
    for (; *text; text++) {
        answer_body(&answers[0], text, 1);
    }
    answers_seen_add(seen, &answers[0], &plan, 201, thrown_away);
}

static void test_no_room_where_nobody_looks(void **state)
{
    (void)state;
    struct answer plain = {.named = 0};
    plan.effect_id.place = EFFECT_ID_HEADER;
    answers_make_room(&plain, sizeof(plain), 1, &plan, &arena);
    assert_null(plain.body);
    answer_begin(&plain);
    body(&plain, "it is hashed all the same");
    assert_int_equal(plain.kept, 0);
    assert_ptr_not_equal(answers[0].body, answers[1].body);
}

static void test_names_are_distinguished(void **state)
{
    (void)state;
    struct answers_seen seen;
    answers_seen_begin(&seen);
    add(&seen, "{\"id\":\"7\"}", true);
    assert_int_equal(answers[0].named, 1);
    add(&seen, "{\"id\":7}", false);
    assert_int_equal(answers[0].named, 1);
    assert_int_equal(seen.given, 1);
    assert_true(seen.differ);
    add(&seen, "{\"id\":\"\\u0038\"}", true);
    assert_int_equal(answers[0].named, 2);
    add(&seen, "{\"id\":\"8\"}", true);
    assert_int_equal(answers[0].named, 2);
    add(&seen, "{}", false);
    assert_int_equal(answers[0].named, 0);
    assert_int_equal(seen.count, 5);
    assert_int_equal(seen.named, 2);
    assert_int_equal(seen.given, 1);
    assert_int_equal(seen.unnamed, 1);
}

static void test_more_names_than_room(void **state)
{
    (void)state;
    struct answers_seen seen;
    char text[32];
    answers_seen_begin(&seen);
    for (int i = 0; i < 3 * NAMED_EFFECTS_MAX; i++) {
        snprintf(text, sizeof(text), "{\"id\":%d}", i);
        add(&seen, text, false);
    }
    assert_int_equal(seen.named, NAMED_EFFECTS_MAX + 1);
    assert_int_equal(seen.given, NAMED_EFFECTS_MAX);
    assert_int_equal(answers[0].named, NAMED_EFFECTS_MAX + 1);
    add(&seen, "{\"id\":0}", false);
    assert_int_equal(answers[0].named, 1);
}

static void test_what_is_one_answer(void **state)
{
    (void)state;
    static const struct {
        const char *type, *text;
        uint16_t status;
        bool differs;
    } rows[] = {
        {"Content-Type: text/plain; charset=utf-8", "a", 200, false},
        {"content-type:TEXT/Plain;charset=UTF-8 ", "a", 200, false},
        {"Content-Type: text/plain", "a", 200, true},
        {"X-Content-Type: text/plain; charset=utf-8", "a", 200, true},
        {"Content-Type: text/plain; charset=utf-8", "b", 200, true},
        {"Content-Type: text/plain; charset=utf-8", "", 200, true},
        {"Content-Type: text/plain; charset=utf-8", "a", 201, true},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct answers_seen seen;
        answers_seen_begin(&seen);
        for (size_t n = 0; n < 2; n++) {
            size_t row = n ? i : 0;
            answer_begin(&answers[n]);
            header(&answers[n], rows[row].type);
            body(&answers[n], rows[row].text);
            answers_seen_add(&seen, &answers[n], &plan, rows[row].status,
                             false);
        }
        assert_int_equal(seen.differ, rows[i].differs);
    }
}

static void test_headers_name_effects(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "Location: /orders/7", "LOCATION:/orders/7 \t", "Location: /orders/8"};
    struct answers_seen seen;
    plan.effect_id.place = EFFECT_ID_HEADER;
    plan.effect_id.header = "Location";
    answers_seen_begin(&seen);
    for (size_t i = 0; i < array_length(lines); i++) {
        answer_begin(&answers[0]);
        header(&answers[0], "Content-Location: /elsewhere");
        header(&answers[0], lines[i]);
        answers_seen_add(&seen, &answers[0], &plan, 201, false);
        assert_int_equal(answers[0].named, i < 2 ? 1 : 2);
    }
    answer_begin(&answers[0]);
    header(&answers[0], "Location:  ");
    answers_seen_add(&seen, &answers[0], &plan, 201, false);
    assert_int_equal(seen.unnamed, 1);
}

static void test_the_end_of_a_long_body(void **state)
{
    (void)state;
    static char pad[ANSWER_KEPT_MAX];
    struct answers_seen seen;
    memset(pad, ' ', sizeof(pad));
    for (size_t room = 8; room <= 9; room++) {
        answers_seen_begin(&seen);
        answer_begin(&answers[0]);
        answer_begin(&answers[1]);
        answer_body(&answers[0], pad, sizeof(pad) - room);
        body(&answers[0], "{\"id\":1}");
        body(&answers[0], "and what follows is not kept");
        assert_int_equal(answers[0].kept, ANSWER_KEPT_MAX);
        answers_seen_add(&seen, &answers[0], &plan, 201, false);
        assert_int_equal(seen.named, 1);
        assert_int_equal(answers[1].kept, 0);
    }
    answer_begin(&answers[0]);
    answer_body(&answers[0], pad, sizeof(pad) - 6);
    body(&answers[0], "{\"id\":1}");
    answers_seen_add(&seen, &answers[0], &plan, 201, false);
    assert_int_equal(seen.unnamed, 1);
}

static bool has(const char *path, struct expected_member member,
                const char *text)
{
    struct member_list list = {1, &member};
    must(!pointer_compile(&member.pointer, &arena, path));
    answer_begin(&answers[0]);
    body(&answers[0], text);
    return answer_has(&answers[0], &list);
}

static void test_members(void **state)
{
    (void)state;
    const struct expected_member text = {
        .kind = JSON_STRING, .text = "created", .length = 7};
    const struct expected_member two = {.kind = JSON_NUMBER, .number = 2};
    const struct expected_member no = {.kind = JSON_FALSE};
    struct member_list none = {0};

    assert_true(has("/s", text, "{\"s\":\"cre\\u0061ted\"}"));
    assert_false(has("/s", text, "{\"s\":\"create\"}"));
    assert_false(has("/s", text, "{\"s\":\"createdx\"}"));
    assert_false(has("/s", text, "created"));
    assert_true(has("/n/0", two, "{\"n\":[2.0e0]}"));
    assert_false(has("/n/0", two, "{\"n\":[20]}"));
    assert_false(has("/n/0", two, "{\"n\":[\"2\"]}"));
    assert_true(has("/f", no, "{\"f\":false}"));
    assert_false(has("/f", no, "{\"f\":true}"));
    assert_false(has("/f", no, ""));
    assert_true(answer_has(&answers[0], &none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, release)
        CASE(test_no_room_where_nobody_looks),
        CASE(test_names_are_distinguished),
        CASE(test_more_names_than_room),
        CASE(test_what_is_one_answer),
        CASE(test_headers_name_effects),
        CASE(test_the_end_of_a_long_body),
        CASE(test_members),
#undef CASE
    };
    return cmocka_run_group_tests_name("engine/answer", tests, NULL, NULL);
}
