#include "report/hdr.h"

#include "base/base64.h"
#include "base/must.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Of version 2: of a payload, and of one that is compressed. The second digit
 * from the right is the size of a counter, which the encoding does not need.
 */
#define COOKIE UINT32_C(0x1c849313)
#define COOKIE_COMPRESSED UINT32_C(0x1c849314)

enum { DIGITS = 3, HEAD_SIZE = 40, COUNT_BYTES_MAX = 9 };

static void put_big_endian(struct str *out, uint64_t value, int bytes)
{
    while (bytes-- > 0) {
        str_append_char(out, (char)(value >> (8 * bytes)));
    }
}

/* LEB128, whose ninth byte has eight bits, of a number that was folded so that
 * small ones of either sign are short (ZigZag). */
static void put_number(struct str *out, int64_t number)
{
    uint64_t left = (uint64_t)number << 1 ^ (number < 0 ? UINT64_MAX : 0);
    char bytes[COUNT_BYTES_MAX];
    size_t length = 0;

    while (left >= 0x80 && length + 1 < COUNT_BYTES_MAX) {
        bytes[length++] = (char)((left & 0x7f) | 0x80);
        left >>= 7;
    }
    bytes[length++] = (char)left;
    str_append_bytes(out, bytes, length);
}

/* A run of empty buckets is one number below zero. */
static void put_counts(struct str *out, const uint64_t *counts, size_t count)
{
    int64_t empty = 0;

    for (size_t i = 0; i < count; i++) {
        if (counts[i] == 0) {
            empty++;
            continue;
        }
        if (empty > 0) {
            put_number(out, -empty);
            empty = 0;
        }
        put_number(out, (int64_t)counts[i]);
    }
}

static void put_payload(struct str *out, const uint64_t *counts, size_t count)
{
    const double ratio = 1;
    uint64_t ratio_bits;
    struct str numbers = STR_INIT;

    memcpy(&ratio_bits, &ratio, sizeof(ratio_bits));
    str_reserve(&numbers, count * COUNT_BYTES_MAX);
    put_counts(&numbers, counts, count);
    str_reserve(out, HEAD_SIZE + numbers.length);
    put_big_endian(out, COOKIE, 4);
    put_big_endian(out, numbers.length, 4);
    put_big_endian(out, 0, 4); /* index of the first bucket */
    put_big_endian(out, DIGITS, 4);
    put_big_endian(out, 1, 8);
    put_big_endian(out, HIST_US_MAX, 8);
    put_big_endian(out, ratio_bits, 8);
    must(out->length == HEAD_SIZE);
    str_append_bytes(out, numbers.text, numbers.length);
    str_release(&numbers);
}

/* Room is made at once, so that how often does not depend on the counts. */
void hdr_append(struct str *out, const uint64_t *counts, size_t count)
{
    struct str payload = STR_INIT, whole = STR_INIT;

    must(count <= HIST_BUCKETS);
    put_payload(&payload, counts, count);
    uLongf size = compressBound(payload.length);
    Bytef *compressed = malloc(size);

    must(compressed);
    must(compress(compressed, &size, (const Bytef *)payload.text,
                  payload.length) == Z_OK);
    str_reserve(&whole, 2 * sizeof(uint32_t) + size);
    put_big_endian(&whole, COOKIE_COMPRESSED, 4);
    put_big_endian(&whole, size, 4);
    str_append_bytes(&whole, compressed, size);
    str_reserve(out, 4 * (whole.length / 3 + 1));
    base64_append(out, whole.text, whole.length);
    free(compressed);
    str_release(&payload);
    str_release(&whole);
}
