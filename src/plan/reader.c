#include "plan/reader.h"

#include "base/json.h"
#include "base/must.h"
#include "plan/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char backoff_path[] = "retry.backoff";

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* What a field is when neither a profile nor the table says anything. */
static void set_absent(const struct key *key, void *field)
{
    if (key->type == TYPE_DURATION || key->type == TYPE_WHEN) {
        *(struct duration *)field = DURATION_FOREVER;
    }
}

/* Fills in the defaults of all keys below `pattern` that live at `base`:
 * those of deeper lists and of the backoff live elsewhere. */
static void set_defaults(struct reader *reader, const char *pattern,
                         void *base)
{
    size_t length = strlen(pattern);
    bool in_backoff = strcmp(pattern, backoff_path) == 0;

    for (size_t i = 0; i < key_count; i++) {
        const struct key *key = &keys[i];
        const char *rest = key->path + length;
        if (!starts_with(key->path, pattern) || strchr(rest, '[') ||
            (length > 0 && *rest != '.') ||
            (!in_backoff && starts_with(key->path, "retry.backoff."))) {
            continue;
        }
        void *field = (char *)base + key->offset;
        set_absent(key, field);
        if (!key->fallback) {
            continue;
        }
        cJSON *value = value_is_textual(key->type)
                           ? cJSON_CreateString(key->fallback)
                           : value_from_text(key->fallback);
        bool good = value_read(reader, key, value, field);
        must(good);
        cJSON_Delete(value);
    }
}

static struct error *refuse_key(struct reader *reader, const char *pattern,
                                const char *name)
{
    struct error *error =
        sources_error(reader->sources, reader->errors, ERROR_UNKNOWN_KEY,
                      reader->path.text, JSON_KEY, "unknown key");
    const char *meant =
        errors_is_full(reader->errors) ? NULL : key_suggest(pattern, name);
    size_t depth = *pattern ? strlen(pattern) + 1 : 0;
    if (meant && starts_with(meant, pattern) &&
        key_last_name(meant) == meant + depth) {
        /* A key of this very section, which may have borrowed its row. */
        struct str path = STR_INIT;
        str_append(&path, reader->path.text);
        path_to_parent(&path);
        path_push_name(&path, key_last_name(meant));
        error_hint(error, "did you mean %s?", path.text);
        str_release(&path);
    } else if (meant) {
        error_hint(error, "did you mean %s?", meant);
    }
    return error;
}

static bool read_section(struct reader *reader, const cJSON *object,
                         const char *pattern, void *base);

static bool check_type(struct reader *reader, const struct key *key,
                       const cJSON *value, bool good)
{
    if (good) {
        return true;
    }
    struct error *error =
        sources_error(reader->sources, reader->errors, ERROR_BAD_VALUE,
                      reader->path.text, JSON_VALUE, "%s where a %s belongs",
                      cJSON_IsArray(value)    ? "a list"
                      : cJSON_IsObject(value) ? "a section"
                                              : "a single value",
                      value_type_name(key->type));
    error_hint(error, "write %s", value_type_example(key->type));
    return false;
}

static bool read_list(struct reader *reader, const struct key *key,
                      const cJSON *value, void *base)
{
    struct str pattern = STR_INIT;
    size_t *count = (void *)((char *)base + key->count_offset);
    size_t length = reader->path.length;
    bool good = check_type(reader, key, value, cJSON_IsArray(value));

    *count = 0;
    str_printf(&pattern, "%s[]", key->path);
    for (const cJSON *item = good ? value->child : NULL; item;
         item = item->next) {
        if (*count == key->element_max) {
            sources_error(reader->sources, reader->errors, ERROR_BAD_VALUE,
                          reader->path.text, JSON_VALUE,
                          "more than %zu entries", key->element_max);
            good = false;
            break;
        }
        char *element =
            (char *)base + key->offset + *count * key->element_size;
        memset(element, 0, key->element_size);
        path_push_index(&reader->path, *count);
        set_defaults(reader, pattern.text, element);
        good = check_type(reader, key_find("service"), item,
                          cJSON_IsObject(item)) &&
               read_section(reader, item, pattern.text, element) && good;
        path_pop(&reader->path, length);
        ++*count;
    }
    str_release(&pattern);
    return good;
}

/* Each class starts from the common backoff and changes what it names. */
static bool read_classes(struct reader *reader, const cJSON *backoff,
                         struct backoff_config *common)
{
    struct backoff_config *classes = common - CLASS_TRANSIENT;
    const cJSON *by_class = json_get(backoff, "by_class");
    struct str path = STR_INIT;
    bool good = true;

