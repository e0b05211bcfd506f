#include "base/hash.h"

#include <string.h>

/* Two lanes of multiply-and-mix over 8-byte words, with different constants,
 * crossed at the end. */
static const uint64_t start_a = UINT64_C(0x243f6a8885a308d3);
static const uint64_t start_b = UINT64_C(0x13198a2e03707344);

static void mix_word(uint64_t *a, uint64_t *b, const unsigned char *bytes,
                     size_t length)
{
    uint64_t word = 0;
    memcpy(&word, bytes, length);
    *a = mix64(*a ^ word);
    *b = mix64(*b + word * UINT64_C(0x9fb21c651e98df25));
}

static struct hash128 cross(uint64_t a, uint64_t b)
{
    return (struct hash128){mix64(a + b), mix64(b ^ (a << 1))};
}

struct hash128 hash_bytes(const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    uint64_t a = start_a ^ length;
    uint64_t b = start_b + length;

    while (length > 0) {
        size_t take = length < 8 ? length : 8;
        mix_word(&a, &b, at, take);
        at += take;
        length -= take;
    }
    return cross(a, b);
}

void hash_stream_init(struct hash_stream *stream)
{
    *stream = (struct hash_stream){.a = start_a, .b = start_b};
}

void hash_stream_add(struct hash_stream *stream, const void *bytes,
                     size_t length)
{
    const unsigned char *at = bytes;
    size_t held = (size_t)(stream->length % 8);

    stream->length += length;
    if (held > 0) {
        size_t take = length < 8 - held ? length : 8 - held;
        memcpy(stream->pending + held, at, take);
        at += take;
        length -= take;
        if (held + take < 8) {
            return;
        }
        mix_word(&stream->a, &stream->b, stream->pending, 8);
    }
    while (length >= 8) {
        mix_word(&stream->a, &stream->b, at, 8);
        at += 8;
        length -= 8;
    }
    memcpy(stream->pending, at, length);
}

struct hash128 hash_stream_end(const struct hash_stream *stream)
{
    uint64_t a = stream->a;
    uint64_t b = stream->b;

    mix_word(&a, &b, stream->pending, (size_t)(stream->length % 8));
    return cross(a ^ stream->length, b + stream->length);
}
