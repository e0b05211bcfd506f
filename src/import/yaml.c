#include "import/yaml.h"

#include "base/json.h"
#include "base/must.h"
#include "import/text.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { VALUES_MAX = 1000000, ANCHORS_MAX = 10000 };

struct anchor {
    char *name;
    const cJSON *value; /* of the tree, complete */
};

struct reading {
    const struct import *import;
    yaml_parser_t parser;
    size_t values, anchor_count, anchor_capacity;
    struct anchor *anchors;
    bool failed;
};

static cJSON *refuse(struct reading *reading, size_t line, const char *problem)
{
    if (!reading->failed) {
        struct error *error =
            errors_add(reading->import->errors, ERROR_SYNTAX, "%s", problem);
        snprintf(error->file, sizeof(error->file), "%s",
                 reading->import->name);
        error->line = (int)line + 1;
        reading->failed = true;
    }
    return NULL;
}

static bool next_event(struct reading *reading, yaml_event_t *event)
{
    if (yaml_parser_parse(&reading->parser, event)) {
        return true;
    }
    refuse(reading, reading->parser.problem_mark.line,
           reading->parser.problem ? reading->parser.problem
                                   : "this is no YAML");
    return false;
}

/* -- scalars -- */

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* A decimal number as the core schema has it. */
static bool is_number(const char *text)
{
    bool has_digits = false;

    text += *text == '-' || *text == '+';
    for (; isdigit((unsigned char)*text); text++) {
        has_digits = true;
    }
    if (*text == '.') {
        for (text++; isdigit((unsigned char)*text); text++) {
            has_digits = true;
        }
    }
    if (has_digits && (*text == 'e' || *text == 'E')) {
        text += 1 + (text[1] == '-' || text[1] == '+');
        has_digits = isdigit((unsigned char)*text);
        text += strspn(text, "0123456789");
    }
    return has_digits && *text == '\0';
}

static cJSON *scalar_value(struct reading *reading, const yaml_event_t *event)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    static const char *const trues[] = {"true", "True", "TRUE"};
    static const char *const falses[] = {"false", "False", "FALSE"};
    const char *text = (const char *)event->data.scalar.value;
    bool is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

    if (!text_is_plain(text, event->data.scalar.length) ||
        import_has_mark(text, event->data.scalar.length)) {
        return refuse(reading, event->start_mark.line,
                      "a control character stands here");
    }
    if (is_plain && is_one_of(text, nulls, array_length(nulls))) {
        return cJSON_CreateNull();
    }
    if (is_plain && is_one_of(text, trues, array_length(trues))) {
        return cJSON_CreateTrue();
    }
    if (is_plain && is_one_of(text, falses, array_length(falses))) {
        return cJSON_CreateFalse();
    }
    if (is_plain && is_number(text) && isfinite(strtod(text, NULL))) {
        return cJSON_CreateNumber(strtod(text, NULL));
    }
    return cJSON_CreateString(text);
}

/* -- anchors -- */

static void keep_anchor(struct reading *reading, const yaml_char_t *name,
                        const cJSON *value)
{
    if (!name || !value || reading->anchor_count == ANCHORS_MAX) {
        return;
    }
    if (reading->anchor_count == reading->anchor_capacity) {
        reading->anchor_capacity = reading->anchor_capacity * 2 + 16;
        reading->anchors =
            realloc(reading->anchors,
                    reading->anchor_capacity * sizeof(*reading->anchors));
        must(reading->anchors);
    }
    struct anchor *anchor = &reading->anchors[reading->anchor_count++];
    *anchor = (struct anchor){strdup((const char *)name), value};
    must(anchor->name);
}

static size_t count_values(const cJSON *value)
{
    size_t count = 1;
    for (const cJSON *item = value->child; item; item = item->next) {
        count += count_values(item);
    }
    return count;
}

static cJSON *alias_value(struct reading *reading, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;

    for (size_t i = reading->anchor_count; i > 0; i--) {
        const struct anchor *anchor = &reading->anchors[i - 1];
        if (strcmp(anchor->name, name) == 0) {
            reading->values += count_values(anchor->value);
            if (reading->values > VALUES_MAX) {
                break;
            }
            return cJSON_Duplicate(anchor->value, true);
        }
    }
    return refuse(reading, event->start_mark.line,
                  reading->values > VALUES_MAX
                      ? "its aliases make more than a million values"
                      : "there is no anchor of this name before");
}

