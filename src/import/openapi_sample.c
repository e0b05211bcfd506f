/* Values that schemas allow. */
#include "import/openapi.h"

#include "base/json.h"
#include "base/mask.h"
#include "base/must.h"
#include "import/json.h"
#include "import/text.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 12, REFERENCES_MAX = 32, VALUES_MAX = 10000 };

/* -- references -- */

/* One step of a pointer, unescaped: "~1" is "/", "~0" "~", "%20" a blank. */
static void append_step(struct str *out, const char *step, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char two[3] = {0};
        if (step[i] == '~' && i + 1 < length &&
            (step[i + 1] == '0' || step[i + 1] == '1')) {
            str_append_char(out, step[++i] == '1' ? '/' : '~');
        } else if (step[i] == '%' && i + 2 < length &&
                   strspn(step + i + 1, "0123456789abcdefABCDEF") >= 2) {
            memcpy(two, step + i + 1, 2);
            str_append_char(out, (char)strtol(two, NULL, 16));
            i += 2;
        } else {
            str_append_char(out, step[i]);
        }
    }
}

static const cJSON *follow(const cJSON *root, const char *pointer)
{
    struct str step = STR_INIT;
    const cJSON *at = root;

    while (at && *pointer == '/') {
        size_t length = strcspn(pointer + 1, "/");
        str_reset(&step);
        append_step(&step, pointer + 1, length);
        at = cJSON_IsArray(at)
                 ? cJSON_GetArrayItem(at, (int)strtol(step.text, NULL, 10))
                 : json_get(at, step.text);
        pointer += 1 + length;
    }
    str_release(&step);
    return at;
}

const cJSON *openapi_resolve(const struct openapi *openapi, const cJSON *value)
{
    for (int i = 0; i < REFERENCES_MAX; i++) {
        const char *reference = import_text_of(value, "$ref");
        if (!reference) {
            return value;
        }
        value =
            reference[0] == '#' ? follow(openapi->root, reference + 1) : NULL;
        if (!value) {
            import_remark(openapi->import, openapi->place,
                          "\"%s\" is not in this document", reference);
            return NULL;
        }
    }
    import_remark(openapi->import, openapi->place,
                  "its references go in a circle");
    return NULL;
}

/* -- samples -- */

struct sampling {
    const struct openapi *openapi;
    size_t values;
    const cJSON *within[DEPTH_MAX + 1]; /* the schemas, by depth */
};

static cJSON *sample(struct sampling *sampling, const cJSON *schema,
                     const char *name, int depth);

/* Whether a schema stands within itself: a value of it would have no end. */
static bool is_within(const struct sampling *sampling, const cJSON *schema,
                      int depth)
{
    for (int i = 0; i < depth; i++) {
        if (sampling->within[i] == schema) {
            return true;
        }
    }
    return false;
}

static const char *type_of(const cJSON *schema)
{
    const cJSON *type = json_get(schema, "type");
    const cJSON *item;

    if (cJSON_IsString(type)) {
        return type->valuestring;
    }
    cJSON_ArrayForEach(item, type) /* since 3.1 a list, with "null" perhaps */
    {
        if (cJSON_IsString(item) && strcmp(item->valuestring, "null") != 0) {
            return item->valuestring;
        }
    }
    return json_get(schema, "properties") ? "object"
           : json_get(schema, "items")    ? "array"
                                          : "string";
}

static cJSON *sample_text(const cJSON *schema, const char *name)
{
    static const struct {
        const char *format, *text;
    } texts[] = {
        {"date-time", "2026-01-01T00:00:00Z"},
        {"date", "2026-01-01"},
        {"time", "00:00:00Z"},
        {"uuid", "00000000-0000-4000-8000-000000000000"},
        {"email", "user@example.com"},
        {"hostname", "example.com"},
        {"uri", "https://example.com/"},
        {"url", "https://example.com/"},
        {"ipv4", "192.0.2.1"},
        {"ipv6", "2001:db8::1"},
        {"byte", "c3F1YWxs"},
    };
    const char *format = import_text_of(schema, "format");
    const cJSON *least = json_get(schema, "minLength");
    const cJSON *most = json_get(schema, "maxLength");
    struct str text = STR_INIT;

    if ((name && mask_is_secret_name(name, strlen(name))) ||
        (format && strcmp(format, "password") == 0)) {
        const char *of = name && *name ? name : "password";
        str_append_char(&text, IMPORT_VARIABLE_OPEN);
        text_append_variable(&text, of, strlen(of));
        str_append_char(&text, IMPORT_VARIABLE_CLOSE);
    } else {
        str_append(&text, "text");
        for (size_t i = 0; format && i < array_length(texts); i++) {
            if (strcmp(format, texts[i].format) == 0) {
                str_reset(&text);
                str_append(&text, texts[i].text);
            }
        }
        while (cJSON_IsNumber(least) &&
               (double)text.length < least->valuedouble &&
               text.length < 1000) {
            str_append_char(&text, 'x');
        }
        if (cJSON_IsNumber(most) && most->valuedouble >= 0 &&
            (double)text.length > most->valuedouble) {
            text.length = (size_t)most->valuedouble;
            text.text[text.length] = '\0';
        }
    }
    cJSON *value = cJSON_CreateString(text.text);
    str_release(&text);
    return value;
}

