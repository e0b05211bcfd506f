/* The bytes of requests. That they are those of libcurl is shown end to end.
 */
#include "engine/native/request.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* What a plan makes of command lines like these. */
static struct plan *plan_of(const char *url, size_t set_count,
                            const char *const *sets)
{
    struct errors errors = ERRORS_INIT;
    struct plan_input input = {
        .url = url, .set_count = set_count, .sets = sets};
    struct plan *plan = plan_read(&input, &errors);

    if (!plan) {
        fail_msg("%s", errors_last_text(&errors));
    }
    return plan;
}

static void assert_head(const char *url, size_t set_count,
                        const char *const *sets, const struct message *message,
                        const char *wanted)
{
    struct plan *plan = plan_of(url, set_count, sets);
    struct arena arena = ARENA_INIT;
    struct request_texts texts;
    struct request_bytes bytes;
    struct str room = STR_INIT, found = STR_INIT;

    request_texts_init(&texts, plan, &arena);
    assert_true(request_bytes_of(&texts, message, &room, &bytes));
    str_append_bytes(&found, bytes.head, bytes.head_length);
    assert_string_equal(found.text, wanted);
    str_release(&found);
    str_release(&room);
    arena_release(&arena);
    plan_free(plan);
}

#define REST "User-Agent: squall/0.1.0\r\nAccept: */*\r\n"

static void the_host_is_that_of_the_url(void **state)
{
    static const struct {
        const char *url, *host;
    } rows[] = {
        {"http://127.0.0.1:81/", "127.0.0.1:81"},
        {"http://Example.test/", "Example.test"},
        {"http://example.test:80/", "example.test"},
        {"http://[::1]:8080/", "[::1]:8080"},
        {"https://example.test:443/", "example.test"},
        {"https://example.test:80/", "example.test:80"},
    };
    const struct message message = {0};
    (void)state;

    for (size_t i = 0; i < array_length(rows); i++) {
        struct str wanted = STR_INIT;
        str_printf(&wanted, "GET / HTTP/1.1\r\nHost: %s\r\n" REST "\r\n",
                   rows[i].host);
        assert_head(rows[i].url, 0, NULL, &message, wanted.text);
        str_release(&wanted);
    }
}

static void a_message_brings_what_is_its_own(void **state)
{
    static const char *const lines[] = {"X-Own: 1", "accept: text/plain"};
    static const char *const sets[] = {
        "requests=[{\"name\": \"r\", \"method\": \"POST\", \"body\": \"xyz\", "
        "\"headers\": {\"X-Constant\": \"2\"}}]"};
    const struct message message = {.url = "http://h.test?q=1#part",
                                    .body = "12345",
                                    .body_length = 5,
                                    .line_count = 2,
                                    .lines = lines};
    (void)state;

    assert_head("http://h.test/", 1, sets, &message,
                "POST /?q=1 HTTP/1.1\r\nHost: h.test\r\n"
                "User-Agent: squall/0.1.0\r\nX-Own: 1\r\n"
                "accept: text/plain\r\nX-Constant: 2\r\n"
                "Content-Type: text/plain; charset=utf-8\r\n"
                "Content-Length: 5\r\n\r\n");
}

static void what_cannot_be_sent_is_not(void **state)
{
    static const char *const urls[] = {"http://h.test/a b",
                                       "http://h.test/a\r\nX: y"};
    struct plan *plan = plan_of("http://h.test/", 0, NULL);
    struct arena arena = ARENA_INIT;
    struct request_texts texts;
    struct request_bytes bytes;
    struct str room = STR_INIT;
    (void)state;

    request_texts_init(&texts, plan, &arena);
    for (size_t i = 0; i < array_length(urls); i++) {
        const struct message message = {.url = urls[i]};
        assert_false(request_bytes_of(&texts, &message, &room, &bytes));
    }
    str_release(&room);
    arena_release(&arena);
    plan_free(plan);
}

/* Nothing is copied of a request that never changes. */
static void what_never_changes_is_made_once(void **state)
{
    const struct message message = {0};
    struct plan *plan = plan_of("http://h.test/", 0, NULL);
    struct arena arena = ARENA_INIT;
    struct request_texts texts;
    struct request_bytes one, other;
    struct str room = STR_INIT;
    (void)state;

    request_texts_init(&texts, plan, &arena);
    assert_true(request_bytes_of(&texts, &message, &room, &one));
    assert_true(request_bytes_of(&texts, &message, &room, &other));
    assert_ptr_equal(one.head, other.head);
    assert_int_equal(room.capacity, 0);
    arena_release(&arena);
    plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_host_is_that_of_the_url),
        cmocka_unit_test(a_message_brings_what_is_its_own),
        cmocka_unit_test(what_cannot_be_sent_is_not),
        cmocka_unit_test(what_never_changes_is_made_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
