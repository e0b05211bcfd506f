#include "plan/overrides.h"

#include "base/json.h"
#include "base/must.h"

#include <string.h>

static bool is_about_itself(const char *key)
{
    static const char *const keys[] = {
        "$schema", "schema", "kind",     "name",
        "about",   "source", "verified", "version",
    };
    for (size_t i = 0; i < array_length(keys); i++) {
        if (strcmp(key, keys[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* The profile that said it last; NULL: none of them. */
static const char *who_said(const struct overriding *overriding,
                            const char *key)
{
    const struct source *source = sources_find(overriding->sources, key);
    size_t index = source ? (size_t)(source - overriding->sources->list) : 0;

    return source && index >= overriding->first &&
                   index - overriding->first < overriding->by
               ? overriding->names[index - overriding->first]
               : NULL;
}

static void note(const struct overriding *overriding, const char *key)
{
    struct overrides *overrides = overriding->overrides;
    const char *of = who_said(overriding, key);

    if (of && overrides->count < OVERRIDES_MAX) {
        overrides->list[overrides->count++] = (struct override){
            .key = arena_strdup(overriding->arena, key),
            .by = arena_strdup(overriding->arena,
                               overriding->names[overriding->by]),
            .of = arena_strdup(overriding->arena, of),
        };
    }
}

static void compare(const struct overriding *overriding, const cJSON *tree,
                    const cJSON *patch, struct str *path)
{
    const cJSON *item;
    size_t length = path->length;

    for (item = json_members(patch); item; item = item->next) {
        const cJSON *before = json_get(tree, item->string);
        if (!before || (length == 0 && is_about_itself(item->string))) {
            continue;
        }
        str_printf(path, "%s%s", length > 0 ? "." : "", item->string);
        if (cJSON_IsObject(before) && cJSON_IsObject(item)) {
            compare(overriding, before, item, path);
        } else if (!cJSON_Compare(before, item, true)) {
            note(overriding, path->text);
        }
        path->length = length;
        path->text[length] = '\0';
    }
}

void overrides_note(const struct overriding *overriding, const cJSON *tree,
                    const cJSON *patch)
{
    struct str path = STR_INIT;

    compare(overriding, tree, patch, &path);
    str_release(&path);
}

void overrides_note_section(const struct overriding *overriding,
                            const cJSON *tree, const char *section)
{
    if (json_get(tree, section)) {
        note(overriding, section);
    }
}
