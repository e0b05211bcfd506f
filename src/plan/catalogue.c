#include "plan/catalogue.h"

#include "base/json.h"
#include "base/must.h"
#include "base/suggest.h"
#include "plan/library.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

static const char *const shown[] = {"about", "version", "verified", "source"};

struct reading {
    struct catalogue *catalogue;
    const char *const *patterns;
    size_t pattern_count;
    bool *used; /* a pattern: whether it has picked anything */
};

static const char *last_part(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

static bool picks(const char *pattern, const char *name)
{
    if (!strpbrk(pattern, "*?")) {
        return strcasestr(name, pattern) != NULL;
    }
    return fnmatch(pattern, name, FNM_CASEFOLD) == 0 ||
           fnmatch(pattern, last_part(name), FNM_CASEFOLD) == 0;
}

static cJSON *read_tree(const char *path)
{
    struct errors ignored = ERRORS_INIT;
    struct json_source source;
    cJSON *tree = NULL;

    if (json_source_read(&source, path, &ignored)) {
        tree = json_parse(&source, &ignored);
        json_source_release(&source);
    }
    return tree;
}

static char *copy_of(const char *text)
{
    char *copy = strdup(text);
    must(copy);
    return copy;
}

static void add(struct catalogue *catalogue, const char *name,
                const char *path)
{
    if (catalogue->count == catalogue->capacity) {
        catalogue->capacity = catalogue->capacity * 2 + 32;
        catalogue->entries =
            realloc(catalogue->entries,
                    catalogue->capacity * sizeof(*catalogue->entries));
        must(catalogue->entries);
    }
    catalogue->entries[catalogue->count++] = (struct catalogue_entry){
        copy_of(name), copy_of(path), read_tree(path)};
}

static void take(void *context, const char *name, const char *path)
{
    struct reading *reading = context;
    bool wanted = reading->pattern_count == 0;

    for (size_t i = 0; i < reading->pattern_count; i++) {
        if (picks(reading->patterns[i], name)) {
            reading->used[i] = true;
            wanted = true;
        }
    }
    if (wanted) {
        add(reading->catalogue, name, path);
    }
}

/* What was meant by a pattern that picks nothing. */
struct meaning {
    struct suggestion near;
    char best[SUGGEST_LENGTH_MAX + 1];
};

static void offer(void *context, const char *name, const char *path)
{
    struct meaning *meaning = context;
    size_t before = meaning->near.distance;
    (void)path;

    suggest_offer(&meaning->near,
                  strchr(meaning->near.word, '/') ? name : last_part(name));
    if (meaning->near.best && meaning->near.distance < before) {
        snprintf(meaning->best, sizeof(meaning->best), "%s", name);
    }
}

static void refuse(const char *pattern, struct errors *errors)
{
    struct meaning meaning = {.best = ""};
    struct error *error = errors_add(
        errors, ERROR_NO_FILE, "there is no profile like \"%s\"", pattern);

    suggest_init(&meaning.near, pattern);
    library_walk(offer, &meaning);
    if (meaning.best[0]) {
        error_hint(error, "did you mean %s?", meaning.best);
    } else {
        error_hint(error, "`squall profile list` shows all of them");
    }
}

bool catalogue_read(struct catalogue *catalogue, const char *const *patterns,
                    size_t pattern_count, struct errors *errors)
{
    bool *used = calloc(pattern_count + 1, sizeof(*used));
    bool good = true;
    must(used);
    *catalogue = (struct catalogue){0};

    struct reading reading = {.catalogue = catalogue,
                              .patterns = patterns,
                              .pattern_count = pattern_count,
                              .used = used};
    library_walk(take, &reading);
    for (size_t i = 0; i < pattern_count; i++) {
        if (!used[i]) {
            refuse(patterns[i], errors);
            good = false;
        }
    }
    free(used);
    return good;
}

void catalogue_release(struct catalogue *catalogue)
{
    for (size_t i = 0; i < catalogue->count; i++) {
        free(catalogue->entries[i].name);
        free(catalogue->entries[i].path);
        cJSON_Delete(catalogue->entries[i].tree);
    }
    free(catalogue->entries);
    *catalogue = (struct catalogue){0};
}

const char *catalogue_text(const struct catalogue_entry *entry,
                           const char *key)
{
    const cJSON *item = json_get(entry->tree, key);
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

bool catalogue_begins_folder(const struct catalogue *catalogue, size_t index)
{
    if (index == 0) {
        return true;
    }
    const char *name = catalogue->entries[index].name;
    const char *before = catalogue->entries[index - 1].name;
    size_t length = (size_t)(last_part(name) - name);
    return (size_t)(last_part(before) - before) != length ||
           strncmp(name, before, length) != 0;
}

cJSON *catalogue_document(const struct catalogue *catalogue)
{
    cJSON *list = cJSON_CreateArray();
    must(list);
    for (size_t i = 0; i < catalogue->count; i++) {
        const struct catalogue_entry *entry = &catalogue->entries[i];
        cJSON *object = cJSON_CreateObject();
        must(object);
        cJSON_AddStringToObject(object, "name", entry->name);
        for (size_t j = 0; j < array_length(shown); j++) {
            const char *text = catalogue_text(entry, shown[j]);
            if (text) {
                cJSON_AddStringToObject(object, shown[j], text);
            }
        }
        cJSON_AddStringToObject(object, "file", entry->path);
        cJSON_AddItemToArray(list, object);
    }
    return list;
}
