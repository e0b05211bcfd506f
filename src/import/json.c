#include "import/json.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

/* Whether a text of the tree has a byte that marks a variable: it would pass
 * for one. */
static bool has_mark(const cJSON *tree)
{
    for (const cJSON *item = tree; item; item = item->next) {
        if ((item->string &&
             import_has_mark(item->string, strlen(item->string))) ||
            (cJSON_IsString(item) &&
             import_has_mark(item->valuestring, strlen(item->valuestring))) ||
            has_mark(item->child)) {
            return true;
        }
    }
    return false;
}

cJSON *import_json(const struct import *import, const char *text,
                   size_t length, bool quiet)
{
    struct errors ignored = ERRORS_INIT;
    struct json_source source = {0};

    json_source_set(&source, import->name, text, length);
    source.may_be_large = true;
    cJSON *tree = json_parse(&source, quiet ? &ignored : import->errors);
    json_source_release(&source);
    if (tree && has_mark(tree)) {
        if (!quiet) {
            import_refuse_mark(import);
        }
        cJSON_Delete(tree);
        tree = NULL;
    }
    return tree;
}

const char *import_text_of(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(json_get(object, name));
}

const cJSON *import_part_of(const cJSON *object, const char *name)
{
    const cJSON *part = json_get(object, name);
    return cJSON_IsObject(part) || cJSON_IsArray(part) ? part : NULL;
}

void import_append_scalar(struct str *out, const cJSON *value)
{
    if (cJSON_IsString(value)) {
        str_append(out, value->valuestring);
    } else if (cJSON_IsNumber(value) || cJSON_IsBool(value)) {
        char *text = cJSON_PrintUnformatted(value);
        str_append(out, text ? text : "");
        free(text);
    }
}
