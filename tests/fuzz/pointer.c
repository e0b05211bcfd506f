/*
 * Fuzz entry: the first line is a JSON pointer, the rest a text. Whatever the
 * bytes: a value that is found lies inside the text; a text that was cut
 * anywhere says the same or CUT; and of a text that json_parse takes, both
 * find the same.
 */
#include "base/json.h"
#include "base/must.h"
#include "base/pointer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const cJSON *walk(const cJSON *at, const struct pointer *pointer)
{
    for (size_t i = 0; i < pointer->count && at; i++) {
        const struct pointer_token *token = &pointer->tokens[i];
        if (cJSON_IsObject(at)) {
            at = cJSON_GetObjectItemCaseSensitive(at, token->text);
        } else {
            at = cJSON_IsArray(at) && token->index >= 0 &&
                         token->index < cJSON_GetArraySize(at)
                     ? cJSON_GetArrayItem(at, (int)token->index)
                     : NULL;
        }
    }
    return at;
}

static bool is_same(const struct json_span *span, const cJSON *value)
{
    switch (span->kind) {
    case JSON_STRING:
        return cJSON_IsString(value) &&
               json_span_is(span, value->valuestring,
                            strlen(value->valuestring));
    case JSON_NUMBER:
        return cJSON_IsNumber(value);
    case JSON_TRUE:
        return cJSON_IsTrue(value);
    case JSON_FALSE:
        return cJSON_IsFalse(value);
    case JSON_NULL:
        return cJSON_IsNull(value);
    case JSON_COMPOUND:
        return cJSON_IsObject(value) || cJSON_IsArray(value);
    }
    return false;
}

/* json_parse reads comments as blanks, and cJSON ends a text at a NUL: such
 * texts are left alone. */
static void check_against_tree(const struct pointer *pointer, const char *text,
                               size_t length, enum pointer_result result,
                               const struct json_span *span)
{
    struct errors errors = ERRORS_INIT;
    struct json_source source;

    if (memchr(text, '/', length) || memchr(text, '\0', length) ||
        memmem(text, length, "u0000", 5)) {
        return;
    }
    json_source_set(&source, "fuzz", text, length);
    cJSON *tree = json_parse(&source, &errors);
    if (cJSON_IsObject(tree) || cJSON_IsArray(tree)) {
        const cJSON *value = walk(tree, pointer);
        must(result == (value ? POINTER_FOUND : POINTER_ABSENT));
        must(!value || is_same(span, value));
    }
    cJSON_Delete(tree);
    json_source_release(&source);
}

static void check_span(const struct json_span *span, const char *text,
                       size_t length)
{
    must(span->text >= text && span->text <= text + length);
    must(span->length <= (size_t)(text + length - span->text));
    if (span->kind == JSON_STRING) {
        char *copy = malloc(span->length + 1);
        must(copy);
        size_t decoded = json_span_decode(span, copy);
        must(decoded <= span->length);
        must(json_span_is(span, copy, decoded));
        must(!json_span_is(span, copy, decoded + 1) || decoded == 0);
        free(copy);
    }
}

static void check_cuts(const struct pointer *pointer, const char *text,
                       size_t length, enum pointer_result whole)
{
    struct json_span span;
    for (size_t cut = 0; cut < length; cut++) {
        enum pointer_result result = pointer_find(pointer, text, cut, &span);
        must(result == POINTER_CUT || result == whole);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT;
    struct pointer pointer;
    struct json_span span;
    const uint8_t *end = memchr(data, '\n', size);
    size_t skip = end ? (size_t)(end - data) + 1 : 0;

    char *line =
        arena_strndup(&arena, (const char *)data, skip ? skip - 1 : 0);
    if (end && !pointer_compile(&pointer, &arena, line)) {
        const char *text = (const char *)data + skip;
        size_t length = size - skip;
        enum pointer_result result =
            pointer_find(&pointer, text, length, &span);
        if (result == POINTER_FOUND) {
            check_span(&span, text, length);
        }
        check_against_tree(&pointer, text, length, result, &span);
        if (length < 1024) {
            check_cuts(&pointer, text, length, result);
        }
    }
    arena_release(&arena);
    return 0;
}