    for (int class = 0; class < CLASS_COUNT; class ++) {
        if (class != CLASS_TRANSIENT) {
            classes[class] = *common;
        }
    }
    for (const cJSON *item = json_members(by_class); item; item = item->next) {
        const struct choice *class = choice_find(choice_class, item->string);
        str_reset(&path);
        str_printf(&path, "retry.backoff.by_class.%s", item->string);
        if (!class || !key_find(path.text) || !cJSON_IsObject(item)) {
            continue; /* reported by read_section */
        }
        str_reset(&reader->path);
        str_append(&reader->path, path.text);
        good =
            read_section(reader, item, backoff_path, &classes[class->value]) &&
            good;
    }
    str_release(&path);
    return good;
}

static bool read_backoff(struct reader *reader, const cJSON *value,
                         struct backoff_config *backoff)
{
    struct str before = STR_INIT;
    str_append(&before, reader->path.text);
    bool good = read_section(reader, value, backoff_path, backoff);
    good = read_classes(reader, value, backoff) && good;
    str_reset(&reader->path);
    str_append(&reader->path, before.text);
    str_release(&before);
    return good;
}

static bool read_member(struct reader *reader, const struct key *key,
                        const cJSON *value, void *base)
{
    void *field = (char *)base + key->offset;

    switch (key->type) {
    case TYPE_LIST:
        return read_list(reader, key, value, base);
    case TYPE_SECTION:
        if (!check_type(reader, key, value, cJSON_IsObject(value))) {
            return false;
        }
        if (strcmp(key->path, backoff_path) == 0) {
            return read_backoff(reader, value, field);
        }
        return read_section(reader, value, key->path, base);
    case TYPE_BACKOFF:
        return check_type(reader, key, value, cJSON_IsObject(value)) &&
               read_section(reader, value, backoff_path, field);
    case TYPE_CLASS_BACKOFF:
        return check_type(reader, key, value, cJSON_IsObject(value));
    case TYPE_JITTER:
        return value_read(reader, key, value, field) &&
               (!cJSON_IsObject(value) ||
                read_section(reader, value, key->path, base));
    case TYPE_TEXT:
    case TYPE_NAME:
    case TYPE_HEADER_NAME:
    case TYPE_FILE:
    case TYPE_BODY:
    case TYPE_BOOL:
    case TYPE_COUNT:
    case TYPE_UNSIGNED:
    case TYPE_INTEGER:
    case TYPE_STATUS:
    case TYPE_NUMBER:
    case TYPE_RATIO:
    case TYPE_RATE:
    case TYPE_DURATION:
    case TYPE_SIZE:
    case TYPE_CHOICE:
    case TYPE_TEXTS:
    case TYPE_HEADERS:
    case TYPE_MEMBERS:
    case TYPE_STATUSES:
    case TYPE_METHODS:
    case TYPE_CHOICES:
    case TYPE_TRISTATE:
    case TYPE_TRANSITIONS:
    case TYPE_DURATIONS:
    case TYPE_MULT_RANGE:
    case TYPE_ADD_RANGE:
    case TYPE_SPAN:
    case TYPE_WHEN:
        break;
    }
    return value_read(reader, key, value, field);
}

/* Required keys of this object that it does not have. A class's backoff has
 * them from the common one. */
static bool check_required(struct reader *reader, const cJSON *object,
                           const char *pattern)
{
    bool good = true;
    bool partial = starts_with(reader->path.text, "retry.backoff.by_class");
    const struct key *key;

    for (size_t i = 0; !partial && (key = key_child(pattern, i)); i++) {
        const char *name = key_last_name(key->path);
        if (!key->required || json_get(object, name)) {
            continue;
        }
        struct error *error = sources_error(
            reader->sources, reader->errors, ERROR_BAD_VALUE,
            reader->path.text, JSON_VALUE, "\"%s\" is missing", name);
        error_hint(error, "%s: %s", key->path, key->sentence);
        good = false;
    }
    return good;
}

static bool read_section(struct reader *reader, const cJSON *object,
                         const char *pattern, void *base)
{
    size_t length = reader->path.length;
    bool good = true;

    for (const cJSON *item = json_members(object); item; item = item->next) {
        path_push_name(&reader->path, item->string);
        const struct key *key =
            strpbrk(item->string, ".[") ? NULL : key_find(reader->path.text);
        if (!key) {
            refuse_key(reader, pattern, item->string);
            good = false;
        } else {
            good = read_member(reader, key, item, base) && good;
        }
        path_pop(&reader->path, length);
    }
    return check_required(reader, object, pattern) && good;
}

bool reader_read(struct reader *reader, const cJSON *tree, struct draft *draft)
{
    struct retry_config *retry = &draft->policy.retry;

    str_reset(&reader->path);
    set_defaults(reader, "", draft);
    set_defaults(reader, backoff_path, &retry->backoff[CLASS_TRANSIENT]);
    set_defaults(reader, backoff_path, &draft->policy.breaker.open);
    for (int class = 0; class < CLASS_COUNT; class ++) {
        retry->backoff[class] = retry->backoff[CLASS_TRANSIENT];
    }
    return read_section(reader, tree, "", draft);
}
