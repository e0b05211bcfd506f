/* Messages of new operations: what is filled for every attempt and what is
 * not. Those of dead letters are in test_workload.c. */
#include "plan/message.h"

#include "plan/plan.h"
#include "plan/workload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../expect_bug.h"

enum { REQUESTS_MAX = 3, HEADERS_MAX = 4 };

static struct arena arena;
static struct plan plan;
static struct planned_request requests[REQUESTS_MAX];
static struct template headers[REQUESTS_MAX][HEADERS_MAX];
static struct message_room room;

static struct template compile(const char *text)
{
    struct template template;
    const char *problem;
    size_t at;
    assert_true(template_compile(&template, &arena, text, strlen(text),
                                 &problem, &at));
    return template;
}

static void begin(void)
{
    memset(requests, 0, sizeof(requests));
    plan = (struct plan){.requests = requests};
}

static void end(void)
{
    arena_release(&arena);
}

static struct planned_request *add(const char *url, const char *body)
{
    struct planned_request *request = &requests[plan.request_count];

    request->url = compile(url);
    request->has_body = body != NULL;
    request->body = compile(body ? body : "");
    request->header_lines = headers[plan.request_count++];
    return request;
}

static void add_line(struct planned_request *request, const char *line)
{
    assert_true(request->header_count < HEADERS_MAX);
    request->header_lines[request->header_count++] = compile(line);
}

static struct message fill(size_t index, uint16_t request, uint64_t operation,
                           unsigned attempt, const char *key)
{
    struct planned_operation planned = {
        .number = operation,
        .request = request,
        .key_length = strlen(key),
    };
    struct message message;
    memcpy(planned.key, key, planned.key_length + 1);
    message_fill(&room, index, &planned, attempt, &message);
    return message;
}

static void what_is_constant_is_not_repeated(void **state)
{
    (void)state;
    begin();
    struct planned_request *request = add("http://a/orders", "{\"n\": 1}");
    add_line(request, "Accept: text/plain");
    message_room_init(&room, &plan, 2, &arena);
    struct message message = fill(0, 0, 1, 1, "");
    assert_int_equal(message.request, 0);
    assert_null(message.url);
    assert_null(message.body);
    assert_int_equal(message.line_count, 0);
    assert_false(message.has_all_lines);
    assert_int_equal(message_lines_max(&plan), 0);

    size_t length;
    char *body = message_constant(&request->body, &arena, &length);
    assert_string_equal(body, "{\"n\": 1}");
    assert_int_equal(length, 8);
    struct template filled = compile("{{attempt}}");
    expect_bug(message_constant(&filled, &arena, &length));
    end();
}

static void what_changes_is_filled_in_order(void **state)
{
    (void)state;
    begin();
    struct planned_request *request =
        add("http://a/orders/{{op.seq}}", "n={{attempt}}");
    add_line(request, "X-First: {{key}}");
    add_line(request, "Accept: text/plain");
    add_line(request, "X-Last: {{op.seq}}.{{attempt}}");
    message_room_init(&room, &plan, 1, &arena);
    assert_int_equal(message_lines_max(&plan), 2);

    struct message message = fill(0, 0, 7, 2, "k-1");
    assert_string_equal(message.url, "http://a/orders/7");
    assert_string_equal(message.body, "n=2");
    assert_int_equal(message.body_length, 3);
    assert_int_equal(message.line_count, 2);
    assert_string_equal(message.lines[0], "X-First: k-1");
    assert_string_equal(message.lines[1], "X-Last: 7.2");
    assert_false(message.has_all_lines);
    end();
}

/* Requests differ in what they fill: there is room for the most of each. */
static void messages_under_way_do_not_share_room(void **state)
{
    struct message messages[4];
    char key[KEY_MAX];

    (void)state;
    memset(key, 'k', sizeof(key) - 1);
    key[sizeof(key) - 1] = '\0';
    begin();
    add("http://a/{{op.seq}}", NULL);
    add("http://a/", "{{key}}{{key}}");
    struct planned_request *lines = add("http://a/", NULL);
    for (int i = 0; i < 3; i++) {
        add_line(lines, "X: {{key}}");
    }
    message_room_init(&room, &plan, array_length(messages), &arena);
    assert_int_equal(message_lines_max(&plan), 3);
    for (size_t i = 0; i < array_length(messages); i++) {
        messages[i] = fill(i, (uint16_t)(i % 3), 100 + i, 1, key);
    }
    assert_string_equal(messages[0].url, "http://a/100");
    assert_null(messages[0].body);
    assert_null(messages[1].url);
    assert_int_equal(messages[1].body_length, 2 * strlen(key));
    assert_int_equal(strlen(messages[1].body), 2 * strlen(key));
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(strlen(messages[2].lines[i]), 3 + strlen(key));
    }
    assert_string_equal(messages[3].url, "http://a/103");
    /* A message is filled again and again, the others stay as they are. */
    fill(0, 0, 9, 1, "");
    assert_string_equal(messages[0].url, "http://a/9");
    assert_string_equal(messages[3].url, "http://a/103");
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_constant_is_not_repeated),
        cmocka_unit_test(what_changes_is_filled_in_order),
        cmocka_unit_test(messages_under_way_do_not_share_room),
    };
    return cmocka_run_group_tests_name("plan/message", tests, NULL, NULL);
}
