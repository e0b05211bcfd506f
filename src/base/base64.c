#include "base/base64.h"

#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
                             "qrstuvwxyz0123456789+/";

void base64_append(struct str *out, const void *bytes, size_t length)
{
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

bool base64_read(struct str *out, const char *text)
{
    size_t length = strlen(text);
    size_t padding = 0;

    while (padding < 2 && padding < length &&
           text[length - 1 - padding] == '=') {
        padding++;
    }
    if (length % 4 != 0) {
        return false;
    }
    str_reserve(out, length / 4 * 3);
    for (size_t i = 0; i < length; i += 4) {
        size_t missing = i + 4 == length ? padding : 0;
        unsigned bits = 0;
        for (size_t j = 0; j < 4; j++) {
            char c = j < 4 - missing ? text[i + j] : digits[0];
            const char *digit = memchr(digits, c, sizeof(digits) - 1);
            if (!digit) {
                return false;
            }
            bits = bits << 6 | (unsigned)(digit - digits);
        }
        char three[3] = {(char)(bits >> 16), (char)(bits >> 8), (char)bits};
        str_append_bytes(out, three, sizeof(three) - missing);
    }
    return true;
}
