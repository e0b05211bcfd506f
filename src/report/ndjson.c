#include "report/ndjson.h"

#include "base/json.h"
#include "base/mask.h"
#include "base/must.h"
#include "base/unicode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A comma, unless it is the first of its object or array. */
static void separate(struct str *out)
{
    must(out->length > 0);
    if (!strchr("{[", out->text[out->length - 1])) {
        str_append_char(out, ',');
    }
}

static void put_name(struct str *out, const char *name)
{
    separate(out);
    str_append_char(out, '"');
    str_append(out, name);
    str_append(out, "\":");
}

void ndjson_open(struct str *out)
{
    str_append_char(out, '{');
}

void ndjson_close(struct str *out)
{
    str_append(out, "}\n");
}

void ndjson_null(struct str *out, const char *name)
{
    put_name(out, name);
    str_append(out, "null");
}

/* Bytes that stand in JSON as they are. */
static bool is_plain(char c)
{
    return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

/* Bytes from anywhere: what is secret in them is masked. */
static void put_escaped(struct str *out, const char *bytes, size_t length)
{
    size_t at = 0;
    char *masked = mask_values(bytes, length, &length);

    bytes = masked ? masked : bytes;

    str_append_char(out, '"');
    while (at < length) {
        size_t plain = at;
        while (plain < length && is_plain(bytes[plain])) {
            plain++;
        }
        str_append_bytes(out, bytes + at, plain - at);
        at = plain;
        if (at == length) {
            break;
        }
        unsigned char c = (unsigned char)bytes[at];
        size_t character = utf8_length(bytes + at, length - at);
        if (c == '"' || c == '\\') {
            str_append_char(out, '\\');
            str_append_char(out, (char)c);
            at++;
        } else if (c < ' ' || c == 0x7f) {
            str_printf(out, "\\u%04x", c);
            at++;
        } else if (character == 0) {
            str_append(out, "\\ufffd");
            at++;
        } else {
            str_append_bytes(out, bytes + at, character);
            at += character;
        }
    }
    str_append_char(out, '"');
    free(masked);
}

void ndjson_bytes(struct str *out, const char *name, const char *bytes,
                  size_t length)
{
    if (!bytes) {
        ndjson_null(out, name);
        return;
    }
    put_name(out, name);
    put_escaped(out, bytes, length);
}

void ndjson_text(struct str *out, const char *name, const char *text)
{
    ndjson_bytes(out, name, text, text ? strlen(text) : 0);
}

static void put_decimal(struct str *out, uint64_t value)
{
    char digits[20];
    size_t first = sizeof(digits);

    do {
        digits[--first] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    str_append_bytes(out, digits + first, sizeof(digits) - first);
}

void ndjson_count(struct str *out, const char *name, uint64_t count)
{
    put_name(out, name);
    put_decimal(out, count);
}

void ndjson_number(struct str *out, const char *name, double value)
{
    if (!isfinite(value)) {
        ndjson_null(out, name);
        return;
    }
    put_name(out, name);
    str_printf(out, "%.15g", value);
}

void ndjson_digits(struct str *out, const char *name, uint64_t count)
{
    put_name(out, name);
    str_append_char(out, '"');
    put_decimal(out, count);
    str_append_char(out, '"');
}

void ndjson_bool(struct str *out, const char *name, bool value)
{
    put_name(out, name);
    str_append(out, value ? "true" : "false");
}

void ndjson_us(struct str *out, const char *name, struct instant at)
{
    if (at.ns < 0) {
        ndjson_null(out, name);
        return;
    }
    ndjson_count(out, name, (uint64_t)(at.ns / NS_PER_US));
}

void ndjson_tree(struct str *out, const char *name, const cJSON *tree)
{
    cJSON *copy = tree ? cJSON_Duplicate(tree, true) : NULL;
    must(copy || !tree);
    if (copy) {
        json_mask(copy);
    }
    char *text = copy ? cJSON_PrintUnformatted(copy) : NULL;
    cJSON_Delete(copy);
    must(text || !tree);
    put_name(out, name);
    str_append(out, text ? text : "null");
    cJSON_free(text);
}

void ndjson_begin_array(struct str *out, const char *name)
{
    put_name(out, name);
    str_append_char(out, '[');
}

void ndjson_begin_member(struct str *out, const char *name)
{
    put_name(out, name);
    str_append_char(out, '{');
}

void ndjson_begin_object(struct str *out)
{
    separate(out);
    str_append_char(out, '{');
}

void ndjson_value(struct str *out, const char *text)
{
    separate(out);
    put_escaped(out, text, strlen(text));
}

void ndjson_end(struct str *out, char bracket)
{
    str_append_char(out, bracket);
}

void ndjson_base64(struct str *out, const char *name, const char *bytes,
                   size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
                                 "qrstuvwxyz0123456789+/";
    put_name(out, name);
    str_append_char(out, '"');
    for (size_t at = 0; at < length; at += 3) {
        size_t left = length - at < 3 ? length - at : 3;
        uint32_t word = 0;
        for (size_t i = 0; i < 3; i++) {
            word = word << 8 | (i < left ? (unsigned char)bytes[at + i] : 0);
        }
        for (size_t i = 0; i < 4; i++) {
            char digit = digits[word >> (18 - 6 * i) & 63];
            str_append_char(out, i > left ? '=' : digit);
        }
    }
    str_append_char(out, '"');
}

bool ndjson_is_text(const char *bytes, size_t length)
{
    for (size_t at = 0; at < length;) {
        size_t character = utf8_length(bytes + at, length - at);
        if (character == 0 || bytes[at] == '\0') {
            return false;
        }
        at += character;
    }
    return true;
}