/* -- trees -- */

static cJSON *read_value(struct reading *reading, const yaml_event_t *event,
                         int depth);

static cJSON *read_list(struct reading *reading, int depth)
{
    cJSON *list = cJSON_CreateArray();
    yaml_event_t event;

    must(list);
    while (next_event(reading, &event)) {
        bool ends = event.type == YAML_SEQUENCE_END_EVENT;
        cJSON *item = ends ? NULL : read_value(reading, &event, depth);
        yaml_event_delete(&event);
        if (ends) {
            return list;
        }
        if (!item) {
            break;
        }
        cJSON_AddItemToArray(list, item);
    }
    cJSON_Delete(list);
    return NULL;
}

/* The name of a member: a scalar as it is written. */
static char *read_name(struct reading *reading, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;

    if (event->type != YAML_SCALAR_EVENT ||
        !text_is_plain(text, event->data.scalar.length) ||
        import_has_mark(text, event->data.scalar.length)) {
        refuse(reading, event->start_mark.line,
               "the name of a member is no text");
        return NULL;
    }
    char *name = strdup(text);
    must(name);
    return name;
}

static bool read_member(struct reading *reading, const yaml_event_t *first,
                        cJSON *object, int depth)
{
    char *name = read_name(reading, first);
    yaml_event_t event;
    cJSON *value = NULL;

    if (name && next_event(reading, &event)) {
        value = read_value(reading, &event, depth);
        yaml_event_delete(&event);
    }
    if (value && json_get(object, name)) {
        refuse(reading, first->start_mark.line,
               "this member stands here twice");
        cJSON_Delete(value);
        value = NULL;
    }
    if (value) {
        cJSON_AddItemToObject(object, name, value);
    }
    free(name);
    return value != NULL;
}

static cJSON *read_object(struct reading *reading, int depth)
{
    cJSON *object = cJSON_CreateObject();
    yaml_event_t event;

    must(object);
    while (next_event(reading, &event)) {
        bool ends = event.type == YAML_MAPPING_END_EVENT;
        bool good = ends || read_member(reading, &event, object, depth);
        yaml_event_delete(&event);
        if (ends) {
            return object;
        }
        if (!good) {
            break;
        }
    }
    cJSON_Delete(object);
    return NULL;
}

static cJSON *read_value(struct reading *reading, const yaml_event_t *event,
                         int depth)
{
    cJSON *value = NULL;

    if (depth == JSON_DEPTH_MAX || ++reading->values > VALUES_MAX) {
        return refuse(reading, event->start_mark.line,
                      depth == JSON_DEPTH_MAX
                          ? "it nests too deep"
                          : "there are more than a million values");
    }
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        value = scalar_value(reading, event);
        keep_anchor(reading, event->data.scalar.anchor, value);
        return value;
    case YAML_SEQUENCE_START_EVENT:
        value = read_list(reading, depth + 1);
        keep_anchor(reading, event->data.sequence_start.anchor, value);
        return value;
    case YAML_MAPPING_START_EVENT:
        value = read_object(reading, depth + 1);
        keep_anchor(reading, event->data.mapping_start.anchor, value);
        return value;
    case YAML_ALIAS_EVENT:
        return alias_value(reading, event);
    default:
        return refuse(reading, event->start_mark.line, "there is no value");
    }
}

cJSON *yaml_read(const struct import *import, const char *text, size_t length)
{
    struct reading reading = {.import = import};
    yaml_event_t event;
    cJSON *value = NULL;
    bool begins = false;

    must(yaml_parser_initialize(&reading.parser));
    yaml_parser_set_input_string(&reading.parser, (const unsigned char *)text,
                                 length);
    while (!begins && next_event(&reading, &event)) {
        begins = event.type != YAML_STREAM_START_EVENT &&
                 event.type != YAML_DOCUMENT_START_EVENT;
        if (begins) {
            value = read_value(&reading, &event, 0);
        }
        yaml_event_delete(&event);
    }
    for (size_t i = 0; i < reading.anchor_count; i++) {
        free(reading.anchors[i].name);
    }
    free(reading.anchors);
    yaml_parser_delete(&reading.parser);
    return value;
}
