/* An answer is read alike however its bytes are cut, and what is none is
 * reported from what is. */
#include "audit/identity.h"
#include "audit/reply.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void feed(struct reply *reply, const char *text, size_t piece)
{
    size_t length = strlen(text);
    reply_init(reply);
    for (size_t at = 0; at < length; at += piece) {
        size_t take = length - at < piece ? length - at : piece;
        if (reply_feed(reply, text + at, take) < take) {
            break;
        }
    }
}

static void answers_are_read_in_any_pieces(void **state)
{
    static const struct {
        const char *text, *body; /* NULL: not whole before the end */
        enum reply_state at_end;
        unsigned status;
        bool keeps_alive;
    } rows[] = {
        {"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok", "ok",
         REPLY_WHOLE, 201, true},
        {"HTTP/1.1 200 OK\ncontent-length:0\n\n", "", REPLY_WHOLE, 200, true},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n", "",
         REPLY_WHOLE, 204, true},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
         "3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: v\r\n\r\n",
         "abc0123456789", REPLY_WHOLE, 200, true},
        {"HTTP/1.1 409 Conflict\r\nConnection: close\r\n"
         "Content-Length: 1\r\n\r\nx",
         "x", REPLY_WHOLE, 409, false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", "x", REPLY_WHOLE,
         200, false},
        {"HTTP/1.1 200 OK\r\n\r\nuntil the end", NULL, REPLY_WHOLE, 200,
         false},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut", NULL, REPLY_BROKEN,
         200, false},
        {"HTTP/1.1 200 OK\r\nContent-", NULL, REPLY_BROKEN, 0, false},
        {"", NULL, REPLY_BROKEN, 0, false},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        for (size_t piece = 1; piece < 60; piece += 6) {
            struct reply reply;
            feed(&reply, rows[i].text, piece);
            assert_int_equal(reply.state == REPLY_WHOLE, rows[i].body != NULL);
            if (rows[i].body) {
                assert_string_equal(reply.body.text, rows[i].body);
                assert_int_equal(reply.keeps_alive, rows[i].keeps_alive);
            }
            reply_end(&reply);
            assert_int_equal(reply.state, rows[i].at_end);
            assert_int_equal(reply.status, rows[i].status);
            reply_release(&reply);
        }
    }
}

static void what_is_no_answer_is_broken(void **state)
{
    static const char *const rows[] = {
        "SSH-2.0-OpenSSH\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5, 7\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
        "Content-Length: 7\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
        "Transfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
         "ffffffffffffff\r\n"),
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct reply reply;
        feed(&reply, rows[i], 7);
        assert_int_equal(reply.state, REPLY_BROKEN);
        reply_release(&reply);
    }
}

static void heads_and_bodies_are_bounded(void **state)
{
    struct reply reply;
    char block[4096];
    size_t fed = 0;
    (void)state;
    memset(block, 'x', sizeof(block));
    reply_init(&reply);
    while (reply.state == REPLY_HEAD) {
        fed += reply_feed(&reply, block, sizeof(block));
    }
    assert_int_equal(reply.state, REPLY_BROKEN);
    assert_true(fed <= REPLY_HEAD_MAX + sizeof(block));
    reply_release(&reply);

    feed(&reply, "HTTP/1.1 200 OK\r\n\r\n", 100);
    for (fed = 0; reply.state == REPLY_BODY;) {
        fed += reply_feed(&reply, block, sizeof(block));
    }
    assert_int_equal(reply.state, REPLY_BROKEN);
    assert_true(fed <= REPLY_BODY_MAX + 2 * sizeof(block));
    reply_release(&reply);
}

static void headers_are_found_without_case(void **state)
{
    struct reply reply;
    size_t length;
    (void)state;
    feed(&reply,
         "HTTP/1.1 200 OK\r\nX: a\r\nRetry-AFTER: \t 3 \r\nX: b\r\n"
         "Content-Length: 0\r\n\r\n",
         1000);
    const char *value = reply_header(&reply, "retry-after", &length);
    assert_int_equal(length, 1);
    assert_memory_equal(value, "3", 1);
    value = reply_header(&reply, "X", &length);
    assert_memory_equal(value, "a", 1);
    assert_null(reply_header(&reply, "Retry", &length));
    reply_release(&reply);
}

/* As idempotency.effect_id says it; NULL: not at all. */
static void prepare(struct identity_places *places, const char *where,
                    struct arena *arena)
{
    struct effect_id_config config = {.place = EFFECT_ID_NONE};
    if (where && where[0] == '/') {
        config.place = EFFECT_ID_BODY;
        assert_null(pointer_compile(&config.pointer, arena, where));
    } else if (where) {
        config.place = EFFECT_ID_HEADER;
        config.header = where + strlen("header:");
    }
    identity_prepare(places, &config, arena);
}

static void identities_are_found(void **state)
{
    static const struct {
        const char *body, *where, *identity; /* NULL: none */
    } rows[] = {
        {"{\"id\": \"a\"}", NULL, "a"},
        {"{\"data\": {\"id\": 7}}", NULL, "7"},
        {"{\"name\": \"a\"}", NULL, NULL},
        {"{\"id\": \"a\", \"n\": [{\"k\": \"b\"}]}", "/n/0/k", "b"},
        {"{\"a/b\": {\"~\": \"c\"}}", "/a~1b/~0", "c"},
        {"{\"id\": \"a\"}", "/none", NULL},
        {"{\"id\": \"\"}", NULL, NULL},
        {"{\"id\": {}}", NULL, NULL},
        {"no JSON", NULL, NULL},
        {"no JSON", "header:Location", "/orders/1"},
        {"no JSON", "header:Other", NULL},
        {"{\"id\": \"\\u0061\"}", NULL, "a"},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct reply reply;
        struct str out = STR_INIT;
        struct arena arena = ARENA_INIT;
        struct identity_places places;
        prepare(&places, rows[i].where, &arena);
        feed(&reply, "HTTP/1.1 201 X\r\nLocation: /orders/1\r\n\r\n", 100);
        (void)reply_feed(&reply, rows[i].body, strlen(rows[i].body));
        assert_int_equal(identity_find(&places, &reply, &out),
                         rows[i].identity != NULL);
        assert_string_equal(out.text,
                            rows[i].identity ? rows[i].identity : "");
        str_release(&out);
        reply_release(&reply);
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_read_in_any_pieces),
        cmocka_unit_test(what_is_no_answer_is_broken),
        cmocka_unit_test(heads_and_bodies_are_bounded),
        cmocka_unit_test(headers_are_found_without_case),
        cmocka_unit_test(identities_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
