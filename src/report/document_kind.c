#include "report/document_kind.h"

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

const char *document_kind_words(enum document_kind kind)
{
    return kind < DOCUMENT_KIND_COUNT ? kinds[kind].words : "";
}