static cJSON *sample_number(const cJSON *schema)
{
    const cJSON *least = json_get(schema, "minimum");
    const cJSON *most = json_get(schema, "maximum");
    double value = 1;

    if (cJSON_IsNumber(least) && least->valuedouble > value) {
        value = least->valuedouble;
    }
    if (cJSON_IsNumber(most) && most->valuedouble < value) {
        value = most->valuedouble;
    }
    return cJSON_CreateNumber(value);
}

static void add_properties(struct sampling *sampling, const cJSON *schema,
                           cJSON *object, int depth)
{
    const cJSON *property;

    cJSON_ArrayForEach(property, json_get(schema, "properties"))
    {
        const cJSON *resolved = openapi_resolve(sampling->openapi, property);
        if (!resolved || cJSON_IsTrue(json_get(resolved, "readOnly")) ||
            json_get(object, property->string)) {
            continue;
        }
        cJSON *value = sample(sampling, resolved, property->string, depth + 1);
        if (value) {
            cJSON_AddItemToObject(object, property->string, value);
        }
    }
}

static cJSON *sample_object(struct sampling *sampling, const cJSON *schema,
                            int depth)
{
    cJSON *object = cJSON_CreateObject();

    must(object);
    add_properties(sampling, schema, object, depth);
    return object;
}

/* All of them together: the members of each. */
static cJSON *sample_all(struct sampling *sampling, const cJSON *schema,
                         const char *name, int depth)
{
    cJSON *whole = NULL;
    const cJSON *part;

    cJSON_ArrayForEach(part, json_get(schema, "allOf"))
    {
        cJSON *value = sample(sampling, part, name, depth + 1);
        if (!whole) {
            whole = value;
            continue;
        }
        if (cJSON_IsObject(whole) && cJSON_IsObject(value)) {
            json_merge(&whole, value);
        }
        cJSON_Delete(value);
    }
    if (cJSON_IsObject(whole)) {
        add_properties(sampling, schema, whole, depth);
    }
    return whole;
}

static cJSON *sample_type(struct sampling *sampling, const cJSON *schema,
                          const char *name, int depth)
{
    const char *type = type_of(schema);

    if (strcmp(type, "object") == 0) {
        return sample_object(sampling, schema, depth);
    }
    if (strcmp(type, "array") == 0) {
        cJSON *list = cJSON_CreateArray();
        cJSON *item =
            sample(sampling, json_get(schema, "items"), NULL, depth + 1);
        must(list);
        if (item) {
            cJSON_AddItemToArray(list, item);
        }
        return list;
    }
    if (strcmp(type, "integer") == 0 || strcmp(type, "number") == 0) {
        return sample_number(schema);
    }
    return strcmp(type, "boolean") == 0 ? cJSON_CreateTrue()
           : strcmp(type, "null") == 0  ? cJSON_CreateNull()
                                        : sample_text(schema, name);
}

/* What is written down in a schema; NULL: nothing. */
static const cJSON *written_value(const cJSON *schema)
{
    static const char *const lists[] = {"examples", "enum"};
    static const char *const values[] = {"example", "const", "default"};

    for (size_t i = 0; i < array_length(values); i++) {
        const cJSON *value = json_get(schema, values[i]);
        if (value) {
            return value;
        }
    }
    for (size_t i = 0; i < array_length(lists); i++) {
        const cJSON *list = json_get(schema, lists[i]);
        if (cJSON_IsArray(list) && list->child) {
            return list->child;
        }
    }
    return NULL;
}

static cJSON *sample(struct sampling *sampling, const cJSON *schema,
                     const char *name, int depth)
{
    schema = schema ? openapi_resolve(sampling->openapi, schema) : NULL;
    if (!cJSON_IsObject(schema) || depth > DEPTH_MAX ||
        is_within(sampling, schema, depth) ||
        ++sampling->values > VALUES_MAX) {
        return NULL;
    }
    sampling->within[depth] = schema;
    const cJSON *written = written_value(schema);
    const cJSON *choice = json_get(schema, "oneOf");
    choice = choice ? choice : json_get(schema, "anyOf");
    if (written) {
        return cJSON_Duplicate(written, true);
    }
    if (json_get(schema, "allOf")) {
        return sample_all(sampling, schema, name, depth);
    }
    if (cJSON_IsArray(choice) && choice->child) {
        return sample(sampling, choice->child, name, depth + 1);
    }
    return sample_type(sampling, schema, name, depth);
}

cJSON *openapi_sample(const struct openapi *openapi, const cJSON *schema,
                      const char *name)
{
    struct sampling sampling = {.openapi = openapi};
    return sample(&sampling, schema, name, 0);
}

cJSON *openapi_example(const struct openapi *openapi, const cJSON *holder,
                       const char *name, bool *is_own)
{
    const cJSON *value = json_get(holder, "example");
    const cJSON *examples = json_get(holder, "examples");
    const cJSON *schema = json_get(holder, "schema");

    *is_own = true;
    if (!value && cJSON_IsObject(examples) && examples->child) {
        value = json_get(openapi_resolve(openapi, examples->child), "value");
    }
    if (value) {
        return cJSON_Duplicate(value, true);
    }
    const cJSON *resolved = schema ? openapi_resolve(openapi, schema) : NULL;
    *is_own = written_value(resolved) != NULL;
    return openapi_sample(openapi, resolved, name);
}
