#include "report/document_kind.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *schema, *words;
} kinds[DOCUMENT_KIND_COUNT] = {
#define DOCUMENT_KIND(id, schema, words) {schema, words},
#include "report/document_kind.def"
};

enum document_kind document_kind_of(const cJSON *document)
{
    const char *schema = cJSON_GetStringValue(
        cJSON_GetObjectItemCaseSensitive(document, "schema"));

    for (size_t i = 0; schema && i < DOCUMENT_KIND_COUNT; i++) {
        if (strcmp(kinds[i].schema, schema) == 0) {
            return (enum document_kind)i;
        }
    }
    return DOCUMENT_KIND_COUNT;
}

enum document_kind document_kind_named(const char *name)
{
    static const char before[] = "squall.";
    size_t length = strlen(name);

    for (size_t i = 0; i < DOCUMENT_KIND_COUNT; i++) {
        const char *own = kinds[i].schema + strlen(before);
        if (strncmp(own, name, length) == 0 && own[length] == '/') {
            return (enum document_kind)i;
        }
    }
    return DOCUMENT_KIND_COUNT;
}

bool document_kind_is_read(const cJSON *document, struct errors *errors)
{
    const char *schema = cJSON_GetStringValue(
        cJSON_GetObjectItemCaseSensitive(document, "schema"));
    const char *slash = schema ? strrchr(schema, '/') : NULL;

    for (size_t i = 0; slash && i < DOCUMENT_KIND_COUNT; i++) {
        size_t name = (size_t)(strchr(kinds[i].schema, '/') - kinds[i].schema);
        long version = strtol(kinds[i].schema + name + 1, NULL, 10);
        if ((size_t)(slash - schema) == name &&
            strncmp(schema, kinds[i].schema, name) == 0 &&
            strtol(slash + 1, NULL, 10) > version) {
            struct error *error = errors_add(
                errors, ERROR_BAD_VALUE,
                "it is of a newer form, %.60s; this squall reads %s", schema,
                kinds[i].schema);
            error_hint(error, "the squall that wrote it reads it");
            return false;
        }
    }
    return true;
}

const char *document_kind_words(enum document_kind kind)
{
    return kind < DOCUMENT_KIND_COUNT ? kinds[kind].words : "";
}
