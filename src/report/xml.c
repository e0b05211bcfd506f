#include "report/xml.h"

#include "base/unicode.h"

#include <string.h>

static const char *entity_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    default:
        return NULL;
    }
}

/* U+FFFE and U+FFFF are UTF-8, and yet no characters. */
static bool is_character(const char *text, size_t length)
{
    return !((unsigned char)text[0] < 0x20 || text[0] == 0x7f ||
             (length == 3 && memcmp(text, "\xef\xbf", 2) == 0 &&
              (unsigned char)text[2] >= 0xbe));
}

void xml_escape(struct str *out, const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        const char *entity = entity_of(*text);
        size_t length = utf8_length(text, left);
        if (entity) {
            str_append(out, entity);
        } else if (length > 0 && is_character(text, length)) {
            str_append_bytes(out, text, length);
        } else {
            str_append_char(out, '?');
        }
        length = length > 0 ? length : 1;
        text += length;
        left -= length;
    }
}
