/* Reads the value of a key by the type that key.def gives it: texts, words and
 * bodies here, the others in value_*.c. */
#include "plan/value_inside.h"

#include "base/json.h"
#include "base/must.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

cJSON *value_from_text(const char *text)
{
    struct errors errors = ERRORS_INIT;
    struct json_source source;

    json_source_set(&source, "", text, strlen(text));
    cJSON *value = json_parse(&source, &errors);
    json_source_release(&source);
    if (!value) {
        value = cJSON_CreateString(text);
        must(value);
    }
    return value;
}

bool value_is_textual(enum value_type type)
{
    static const enum value_type textual[] = {
        TYPE_TEXT, TYPE_NAME, TYPE_HEADER_NAME, TYPE_FILE,
        TYPE_BODY, TYPE_RATE, TYPE_DURATION,    TYPE_SIZE,
        TYPE_SPAN, TYPE_WHEN, TYPE_CHOICE,
    };
    for (size_t i = 0; i < array_length(textual); i++) {
        if (textual[i] == type) {
            return true;
        }
    }
    return false;
}

static bool read_choice(struct reader *reader, const struct key *key,
                        const cJSON *value, void *field)
{
    int chosen = 0;
    if (!cJSON_IsString(value)) {
        return value_wrong_type(reader, key, value);
    }
    if (!value_find_choice(reader, key->choices, value->valuestring,
                           &chosen)) {
        return false;
    }
    /* Every enum has the size of an int here. */
    _Static_assert(sizeof(enum value_type) == sizeof(int), "enums are ints");
    memcpy(field, &chosen, sizeof(chosen));
    return true;
}

/* A relative file of a profile is looked for beside the profile. */
static const char *resolve_file(struct reader *reader, const char *file)
{
    const struct source *source =
        sources_find(reader->sources, reader->path.text);
    const char *slash =
        source && !source->path ? strrchr(source->json.name, '/') : NULL;
    if (file[0] == '/' || !slash) {
        return arena_strdup(reader->arena, file);
    }
    struct str path = STR_INIT;
    str_append_bytes(&path, source->json.name,
                     (size_t)(slash - source->json.name) + 1);
    str_append(&path, file);
    const char *copy = arena_strdup(reader->arena, path.text);
    str_release(&path);
    return copy;
}

static bool read_text(struct reader *reader, const struct key *key,
                      const cJSON *value, const char **field)
{
    if (!cJSON_IsString(value)) {
        return value_wrong_type(reader, key, value);
    }
    const char *text = value->valuestring;
    size_t length = strlen(text);
    bool is_name = key->type == TYPE_NAME || key->type == TYPE_HEADER_NAME;
    if ((is_name && length >= 64) || (length == 0 && key->type != TYPE_TEXT)) {
        struct error *error = value_refuse(
            reader, length ? "longer than 63 characters" : "an empty text");
        error_hint(error, "write %s", value_type_example(key->type));
        return false;
    }
    *field = key->type == TYPE_FILE ? resolve_file(reader, text)
                                    : arena_strdup(reader->arena, text);
    return true;
}

/* A body that is no text is sent as compact JSON. */
static bool read_body(struct reader *reader, const cJSON *value,
                      const char **field)
{
    if (cJSON_IsString(value)) {
        *field = arena_strdup(reader->arena, value->valuestring);
        return true;
    }
    char *text = cJSON_PrintUnformatted(value);
    must(text);
    *field = arena_strdup(reader->arena, text);
    free(text);
    return true;
}

static bool read_bool(struct reader *reader, const struct key *key,
                      const cJSON *value, void *field)
{
    if (!cJSON_IsBool(value)) {
        return value_wrong_type(reader, key, value);
    }
    if (key->type == TYPE_BOOL) {
        *(bool *)field = cJSON_IsTrue(value);
    } else {
        *(enum tristate *)field = cJSON_IsTrue(value) ? YES : NO;
    }
    return true;
}

static bool read_header_name(struct reader *reader, const struct key *key,
                             const cJSON *value, char *field)
{
    const char *text = NULL;
    if (!read_text(reader, key, value, &text)) {
        return false;
    }
    if (!value_is_token(text)) {
        value_refuse(reader, "\"%s\" is not a header name", text);
        return false;
    }
    snprintf(field, HINT_NAME_MAX, "%s", text);
    return true;
}

bool value_read(struct reader *reader, const struct key *key,
                const cJSON *value, void *field)
{
    switch (key->type) {
    case TYPE_TEXT:
    case TYPE_NAME:
    case TYPE_FILE:
        return read_text(reader, key, value, field);
    case TYPE_HEADER_NAME:
        return read_header_name(reader, key, value, field);
    case TYPE_BODY:
        return read_body(reader, value, field);
    case TYPE_BOOL:
    case TYPE_TRISTATE:
        return read_bool(reader, key, value, field);
    case TYPE_COUNT:
    case TYPE_UNSIGNED:
    case TYPE_RATIO:
    case TYPE_RATE:
    case TYPE_DURATION:
    case TYPE_SIZE:
        return value_read_measure(reader, key, value, field);
    case TYPE_INTEGER:
    case TYPE_STATUS:
    case TYPE_NUMBER:
        return value_read_number(reader, key, value, field);
    case TYPE_CHOICE:
        return read_choice(reader, key, value, field);
    case TYPE_TEXTS:
        return value_read_texts(reader, key, value, field);
    case TYPE_HEADERS:
        return value_read_headers(reader, key, value, field);
    case TYPE_MEMBERS:
        return value_read_members(reader, key, value, field);
    case TYPE_STATUSES:
        memset(field, 0, sizeof(struct status_set));
        return value_read_each(reader, key, value, 64, value_read_status,
                               field);
    case TYPE_METHODS:
        *(uint16_t *)field = 0;
        return value_read_each(reader, key, value, 64, value_read_method,
                               field);
    case TYPE_CHOICES:
        *(uint32_t *)field = 0;
        return value_read_each(reader, key, value, 64, value_read_choice_bit,
                               field);
    case TYPE_DURATIONS:
        return value_read_backoff_list(reader, key, value, field);
    case TYPE_TRANSITIONS:
        return value_read_transitions(reader, key, value, field);
    case TYPE_MULT_RANGE:
        return value_read_mult_range(reader, key, value, field);
    case TYPE_ADD_RANGE:
        return value_read_add_range(reader, key, value, field);
    case TYPE_JITTER:
        return value_read_jitter(reader, key, value, field);
    case TYPE_SPAN:
        return value_read_span(reader, key, value, field);
    case TYPE_WHEN:
        return value_read_when(reader, key, value, field);
    case TYPE_SECTION:
    case TYPE_LIST:
    case TYPE_BACKOFF:
    case TYPE_CLASS_BACKOFF:
        break;
    }
    must_never("a section is not a value");
    return false;
}
