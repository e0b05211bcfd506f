#include "plan/sources.h"

#include "base/mask.h"
#include "base/must.h"
#include "plan/key.h"
#include "plan/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sources_release(struct sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        json_source_release(&sources->list[i].json);
        free(sources->list[i].path);
    }
    free(sources->list);
    *sources = (struct sources)SOURCES_INIT;
}

static struct source *add(struct sources *sources)
{
    if (sources->count == sources->capacity) {
        sources->capacity = sources->capacity * 2 + 8;
        sources->list =
            realloc(sources->list, sources->capacity * sizeof(*sources->list));
        must(sources->list);
    }
    struct source *source = &sources->list[sources->count++];
    *source = (struct source){0};
    return source;
}

struct source *sources_add_profile(struct sources *sources,
                                   struct json_source *json)
{
    struct source *source = add(sources);
    source->json = *json;
    *json = (struct json_source){0};
    return source;
}

void sources_add_argument(struct sources *sources, const char *shown,
                          const char *path, bool any_index, const char *value)
{
    struct source *source = add(sources);
    struct str copy = STR_INIT;

    str_append(&copy, path);
    source->path = str_detach(&copy);
    source->any_index = any_index;
    char *masked = mask_argument(shown);
    json_source_set(&source->json, masked, value, strlen(value));
    free(masked);
}

/* What remains of `path` below `above`; NULL when it does not lie there. */
static const char *path_below(const char *path, const char *above)
{
    size_t length = strlen(above);
    if (strncmp(path, above, length) != 0) {
        return NULL;
    }
    return strchr(".[", path[length]) ? path + length : NULL;
}

static bool argument_has(const struct source *source, const char *path)
{
    struct str pattern = STR_INIT;
    int line, column;

    str_append(&pattern, path);
    if (source->any_index) {
        key_pattern(path, &pattern);
    }
    const char *rest = path_below(pattern.text, source->path);
    bool found = path_below(source->path, pattern.text) != NULL ||
                 (rest && json_locate(&source->json, rest, JSON_VALUE, &line,
                                      &column, NULL, 0));
    str_release(&pattern);
    return found;
}

const struct source *sources_find(const struct sources *sources,
                                  const char *path)
{
    int line, column;

    for (size_t i = sources->count; i > 0; i--) {
        const struct source *source = &sources->list[i - 1];
        if (source->path ? argument_has(source, path)
                         : json_locate(&source->json, path, JSON_VALUE, &line,
                                       &column, NULL, 0)) {
            return source;
        }
    }
    return NULL;
}

/* Fills in where the path, or the nearest parent of it that is written
 * somewhere, stands. */
static void fill_place(const struct sources *sources, const char *path,
                       enum json_part part, struct error *error)
{
    struct str at = STR_INIT;
    const struct source *source = NULL;

    str_append(&at, path);
    while (at.length > 0 && !(source = sources_find(sources, at.text))) {
        path_to_parent(&at);
        part = JSON_VALUE;
    }
    if (source) {
        snprintf(error->file, sizeof(error->file), "%s", source->json.name);
    }
    if (source && !source->path) {
        json_locate(&source->json, at.text, part, &error->line, &error->column,
                    error->excerpt, sizeof(error->excerpt));
    }
    str_release(&at);
}

struct error *sources_verror(const struct sources *sources,
                             struct errors *errors, enum error_code code,
                             const char *path, enum json_part part,
                             const char *format, va_list arguments)
{
    struct str text = STR_INIT;

    if (errors_is_full(errors)) {
        return errors_add(errors, code, "%s", format);
    }
    str_vprintf(&text, format, arguments);
    struct error *error = errors_add(errors, code, "%s", text.text);
    snprintf(error->path, sizeof(error->path), "%s", path);
    fill_place(sources, path, part, error);
    str_release(&text);
    return error;
}

struct error *sources_error(const struct sources *sources,
                            struct errors *errors, enum error_code code,
                            const char *path, enum json_part part,
                            const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    struct error *error =
        sources_verror(sources, errors, code, path, part, format, arguments);
    va_end(arguments);
    return error;
}

bool sources_where(const struct sources *sources, const char *path,
                   struct str *where)
{
    const struct source *source = sources_find(sources, path);
    int line, column;

    if (!source) {
        return false;
    }
    str_append(where, source->json.name);
    if (!source->path &&
        json_locate(&source->json, path, JSON_KEY, &line, &column, NULL, 0)) {
        str_printf(where, ":%d:%d", line, column);
    }
    return true;
}
