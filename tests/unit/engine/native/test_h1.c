/* Answers of HTTP/1.1 from their bytes: the facts, and that they do not depend
 * on how the bytes are cut. */
#include "engine/native/h1.h"

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
    struct h1 h1;
};

/* What an answer came to. */
struct facts {
    enum h1_fact fact;
    uint16_t status;
    uint32_t interim;
    bool is_answered, keeps_alive;
    uint64_t body;
    size_t behind; /* bytes that are not of it */
    struct hash128 hash;
};

static void begin(struct bench *bench, bool ends_at_head)
{
    memset(bench, 0, sizeof(*bench));
    bench->engine.type = &type;
    bench->engine.plan = &bench->plan;
    bench->engine.reads_answers = true;
    h1_begin(&bench->h1, &bench->engine, &bench->transfer, ends_at_head);
}

/* In pieces of `piece` bytes behind a first one of `first`; 0: there is no
 * more than one. `ends`: the connection does, then. */
static struct facts read_answer(const char *bytes, size_t length,
                                bool ends_at_head, bool ends, size_t first,
                                size_t piece)
{
    struct bench bench;
    struct facts facts = {.fact = H1_MORE};
    size_t at = 0;

    begin(&bench, ends_at_head);
    while (at < length && facts.fact == H1_MORE) {
        size_t next = at == 0 && first > 0 ? first
                      : piece > 0          ? piece
                                           : length;
        next = next < length - at ? next : length - at;
        /* of its own, so that nothing is read beyond it */
        char *copy = test_malloc(next);
        memcpy(copy, bytes + at, next);
        facts.fact = h1_receive(&bench.h1, copy, next,
                                (struct h1_arrival){.at = {(int64_t)at + 1}});
        at += next;
        if (facts.fact == H1_COMPLETE) {
            facts.behind = length - at + (size_t)(copy + next - bench.h1.end);
        }
        test_free(copy);
    }
    if (ends && facts.fact == H1_MORE) {
        facts.fact = h1_end(&bench.h1);
    }
    facts.interim = bench.transfer.facts.interim;
    facts.is_answered = bench.transfer.facts.is_answered;
    if (facts.fact == H1_COMPLETE) {
        facts.status = bench.h1.head.status;
        facts.keeps_alive = bench.h1.keeps_alive;
        facts.body = bench.h1.body;
        facts.hash = hash_stream_end(&bench.transfer.answer.hash);
    } else if (facts.fact == H1_BROKEN) {
        assert_non_null(bench.h1.head.invalid);
    }
    h1_release(&bench.h1);
    return facts;
}

static void assert_same(const char *name, const struct facts *one,
                        const struct facts *other, size_t first)
{
    if (one->fact != other->fact || one->status != other->status ||
        one->is_answered != other->is_answered ||
        one->keeps_alive != other->keeps_alive || one->body != other->body ||
        one->behind != other->behind ||
        (one->fact != H1_BROKEN && one->interim != other->interim) ||
        !hash_equal(one->hash, other->hash)) {
        fail_msg("%s: cut at %zu it is another answer", name, first);
    }
}

#define OK "HTTP/1.1 200 OK\r\n"

