#include "model/request.h"

#include "base/json_content.h"
#include "base/pointer.h"
#include "model/service.h"

#include <string.h>

static bool is_name(const char *text)
{
    size_t length = strlen(text);
    if (length == 0 || length > ORDER_NAME_MAX) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] <= 0x20 || text[i] >= 0x7f) {
            return false;
        }
    }
    return true;
}

static enum pointer_result find_member(const char *name, const char *body,
                                       size_t length, struct json_span *span)
{
    const struct pointer pointer = {
        .count = 1,
        .tokens = {{.text = name, .length = strlen(name), .index = -1}},
    };
    return pointer_find(&pointer, body, length, span);
}

/* Below zero, whatever its exponent. */
static bool is_negative(const struct json_span *span)
{
    if (span->kind != JSON_NUMBER || span->text[0] != '-') {
        return false;
    }
    for (size_t i = 1; i < span->length; i++) {
        if (span->text[i] >= '1' && span->text[i] <= '9') {
            return true;
        }
        if (span->text[i] == 'e' || span->text[i] == 'E') {
            return false;
        }
    }
    return false;
}

/* An escape is longer than what it stands for, at most six bytes for one. */
static bool read_name(const struct json_span *span,
                      char name[ORDER_NAME_MAX + 1])
{
    char decoded[6 * ORDER_NAME_MAX + 1];
    if (span->kind != JSON_STRING || span->length >= sizeof(decoded)) {
        return false;
    }
    size_t length = json_span_decode(span, decoded);
    decoded[length] = '\0';
    if (strlen(decoded) != length || !is_name(decoded)) {
        return false;
    }
    memcpy(name, decoded, length + 1);
    return true;
}

bool request_read_body(const char *body, size_t length,
                       struct request_body *out)
{
    struct json_span span;

    *out = (struct request_body){.content = hash_bytes(body, length)};
    if (length == 0) {
        return true;
    }
    if (!json_content(body, length, &out->content)) {
        return false;
    }
    enum pointer_result found = find_member("amount", body, length, &span);
    out->refused = found == POINTER_FOUND && is_negative(&span);
    found = find_member("order", body, length, &span);
    return found == POINTER_ABSENT ||
           (found == POINTER_FOUND && read_name(&span, out->name));
}

bool request_read_key(const char *value, char key[ORDER_NAME_MAX + 1])
{
    size_t length = 0;
    size_t left = strlen(value);
    bool quoted = *value == '"';

    if (quoted) {
        if (left < 2 || value[left - 1] != '"') {
            return false;
        }
        value++;
        left -= 2;
    }
    for (; left > 0; value++, left--) {
        if (quoted && *value == '\\' && left > 1 &&
            (value[1] == '"' || value[1] == '\\')) {
            value++;
            left--;
        } else if (quoted && (*value == '"' || *value == '\\')) {
            return false;
        }
        if (length == ORDER_NAME_MAX) {
            return false;
        }
        key[length++] = *value;
    }
    key[length] = '\0';
    return is_name(key);
}

/* As a service does that has room for so many characters and does not look. */
enum { TRUNCATED = 48 };

static void truncate_key(const char *value, char cut[TRUNCATED + 3])
{
    bool quoted = *value == '"';
    size_t length = strlen(value);
    size_t keep = TRUNCATED + (quoted ? 1 : 0);
    if (length > keep + (quoted ? 1 : 0)) {
        memcpy(cut, value, keep);
        cut[keep] = quoted ? '"' : '\0';
        cut[keep + 1] = '\0';
    } else {
        memcpy(cut, value, length + 1);
    }
}

static bool is_empty_key(const char *value)
{
    return *value == '\0' || strcmp(value, "\"\"") == 0;
}

enum request_key request_find_key(const struct request_keys *found,
                                  uint32_t faults,
                                  char key[ORDER_NAME_MAX + 1])
{
    char cut[TRUNCATED + 3];
    const char *value = found->value;
#define HAS(fault) ((faults >> KEY_FAULT_##fault & 1U) != 0)

    key[0] = '\0';
    if (!value) {
        return HAS(CRASH_MISSING) ? REQUEST_CRASH
               : HAS(REQUIRED)    ? REQUEST_BAD_KEY
                                  : REQUEST_NO_KEY;
    }
    if (HAS(SHARED_EMPTY) && is_empty_key(value)) {
        memcpy(key, "(empty)", sizeof("(empty)"));
        return REQUEST_KEY;
    }
    if (HAS(CRASH_QUOTED) && *value == '"') {
        return REQUEST_CRASH;
    }
    if (HAS(TRUNCATED)) {
        truncate_key(value, cut);
        value = cut;
    }
    bool good = found->count == 1 || HAS(FIRST_LINE);
    if (good && HAS(OPAQUE)) {
        good = is_name(value);
        memcpy(key, good ? value : "", (good ? strlen(value) : 0) + 1);
    } else {
        good = good && request_read_key(value, key);
    }
    return good                   ? REQUEST_KEY
           : HAS(CRASH_MALFORMED) ? REQUEST_CRASH
                                  : REQUEST_BAD_KEY;
#undef HAS
}
