/*
 * Fuzz entry: an answer of HTTP/1.1, as the native engine reads it. The first
 * byte says what was asked for and how it is cut. However that is, it comes to
 * the same; what is behind it lies in what was given; and the end of the
 * connection settles what it is.
 *
 * Where llhttp is not, there is nothing to try.
 */
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifdef SQUALL_LLHTTP
#include "base/must.h"
#include "engine/native/h1.h"

#include <stdlib.h>
#include <string.h>

static struct instant fixed_now(const struct engine *engine)
{
    (void)engine;
    return (struct instant){1};
}

static const struct engine_type type = {.name = "fuzz", .now = fixed_now};

struct facts {
    enum h1_fact fact;
    uint16_t status;
    bool is_answered, keeps_alive;
    uint64_t body;
    size_t behind;
    struct hash128 hash;
};

static struct facts read_answer(const char *bytes, size_t size, bool is_head,
                                size_t piece)
{
    static struct plan plan;
    struct engine engine = {
        .type = &type, .plan = &plan, .reads_answers = true};
    struct transfer transfer = {.facts = {.is_sent = true}};
    struct h1 h1 = {0};
    struct facts facts = {.fact = H1_MORE};
    size_t at = 0;

    h1_begin(&h1, &engine, &transfer, is_head);
    while (at < size && facts.fact == H1_MORE) {
        size_t length = size - at < piece ? size - at : piece;
        char *copy = malloc(length); /* so that reading on is found */
        must(copy);
        memcpy(copy, bytes + at, length);
        facts.fact =
            h1_receive(&h1, copy, length, (struct h1_arrival){.at = {2}});
        at += length;
        if (facts.fact == H1_COMPLETE) {
            must(h1.end >= copy && h1.end <= copy + length);
            facts.behind = size - at + (size_t)(copy + length - h1.end);
        }
        free(copy);
    }
    if (facts.fact == H1_MORE) {
        facts.fact = h1_end(&h1);
        must(facts.fact != H1_BROKEN);
    }
    must(facts.fact != H1_BROKEN || h1.head.invalid);
    if (facts.fact == H1_COMPLETE) {
        facts.status = h1.head.status;
        must(facts.status >= 200 && facts.status <= 999);
        facts.keeps_alive = h1.keeps_alive;
        facts.body = h1.body;
        facts.hash = hash_stream_end(&transfer.answer.hash);
        must(transfer.facts.is_answered);
    }
    facts.is_answered = transfer.facts.is_answered;
    h1_release(&h1);
    return facts;
}

static void check_same(const struct facts *one, const struct facts *other)
{
    must(one->fact == other->fact);
    must(one->status == other->status);
    must(one->keeps_alive == other->keeps_alive);
    must(one->body == other->body);
    must(one->behind == other->behind);
    must(hash_equal(one->hash, other->hash));
    must(one->fact == H1_BROKEN || one->is_answered == other->is_answered);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    const char *bytes = (const char *)data + 1;
    bool is_head = (data[0] & 1) != 0;
    struct facts whole = read_answer(bytes, size - 1, is_head, size);
    struct facts cut =
        read_answer(bytes, size - 1, is_head, (size_t)(data[0] >> 1) + 1);
    struct facts each = read_answer(bytes, size - 1, is_head, 1);

    check_same(&whole, &cut);
    check_same(&whole, &each);
    return 0;
}
#else
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)data;
    (void)size;
    return 0;
}
#endif
