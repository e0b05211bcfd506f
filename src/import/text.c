#include "import/text.h"

#include "base/must.h"
#include "base/unicode.h"
#include "import/import.h"

#include <ctype.h>
#include <string.h>

static const char value_open[] = "${env:";

/* At a variable of the shell: appends it, and returns the bytes that it took;
 * 0: there is none. */
static size_t append_variable(struct str *out, const char *text, size_t left)
{
    const char *close = left > 0 && *text == IMPORT_VARIABLE_OPEN
                            ? memchr(text, IMPORT_VARIABLE_CLOSE, left)
                            : NULL;
    if (!close) {
        return 0;
    }
    str_append(out, value_open);
    str_append_bytes(out, text + 1, (size_t)(close - text) - 1);
    str_append_char(out, '}');
    return (size_t)(close - text) + 1;
}

void text_append_template(struct str *out, const char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        size_t left = length - at;
        size_t taken = append_variable(out, text + at, left);
        if (taken > 0) {
            at += taken;
        } else if (left >= 2 && memcmp(text + at, "{{", 2) == 0) {
            str_append(out, "{{{{");
            at += 2;
        } else {
            bool opens =
                left >= sizeof(value_open) - 1 &&
                memcmp(text + at, value_open, sizeof(value_open) - 1) == 0;
            str_append(out, opens ? "$" : "");
            str_append_char(out, text[at++]);
        }
    }
}

void text_append_value(struct str *out, const char *text)
{
    while (*text) {
        size_t taken = append_variable(out, text, strlen(text));
        if (taken == 0) {
            str_append_char(out, *text++);
        }
        text += taken;
    }
}

bool text_is_plain(const char *bytes, size_t length)
{
    return !memchr(bytes, '\0', length) && utf8_is_valid(bytes, length);
}

void text_append_variable(struct str *out, const char *name, size_t length)
{
    /* Those that a shell has set to something else. */
    static const char *const taken[] = {"PWD",  "PATH",  "HOME",
                                        "USER", "SHELL", "TERM"};
    size_t start = out->length;

    for (size_t i = 0; i < length && i < 64; i++) {
        unsigned char c = (unsigned char)name[i];
        if (out->length == start && isdigit(c)) {
            str_append_char(out, '_');
        }
        str_append_char(out, c < 0x80 && isalnum(c) ? (char)toupper(c) : '_');
    }
    if (out->length == start) {
        str_append(out, "SECRET");
    }
    for (size_t i = 0; i < array_length(taken); i++) {
        if (strcmp(out->text + start, taken[i]) == 0) {
            str_append(out, "_VALUE");
            return;
        }
    }
}

void text_append_encoded(struct str *out, const char *text, bool has_variables)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
            (c >= 'A' && c <= 'Z') || strchr("-._~", c) ||
            (has_variables && (c == (unsigned char)IMPORT_VARIABLE_OPEN ||
                               c == (unsigned char)IMPORT_VARIABLE_CLOSE));
        str_printf(out, plain ? "%c" : "%%%02X", c);
    }
}
