#include "report/differences.h"

#include "base/must.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { VALUE_MAX = 60 };

struct walk {
    cJSON *texts;
    const char *other;
    struct str path;
    size_t count;
};

/* A value as JSON, cut where it is long. */
static void put_value(struct str *out, const cJSON *value)
{
    char *text = value ? cJSON_PrintUnformatted(value) : NULL;

    must(text || !value);
    if (!text) {
        str_append(out, "not there");
    } else if (strlen(text) > VALUE_MAX) {
        str_printf(out, "%.*s...", VALUE_MAX, text);
    } else {
        str_append(out, text);
    }
    cJSON_free(text);
}

static bool is_listed(const cJSON *texts, const char *text)
{
    const cJSON *one;

    cJSON_ArrayForEach(one, texts)
    {
        if (strcmp(one->valuestring, text) == 0) {
            return true;
        }
    }
    return false;
}

static void add(struct walk *walk, const cJSON *first, const cJSON *second)
{
    struct str text = STR_INIT;

    if (walk->count++ >= DIFFERENCES_MAX) {
        return;
    }
    str_printf(&text, "%s: ", walk->path.text);
    put_value(&text, first);
    str_append(&text, "; ");
    put_value(&text, second);
    str_printf(&text, " in %s", walk->other);
    if (!is_listed(walk->texts, text.text)) {
        cJSON_AddItemToArray(walk->texts, cJSON_CreateString(text.text));
    }
    str_release(&text);
}

static void compare(struct walk *walk, const cJSON *first,
                    const cJSON *second);

static void compare_at(struct walk *walk, const char *name, const cJSON *first,
                       const cJSON *second)
{
    size_t length = walk->path.length;

    str_printf(&walk->path, "%s%s", length > 0 ? "." : "", name);
    compare(walk, first, second);
    walk->path.length = length;
    walk->path.text[length] = '\0';
}

static void compare_members(struct walk *walk, const cJSON *first,
                            const cJSON *second)
{
    const cJSON *member;

    cJSON_ArrayForEach(member, first)
    {
        compare_at(walk, member->string, member,
                   cJSON_GetObjectItemCaseSensitive(second, member->string));
    }
    cJSON_ArrayForEach(member, second)
    {
        if (!cJSON_GetObjectItemCaseSensitive(first, member->string)) {
            compare_at(walk, member->string, NULL, member);
        }
    }
}

static void compare_elements(struct walk *walk, const cJSON *first,
                             const cJSON *second)
{
    const cJSON *one = first->child, *other = second->child;

    for (unsigned i = 0; one || other; i++) {
        char number[24];
        snprintf(number, sizeof(number), "%u", i);
        compare_at(walk, number, one, other);
        one = one ? one->next : NULL;
        other = other ? other->next : NULL;
    }
}

static void compare(struct walk *walk, const cJSON *first, const cJSON *second)
{
    if (cJSON_IsObject(first) && cJSON_IsObject(second)) {
        compare_members(walk, first, second);
    } else if (cJSON_IsArray(first) && cJSON_IsArray(second)) {
        compare_elements(walk, first, second);
    } else if (!first || !second || !cJSON_Compare(first, second, true)) {
        add(walk, first, second);
    }
}

void differences_add(cJSON *texts, const cJSON *first, const cJSON *second,
                     const char *other)
{
    struct walk walk = {.texts = texts, .other = other, .path = STR_INIT};

    compare(&walk, first, second);
    if (walk.count > DIFFERENCES_MAX) {
        struct str text = STR_INIT;
        str_printf(&text, "and %zu more in %s", walk.count - DIFFERENCES_MAX,
                   other);
        cJSON_AddItemToArray(texts, cJSON_CreateString(text.text));
        str_release(&text);
    }
    str_release(&walk.path);
}
