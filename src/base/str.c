#include "base/str.h"

#include "base/must.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char str_empty[1];

void str_reserve(struct str *str, size_t room)
{
    must(room < SIZE_MAX / 4 && str->length < SIZE_MAX / 4);
    size_t needed = str->length + room + 1;
    if (needed <= str->capacity) {
        return;
    }
    size_t capacity = str->capacity ? str->capacity * 2 : 64;
    if (capacity < needed) {
        capacity = needed;
    }
    char *grown = realloc(str->capacity ? str->text : NULL, capacity);
    if (!grown) {
        fprintf(stderr, "squall: error: out of memory (%zu bytes asked)\n",
                capacity);
        exit(3);
    }
    grown[str->length] = '\0';
    str->text = grown;
    str->capacity = capacity;
}

void str_append_bytes(struct str *str, const void *bytes, size_t length)
{
    if (length == 0) {
        return;
    }
    str_reserve(str, length);
    memcpy(str->text + str->length, bytes, length);
    str->length += length;
    str->text[str->length] = '\0';
}

void str_append(struct str *str, const char *text)
{
    str_append_bytes(str, text, strlen(text));
}

void str_append_char(struct str *str, char c)
{
    str_append_bytes(str, &c, 1);
}

void str_vprintf(struct str *str, const char *format, va_list arguments)
{
    va_list measure;
    va_copy(measure, arguments);
    int length = vsnprintf(NULL, 0, format, measure);
    va_end(measure);
    must(length >= 0);
    if (length == 0) {
        return;
    }
    str_reserve(str, (size_t)length);
    vsnprintf(str->text + str->length, (size_t)length + 1, format, arguments);
    str->length += (size_t)length;
}

void str_append_code_point(struct str *str, unsigned long code)
{
    if (code < 0x80) {
        str_append_char(str, (char)code);
    } else if (code < 0x800) {
        str_append_char(str, (char)(0xc0 | code >> 6));
        str_append_char(str, (char)(0x80 | (code & 0x3f)));
    } else if (code < 0x10000) {
        str_append_char(str, (char)(0xe0 | code >> 12));
        str_append_char(str, (char)(0x80 | (code >> 6 & 0x3f)));
        str_append_char(str, (char)(0x80 | (code & 0x3f)));
    } else {
        str_append_char(str, (char)(0xf0 | code >> 18));
        str_append_char(str, (char)(0x80 | (code >> 12 & 0x3f)));
        str_append_char(str, (char)(0x80 | (code >> 6 & 0x3f)));
        str_append_char(str, (char)(0x80 | (code & 0x3f)));
    }
}

void str_append_json_string(struct str *str, const char *text)
{
    str_append_char(str, '"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7f) {
            str_printf(str, "\\u%04x", c);
            continue;
        }
        if (c == '"' || c == '\\') {
            str_append_char(str, '\\');
        }
        str_append_char(str, *text);
    }
    str_append_char(str, '"');
}

void str_append_percent(struct str *str, const char *text, const char *bytes)
{
    for (; *text; text++) {
        if (strchr(bytes, *text)) {
            str_printf(str, "%%%02X", (unsigned)(unsigned char)*text);
        } else {
            str_append_char(str, *text);
        }
    }
}

void str_append_wrapped(struct str *str, const char *text, size_t column,
                        size_t indent)
{
    bool first = true;

    while (*text) {
        size_t length = strcspn(text, " ");
        if (!first && column + 1 + length > STR_WRAP_COLUMNS) {
            str_printf(str, "\n%*s", (int)indent, "");
            column = indent;
        } else if (!first) {
            str_append_char(str, ' ');
            column++;
        }
        str_append_bytes(str, text, length);
        column += length;
        first = false;
        text += length;
        text += strspn(text, " ");
    }
    str_append_char(str, '\n');
}

void str_printf(struct str *str, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    str_vprintf(str, format, arguments);
    va_end(arguments);
}

void str_reset(struct str *str)
{
    str->length = 0;
    if (str->capacity) {
        str->text[0] = '\0';
    }
}

void str_release(struct str *str)
{
    if (str->capacity) {
        free(str->text);
    }
    *str = (struct str)STR_INIT;
}

char *str_detach(struct str *str)
{
    str_reserve(str, 0);
    char *text = str->text;
    *str = (struct str)STR_INIT;
    return text;
}
