#include "report/lookup.h"

#include "base/suggest.h"

#include <stdlib.h>
#include <string.h>

/* Where a path leads no further. */
struct end {
    const cJSON *at;
    const char *rest;
};

static const char *name_of(const cJSON *child, size_t index, char number[24])
{
    if (child->string) {
        return child->string;
    }
    snprintf(number, 24, "%zu", index);
    return number;
}

/* The rest of the path behind a name, or NULL: it does not begin with it. */
static const char *behind(const char *path, const char *name)
{
    size_t length = strlen(name);

    if (strncmp(path, name, length) != 0) {
        return NULL;
    }
    return path[length] == '.'    ? path + length + 1
           : path[length] == '\0' ? path + length
                                  : NULL;
}

/* Notes the furthest place. A name is tried for each member that it may be,
 * and there are few of them: no more than the path has dots. */
static const cJSON *find(const cJSON *at, const char *path, struct end *end)
{
    const cJSON *child, *best = NULL;
    const char *best_rest = path;
    char number[24];
    size_t index = 0;

    if (!*path) {
        return at;
    }
    if (path >= end->rest) {
        *end = (struct end){at, path};
    }
    cJSON_ArrayForEach(child, at)
    {
        const char *rest = behind(path, name_of(child, index++, number));
        const cJSON *found =
            rest && rest > best_rest ? find(child, rest, end) : NULL;
        if (found) {
            best = found;
            best_rest = rest;
        }
    }
    return best;
}

static void refuse(const struct end *end, const char *path,
                   struct errors *errors)
{
    size_t known = (size_t)(end->rest - path);
    char name[SUGGEST_LENGTH_MAX], number[24];
    struct suggestion suggestion;
    const cJSON *child;

    snprintf(name, sizeof(name), "%.*s", (int)strcspn(end->rest, "."),
             end->rest);
    suggest_init(&suggestion, name);
    cJSON_ArrayForEach(child, end->at)
    {
        if (name[0] && child->string) {
            suggest_offer(&suggestion, child->string);
        }
    }
    struct error *error =
        known > 0 ? errors_add(errors, ERROR_USAGE,
                               "the document has no \"%s\" in \"%.*s\"", name,
                               (int)known - 1, path)
                  : errors_add(errors, ERROR_USAGE,
                               "the document has no \"%s\"", name);
    if (suggestion.best) {
        error_hint(error, "did you mean \"%.*s%s\"?", (int)known, path,
                   suggestion.best);
    } else if (end->at->child) {
        error_hint(error, "there is \"%.*s%s\", and what follows it",
                   (int)known, path, name_of(end->at->child, 0, number));
    } else {
        error_hint(error, "what is there is no object and no list");
    }
}

const cJSON *lookup(const cJSON *document, const char *path,
                    struct errors *errors)
{
    struct end end = {document, path};
    const cJSON *found = *path ? find(document, path, &end) : NULL;

    if (!found) {
        refuse(&end, path, errors);
    }
    return found;
}
