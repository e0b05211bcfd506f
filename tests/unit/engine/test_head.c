/* What a host is shown of the head of an answer. */
#include "engine/head.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct instant now;

static struct instant fixed_now(const struct engine *engine)
{
    (void)engine;
    return now;
}

static const struct engine_type type = {.name = "test", .now = fixed_now};

struct bench {
    struct plan plan;
    struct engine engine;
    struct transfer transfer;
    struct head head;
};

/* 2001-09-09 01:46:40 at 0 of the engine's clock; Retry-After as a date is
 * tried first, then as seconds. */
static void set_up(struct bench *bench)
{
    *bench = (struct bench){
        .engine = {.type = &type,
                   .plan = &bench->plan,
                   .unix_offset_ns = 1000000000 * NS_PER_S},
    };
    struct hint_config *hint = &bench->plan.policy.retry.hint;
    hint->count = 3;
    hint->headers[0] =
        (struct hint_header){"Retry-After", HINT_HTTP_DATE, NUMBER_INTEGER};
    hint->headers[1] =
        (struct hint_header){"Retry-After", HINT_SECONDS, NUMBER_INTEGER};
    hint->headers[2] =
        (struct hint_header){"x-wait-ms", HINT_MS, NUMBER_INTEGER};
    now = (struct instant){5 * NS_PER_S};
    head_begin(&bench->head);
}

static void read_lines(struct bench *bench, const char *lines)
{
    while (*lines) {
        size_t length = strcspn(lines, "\n") + 1;
        head_line(&bench->head, &bench->engine, &bench->transfer, lines,
                  length);
        now.ns += NS_PER_MS;
        lines += length;
    }
}

static void hints_come_in_the_order_of_the_profile(void **state)
{
    static const struct {
        const char *lines;
        enum hint_kind kind;
        int64_t wait_ms;
    } rows[] = {
        {"HTTP/1.1 503 x\r\n\r\n", HINT_ABSENT, 0},
        {"HTTP/1.1 503 x\r\nRETRY-AFTER: 3\r\n\r\n", HINT_WAIT, 3000},
        {"HTTP/1.1 503 x\r\nX-Wait-Ms: 7\r\nretry-after: 3\r\n\r\n", HINT_WAIT,
         3000},
        {"HTTP/1.1 503 x\r\nX-Wait-Ms: 7\r\nretry-after: soon\r\n\r\n",
         HINT_WAIT, 7},
        {"HTTP/1.1 503 x\r\nRetry-After: soon\r\n\r\n", HINT_INVALID, 0},
        {"HTTP/1.1 503 x\r\nRetry-After: -1\r\n\r\n", HINT_NEGATIVE, 0},
        /* a second line came at 5.001 s */
        {"HTTP/1.1 503 x\r\n"
         "Retry-After: Sun, 09 Sep 2001 01:46:50 GMT\r\n\r\n",
         HINT_WAIT, 4999},
        {"HTTP/1.1 503 x\r\nRetry-Afters: 3\r\nRetry: 3\r\n\r\n", HINT_ABSENT,
         0},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct bench bench;
        set_up(&bench);
        read_lines(&bench, rows[i].lines);
        assert_int_equal(bench.transfer.facts.hint.kind, rows[i].kind);
        if (rows[i].kind == HINT_WAIT) {
            assert_int_equal(bench.transfer.facts.hint.wait.ns,
                             rows[i].wait_ms * NS_PER_MS);
        }
    }
}

static void an_interim_answer_is_forgotten(void **state)
{
    struct bench bench;
    (void)state;
    set_up(&bench);
    read_lines(&bench, "HTTP/1.1 103 x\r\nRetry-After: 9\r\n\r\n");
    assert_int_equal(bench.transfer.facts.hint.kind, HINT_WAIT);
    assert_false(bench.head.is_whole);
    read_lines(&bench, "HTTP/1.1 200 x\r\n");
    assert_int_equal(bench.transfer.facts.hint.kind, HINT_ABSENT);
    assert_false(bench.head.is_whole);
    read_lines(&bench, "\r\n");
    assert_true(bench.head.is_whole);
    read_lines(&bench, "Trailer: 1\r\n\r\n");
    assert_true(bench.head.is_whole);
}

/* Interim answers are told apart: the answer is the final one. */
static void the_first_byte_is_that_of_the_final_answer(void **state)
{
    struct bench bench;
    (void)state;
    set_up(&bench);
    assert_false(bench.transfer.facts.is_answered);
    read_lines(&bench, "HTTP/1.1 103 x\r\n\r\n");
    assert_false(bench.transfer.facts.is_answered);
    assert_int_equal(bench.head.status, 0);
    read_lines(&bench, "HTTP/1.1 200 x\r\n\r\n");
    assert_true(bench.transfer.facts.is_answered);
    assert_int_equal(bench.transfer.facts.first_byte.ns,
                     5 * NS_PER_S + 2 * NS_PER_MS);
    assert_int_equal(bench.transfer.facts.interim, 1);
    assert_int_equal(bench.head.status, 200);
}

