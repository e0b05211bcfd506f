#include "base/hash.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* SplitMix64 from the seed 1234567, as it is published: its n-th output is
 * the mix of the seed and n - 1 steps. */
static void test_published_vector(void **state)
{
    (void)state;
    static const uint64_t expected[] = {
        UINT64_C(6457827717110365317),  UINT64_C(3203168211198807973),
        UINT64_C(9817491932198370423),  UINT64_C(4593380528125082431),
        UINT64_C(16408922859458223821),
    };
    uint64_t at = 1234567;
    for (size_t i = 0; i < array_length(expected); i++) {
        assert_true(mix64(at) == expected[i]);
        at += UINT64_C(0x9e3779b97f4a7c15);
    }
}

static int bits_that_differ(struct hash128 a, struct hash128 b)
{
    return __builtin_popcountll(a.high ^ b.high) +
           __builtin_popcountll(a.low ^ b.low);
}

/* Each bit of the input moves about half of the 128: the bounds are more
 * than six standard deviations (5.7 bits each) from 64. */
static void test_avalanche(void **state)
{
    (void)state;
    for (size_t length = 1; length <= 40; length++) {
        unsigned char bytes[40] = {0};
        struct hash128 base = hash_bytes(bytes, length);
        for (size_t bit = 0; bit < length * 8; bit++) {
            bytes[bit / 8] ^= (unsigned char)(1u << (bit % 8));
            int differ = bits_that_differ(base, hash_bytes(bytes, length));
            assert_in_range(differ, 28, 100);
            bytes[bit / 8] = 0;
        }
    }
}

/* Length counts, also where the bytes are zero; so do NULs and where the
 * text lies in memory does not. */
static void test_length_and_place(void **state)
{
    (void)state;
    static const unsigned char zeros[64];
    for (size_t a = 0; a < 64; a++) {
        for (size_t b = a + 1; b < 64; b++) {
            assert_in_range(
                bits_that_differ(hash_bytes(zeros, a), hash_bytes(zeros, b)),
                28, 100);
        }
    }
    char twice[80];
    memcpy(twice, "an order of three", 18);
    memcpy(twice + 33, "an order of three", 18);
    assert_int_equal(
        bits_that_differ(hash_bytes(twice, 17), hash_bytes(twice + 33, 17)),
        0);
    assert_true(bits_that_differ(hash_bytes("ab", 2), hash_bytes("ba", 2)));
}

/* However the bytes are cut into pieces, and never for other bytes. */
static void test_stream_does_not_see_the_cuts(void **state)
{
    (void)state;
    unsigned char bytes[64];
    struct hash128 seen[65];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (unsigned char)(i % 3 ? i * 37 : 0);
    }
    for (size_t length = 0; length <= sizeof(bytes); length++) {
        for (size_t cut = 0; cut <= length; cut++) {
            for (size_t step = 1; step < 12; step += 5) {
                struct hash_stream stream;
                hash_stream_init(&stream);
                hash_stream_add(&stream, bytes, cut);
                for (size_t at = cut; at < length; at += step) {
                    size_t left = length - at;
                    hash_stream_add(&stream, bytes + at,
                                    left < step ? left : step);
                }
                struct hash128 hash = hash_stream_end(&stream);
                if (cut == 0 && step == 1) {
                    seen[length] = hash;
                }
                assert_true(hash_equal(hash, seen[length]));
            }
        }
        for (size_t other = 0; other < length; other++) {
            assert_false(hash_equal(seen[other], seen[length]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_vector),
        cmocka_unit_test(test_avalanche),
        cmocka_unit_test(test_length_and_place),
        cmocka_unit_test(test_stream_does_not_see_the_cuts),
    };
    return cmocka_run_group_tests_name("base/hash", tests, NULL, NULL);
}