static const struct row {
    const char *name, *bytes;
    bool ends_at_head, ends;
    enum h1_fact fact;
    uint16_t status;
    bool keeps_alive;
    uint64_t body;
    size_t behind;
} rows[] = {
    {"a length", OK "Content-Length: 5\r\n\r\nhello", false, false,
     H1_COMPLETE, 200, true, 5, 0},
    {"no body", OK "Content-Length: 0\r\n\r\n", false, false, H1_COMPLETE, 200,
     true, 0, 0},
    {"equal lengths",
     OK "Content-Length: 5\r\nContent-Length: 5, 5\r\n\r\nhello", false, false,
     H1_COMPLETE, 200, true, 5, 0},
    {"more behind", OK "Content-Length: 2\r\n\r\nhello", false, false,
     H1_COMPLETE, 200, true, 2, 3},
    {"chunks",
     OK "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n"
        "0\r\nX-Trailer: 1\r\n\r\n",
     false, false, H1_COMPLETE, 200, true, 5, 0},
    {"bare line feeds", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", false,
     false, H1_COMPLETE, 200, true, 2, 0},
    {"a fold", OK "Content-Length: 0\r\nX: y\r\n z\r\n\r\n", false, false,
     H1_COMPLETE, 200, true, 0, 0},
    {"to the close", OK "\r\nall of it", false, true, H1_COMPLETE, 200, false,
     9, 0},
    {"no close yet", OK "\r\nall of it", false, false, H1_MORE, 0, false, 0,
     0},
    {"close", OK "Connection: close\r\nContent-Length: 2\r\n\r\nok", false,
     false, H1_COMPLETE, 200, false, 2, 0},
    {"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", false,
     false, H1_COMPLETE, 200, false, 2, 0},
    {"HTTP/1.0, kept",
     "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: "
     "2\r\n\r\nok",
     false, false, H1_COMPLETE, 200, true, 2, 0},
    {"HEAD", OK "Content-Length: 500\r\n\r\n", true, false, H1_COMPLETE, 200,
     true, 0, 0},
    {"HEAD, chunks", OK "Transfer-Encoding: chunked\r\n\r\n", true, false,
     H1_COMPLETE, 200, true, 0, 0},
    {"204 with a length", "HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n",
     false, false, H1_COMPLETE, 204, true, 0, 0},
    {"304 with a body", "HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\nhello",
     false, false, H1_COMPLETE, 304, true, 0, 5},
    {"interim answers",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nConnection: close\r\n"
     "Content-Length: 7\r\n\r\n" OK "Content-Length: 2\r\n\r\nok",
     false, false, H1_COMPLETE, 200, true, 2, 0},
    {"no reason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", false, false,
     H1_COMPLETE, 200, true, 0, 0},
    {"nothing", "", false, true, H1_MORE, 0, false, 0, 0},
    {"interim alone", "HTTP/1.1 100 Continue\r\n\r\n", false, true, H1_MORE, 0,
     false, 0, 0},
    {"a cut head", OK "Content-Le", false, true, H1_MORE, 0, false, 0, 0},
    {"a cut body", OK "Content-Length: 9\r\n\r\nhello", false, true, H1_MORE,
     0, false, 0, 0},
    {"cut chunks", OK "Transfer-Encoding: chunked\r\n\r\na\r\nabc", false,
     true, H1_MORE, 0, false, 0, 0},
    {"no HTTP", "SSH-2.0-OpenSSH\r\n", false, false, H1_BROKEN, 0, false, 0,
     0},
    {"HTTP/2", "HTTP/2 200\r\n\r\n", false, false, H1_BROKEN, 0, false, 0, 0},
    {"HTTP/9.9", "HTTP/9.9 200\r\n\r\n", false, false, H1_BROKEN, 0, false, 0,
     0},
    {"an empty line first", "\r\n" OK "Content-Length: 0\r\n\r\n", false,
     false, H1_BROKEN, 0, false, 0, 0},
    {"101", "HTTP/1.1 101 Switch\r\nUpgrade: x\r\n\r\n", false, false,
     H1_BROKEN, 0, false, 0, 0},
    {"5 and 7", OK "Content-Length: 5\r\nContent-Length: 7\r\n\r\n", false,
     false, H1_BROKEN, 0, false, 0, 0},
    {"a length and chunks",
     OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", false,
     false, H1_BROKEN, 0, false, 0, 0},
    {"a bad chunk", OK "Transfer-Encoding: chunked\r\n\r\nzz\r\n", false,
     false, H1_BROKEN, 0, false, 0, 0},
    {"a long chunk", OK "Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n",
     false, false, H1_BROKEN, 0, false, 0, 0},
};