/* Each is one answer's head, "|" being a line's end. */
static void a_head_is_valid_or_not(void **state)
{
    static const struct {
        const char *lines;
        bool valid;
    } rows[] = {
        {"HTTP/1.1 200 OK|Content-Length: 5||", true},
        {"HTTP/1.1 200|content-length:5||", true},
        {"HTTP/2 200 |content-length: 5||", true},
        {"HTTP/1.0 200 OK|Content-Length: 5||", true},
        {"HTTP/1.1  200 OK||", true},
        {"HTTP/1.1 999 x||", true},
        {"HTTP/1.1 204 x|Content-Length: 5||", true},
        {"HTTP/1.1 200 OK|Content-Length: 0005 \t||", true},
        {"HTTP/1.1 200 OK|Content-Length: 5|Content-Length: 5||", true},
        {"HTTP/1.1 200 OK|Content-Length: 5, 5 ,5||", true},
        {"HTTP/1.1 200 OK|Content-Length: 5|X: folded| more of it||", true},
        {"HTTP/1.1 200 OK|Transfer-Encoding: Chunked||", true},
        {"HTTP/1.1 200 OK|X-Content-Length: no||", true},
        {"HTTP/1.1 200 OK|Content-Lengthy: no||", true},
        {"HTTP/1.1 200 OK||Trailer: 1|Content-Length: 7||", true},
        {"HTTP/1.1 100 x||HTTP/1.1 200 OK|Content-Length: 1||", true},
        {"HTTP/1.1 103 x|Content-Length: ?||HTTP/1.1 200 OK||", true},

        {"HTTP/1.1||", false},
        {"HTTP/1.1 20||", false},
        {"HTTP/1.1 2000 OK||", false},
        {"HTTP/1.1 20x OK||", false},
        {"HTTP/1.1 099 OK||", false},
        {"HTTP/1.1 -20 OK||", false},
        {"HTTP/1.1 101 Switching Protocols||", false},
        {"HTTP/2 101 ||", false},
        {"HTTP/1.1 200 OK|no header||", false},
        {"HTTP/1.1 200 OK|: no name||", false},
        {"HTTP/1.1 200 OK|Content-Length : 5||", false},
        {"HTTP/1.1 200 OK|Content-Length:||", false},
        {"HTTP/1.1 200 OK|Content-Length: 5|Content-Length: 7||", false},
        {"HTTP/1.1 200 OK|Content-Length: 7|Content-Length: 5||", false},
        {"HTTP/1.1 200 OK|Content-Length: 5, 7||", false},
        {"HTTP/1.1 200 OK|Content-Length: 5,||", false},
        {"HTTP/1.1 200 OK|Content-Length: ,5||", false},
        {"HTTP/1.1 200 OK|Content-Length: 5 5||", false},
        {"HTTP/1.1 200 OK|Content-Length: 0x5||", false},
        {"HTTP/1.1 200 OK|Content-Length: 5x||", false},
        {"HTTP/1.1 200 OK|Content-Length: -1||", false},
        {"HTTP/1.1 200 OK|Content-Length: +5||", false},
        {"HTTP/1.1 200 OK|Content-Length: 5.0||", false},
        {"HTTP/1.1 200 OK|Content-Length: \"5\"||", false},
        {"HTTP/1.1 200 OK|Content-Length: 99999999999999999999||", false},
        {"HTTP/1.1 200 OK|Content-Length: 5| 6||", false},
        {"HTTP/1.1 200 OK|Content-Length: 5|Transfer-Encoding: chunked||",
         false},
        {"HTTP/1.1 200 OK|Transfer-Encoding: chunked|Content-Length: 5||",
         false},
        {"HTTP/1.0 200 OK|Transfer-Encoding: chunked||", false},
        {"HTTP/1.1 200 OK|Transfer-Encoding: gzip||", false},
        {"HTTP/1.1 200 OK|Transfer-Encoding: gzip, chunked||", false},
        {"HTTP/1.1 200 OK|Transfer-Encoding: chunked, chunked||", false},
        {"HTTP/1.1 200 OK|Transfer-Encoding: xchunked||", false},
        {"HTTP/1.1 200 OK|Transfer-Encoding: chunked|"
         "Transfer-Encoding: chunked||",
         false},
        {"HTTP/1.1 200 OK||no trailer||", false},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct bench bench;
        bool valid = true;
        set_up(&bench);
        for (const char *at = rows[i].lines; *at; at++) {
            size_t length = strcspn(at, "|");
            valid = valid && head_line(&bench.head, &bench.engine,
                                       &bench.transfer, at, length);
            at += length;
        }
        if (valid != rows[i].valid) {
            fail_msg("%s", rows[i].lines);
        }
        assert_int_equal(valid, bench.head.invalid == NULL);
    }
}

/* A list of lengths may be as long as a line. */
static void a_long_list_of_lengths_is_read(void **state)
{
    static char line[100000] = "Content-Length: 5";
    struct bench bench;
    size_t length = strlen(line);
    (void)state;
    for (; length + 2 < sizeof(line); length += 2) {
        memcpy(line + length, ",5", 2);
    }
    set_up(&bench);
    read_lines(&bench, "HTTP/1.1 200 OK\r\n");
    assert_true(
        head_line(&bench.head, &bench.engine, &bench.transfer, line, length));
    assert_int_equal(bench.head.length, 5);
}

/* Interim ones count, too: they may come without end. */
static void heads_have_a_limit(void **state)
{
    struct bench bench;
    (void)state;
    set_up(&bench);
    for (size_t i = 0; i < HEAD_LINES_MAX / 2; i++) {
        assert_true(head_has_room(&bench.head, 27));
        read_lines(&bench, "HTTP/1.1 102 Processing\r\n");
        assert_true(head_has_room(&bench.head, 2));
        read_lines(&bench, "\r\n");
    }
    assert_false(head_has_room(&bench.head, 1));
    assert_non_null(bench.head.invalid);

    set_up(&bench);
    assert_true(head_has_room(&bench.head, HEAD_BYTES_MAX));
    assert_false(head_has_room(&bench.head, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hints_come_in_the_order_of_the_profile),
        cmocka_unit_test(an_interim_answer_is_forgotten),
        cmocka_unit_test(a_head_is_valid_or_not),
        cmocka_unit_test(a_long_list_of_lengths_is_read),
        cmocka_unit_test(heads_have_a_limit),
        cmocka_unit_test(the_first_byte_is_that_of_the_final_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
