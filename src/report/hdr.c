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

/* A payload has some thousand bytes: zlib's own window and tables, of a
 * quarter of a megabyte, would cost more to clear than all the rest. */
enum { WINDOW_BITS = 13, MEMORY_LEVEL = 5, PAYLOAD_ROOM = 16 * 1024 };

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

/* The caller frees; *size: how many bytes there are. */
static unsigned char *shrink(const struct str *payload, size_t *size)
{
    z_stream stream = {.next_in = (Bytef *)payload->text,
                       .avail_in = (uInt)payload->length};

    must(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW_BITS,
                      MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK);
    /* compressBound is one for the usual window and memory alone. */
    stream.avail_out = (uInt)deflateBound(&stream, payload->length);
    unsigned char *out = malloc(stream.avail_out);
    must(out);
    stream.next_out = out;
    must(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    must(deflateEnd(&stream) == Z_OK);
    *size = stream.total_out;
    return out;
}

/* Room is made at once, so that how often does not depend on the counts. */
void hdr_append(struct str *out, const uint64_t *counts, size_t count)
{
    struct str payload = STR_INIT, whole = STR_INIT;

    must(count <= HIST_BUCKETS);
    put_payload(&payload, counts, count);
    size_t size;
    unsigned char *compressed = shrink(&payload, &size);
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

/* Bytes that are read from the front. */
struct bytes {
    const unsigned char *at, *end;
};

static uint64_t take_big_endian(struct bytes *bytes, int count)
{
    uint64_t value = 0;

    while (count-- > 0 && bytes->at < bytes->end) {
        value = value << 8 | *bytes->at++;
    }
    return value;
}

static int64_t take_number(struct bytes *bytes)
{
    uint64_t value = 0;

    for (int i = 0; i < COUNT_BYTES_MAX && bytes->at < bytes->end; i++) {
        bool is_last = i + 1 == COUNT_BYTES_MAX || *bytes->at < 0x80;
        uint64_t bits = i + 1 == COUNT_BYTES_MAX ? *bytes->at
                                                 : *bytes->at & UINT64_C(0x7f);
        value |= bits << (7 * i);
        bytes->at++;
        if (is_last) {
            break;
        }
    }
    return (int64_t)(value >> 1 ^ (value & 1 ? UINT64_MAX : 0));
}

static bool take_counts(struct bytes *bytes, hdr_visit *visit, void *context)
{
    size_t index = 0;

    while (bytes->at < bytes->end) {
        int64_t number = take_number(bytes);
        if (number < -(int64_t)(HIST_BUCKETS - index)) {
            return false;
        }
        if (number < 0) {
            index += (size_t)-number;
        } else if (index < HIST_BUCKETS) {
            visit(context, index++, (uint64_t)number);
        } else {
            return false;
        }
    }
    return true;
}

/* A payload of our own buckets: what hist calls them depends on the digits and
 * on the least value alone. */
static bool take_payload(struct bytes *bytes, hdr_visit *visit, void *context)
{
    bool fits = take_big_endian(bytes, 4) == COOKIE;
    uint64_t length = take_big_endian(bytes, 4);

    fits = take_big_endian(bytes, 4) == 0 && fits;
    fits = take_big_endian(bytes, 4) == DIGITS && fits;
    fits = take_big_endian(bytes, 8) == 1 && fits;
    (void)take_big_endian(bytes, 8); /* the largest value */
    (void)take_big_endian(bytes, 8); /* the ratio, for fractions */
    if (!fits || length > (uint64_t)(bytes->end - bytes->at)) {
        return false;
    }
    bytes->end = bytes->at + length;
    return take_counts(bytes, visit, context);
}

/* Makes it as large as it was, which nothing says: in more room each time.
 * NULL where it was never one. The caller frees. */
static unsigned char *expand(const struct bytes *bytes, uLongf *size)
{
    const uLongf most = HEAD_SIZE + (uLongf)HIST_BUCKETS * COUNT_BYTES_MAX;
    unsigned char *payload = NULL;
    int result = Z_BUF_ERROR;

    for (uLongf room = PAYLOAD_ROOM; result == Z_BUF_ERROR && room <= 4 * most;
         room *= 4) {
        free(payload);
        *size = room < most ? room : most;
        payload = malloc(*size);
        must(payload);
        result = uncompress(payload, size, bytes->at,
                            (uLong)(bytes->end - bytes->at));
    }
    if (result != Z_OK) {
        free(payload);
        return NULL;
    }
    return payload;
}

bool hdr_walk(const char *text, hdr_visit *visit, void *context)
{
    struct str whole = STR_INIT;
    uLongf size;
    bool ok = base64_read(&whole, text);
    const unsigned char *begin = (const unsigned char *)whole.text;
    struct bytes bytes = {begin, begin + whole.length};

    ok = ok && take_big_endian(&bytes, 4) == COOKIE_COMPRESSED;
    ok = ok && take_big_endian(&bytes, 4) ==
                   (uint64_t)(begin + whole.length - bytes.at);
    unsigned char *payload = ok ? expand(&bytes, &size) : NULL;
    ok = payload && take_payload(&(struct bytes){payload, payload + size},
                                 visit, context);
    free(payload);
    str_release(&whole);
    return ok;
}

static void set_count(void *context, size_t index, uint64_t count)
{
    uint64_t *counts = context;
    counts[index] = count;
}

bool hdr_read(const char *text, uint64_t *counts)
{
    memset(counts, 0, HIST_BUCKETS * sizeof(*counts));
    return hdr_walk(text, set_count, counts);
}
