/* Values that are lists or maps. */
#include "plan/value_inside.h"

#include "base/json.h"
#include "base/must.h"
#include "plan/header.h"
#include "plan/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool value_read_each(struct reader *reader, const struct key *key,
                     const cJSON *value, size_t max,
                     bool (*read)(struct reader *, const struct key *,
                                  const cJSON *, size_t, void *),
                     void *field)
{
    bool good = true;
    size_t index = 0;
    size_t length = reader->path.length;

    if (!cJSON_IsArray(value)) {
        return value_wrong_type(reader, key, value);
    }
    for (const cJSON *item = value->child; item; item = item->next) {
        if (index == max) {
            value_refuse(reader, "more than %zu entries", max);
            return false;
        }
        path_push_index(&reader->path, index);
        good = read(reader, key, item, index, field) && good;
        path_pop(&reader->path, length);
        index++;
    }
    return good;
}

static bool read_list_text(struct reader *reader, const struct key *key,
                           const cJSON *item, size_t index, void *field)
{
    struct string_list *list = field;
    int unused;

    if (!cJSON_IsString(item)) {
        return value_wrong_type(reader, key, item);
    }
    list->items[index] = arena_strdup(reader->arena, item->valuestring);
    list->count = index + 1;
    return !key->choices ||
           value_find_choice(reader, key->choices, item->valuestring, &unused);
}

bool value_read_texts(struct reader *reader, const struct key *key,
                      const cJSON *value, struct string_list *list)
{
    if (!cJSON_IsArray(value)) {
        return value_wrong_type(reader, key, value);
    }
    size_t count = (size_t)cJSON_GetArraySize(value);
    list->count = 0;
    list->items = arena_array(reader->arena, count, sizeof(*list->items));
    return value_read_each(reader, key, value, count, read_list_text, list);
}

/* Calls `read` for every member, with its place in reader->path. */
static bool read_object(struct reader *reader, const struct key *key,
                        const cJSON *value,
                        bool (*read)(struct reader *, const struct key *,
                                     const cJSON *, void *),
                        void *list)
{
    bool good = true;
    size_t length = reader->path.length;

    for (const cJSON *item = json_members(value); item; item = item->next) {
        path_push_name(&reader->path, item->string);
        good = read(reader, key, item, list) && good;
        path_pop(&reader->path, length);
    }
    return good;
}

/* A list of headers that is being read. */
struct header_reader {
    struct header_list *list;
    const char *name;
    unsigned member; /* that is read: values of one stay together */
};

static bool read_value(struct reader *reader, const struct key *key,
                       const cJSON *item, size_t index, void *user)
{
    const struct header_reader *headers = user;
    struct header_list *list = headers->list;

    (void)index;
    if (!cJSON_IsString(item)) {
        return value_wrong_type(reader, key, item);
    }
    if (header_text_breaks(item->valuestring, strlen(item->valuestring))) {
        value_refuse(reader, "a header value cannot have more than one line, "
                             "or another control character");
        return false;
    }
    list->items[list->count++] = (struct header_config){
        .name = headers->name,
        .value = arena_strdup(reader->arena, item->valuestring),
        .member = headers->member,
    };
    return true;
}

/* One value, or a list of them: as many lines of one name. */
static bool read_header(struct reader *reader, const struct key *key,
                        const cJSON *item, void *user)
{
    struct header_reader *headers = user;

    headers->member++;
    if (!value_is_token(item->string)) {
        value_refuse(reader, "\"%s\" is not a header name", item->string);
        return false;
    }
    headers->name = arena_strdup(reader->arena, item->string);
    return cJSON_IsArray(item) ? value_read_each(reader, key, item, SIZE_MAX,
                                                 read_value, headers)
                               : read_value(reader, key, item, 0, headers);
}

static size_t count_values(const cJSON *section)
{
    size_t count = 0;
    for (const cJSON *item = json_members(section); item; item = item->next) {
        count += cJSON_IsArray(item) ? (size_t)cJSON_GetArraySize(item) : 1;
    }
    return count;
}

bool value_read_headers(struct reader *reader, const struct key *key,
                        const cJSON *value, struct header_list *list)
{
    struct header_reader headers = {.list = list};

    if (!cJSON_IsObject(value)) {
        return value_wrong_type(reader, key, value);
    }
    list->count = 0;
    list->items =
        arena_array(reader->arena, count_values(value), sizeof(*list->items));
    return read_object(reader, key, value, read_header, &headers);
}

