/*
 * hash: 64-bit mixing, and a 128-bit hash of bytes for joining identifiers.
 *
 * mix64 is the finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
 * Nothing here is meant to resist an adversary.
 */
#ifndef SQUALL_BASE_HASH_H
#define SQUALL_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hash128 {
    uint64_t high;
    uint64_t low;
};

static inline uint64_t mix64(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* Two identifiers of one run collide with a chance of about n^2 / 2^129. */
struct hash128 hash_bytes(const void *bytes, size_t length);

static inline bool hash_equal(struct hash128 a, struct hash128 b)
{
    return a.high == b.high && a.low == b.low;
}

/* The same for bytes that come in pieces: however they are cut, the hash is
 * the same (but not that of hash_bytes, which mixes the length in first). */
struct hash_stream {
    uint64_t a, b;
    uint64_t length;
    unsigned char pending[8]; /* length % 8 of them are not mixed in yet */
};

void hash_stream_init(struct hash_stream *stream);
void hash_stream_add(struct hash_stream *stream, const void *bytes,
                     size_t length);
struct hash128 hash_stream_end(const struct hash_stream *stream);

#endif
