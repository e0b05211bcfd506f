#include "base/hash.h"

#include <string.h>

/* Two lanes of multiply-and-mix over 8-byte words, with different constants,
 * crossed at the end. */
struct hash128 hash_bytes(const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    uint64_t a = UINT64_C(0x243f6a8885a308d3) ^ length;
    uint64_t b = UINT64_C(0x13198a2e03707344) + length;

    while (length > 0) {
        uint64_t word = 0;
        size_t take = length < sizeof(word) ? length : sizeof(word);
        memcpy(&word, at, take);
        a = mix64(a ^ word);
        b = mix64(b + word * UINT64_C(0x9fb21c651e98df25));
        at += take;
        length -= take;
    }
    return (struct hash128){mix64(a + b), mix64(b ^ (a << 1))};
}
