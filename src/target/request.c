#include "target/request.h"

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

bool request_read_name(const char *body, size_t length,
                       char name[ORDER_NAME_MAX + 1])
{
    name[0] = '\0';
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
    const cJSON *member =
        good ? cJSON_GetObjectItemCaseSensitive(tree, "order") : NULL;
    if (member) {
        good = cJSON_IsString(member) && is_name(member->valuestring);
        if (good) {
            memcpy(name, member->valuestring, strlen(member->valuestring) + 1);
        }
    }
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
