#include "report/validate.h"

#include "base/must.h"
#include "base/str.h"
#include "report/schema.h"

#include <math.h>
#include <string.h>

struct validation {
    const cJSON *schema; /* all of it */
    struct str path;     /* of what is looked at */
    struct errors *errors;
};

static const cJSON *member_of(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static bool refuse(struct validation *validation, const char *what,
                   const char *word)
{
    struct error *error =
        errors_add(validation->errors, ERROR_BAD_VALUE, "%s%s", what, word);

    snprintf(error->path, sizeof(error->path), "%s",
             validation->path.length > 0 ? validation->path.text : "");
    return false;
}

static bool is_of_type(const cJSON *value, const char *type)
{
    return strcmp(type, "object") == 0    ? cJSON_IsObject(value)
           : strcmp(type, "array") == 0   ? cJSON_IsArray(value)
           : strcmp(type, "string") == 0  ? cJSON_IsString(value)
           : strcmp(type, "boolean") == 0 ? cJSON_IsBool(value)
           : strcmp(type, "null") == 0    ? cJSON_IsNull(value)
           : strcmp(type, "number") == 0
               ? cJSON_IsNumber(value)
               : cJSON_IsNumber(value) &&
                     value->valuedouble == floor(value->valuedouble);
}

/* A type, or a list of them. */
static bool holds_type(struct validation *validation, const cJSON *value,
                       const cJSON *type)
{
    struct str wanted = STR_INIT;
    bool is_list = cJSON_IsArray(type);
    bool holds = !type;

    if (type) {
        for (const cJSON *one = is_list ? type->child : type; one && !holds;
             one = is_list ? one->next : NULL) {
            holds = is_of_type(value, one->valuestring);
            str_printf(&wanted, "%s%s", wanted.length > 0 ? " or " : "",
                       one->valuestring);
        }
    }
    if (!holds) {
        refuse(validation, "is not of type ", wanted.text);
    }
    str_release(&wanted);
    return holds;
}

static bool holds_words(struct validation *validation, const cJSON *value,
                        const cJSON *words)
{
    const cJSON *word;

    cJSON_ArrayForEach(word, words)
    {
        if (cJSON_Compare(value, word, true)) {
            return true;
        }
    }
    return !words ||
           refuse(validation, "has a word that is none of its own", "");
}

static bool holds(struct validation *validation, const cJSON *value,
                  const cJSON *schema);

/* The members and elements are named in the path while they are looked at. */
static bool holds_child(struct validation *validation, const cJSON *child,
                        size_t index, const cJSON *schema)
{
    size_t length = validation->path.length;
    const char *dot = length > 0 ? "." : "";

    if (child->string) {
        str_printf(&validation->path, "%s%s", dot, child->string);
    } else {
        str_printf(&validation->path, "%s%zu", dot, index);
    }
    bool result = holds(validation, child, schema);
    validation->path.length = length;
    validation->path.text[length] = '\0';
    return result;
}

static bool holds_children(struct validation *validation, const cJSON *value,
                           const cJSON *schema)
{
    const cJSON *items = member_of(schema, "items");
    const cJSON *others = member_of(schema, "additionalProperties");
    const cJSON *properties = member_of(schema, "properties");
    const cJSON *child;
    size_t index = 0;
    bool result = true;

    cJSON_ArrayForEach(child, value)
    {
        const cJSON *known = items;
        if (child->string) {
            known = member_of(properties, child->string);
            known = known ? known : others;
        }
        result =
            (!known || holds_child(validation, child, index, known)) && result;
        index++;
    }
    return result;
}

static bool holds_required(struct validation *validation, const cJSON *value,
                           const cJSON *required)
{
    const cJSON *name;
    bool result = true;

    cJSON_ArrayForEach(name, required)
    {
        if (!member_of(value, name->valuestring)) {
            result = refuse(validation, "has no member ", name->valuestring);
        }
    }
    return result;
}

/* "#/$defs/NAME" */
static const cJSON *resolve(const struct validation *validation,
                            const cJSON *schema)
{
    const cJSON *reference = member_of(schema, "$ref");
    const char *name = reference ? strrchr(reference->valuestring, '/') : NULL;
    return name ? member_of(member_of(validation->schema, "$defs"), name + 1)
                : schema;
}

/* One that may be null as well: a fault is told of the other. */
static const cJSON *choose(const cJSON *value, const cJSON *schema)
{
    const cJSON *either = member_of(schema, "anyOf");

    must(!either || cJSON_GetArraySize(either) == 2);
    return either ? cJSON_GetArrayItem(either, cJSON_IsNull(value) ? 1 : 0)
                  : schema;
}

static bool holds(struct validation *validation, const cJSON *value,
                  const cJSON *schema)
{
    schema = resolve(validation, choose(value, schema));
    const cJSON *least = member_of(schema, "minimum");

    if (!holds_type(validation, value, member_of(schema, "type")) ||
        !holds_words(validation, value, member_of(schema, "enum"))) {
        return false;
    }
    if (least && cJSON_IsNumber(value) &&
        value->valuedouble < least->valuedouble) {
        return refuse(validation, "is below 0", "");
    }
    bool has_required =
        !cJSON_IsObject(value) ||
        holds_required(validation, value, member_of(schema, "required"));
    return holds_children(validation, value, schema) && has_required;
}

bool report_validate(const cJSON *document, struct errors *errors)
{
    enum document_kind kind = document_kind_of(document);
    cJSON *schema =
        kind == DOCUMENT_KIND_COUNT ? NULL : report_schema_make(kind);

    if (!schema) {
        struct error *error = errors_add(errors, ERROR_USAGE,
                                         "it is of no kind that has a schema");
        error_hint(error,
                   "squall report schema prints the one of runs, squall "
                   "report schema compare that of comparisons");
        return false;
    }
    struct validation validation = {
        .schema = schema, .path = STR_INIT, .errors = errors};
    bool result = holds(&validation, document, schema);
    str_release(&validation.path);
    cJSON_Delete(schema);
    return result;
}
