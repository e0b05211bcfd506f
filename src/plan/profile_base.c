#include "plan/profile_base.h"

#include "base/must.h"
#include "plan/tree.h"

#include <stdio.h>
#include <string.h>

static const struct base_key *find_reserved(const struct profile_base *base,
                                            const char *path)
{
    for (size_t i = 0; i < base->reserved_count; i++) {
        const struct base_key *key = &base->reserved[i];
        size_t length = strlen(key->path);
        if (strncmp(path, key->path, length) == 0 &&
            (path[length] == '\0' ||
             (!key->itself_alone && strchr(".[", path[length])))) {
            return key;
        }
    }
    return NULL;
}

const char *profile_base_why_not(const struct profile_base *base,
                                 const char *path)
{
    const struct base_key *key = find_reserved(base, path);
    return key ? key->why : NULL;
}

void profile_base_begin(const struct profile_base *base, cJSON **tree,
                        struct sources *sources)
{
    struct json_source json = {0};
    char *text = cJSON_PrintUnformatted(base->profile);

    must(text && sources->count == 0);
    json_source_set(&json, base->file, text, strlen(text));
    cJSON_free(text);
    json_merge(tree, base->profile);
    sources_add_profile(sources, &json);
}

static void refuse_section(const struct json_source *json, const char *name,
                           const char *why, struct errors *errors)
{
    struct error *error = errors_add(errors, ERROR_CONTRADICTION, "%s", why);
    snprintf(error->file, sizeof(error->file), "%s", json->name);
    snprintf(error->path, sizeof(error->path), "%s", name);
    json_locate(json, name, JSON_KEY, &error->line, &error->column,
                error->excerpt, sizeof(error->excerpt));
    error_hint(error, "give a profile of a client policy");
}

bool profile_base_suits(const struct profile_base *base, cJSON *profile,
                        const struct json_source *json, struct errors *errors)
{
    bool good = true;
    cJSON *next;

    for (cJSON *section = json_members(profile); section; section = next) {
        const struct base_key *key = find_reserved(base, section->string);
        next = section->next;
        if (key && key->is_left_out) {
            cJSON_Delete(cJSON_DetachItemViaPointer(profile, section));
        } else if (key) {
            refuse_section(json, section->string, key->why, errors);
            good = false;
        }
    }
    return good;
}

static bool is_of_base(const struct sources *sources, const char *path)
{
    return sources_find(sources, path) == &sources->list[0];
}

void profile_base_yield(const struct profile_base *base, cJSON *tree,
                        const struct sources *sources)
{
    cJSON *null = cJSON_CreateNull();

    must(null);
    for (size_t i = 0; i < base->yielding_count; i++) {
        const struct yielding_key *key = &base->yielding[i];
        if (tree_at(tree, key->path) && is_of_base(sources, key->path) &&
            tree_at(tree, key->other) && !is_of_base(sources, key->other)) {
            tree_set(tree, key->path, null);
        }
    }
    cJSON_Delete(null);
}
