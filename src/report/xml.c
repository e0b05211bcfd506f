#include "report/xml.h"

#include "base/unicode.h"

#include <stdint.h>
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

size_t xml_escape_within(struct str *out, const char *text, size_t most)
{
    size_t left = strlen(text), all = left, used = 0;

    while (left > 0) {
        const char *entity = entity_of(*text);
        size_t length = utf8_length(text, left);
        const char *shown = text;
        size_t size = length;
        if (entity) {
            shown = entity;
            size = strlen(entity);
        } else if (length == 0 || !is_character(text, length)) {
            shown = "?";
            size = 1;
        }
        used += size;
        if (used > most) {
            break;
        }
        str_append_bytes(out, shown, size);
        length = length > 0 ? length : 1;
        text += length;
        left -= length;
    }
    return all - left;
}

void xml_escape(struct str *out, const char *text)
{
    (void)xml_escape_within(out, text, SIZE_MAX);
}
