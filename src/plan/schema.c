#include "plan/schema.h"

#include "base/must.h"
#include "base/str.h"
#include "plan/key.h"

#include <string.h>

static cJSON *object_of(const char *pattern, bool partial);

static cJSON *checked(cJSON *item)
{
    must(item);
    return item;
}

static void add_choices(cJSON *schema, const struct choice *choices)
{
    cJSON *names = checked(cJSON_CreateArray());
    for (; choices->name; choices++) {
        cJSON_AddItemToArray(names,
                             checked(cJSON_CreateString(choices->name)));
    }
    cJSON_AddItemToObject(schema, "enum", names);
}

/* A number is bounded here; a text with a unit is bounded by the check. */
static void add_bounds(cJSON *schema, const struct key *key)
{
    bool plain = key->type == TYPE_COUNT || key->type == TYPE_UNSIGNED ||
                 key->type == TYPE_INTEGER || key->type == TYPE_STATUS ||
                 key->type == TYPE_NUMBER || key->type == TYPE_RATIO;
    if (plain && key->min) {
        cJSON_DeleteItemFromObject(schema, "minimum");
        cJSON_AddItemToObject(schema, "minimum",
                              checked(cJSON_Parse(key->min)));
    }
    if (plain && key->max) {
        cJSON_DeleteItemFromObject(schema, "maximum");
        cJSON_AddItemToObject(schema, "maximum",
                              checked(cJSON_Parse(key->max)));
    }
}

static cJSON *reference(const char *name)
{
    cJSON *schema = checked(cJSON_CreateObject());
    cJSON_AddStringToObject(schema, "$ref", name);
    return schema;
}

/* A short name, or the ranges. */
static cJSON *jitter_schema(const struct key *key)
{
    cJSON *schema = checked(cJSON_CreateObject());
    cJSON *forms = checked(cJSON_CreateArray());
    cJSON *alias = checked(cJSON_CreateObject());

    add_choices(alias, key->choices);
    cJSON_AddItemToArray(forms, alias);
    cJSON_AddItemToArray(forms, object_of(key->path, false));
    cJSON_AddItemToObject(schema, "anyOf", forms);
    return schema;
}

static cJSON *value_schema(const struct key *key)
{
    struct str pattern = STR_INIT;
    cJSON *schema;

    if (key->type == TYPE_SECTION) {
        schema = object_of(key->path, false);
    } else if (key->type == TYPE_CLASS_BACKOFF || key->type == TYPE_BACKOFF) {
        schema = reference("#/definitions/own_backoff");
    } else if (key->type == TYPE_JITTER) {
        schema = jitter_schema(key);
    } else {
        schema = checked(cJSON_Parse(value_type_schema(key->type)));
    }
    if (key->type == TYPE_LIST) {
        str_printf(&pattern, "%s[]", key->path);
        cJSON_AddItemToObject(schema, "items", object_of(pattern.text, false));
        cJSON_AddNumberToObject(schema, "maxItems", (double)key->element_max);
    }
    cJSON *items = cJSON_GetObjectItem(schema, "items");
    if (key->choices && key->type != TYPE_JITTER) {
        add_choices(items ? items : schema, key->choices);
    }
    add_bounds(schema, key);
    str_release(&pattern);
    return schema;
}

/* An object with the keys below a pattern. A partial one, a backoff that is
 * not the common one, requires none and has no classes of its own. */
static cJSON *object_of(const char *pattern, bool partial)
{
    cJSON *schema = checked(cJSON_CreateObject());
    cJSON *properties = checked(cJSON_CreateObject());
    cJSON *required = checked(cJSON_CreateArray());
    const struct key *key;

    cJSON_AddStringToObject(schema, "type", "object");
    for (size_t i = 0; (key = key_child(pattern, i)); i++) {
        const char *name = key_last_name(key->path);
        if (partial && strcmp(name, "by_class") == 0) {
            continue;
        }
        cJSON *value = value_schema(key);
        cJSON_AddStringToObject(value, "description", key->sentence);
        cJSON_AddItemToObject(properties, name, value);
        if (key->required && !partial) {
            cJSON_AddItemToArray(required, checked(cJSON_CreateString(name)));
        }
    }
    cJSON_AddItemToObject(schema, "properties", properties);
    /* A profile may be a part to be merged; only what stands in lists, which
     * are never merged, must be whole. */
    if (cJSON_GetArraySize(required) > 0 && strchr(pattern, '[')) {
        cJSON_AddItemToObject(schema, "required", required);
    } else {
        cJSON_Delete(required);
    }
    cJSON_AddBoolToObject(schema, "additionalProperties", false);
    return schema;
}

cJSON *schema_make(void)
{
    cJSON *schema = checked(cJSON_CreateObject());
    cJSON_AddStringToObject(schema, "$schema",
                            "http://json-schema.org/draft-07/schema#");
    cJSON_AddStringToObject(schema, "title", "squall profile");
    cJSON *top = object_of("", false);
    for (cJSON *item = top->child; item; item = top->child) {
        cJSON_DetachItemViaPointer(top, item);
        cJSON_AddItemToObject(schema, item->string, item);
    }
    cJSON_Delete(top);
    cJSON *definitions = checked(cJSON_CreateObject());
    cJSON_AddItemToObject(definitions, "own_backoff",
                          object_of("retry.backoff", true));
    cJSON_AddItemToObject(schema, "definitions", definitions);
    return schema;
}
