#include "plan/form.h"

#include "base/hash.h"

#include <stdint.h>
#include <string.h>

bool form_field_read(struct form_field *field, const char *text,
                     struct arena *arena)
{
    const char *equals = strchr(text, '=');

    *field = (struct form_field){.content = STR_INIT};
    if (!equals || equals == text) {
        return false;
    }
    field->name = arena_strndup(arena, text, (size_t)(equals - text));
    if (equals[1] != '@') {
        field->value = arena_strdup(arena, equals + 1);
        return true;
    }
    const char *file = equals + 2;
    const char *type = strstr(file, ";type=");
    field->file = arena_strndup(arena, file,
                                type ? (size_t)(type - file) : strlen(file));
    field->type = type ? arena_strdup(arena, type + strlen(";type=")) : NULL;
    return true;
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || (c && strchr("-._~*", c));
}

/* The length of "${env:NAME}", which the template takes itself; 0: it is none.
 */
static size_t reference_length(const char *text)
{
    const char *end =
        strncmp(text, "${env:", 6) == 0 ? strchr(text, '}') : NULL;
    return end ? (size_t)(end + 1 - text) : 0;
}

/* Leaves placeholders: what fills them are numbers, ids and keys. */
static void encode(struct str *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        const char *end =
            strncmp(c, "{{", 2) == 0 && strncmp(c, "{{{{", 4) != 0
                ? strstr(c, "}}")
                : NULL;
        size_t reference = reference_length(c);
        if (reference) {
            str_append_bytes(out, c, reference);
            c += reference - 1;
        } else if (end) {
            str_append_bytes(out, c, (size_t)(end + 2 - c));
            c = end + 1;
        } else if (strncmp(c, "{{{{", 4) == 0) {
            str_append(out, "%7B%7B");
            c += 3;
        } else if (*c == ' ') {
            str_append_char(out, '+');
        } else if (is_unreserved(*c)) {
            str_append_char(out, *c);
        } else {
            str_printf(out, "%%%02X", (unsigned)(unsigned char)*c);
        }
    }
}

/* As the source of a template that fills to these very bytes. */
static void append_as_it_is(struct str *out, const struct str *content)
{
    for (size_t i = 0; i < content->length; i++) {
        if (strncmp(content->text + i, "${env:", 6) == 0) {
            str_append(out, "$$");
        } else if (content->text[i] == '{' && content->text[i + 1] == '{') {
            str_append(out, "{{{{");
            i++;
        } else {
            str_append_char(out, content->text[i]);
        }
    }
}

/* In quotes, as browsers write names of fields and files. */
static void append_quoted(struct str *out, const char *text)
{
    str_append_char(out, '"');
    str_append_percent(out, text, "\"\r\n");
    str_append_char(out, '"');
}

/* A boundary that the content of no part can hold but by design of a hash. */
static void choose_boundary(const struct form_field *fields, size_t count,
                            struct str *boundary)
{
    struct hash_stream stream;

    hash_stream_init(&stream);
    for (size_t i = 0; i < count; i++) {
        const struct form_field *field = &fields[i];
        if (field->value) {
            hash_stream_add(&stream, field->value, strlen(field->value));
        } else {
            hash_stream_add(&stream, field->content.text,
                            field->content.length);
        }
    }
    struct hash128 hash = hash_stream_end(&stream);
    str_printf(boundary, "squall-%016llx%016llx", (unsigned long long)hash.low,
               (unsigned long long)hash.high);
}

static void append_part(struct str *out, const struct form_field *field)
{
    str_append(out, "Content-Disposition: form-data; name=");
    append_quoted(out, field->name);
    if (field->value) {
        str_printf(out, "\r\n\r\n%s\r\n", field->value);
        return;
    }
    const char *slash = strrchr(field->file, '/');
    str_append(out, "; filename=");
    append_quoted(out, slash ? slash + 1 : field->file);
    str_printf(out, "\r\nContent-Type: %s\r\n\r\n",
               field->type ? field->type : "application/octet-stream");
    append_as_it_is(out, &field->content);
    str_append(out, "\r\n");
}

static bool has_file(const struct form_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (fields[i].file) {
            return true;
        }
    }
    return false;
}

void form_write(const struct form_field *fields, size_t count,
                struct str *body, struct str *type)
{
    if (!has_file(fields, count)) {
        for (size_t i = 0; i < count; i++) {
            str_append(body, i > 0 ? "&" : "");
            encode(body, fields[i].name);
            str_append_char(body, '=');
            encode(body, fields[i].value);
        }
        str_append(type, "application/x-www-form-urlencoded");
        return;
    }
    struct str boundary = STR_INIT;
    choose_boundary(fields, count, &boundary);
    for (size_t i = 0; i < count; i++) {
        str_printf(body, "--%s\r\n", boundary.text);
        append_part(body, &fields[i]);
    }
    str_printf(body, "--%s--\r\n", boundary.text);
    str_printf(type, "multipart/form-data; boundary=%s", boundary.text);
    str_release(&boundary);
}
