/*
 * Fuzz entry: the bytes of an HTTP answer. Whatever they are, and however they
 * are cut: they are read alike, within the bounds of reply.h; what is found in
 * it lies inside it; and the end of the connection settles what it is.
 */
#include "audit/identity.h"
#include "audit/reply.h"
#include "base/must.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t feed(struct reply *reply, const char *bytes, size_t size,
                   size_t piece)
{
    size_t at = 0;
    while (at < size) {
        size_t length = size - at < piece ? size - at : piece;
        size_t taken = reply_feed(reply, bytes + at, length);
        must(taken <= length);
        at += taken;
        if (taken < length) {
            must(reply->state == REPLY_WHOLE || reply->state == REPLY_BROKEN);
            break;
        }
    }
    return at;
}

static bool same_text(const struct str *one, const struct str *other)
{
    return one->length == other->length &&
           memcmp(one->text, other->text, one->length) == 0;
}

static void check_same(const struct reply *one, const struct reply *other)
{
    must(one->state == other->state);
    must(one->status == other->status);
    must(one->keeps_alive == other->keeps_alive);
    must(same_text(&one->head, &other->head));
    must(same_text(&one->body, &other->body));
}

static void check_found(const struct reply *reply)
{
    static const char *const names[] = {"Content-Type", "Retry-After", "x"};
    struct arena arena = ARENA_INIT;
    struct effect_id_config config = {.place = EFFECT_ID_NONE};
    struct identity_places places;
    struct str identity = STR_INIT;

    for (size_t i = 0; i < array_length(names); i++) {
        size_t length = 0;
        const char *value = reply_header(reply, names[i], &length);
        must(!value ||
             (value >= reply->head.text &&
              value + length <= reply->head.text + reply->head.length));
    }
    identity_prepare(&places, &config, &arena);
    must(identity_find(&places, reply, &identity) == (identity.length > 0));
    must(identity.length <= reply->body.length);
    str_release(&identity);
    arena_release(&arena);
}

static void check(const char *bytes, size_t size, bool to_head)
{
    struct reply whole, cut;

    reply_init(&whole);
    whole.to_head = to_head;
    size_t taken = feed(&whole, bytes, size, size);
    must(whole.head.length <= REPLY_HEAD_MAX + 1);
    must(whole.body.length <= REPLY_BODY_MAX + size);
    for (size_t piece = 1; piece < 8 && size < REPLY_HEAD_MAX; piece += 3) {
        reply_init(&cut);
        cut.to_head = to_head;
        must(feed(&cut, bytes, size, piece) == taken);
        check_same(&whole, &cut);
        reply_release(&cut);
    }
    check_found(&whole);
    reply_end(&whole);
    must(whole.state == REPLY_WHOLE || whole.state == REPLY_BROKEN);
    must(whole.state == REPLY_BROKEN ||
         (whole.status >= 200 && whole.status <= 999));
    must(!whole.keeps_alive);
    reply_release(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check((const char *)data, size, false);
    check((const char *)data, size, true);
    return 0;
}
