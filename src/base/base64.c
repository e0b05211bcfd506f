#include "base/base64.h"

void base64_append(struct str *out, const void *bytes, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
                                 "qrstuvwxyz0123456789+/";
    const unsigned char *from = bytes;

    for (size_t i = 0; i < length; i += 3) {
        unsigned bits = 0;
        for (size_t j = 0; j < 3; j++) {
            bits = bits << 8 | (i + j < length ? from[i + j] : 0U);
        }
        char four[4];
        for (size_t j = 0; j < 4; j++) {
            four[j] = '=';
            if (i + j <= length) {
                four[j] = digits[bits >> (18 - 6 * j) & 63U];
            }
        }
        str_append_bytes(out, four, sizeof(four));
    }
}
