/* Values by their paths: taken, put, and taken away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plan/path.h"
#include "plan/tree.h"

static cJSON *tree_of(const char *text)
{
    cJSON *tree = cJSON_Parse(text);
    assert_non_null(tree);
    return tree;
}

static void expect_tree(const cJSON *tree, const char *text)
{
    char *printed = cJSON_PrintUnformatted(tree);
    assert_string_equal(printed, text);
    free(printed);
}

static void values_are_found(void **state)
{
    static const struct {
        const char *path;
        int value; /* 0: there is none */
    } rows[] = {
        {"a.b", 1},        {"list[1].c", 2},
        {"a[\"x.y\"]", 3}, {"a.c", 0},
        {"list.c", 0},     {"list[2]", 0},
        {"a[0]", 0},       {"a.b.c", 0},
        {"a..b", 0},       {"list[1", 0},
        {"a[\"x.y", 0},    {"[0]", 0},
        {"list[x]", 0},    {"list[99999999999999999999]", 0},
    };
    cJSON *tree = tree_of("{\"a\": {\"b\": 1, \"x.y\": 3}, "
                          "\"list\": [{}, {\"c\": 2}]}");
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const cJSON *found = tree_at(tree, rows[i].path);
        assert_int_equal(found ? found->valueint : 0, rows[i].value);
    }
    assert_ptr_equal(tree_at(tree, ""), tree);
    cJSON_Delete(tree);
}

static void values_are_put(void **state)
{
    static const struct {
        const char *path, *value, *tree; /* NULL: it is refused */
    } rows[] = {
        {"a.b", "5", "{\"a\":{\"b\":5},\"list\":[1]}"},
        {"a", "[]", "{\"list\":[1],\"a\":[]}"},
        {"a.c[0].d", "true",
         "{\"a\":{\"b\":1,\"c\":[{\"d\":true}]},\"list\":[1]}"},
        {"list[1]", "2", "{\"a\":{\"b\":1},\"list\":[1,2]}"},
        {"list[0]", "2", "{\"a\":{\"b\":1},\"list\":[2]}"},
        {"a.b", "null", "{\"a\":{},\"list\":[1]}"},
        {"a.none", "null", "{\"a\":{\"b\":1},\"list\":[1]}"},
        {"list[2]", "2", NULL},
        {"list.c", "2", NULL},
        {"a[0]", "2", NULL},
        {"a..b", "2", NULL},
        {"a[", "2", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cJSON *tree = tree_of("{\"a\": {\"b\": 1}, \"list\": [1]}");
        cJSON *value = tree_of(rows[i].value);
        const char *problem = tree_set(tree, rows[i].path, value);
        assert_int_equal(problem == NULL, rows[i].tree != NULL);
        if (rows[i].tree) {
            expect_tree(tree, rows[i].tree);
        }
        cJSON_Delete(value);
        cJSON_Delete(tree);
    }
}

static void paths_grow_and_shrink(void **state)
{
    struct str path = STR_INIT;
    (void)state;
    path_push_name(&path, "requests");
    path_push_index(&path, 3);
    path_push_name(&path, "headers");
    size_t length = path.length;
    path_push_name(&path, "X.A");
    assert_string_equal(path.text, "requests[3].headers[\"X.A\"]");
    path_to_parent(&path);
    assert_string_equal(path.text, "requests[3].headers");
    path_push_name(&path, "B");
    path_pop(&path, length);
    path_to_parent(&path);
    assert_string_equal(path.text, "requests[3]");
    path_to_parent(&path);
    path_to_parent(&path);
    assert_string_equal(path.text, "");
    str_release(&path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found),
        cmocka_unit_test(values_are_put),
        cmocka_unit_test(paths_grow_and_shrink),
    };
    return cmocka_run_group_tests_name("plan/tree", tests, NULL, NULL);
}
