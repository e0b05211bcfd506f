#include "audit/identity.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

/* Where services put it when nobody says. */
static const char *const usual[] = {
    "/id", "/data/id", "/order_id", "/payment_id", "/transaction_id",
    "/uuid", "/reference", "/result/id"};

/* One step of an RFC 6901 pointer: compares a name with its escaped form. */
static bool step_is(const char *step, size_t length, const char *name)
{
    for (size_t i = 0; i < length; i++, name++) {
        char c = step[i];
        if (c == '~' && i + 1 < length) {
            c = step[++i] == '1' ? '/' : '~';
        }
        if (*name != c) {
            return false;
        }
    }
    return *name == '\0';
}

static const cJSON *child_of(const cJSON *node, const char *step,
                             size_t length)
{
    const cJSON *child = node->child;
    char *end;
    if (cJSON_IsArray(node)) {
        unsigned long index = strtoul(step, &end, 10);
        if (end != step + length || length == 0) {
            return NULL;
        }
        for (; child && index > 0; index--) {
            child = child->next;
        }
        return child;
    }
    while (child && !(child->string && step_is(step, length, child->string))) {
        child = child->next;
    }
    return child;
}

static bool find_member(const cJSON *root, const char *pointer,
                        struct str *out)
{
    const cJSON *node = root;
    while (node && *pointer == '/') {
        size_t length = strcspn(++pointer, "/");
        node = child_of(node, pointer, length);
        pointer += length;
    }
    if (!node) {
        return false;
    }
    if (cJSON_IsString(node) && node->valuestring[0]) {
        str_append(out, node->valuestring);
        return true;
    }
    if (cJSON_IsNumber(node)) {
        str_printf(out, "%.17g", node->valuedouble);
        return true;
    }
    return false;
}

bool identity_find(const struct reply *reply, const char *where,
                   struct str *out)
{
    size_t length;
    if (where && where[0] != '/') {
        const char *value = reply_header(reply, where, &length);
        if (value && length > 0) {
            str_append_bytes(out, value, length);
        }
        return value && length > 0;
    }
    cJSON *root =
        cJSON_ParseWithLength(reply->body.text, reply->body.length);
    bool found = root && where && find_member(root, where, out);
    for (size_t i = 0;
         root && !where && !found && i < sizeof(usual) / sizeof(*usual); i++) {
        found = find_member(root, usual[i], out);
    }
    cJSON_Delete(root);
    return found;
}
