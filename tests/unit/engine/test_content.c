/* Bodies that are sent encoded, and what of them can be read. */
#include "engine/content.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

enum { TEXT_MAX = 4 * 1024 * 1024 };

static struct arena arena;
static char made[TEXT_MAX];
static size_t made_length;

static void take(void *user, const char *bytes, size_t length)
{
    (void)user;
    must(made_length + length <= sizeof(made));
    memcpy(made + made_length, bytes, length);
    made_length += length;
}

/* window_bits as zlib has them: 15 zlib, 31 gzip, -15 neither. */
static size_t encode(int window_bits, const char *text, size_t length,
                     char *into, size_t room)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)text,
                       .avail_in = (unsigned)length,
                       .next_out = (Bytef *)into,
                       .avail_out = (unsigned)room};
    must(deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8,
                      Z_DEFAULT_STRATEGY) == Z_OK);
    must(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    size_t encoded = room - stream.avail_out;
    deflateEnd(&stream);
    return encoded;
}

static void read_all(struct content *content, const char *encoding,
                     const char *bytes, size_t length, size_t piece)
{
    made_length = 0;
    content_begin(content);
    content_encoding(content, encoding, strlen(encoding));
    for (size_t at = 0; at < length; at += piece) {
        size_t next = length - at < piece ? length - at : piece;
        content_read(content, bytes + at, next, take, NULL);
    }
}

static const char text[] = "{\"id\": \"o1\", \"state\": \"created\"}";

static void known_encodings_are_undone(void **state)
{
    static const struct {
        const char *name;
        int window_bits;
        size_t piece;
    } rows[] = {
        {"gzip", 31, 1000},    {"x-gzip", 31, 1000}, {"GZip", 31, 1},
        {"deflate", 15, 1000}, {"deflate", 15, 1},   {"deflate", -15, 1000},
        {"deflate", -15, 2},
    };
    struct content content = {.arena = &arena};
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        char bytes[200];
        size_t length = encode(rows[i].window_bits, text, strlen(text), bytes,
                               sizeof(bytes));
        read_all(&content, rows[i].name, bytes, length, rows[i].piece);
        assert_int_equal(made_length, strlen(text));
        assert_memory_equal(made, text, made_length);
        assert_true(content_is_readable(&content));
        read_all(&content, rows[i].name, bytes, length - 1, rows[i].piece);
        assert_false(content_is_readable(&content));
    }
    arena_release(&arena);
}

static void members_of_gzip_are_one(void **state)
{
    struct content content = {.arena = &arena};
    char bytes[400];
    size_t length = encode(31, text, 10, bytes, 200);
    (void)state;
    length += encode(31, text + 10, strlen(text) - 10, bytes + length, 200);
    for (size_t piece = 1; piece < length; piece += 7) {
        read_all(&content, "gzip", bytes, length, piece);
        assert_int_equal(made_length, strlen(text));
        assert_memory_equal(made, text, made_length);
        assert_true(content_is_readable(&content));
    }
    arena_release(&arena);
}

/* They come as they are, so that equal answers stay equal. */
static void others_are_known_to_be_unreadable(void **state)
{
    static const char *const rows[] = {"br",       "zstd",       "compress",
                                       "gzip, br", "gzip, gzip", "gzip;q=1"};
    struct content content = {.arena = &arena};
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        read_all(&content, rows[i], text, strlen(text), 5);
        assert_int_equal(made_length, strlen(text));
        assert_memory_equal(made, text, made_length);
        assert_false(content_is_readable(&content));
    }
    read_all(&content, "gzip", text, strlen(text), 5); /* it is not */
    assert_false(content_is_readable(&content));
    content_begin(&content);
    content_encoding(&content, "gzip", 4);
    content_encoding(&content, "gzip", 4);
    content_read(&content, text, strlen(text), take, NULL);
    assert_false(content_is_readable(&content));
    read_all(&content, "identity", text, 0, 1);
    assert_false(content.is_encoded);
    assert_true(content_is_readable(&content));
    struct content without = {0};
    read_all(&without, "gzip", text, strlen(text), 5);
    assert_false(content_is_readable(&without));
    arena_release(&arena);
}

/* 64 KiB of it are 64 MiB of nothing; of that little is made, and the stream
 * is of use for the next body. */
static void a_bomb_costs_little(void **state)
{
    static char nothing[16 * 1024 * 1024], bytes[100000];
    struct content content = {.arena = &arena};
    size_t length = encode(31, nothing, sizeof(nothing), bytes, sizeof(bytes));
    (void)state;
    read_all(&content, "gzip", bytes, length, 16384);
    assert_in_range(made_length, CONTENT_MAX, CONTENT_MAX + 200000);
    assert_true(content_is_readable(&content));
    length = encode(31, text, strlen(text), bytes, sizeof(bytes));
    size_t taken = arena.used_bytes;
    read_all(&content, "gzip", bytes, length, 16384);
    assert_int_equal(made_length, strlen(text));
    assert_int_equal(arena.used_bytes, taken);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_encodings_are_undone),
        cmocka_unit_test(members_of_gzip_are_one),
        cmocka_unit_test(others_are_known_to_be_unreadable),
        cmocka_unit_test(a_bomb_costs_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
