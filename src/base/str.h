/*
 * str: a growing, always NUL-terminated byte buffer.
 *
 * STR_INIT makes it valid at birth: `text` is never NULL. `length` excludes
 * the terminator; bytes may contain NUL. Growth ends the process when memory
 * does, so no append can fail; the caller bounds what comes from outside.
 * A pointer taken from `text` is void after the next append.
 */
#ifndef SQUALL_BASE_STR_H
#define SQUALL_BASE_STR_H

#include <stdarg.h>
#include <stddef.h>

enum { STR_WRAP_COLUMNS = 80 };

struct str {
    char *text;
    size_t length;
    size_t capacity; /* 0: text is the shared empty string */
};

extern char str_empty[];
#define STR_INIT \
    { \
        str_empty, 0, 0 \
    }

void str_append(struct str *str, const char *text);
void str_append_bytes(struct str *str, const void *bytes, size_t length);
void str_append_char(struct str *str, char c);
/* A character of Unicode, at most 0x10ffff, as UTF-8. */
void str_append_code_point(struct str *str, unsigned long code);
/* As a JSON string: in quotes, with what must be escaped escaped. */
void str_append_json_string(struct str *str, const char *text);
/* With each of these bytes as "%" and two hexadecimal digits. */
void str_append_percent(struct str *str, const char *text, const char *bytes);
/* Words, broken into lines of at most STR_WRAP_COLUMNS where that is possible,
 * and a line break: the cursor stands in `column`, further lines are indented
 * by `indent`. */
void str_append_wrapped(struct str *str, const char *text, size_t column,
                        size_t indent);
void str_printf(struct str *str, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void str_vprintf(struct str *str, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* Makes room for at least `room` more bytes. */
void str_reserve(struct str *str, size_t room);

/* Empties it and keeps the memory. */
void str_reset(struct str *str);

/* Frees the memory; the string is empty and usable again. */
void str_release(struct str *str);

/* Gives the bytes to the caller, who frees them with free(); the string is
 * empty afterwards. Never NULL. */
char *str_detach(struct str *str);

#endif