static void each_answer_has_its_facts(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        const struct row *row = &rows[i];
        struct facts facts = read_answer(row->bytes, strlen(row->bytes),
                                         row->ends_at_head, row->ends, 0, 0);
        if (facts.fact != row->fact || facts.status != row->status ||
            facts.keeps_alive != row->keeps_alive ||
            facts.behind != row->behind ||
            (row->fact == H1_COMPLETE && facts.body != row->body)) {
            fail_msg("%s: fact %d, status %d, alive %d, body %d, behind %d",
                     row->name, (int)facts.fact, (int)facts.status,
                     facts.keeps_alive, (int)facts.body, (int)facts.behind);
        }
    }
}

static void cuts_change_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        const struct row *row = &rows[i];
        size_t length = strlen(row->bytes);
        struct facts whole = read_answer(row->bytes, length, row->ends_at_head,
                                         row->ends, 0, 0);
        for (size_t first = 1; first < length; first++) {
            struct facts two =
                read_answer(row->bytes, length, row->ends_at_head, row->ends,
                            first, length);
            struct facts each = read_answer(
                row->bytes, length, row->ends_at_head, row->ends, first, 1);
            if (whole.fact == H1_BROKEN) {
                /* what comes behind the mistake is not looked at */
                assert_int_equal(two.fact, H1_BROKEN);
                assert_int_equal(each.fact, H1_BROKEN);
                continue;
            }
            assert_same(row->name, &whole, &two, first);
            assert_same(row->name, &whole, &each, first);
        }
    }
}

static void an_answer_begins_with_its_first_byte(void **state)
{
    static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct bench bench;
    const struct transfer_facts *facts = &bench.transfer.facts;
    (void)state;

    begin(&bench, false);
    h1_receive(&bench.h1, interim, sizeof(interim) - 1,
               (struct h1_arrival){.at = {100}});
    assert_false(facts->is_answered);
    h1_receive(&bench.h1, "HTTP/1.1 2", 10, (struct h1_arrival){.at = {200}});
    assert_false(facts->is_answered);
    h1_receive(&bench.h1, "00 OK\r\n", 7, (struct h1_arrival){.at = {300}});
    assert_true(facts->is_answered);
    assert_int_equal(facts->first_byte.ns, 200);
    assert_int_equal(facts->interim, 1);
    h1_release(&bench.h1);

    begin(&bench, false);
    h1_receive(&bench.h1, "HTT", 3, (struct h1_arrival){.at = {400}});
    assert_int_equal(h1_end(&bench.h1), H1_MORE);
    assert_true(facts->is_answered); /* it had begun */
    assert_int_equal(facts->first_byte.ns, 400);
    h1_release(&bench.h1);
}

/* Lines and heads have a limit, and so have trailers. */
static void nothing_is_read_without_end(void **state)
{
    static const char *const begins[] = {
        OK "X: ", "HTTP/1.1 100 Continue\r\nX: ",
        OK "Transfer-Encoding: chunked\r\n\r\n0\r\nX: "};
    char many[4096];
    struct bench bench;
    (void)state;

    memset(many, 'y', sizeof(many));
    for (size_t i = 0; i < array_length(begins); i++) {
        enum h1_fact fact = H1_MORE;
        size_t sent = 0;
        begin(&bench, false);
        h1_receive(&bench.h1, begins[i], strlen(begins[i]),
                   (struct h1_arrival){.at = {1}});
        while (fact == H1_MORE && sent < 2 * HEAD_BYTES_MAX) {
            fact = h1_receive(&bench.h1, many, sizeof(many),
                              (struct h1_arrival){.at = {1}});
            sent += sizeof(many);
        }
        assert_int_equal(fact, H1_BROKEN);
        h1_release(&bench.h1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_answer_has_its_facts),
        cmocka_unit_test(cuts_change_nothing),
        cmocka_unit_test(an_answer_begins_with_its_first_byte),
        cmocka_unit_test(nothing_is_read_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
