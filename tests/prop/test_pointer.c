/* pointer_find against cJSON: in random texts, printed with blanks and
 * without, every value is found where it lies, and nothing where none does. */
#include "base/must.h"
#include "base/pointer.h"
#include "base/rng.h"
#include "base/str.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TEXTS = 3000 };

static struct arena arena;
static struct rng rng;
static size_t found;

static const char *const names[] = {
    "a",    "b",      "id",       "",
    "a/b",  "~",      "~1",       "0",
    "1",    "01",     "a b",      "\"",
    "\\",   "\n\t\b", "\xc3\xa9", "\xf0\x9f\x98\x80",
    "\x01", "state",
};

static const char *some_name(void)
{
    return names[rng_below(&rng, array_length(names))];
}

static cJSON *random_value(unsigned depth)
{
    uint64_t kind = rng_below(&rng, depth > 0 ? 9 : 5);
    switch (kind) {
    case 0:
        return cJSON_CreateNull();
    case 1:
        return cJSON_CreateBool(rng_below(&rng, 2) == 1);
    case 2:
        return cJSON_CreateNumber((double)rng_below(&rng, 2000000) / 64 -
                                  1000);
    case 3:
        return cJSON_CreateNumber((double)(rng_next(&rng) >> 20));
    case 4:
        return cJSON_CreateString(some_name());
    default:
        break;
    }
    cJSON *value = kind < 7 ? cJSON_CreateObject() : cJSON_CreateArray();
    for (uint64_t n = rng_below(&rng, 5); n > 0; n--) {
        const char *name = some_name();
        cJSON *item = random_value(depth - 1);
        if (cJSON_IsArray(value)) {
            cJSON_AddItemToArray(value, item);
        } else if (cJSON_GetObjectItemCaseSensitive(value, name)) {
            cJSON_Delete(item);
        } else {
            cJSON_AddItemToObject(value, name, item);
        }
    }
    return value;
}

static void push(struct str *path, const char *name)
{
    str_append_char(path, '/');
    for (; *name; name++) {
        if (*name == '~' || *name == '/') {
            str_append(path, *name == '~' ? "~0" : "~1");
        } else {
            str_append_char(path, *name);
        }
    }
}

static void cut(struct str *path, size_t length)
{
    path->length = length;
    path->text[length] = '\0';
}

static void check_value(const struct json_span *span, const cJSON *value)
{
    if (cJSON_IsString(value)) {
        char *copy = malloc(span->length + 1);
        must(copy);
        size_t length = json_span_decode(span, copy);
        assert_int_equal(span->kind, JSON_STRING);
        assert_int_equal(length, strlen(value->valuestring));
        assert_memory_equal(copy, value->valuestring, length);
        assert_true(json_span_is(span, copy, length));
        assert_false(json_span_is(span, "other", 5));
        free(copy);
    } else if (cJSON_IsNumber(value)) {
        assert_int_equal(span->kind, JSON_NUMBER);
        double number = strtod(span->text, NULL);
        assert_true(number <= value->valuedouble &&
                    number >= value->valuedouble);
    } else if (cJSON_IsObject(value) || cJSON_IsArray(value)) {
        assert_int_equal(span->kind, JSON_COMPOUND);
        assert_int_equal(*span->text, cJSON_IsObject(value) ? '{' : '[');
    } else {
        assert_int_equal(span->kind, cJSON_IsNull(value)   ? JSON_NULL
                                     : cJSON_IsTrue(value) ? JSON_TRUE
                                                           : JSON_FALSE);
    }
}

static enum pointer_result find(const char *path, const char *text,
                                struct json_span *span)
{
    struct pointer pointer;
    assert_null(pointer_compile(&pointer, &arena, path));
    return pointer_find(&pointer, text, strlen(text), span);
}

/* Every value below one that lies at the path; and, beside each, a name and an
 * index that nothing has. */
static void check_below(const char *text, const cJSON *value, struct str *path)
{
    struct json_span span;
    size_t length = path->length;
    size_t index = 0;
    char number[32];

    for (const cJSON *item = value->child; item; item = item->next) {
        snprintf(number, sizeof(number), "%zu", index++);
        push(path, cJSON_IsArray(value) ? number : item->string);
        assert_int_equal(find(path->text, text, &span), POINTER_FOUND);
        check_value(&span, item);
        found++;
        check_below(text, item, path);
        cut(path, length);
    }
    snprintf(number, sizeof(number), "%zu", index);
    push(path, cJSON_IsArray(value) ? number : "nowhere");
    assert_int_equal(find(path->text, text, &span), POINTER_ABSENT);
    cut(path, length);
}

static void test_finds_what_a_tree_holds(void **state)
{
    (void)state;
    struct str path = STR_INIT;
    found = 0;
    rng = rng_stream(20261125, RNG_MIX, 0);
    for (int i = 0; i < TEXTS; i++) {
        cJSON *tree = random_value(4);
        if (cJSON_IsObject(tree) || cJSON_IsArray(tree)) {
            char *text =
                i % 2 ? cJSON_Print(tree) : cJSON_PrintUnformatted(tree);
            must(text);
            check_below(text, tree, &path);
            free(text);
        }
        cJSON_Delete(tree);
        arena_release(&arena);
    }
    assert_true(found > TEXTS);
    str_release(&path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_what_a_tree_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
