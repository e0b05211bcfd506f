/* The encoding is read back by a reader of its own here; that others read it,
 * too, tests/e2e/18-histograms.t shows. */
#include "base/arena.h"
#include "base/base64.h"
#include "base/rng.h"
#include "report/hdr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

enum { ROOM = 1 << 20 };

static int digit_of(char c)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrs"
        "tuvwxyz0123456789+/";
    const char *at = strchr(digits, c);
    assert_non_null(at);
    return (int)(at - digits);
}

static size_t from_base64(const char *text, unsigned char *out)
{
    size_t size = 0;
    unsigned bits = 0, held = 0;

    for (; *text && *text != '='; text++) {
        bits = bits << 6 | (unsigned)digit_of(*text);
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[size++] = (unsigned char)(bits >> held);
        }
    }
    return size;
}

static uint64_t big_endian(const unsigned char *at, int bytes)
{
    uint64_t value = 0;
    while (bytes-- > 0) {
        value = value << 8 | *at++;
    }
    return value;
}

static int64_t number_at(const unsigned char **at)
{
    uint64_t value = 0;
    int shift = 0;

    for (int i = 1;; i++, shift += 7) {
        unsigned char byte = *(*at)++;
        bool is_last = i == 9 || byte < 0x80;
        value |= (uint64_t)(i == 9 ? byte : byte & 0x7f) << shift;
        if (is_last) {
            break;
        }
    }
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

/* What was encoded, in counters; how many. */
static size_t read_back(const char *text, uint64_t *counts)
{
    unsigned char *bytes = calloc(1, ROOM), *payload = calloc(1, ROOM);
    uLongf size = ROOM;
    size_t length = from_base64(text, bytes), index = 0;

    assert_int_equal(big_endian(bytes, 4), 0x1c849314);
    assert_int_equal(big_endian(bytes + 4, 4), length - 8);
    assert_int_equal(uncompress(payload, &size, bytes + 8, length - 8), Z_OK);
    assert_int_equal(big_endian(payload, 4), 0x1c849313);
    assert_int_equal(big_endian(payload + 4, 4), size - 40);
    assert_int_equal(big_endian(payload + 12, 4), 3);
    assert_int_equal(big_endian(payload + 16, 8), 1);
    assert_int_equal(big_endian(payload + 24, 8), HIST_US_MAX);
    assert_int_equal(big_endian(payload + 32, 8), 0x3ff0000000000000);
    for (const unsigned char *at = payload + 40; at < payload + size;) {
        int64_t number = number_at(&at);
        if (number < 0) {
            index += (size_t)-number;
        } else {
            assert_true(index < HIST_BUCKETS);
            counts[index++] = (uint64_t)number;
        }
    }
    free(bytes);
    free(payload);
    return index;
}

static void hold(const uint64_t *counts, size_t used)
{
    uint64_t *found = calloc(HIST_BUCKETS, sizeof(*found));
    struct str text = STR_INIT;

    hdr_append(&text, counts, HIST_BUCKETS);
    assert_int_equal(read_back(text.text, found), used);
    assert_memory_equal(found, counts, HIST_BUCKETS * sizeof(*found));
    memset(found, 0xff, HIST_BUCKETS * sizeof(*found));
    assert_true(hdr_read(text.text, found));
    assert_memory_equal(found, counts, HIST_BUCKETS * sizeof(*found));
    str_release(&text);
    free(found);
}

static void test_counts_of_every_length(void **state)
{
    (void)state;
    uint64_t *counts = calloc(HIST_BUCKETS, sizeof(*counts));
    size_t at = 0;

    hold(counts, 0);
    for (unsigned bits = 0; bits < 63; bits++) {
        counts[at] = UINT64_C(1) << bits;
        hold(counts, at + 1);
        at += 1 + bits * bits % 300;
    }
    counts[HIST_BUCKETS - 1] = INT64_MAX;
    hold(counts, HIST_BUCKETS);
    free(counts);
}

static void test_what_was_recorded(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct hist hist;
    struct rng rng = rng_stream(7, RNG_ARRIVAL, 0);
    uint64_t *found = calloc(HIST_BUCKETS, sizeof(*found));
    struct str text = STR_INIT;
    uint64_t total = 0;

    hist_init(&hist, &arena);
    for (int i = 0; i < 10000; i++) {
        hist_record(
            &hist, duration_us((int64_t)(1 + rng_unit(&rng) * (1 << i % 30))));
    }
    hist_record_unknown(&hist);
    hdr_append(&text, hist.counts, HIST_BUCKETS);
    read_back(text.text, found);
    for (size_t i = 0; i < HIST_BUCKETS; i++) {
        total += found[i];
    }
    assert_int_equal(total, 10000);
    str_release(&text);
    free(found);
    arena_release(&arena);
}

/* A text of a payload that is compressed as it is. */
static void encode(struct str *out, const unsigned char *payload, size_t size)
{
    unsigned char whole[4096] = {0x1c, 0x84, 0x93, 0x14, 0, 0};
    uLongf length = sizeof(whole) - 8;

    assert_int_equal(compress(whole + 8, &length, payload, size), Z_OK);
    whole[6] = (unsigned char)(length >> 8);
    whole[7] = (unsigned char)length;
    str_reset(out);
    base64_append(out, whole, length + 8);
}

static void test_what_is_no_histogram(void **state)
{
    (void)state;
    uint64_t *counts = calloc(HIST_BUCKETS, sizeof(*counts));
    struct str text = STR_INIT;

    counts[7] = 3;
    hdr_append(&text, counts, HIST_BUCKETS);
    /* Cut anywhere, and with any byte changed: an answer, never more. */
    for (size_t i = 0; i < text.length; i++) {
        char kept = text.text[i];
        text.text[i] = '\0';
        assert_false(hdr_read(text.text, counts));
        for (int c = 1; c < 256; c++) {
            text.text[i] = (char)c;
            (void)hdr_read(text.text, counts);
        }
        text.text[i] = kept;
    }
    assert_true(hdr_read(text.text, counts));

    unsigned char payload[64] = {0x1c, 0x84, 0x93, 0x13};
    payload[15] = 3;
    payload[23] = 1;
    payload[7] = 1;
    payload[40] = 2; /* one */
    encode(&text, payload, 41);
    assert_true(hdr_read(text.text, counts));
    assert_int_equal(counts[0], 1);
    payload[7] = 2; /* longer than it is */
    encode(&text, payload, 41);
    assert_false(hdr_read(text.text, counts));
    payload[7] = 1;
    payload[15] = 2; /* digits: other buckets */
    encode(&text, payload, 41);
    assert_false(hdr_read(text.text, counts));
    payload[15] = 3;
    payload[7] = 9; /* further than the last bucket */
    memset(payload + 40, 0xff, 9);
    encode(&text, payload, 49);
    assert_false(hdr_read(text.text, counts));
    encode(&text, payload, 12);
    assert_false(hdr_read(text.text, counts));
    str_release(&text);
    free(counts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_of_every_length),
        cmocka_unit_test(test_what_was_recorded),
        cmocka_unit_test(test_what_is_no_histogram),
    };
    return cmocka_run_group_tests_name("report/hdr", tests, NULL, NULL);
}
