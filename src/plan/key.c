#include "plan/key.h"

#include "base/must.h"
#include "base/suggest.h"
#include "plan/draft.h"

#include <string.h>

enum { OPTIONAL, REQUIRED };

/* How far a field lies from the start of its struct, and the same for an
 * element of an array, which offsetof accepts in GNU C. */
#define FIELD(owner, field) offsetof(struct owner, field)

const struct key keys[] = {
#define SECTION(at, words) \
    {.path = at, .type = TYPE_SECTION, .since = "0.1", .sentence = words},
#define PART(at, owner, field, words) \
    {.path = at, \
     .type = TYPE_SECTION, \
     .offset = FIELD(owner, field), \
     .since = "0.1", \
     .sentence = words},
#define LIST(at, owner, array, count, element, most, words) \
    {.path = at, \
     .type = TYPE_LIST, \
     .offset = FIELD(owner, array), \
     .count_offset = FIELD(owner, count), \
     .element_size = sizeof(struct element), \
     .element_max = most, \
     .since = "0.1", \
     .sentence = words},
#define KEY(at, kind, owner, field, need, otherwise, least, most, words, \
            version, meaning) \
    {.path = at, \
     .type = TYPE_##kind, \
     .offset = FIELD(owner, field), \
     .required = (need) == REQUIRED, \
     .fallback = otherwise, \
     .min = least, \
     .max = most, \
     .choices = words, \
     .since = version, \
     .sentence = meaning},
#include "plan/key.def"
};

const size_t key_count = array_length(keys);

/* What follows the part of a path that names a section with the keys of
 * retry.backoff: a class's own backoff, or the open time of a breaker. NULL
 * when it leads into none. */
static const char *after_borrower(const char *pattern)
{
    static const char by_class[] = "retry.backoff.by_class.";
    static const char open[] = "breaker.open";

    if (strncmp(pattern, by_class, sizeof(by_class) - 1) == 0) {
        return strchr(pattern + sizeof(by_class) - 1, '.');
    }
    if (strncmp(pattern, open, sizeof(open) - 1) == 0) {
        const char *rest = pattern + sizeof(open) - 1;
        return *rest == '.' ? rest : NULL;
    }
    return NULL;
}

void key_pattern(const char *path, struct str *pattern)
{
    str_reset(pattern);
    for (const char *at = path; *at; at++) {
        str_append_char(pattern, *at);
        if (at[0] == '[' && at[1] != '"') {
            at += strcspn(at, "]");
            if (!*at) {
                return;
            }
            str_append_char(pattern, ']');
        }
    }
    /* Only the common backoff has classes. */
    static const char classes[] = ".by_class";
    const char *key = after_borrower(pattern->text);
    if (key && strncmp(key, classes, sizeof(classes) - 1) != 0) {
        struct str common = STR_INIT;
        str_printf(&common, "retry.backoff%s", key);
        str_release(pattern);
        *pattern = common;
    }
}

const struct key *key_find(const char *path)
{
    struct str pattern = STR_INIT;
    const struct key *found = NULL;

    key_pattern(path, &pattern);
    for (size_t i = 0; i < key_count && !found; i++) {
        if (strcmp(keys[i].path, pattern.text) == 0) {
            found = &keys[i];
        }
    }
    str_release(&pattern);
    return found;
}

/* The name by which `path` is a direct child of the pattern, or NULL. */
static const char *child_name(const char *path, const char *pattern)
{
    size_t length = strlen(pattern);
    if (length > 0) {
        if (strncmp(path, pattern, length) != 0 || path[length] != '.') {
            return NULL;
        }
        path += length + 1;
    }
    return strpbrk(path, ".[") ? NULL : path;
}

const struct key *key_child(const char *pattern, size_t index)
{
    for (size_t i = 0; i < key_count; i++) {
        if (child_name(keys[i].path, pattern) && index-- == 0) {
            return &keys[i];
        }
    }
    return NULL;
}

const char *key_last_name(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

const char *key_suggest(const char *pattern, const char *name)
{
    struct suggestion near;
    const char *here = NULL;
    const char *elsewhere = NULL;

    suggest_init(&near, name);
    for (size_t i = 0; i < key_count; i++) {
        const char *child = child_name(keys[i].path, pattern);
        if (child) {
            suggest_offer(&near, child);
            here = near.best == child ? keys[i].path : here;
        } else if (!elsewhere && !strchr(keys[i].path, '[') &&
                   strcmp(key_last_name(keys[i].path), name) == 0) {
            elsewhere = keys[i].path;
        }
    }
    return here ? here : elsewhere;
}

struct value_kind {
    const char *name, *example, *schema;
};

static const struct value_kind value_kinds[] = {
#define VALUE_TYPE(id, name, example, schema) {name, example, schema},
#include "plan/value_type.def"
#undef VALUE_TYPE
};

const char *value_type_name(enum value_type type)
{
    return value_kinds[type].name;
}

const char *value_type_example(enum value_type type)
{
    return value_kinds[type].example;
}

const char *value_type_schema(enum value_type type)
{
    return value_kinds[type].schema;
}
