#include "base/json_content.h"

#include <cjson/cJSON.h>
#include <string.h>

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

bool json_content(const char *text, size_t length, struct hash128 *content)
{
    const char *end = NULL;
    cJSON *tree = cJSON_ParseWithLengthOpts(text, length, &end, 0);
    bool good = cJSON_IsObject(tree);

    for (; good && end < text + length; end++) {
        good = *end == ' ' || *end == '\n' || *end == '\r' || *end == '\t';
    }
    if (good) {
        *content = content_of(tree);
    }
    cJSON_Delete(tree);
    return good;
}
