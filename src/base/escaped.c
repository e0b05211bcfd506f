#include "base/escaped.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

static size_t count_slashes(const char *text, size_t left)
{
    size_t count = 0;
    while (count < left && text[count] == '\\') {
        count++;
    }
    return count;
}

static uint32_t hex_value(const char *text, size_t digits)
{
    uint32_t value = 0;
    for (size_t i = 0; i < digits; i++) {
        int c = tolower((unsigned char)text[i]);
        value = value * 16 + (uint32_t)(isdigit(c) ? c - '0' : c - 'a' + 10);
    }
    return value;
}

/* A character of the basic plane in UTF-8. */
static size_t put_utf8(uint32_t code, char out[3])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    out[0] = (char)(0xe0 | code >> 12);
    out[1] = (char)(0x80 | (code >> 6 & 0x3f));
    out[2] = (char)(0x80 | (code & 0x3f));
    return 3;
}

/* What stands behind backslashes: the bytes it takes, and the *plain ones that
 * it means; 0: it is no escape of more than a byte for itself. */
static size_t read_escape(const char *text, size_t left, char plain[3],
                          size_t *length)
{
    static const char letters[] = "nrtbf";
    static const char meant[] = "\n\r\t\b\f";
    const char *letter = memchr(letters, text[0], sizeof(letters) - 1);

    *length = 1;
    if (letter) {
        plain[0] = meant[letter - letters];
        return 1;
    }
    size_t digits = 0;
    while (text[0] == 'u' && digits < 4 && digits + 1 < left &&
           isxdigit((unsigned char)text[digits + 1])) {
        digits++;
    }
    if (digits < 4) {
        /* Cut within its digits: nobody knows what it was. */
        *length = 0;
        return text[0] == 'u' && digits + 1 == left ? left : 0;
    }
    *length = put_utf8(hex_value(text + 1, 4), plain);
    return 5;
}

/* One byte, or what an escape means, of both texts; false: they differ. An
 * escape that is cut means nothing, and takes all that is left. */
static bool match_one(const char *text, size_t left, const char *wanted,
                      size_t length, size_t *taken, size_t *means)
{
    size_t slashes = count_slashes(text, left);
    char plain[3];

    *taken = slashes + 1;
    *means = 1;
    text += slashes;
    left -= slashes;
    if (left == 0) {
        *taken = slashes;
        *means = 0;
        return true;
    }
    if (text[0] == wanted[0]) {
        return true;
    }
    size_t escape = slashes > 0 ? read_escape(text, left, plain, means) : 0;
    *taken = slashes + escape;
    return escape > 0 && *means <= length &&
           memcmp(plain, wanted, *means) == 0;
}

size_t escaped_match(const char *text, size_t left, const char *wanted,
                     size_t length, bool *is_cut)
{
    size_t at = 0, i = count_slashes(wanted, length);
    const size_t begin = i;

    *is_cut = false;
    while (i < length) {
        size_t taken, means;
        if (!match_one(text + at, left - at, wanted + i, length - i, &taken,
                       &means)) {
            return 0;
        }
        *is_cut = means == 0;
        if (*is_cut) {
            return i > begin ? left : 0;
        }
        at += taken;
        i += means;
        i += count_slashes(wanted + i, length - i);
    }
    /* Those at its own end are escaped as well. */
    if (length > 0 && wanted[length - 1] == '\\') {
        at += count_slashes(text + at, left - at);
    }
    return at;
}
