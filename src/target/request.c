#include "target/request.h"

#include "target/service.h"

#include <cjson/cJSON.h>
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

static uint64_t fold(uint64_t so_far, uint64_t next)
{
    return mix64(so_far ^ mix64(next));
}

/* Members add up, so that their order does not matter; elements are folded.
 * The depth is bounded by cJSON's own limit. */
static struct hash128 content_of(const cJSON *item)
{
    struct hash128 sum = {(uint64_t)(item->type & 0xff), 0};

    if (cJSON_IsString(item)) {
        return hash_bytes(item->valuestring, strlen(item->valuestring));
    }
    if (cJSON_IsNumber(item)) {
        return hash_bytes(&item->valuedouble, sizeof(item->valuedouble));
    }
    for (const cJSON *child = item->child; child; child = child->next) {
        struct hash128 value = content_of(child);
        if (child->string) {
            struct hash128 name =
                hash_bytes(child->string, strlen(child->string));
            sum.high += fold(name.high, value.high);
            sum.low += fold(name.low, value.low);
        } else {
            sum.high = fold(sum.high, value.high);
            sum.low = fold(sum.low, value.low);
        }
    }
    return (struct hash128){mix64(sum.high), mix64(sum.low)};
}

static bool read_members(const cJSON *object, struct request_body *out)
{
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(object, "order");
    const cJSON *amount = cJSON_GetObjectItemCaseSensitive(object, "amount");

    out->refused = cJSON_IsNumber(amount) && amount->valuedouble < 0;
    out->content = content_of(object);
    if (!name) {
        return true;
    }
    if (!cJSON_IsString(name) || !is_name(name->valuestring)) {
        return false;
    }
    memcpy(out->name, name->valuestring, strlen(name->valuestring) + 1);
    return true;
}

bool request_read_body(const char *body, size_t length,
                       struct request_body *out)
{
    *out = (struct request_body){.content = hash_bytes(body, length)};
    if (length == 0) {
        return true;
    }
    const char *end = NULL;
    cJSON *tree =
        cJSON_ParseWithLengthOpts(body, length, &end, 0);
    bool good = cJSON_IsObject(tree);
    for (; good && end < body + length; end++) {
        good = *end == ' ' || *end == '\n' || *end == '\r' || *end == '\t';
    }
    good = good && read_members(tree, out);
    cJSON_Delete(tree);
    return good;
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
    return good                    ? REQUEST_KEY
           : HAS(CRASH_MALFORMED) ? REQUEST_CRASH
                                   : REQUEST_BAD_KEY;
#undef HAS
}
