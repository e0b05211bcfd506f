#include "engine/content.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

enum { PIECE = 16 * 1024, WINDOW_BITS = 15, EITHER_HEAD = 32 };

void content_begin(struct content *content)
{
    content->made = 0;
    content->is_encoded = false;
    content->is_raw = false;
    content->is_unreadable = false;
    content->has_ended = false;
}

static void *take_memory(void *arena, unsigned count, unsigned size)
{
    return arena_array(arena, count, size);
}

static void keep_memory(void *arena, void *memory)
{
    (void)arena;
    (void)memory;
}

static bool have_stream(struct content *content)
{
    if (content->stream) {
        return inflateReset2(content->stream, WINDOW_BITS + EITHER_HEAD) ==
               Z_OK;
    }
    if (!content->arena) {
        return false;
    }
    content->stream = arena_alloc(content->arena, sizeof(*content->stream));
    *content->stream = (z_stream){
        .zalloc = take_memory,
        .zfree = keep_memory,
        .opaque = content->arena,
    };
    return inflateInit2(content->stream, WINDOW_BITS + EITHER_HEAD) == Z_OK;
}

static bool is_word(const char *value, size_t length, const char *word)
{
    return length == strlen(word) && strncasecmp(value, word, length) == 0;
}

void content_encoding(struct content *content, const char *value,
                      size_t length)
{
    if (length == 0 || is_word(value, length, "identity")) {
        return;
    }
    bool is_known = is_word(value, length, "gzip") ||
                    is_word(value, length, "x-gzip") ||
                    is_word(value, length, "deflate");
    /* An encoding of an encoding is none that anybody sends. */
    content->is_unreadable =
        content->is_encoded || !is_known || !have_stream(content);
    content->is_encoded = true;
}

/* Some services send deflate without the two bytes that begin it. */
static bool has_no_head(const struct content *content)
{
    const z_stream *stream = content->stream;
    return content->made == 0 && !content->is_raw && stream->avail_in >= 2 &&
           stream->total_in == 0 &&
           !(stream->next_in[0] == 0x1f && stream->next_in[1] == 0x8b) &&
           ((stream->next_in[0] & 0x0f) != 8 ||
            (stream->next_in[0] * 256 + stream->next_in[1]) % 31 != 0);
}

/* Undoes as much as fits into a piece. False: there is no more to undo. */
static bool make_piece(struct content *content,
                       void (*take)(void *user, const char *bytes,
                                    size_t length),
                       void *user)
{
    char piece[PIECE];
    z_stream *stream = content->stream;

    if (content->has_ended) { /* one more member of gzip */
        content->has_ended = false;
        if (inflateReset(stream) != Z_OK) {
            content->is_unreadable = true;
            return false;
        }
    }
    stream->next_out = (Bytef *)piece;
    stream->avail_out = sizeof(piece);
    int code = inflate(stream, Z_NO_FLUSH);
    size_t made = sizeof(piece) - stream->avail_out;
    content->made += made;
    content->has_ended = code == Z_STREAM_END;
    if (made > 0) {
        take(user, piece, made);
    }
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
        content->is_unreadable = true;
        return false;
    }
    return stream->avail_in > 0 || stream->avail_out == 0;
}

void content_read(struct content *content, const char *bytes, size_t length,
                  void (*take)(void *user, const char *bytes, size_t length),
                  void *user)
{
    z_stream *stream = content->stream;

    if (content->is_unreadable || content->made >= CONTENT_MAX) {
        take(user, bytes, length);
        return;
    }
    stream->next_in = (Bytef *)(uintptr_t)bytes;
    stream->avail_in = (unsigned)length;
    if (has_no_head(content)) {
        content->is_raw = inflateReset2(stream, -WINDOW_BITS) == Z_OK;
    }
    while (content->made < CONTENT_MAX && make_piece(content, take, user)) {
    }
    if (content->made >= CONTENT_MAX) {
        take(user, (const char *)stream->next_in, stream->avail_in);
    }
}

bool content_is_readable(const struct content *content)
{
    return !content->is_encoded ||
           (!content->is_unreadable &&
            (content->has_ended || content->made >= CONTENT_MAX));
}