static bool read_member(struct reader *reader, const struct key *key,
                        const cJSON *item, void *user)
{
    struct member_list *list = user;
    struct expected_member *member = &list->items[list->count];
    const char *problem =
        pointer_compile(&member->pointer, reader->arena, item->string);
    (void)key;

    if (problem) {
        struct error *error = value_refuse(
            reader, "\"%s\" is no JSON pointer: %s", item->string, problem);
        error_hint(error, "write \"/%s\"", item->string);
        return false;
    }
    if (cJSON_IsString(item)) {
        member->kind = JSON_STRING;
        member->text = arena_strdup(reader->arena, item->valuestring);
        member->length = strlen(item->valuestring);
    } else if (cJSON_IsNumber(item)) {
        member->kind = JSON_NUMBER;
        member->number = item->valuedouble;
    } else if (cJSON_IsBool(item)) {
        member->kind = cJSON_IsTrue(item) ? JSON_TRUE : JSON_FALSE;
    } else {
        struct error *error = value_refuse(reader, "%s cannot be compared",
                                           value_json_name(item));
        error_hint(error, "name the members that matter, one by one, each "
                          "with a text, a number, true or false");
        return false;
    }
    list->count++;
    return true;
}

bool value_read_members(struct reader *reader, const struct key *key,
                        const cJSON *value, struct member_list *list)
{
    if (!cJSON_IsObject(value)) {
        return value_wrong_type(reader, key, value);
    }
    list->count = 0;
    list->items = arena_array(reader->arena, (size_t)cJSON_GetArraySize(value),
                              sizeof(*list->items));
    return read_object(reader, key, value, read_member, list);
}

/* "2xx", "404", "500-504". */
static bool parse_statuses(const char *text, unsigned *first, unsigned *last)
{
    char *end;
    unsigned long a, b;

    if (strlen(text) == 3 && strcmp(text + 1, "xx") == 0) {
        a = (unsigned long)(text[0] - '0') * 100;
        b = a + 99;
    } else {
        if (text[0] < '1' || text[0] > '5') {
            return false;
        }
        a = strtoul(text, &end, 10);
        b = a;
        if (*end == '-' && end[1] >= '1' && end[1] <= '5') {
            b = strtoul(end + 1, &end, 10);
        }
        if (*end) {
            return false;
        }
    }
    *first = (unsigned)a;
    *last = (unsigned)b;
    return a >= 100 && b <= 599 && a <= b;
}

bool value_read_status(struct reader *reader, const struct key *key,
                       const cJSON *item, size_t index, void *field)
{
    unsigned first = 0, last = 0;
    char text[32];

    (void)index;
    if (cJSON_IsString(item)) {
        snprintf(text, sizeof(text), "%s", item->valuestring);
    } else if (cJSON_IsNumber(item)) {
        snprintf(text, sizeof(text), "%.17g", item->valuedouble);
    } else {
        return value_wrong_type(reader, key, item);
    }
    if (!parse_statuses(text, &first, &last)) {
        struct error *error =
            value_refuse(reader, "\"%s\" is not a status", text);
        error_hint(error, "write 404, \"2xx\" or \"500-504\"");
        return false;
    }
    status_set_add(field, first, last);
    return true;
}

bool value_method_is_miswritten(const char *method, char *upper, size_t size)
{
    size_t length = strlen(method);
    if (length >= size || classify_method_bit(method) != METHOD_OTHER) {
        return false;
    }
    for (size_t i = 0; i <= length; i++) {
        bool is_lower = method[i] >= 'a' && method[i] <= 'z';
        upper[i] = (char)(is_lower ? method[i] - 'a' + 'A' : method[i]);
    }
    return classify_method_bit(upper) != METHOD_OTHER;
}

bool value_read_method(struct reader *reader, const struct key *key,
                       const cJSON *item, size_t index, void *field)
{
    uint16_t *methods = field;
    char upper[16];
    (void)index;
    if (!cJSON_IsString(item) || !value_is_token(item->valuestring)) {
        return value_wrong_type(reader, key, item);
    }
    if (value_method_is_miswritten(item->valuestring, upper, sizeof(upper))) {
        struct error *error =
            value_refuse(reader, "\"%s\" is not a method", item->valuestring);
        error_hint(error, "did you mean \"%s\"?", upper);
        return false;
    }
    *methods = (uint16_t)(*methods | classify_method_bit(item->valuestring));
    return true;
}

bool value_read_choice_bit(struct reader *reader, const struct key *key,
                           const cJSON *item, size_t index, void *field)
{
    uint32_t *bits = field;
    int chosen;
    (void)index;
    if (!cJSON_IsString(item)) {
        return value_wrong_type(reader, key, item);
    }
    if (!value_find_choice(reader, key->choices, item->valuestring, &chosen)) {
        return false;
    }
    must(chosen >= 0 && chosen < 32);
    *bits |= UINT32_C(1) << chosen;
    return true;
}
