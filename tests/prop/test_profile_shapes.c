/* Whatever the shape of a profile, it is read or refused with places: every
 * key of the table gets a value of every JSON type, at every depth, and
 * shipped profiles get one node replaced by another. */
#include "base/json.h"
#include "base/must.h"
#include "base/rng.h"
#include "base/str.h"
#include "plan/key.h"
#include "plan/library.h"
#include "plan/plan.h"
#include "plan/tree.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { MUTATIONS = 1500, PROFILES_MAX = 1000 };

static uint64_t seed = 20261130;

/* One of each type and some of each kind: empty, short, deep, too large. */
static const char *const values[] = {
    "null",
    "true",
    "0",
    "-1",
    "1e308",
    "0.5",
    "\"\"",
    "\"x\"",
    "\"1s\"",
    "\"0..150%\"",
    "[]",
    "[null]",
    "[\"x\"]",
    "[0, 1, 2]",
    "[{}]",
    "[[]]",
    "{}",
    "{\"a\": null}",
    "{\"a\": 1}",
    "{\"a\": {\"b\": []}}",
    "{\"throttle\": []}",
    "{\"throttle\": {\"type\": []}}",
};

/* Reads a text as a profile: a plan, or errors that have a place. */
static void read_text(const char *text)
{
    struct errors errors = ERRORS_INIT;
    char name[64];
    const char *profile = name;
    struct plan_input input = {.profile_count = 1, .profiles = &profile};
    size_t length = strlen(text);

    int file = memfd_create("profile", 0);
    assert_true(file >= 0);
    assert_true(write(file, text, length) == (ssize_t)length);
    snprintf(name, sizeof(name), "/proc/self/fd/%d", file);
    struct plan *plan = plan_read(&input, &errors);
    if ((plan != NULL) != (errors.count == 0)) {
        fail_msg("neither a plan nor an error: %s", text);
    }
    for (size_t i = 0; i < errors.count; i++) {
        if (strcmp(errors.list[i].file, name) != 0 ||
            errors.list[i].line < 1 || errors.list[i].column < 1) {
            errors_print(&errors, stderr);
            fail_msg("an error without its place: %s", text);
        }
    }
    plan_free(plan);
    close(file);
}

static void read_tree(const cJSON *tree)
{
    char *text = cJSON_PrintUnformatted(tree);
    assert_non_null(text);
    read_text(text);
    cJSON_free(text);
}

static void read_with(const char *path, const char *text)
{
    cJSON *tree = cJSON_CreateObject();
    cJSON *value = cJSON_Parse(text);
    assert_non_null(value);
    assert_null(tree_set(tree, path, value));
    read_tree(tree);
    cJSON_Delete(value);
    cJSON_Delete(tree);
}

/* The path of a row: of the first element of each list. */
static void path_of_row(const char *pattern, struct str *path)
{
    str_reset(path);
    for (; *pattern; pattern++) {
        str_append_char(path, *pattern);
        if (*pattern == '[') {
            str_append_char(path, '0');
        }
    }
}

static void every_key_with_every_type(void **state)
{
    struct str path = STR_INIT;
    (void)state;
    for (size_t k = 0; k < key_count; k++) {
        path_of_row(keys[k].path, &path);
        for (size_t v = 0; v < array_length(values); v++) {
            read_with(path.text, values[v]);
        }
    }
    str_release(&path);
}

/* Sections that borrow the rows of another one: backoffs of a class and of a
 * breaker. */
static void borrowed_rows_with_every_type(void **state)
{
    static const char *const sections[] = {
        "breaker.open", "retry.backoff.by_class.throttle",
        "retry.backoff.by_class.timeout.by_class"};
    static const char from[] = "retry.backoff.";
    struct str path = STR_INIT;
    (void)state;
    for (size_t k = 0; k < key_count; k++) {
        if (strncmp(keys[k].path, from, sizeof(from) - 1) != 0) {
            continue;
        }
        for (size_t s = 0; s < array_length(sections); s++) {
            str_reset(&path);
            str_printf(&path, "%s.%s", sections[s],
                       keys[k].path + sizeof(from) - 1);
            for (size_t v = 0; v < array_length(values); v++) {
                read_with(path.text, values[v]);
            }
        }
    }
    str_release(&path);
}

struct shipped {
    size_t count;
    char *paths[PROFILES_MAX];
};

static void take_profile(void *context, const char *name, const char *path)
{
    struct shipped *shipped = context;
    (void)name;
    assert_true(shipped->count < PROFILES_MAX);
    shipped->paths[shipped->count++] = strdup(path);
}

static cJSON *tree_of_file(const char *path)
{
    struct errors errors = ERRORS_INIT;
    struct json_source source = {0};
    assert_true(json_source_read(&source, path, &errors));
    cJSON *tree = json_parse(&source, &errors);
    assert_non_null(tree);
    json_source_release(&source);
    return tree;
}

static size_t count_nodes(const cJSON *item)
{
    size_t count = 1;
    for (const cJSON *child = item->child; child; child = child->next) {
        count += count_nodes(child);
    }
    return count;
}

/* The n-th node below an item, in order. */
static cJSON *nth_node(cJSON *item, size_t *n)
{
    if (*n == 0) {
        return item;
    }
    for (cJSON *child = item->child; child; child = child->next) {
        --*n;
        cJSON *found = nth_node(child, n);
        if (found) {
            return found;
        }
    }
    return NULL;
}

static cJSON *random_node(cJSON *tree, struct rng *rng)
{
    size_t n = 1 + rng_below(rng, count_nodes(tree) - 1);
    cJSON *node = nth_node(tree, &n);
    assert_non_null(node);
    return node;
}

static cJSON *parent_of(cJSON *item, const cJSON *wanted)
{
    for (cJSON *child = item->child; child; child = child->next) {
        cJSON *found = child == wanted ? item : parent_of(child, wanted);
        if (found) {
            return found;
        }
    }
    return NULL;
}

static void shipped_profiles_with_a_node_replaced(void **state)
{
    static struct shipped shipped;
    struct rng rng = rng_stream(seed, RNG_MIX, 0);
    (void)state;
    print_message("seed %" PRIu64 "\n", seed);
    assert_int_equal(setenv("SQUALL_PROFILES", "profiles", 1), 0);
    library_walk(take_profile, &shipped);
    assert_true(shipped.count > 50);
    for (int i = 0; i < MUTATIONS; i++) {
        cJSON *tree =
            tree_of_file(shipped.paths[rng_below(&rng, shipped.count)]);
        cJSON *node = random_node(tree, &rng);
        cJSON *parent = parent_of(tree, node);
        cJSON *with = NULL;
        if (rng_below(&rng, 2)) {
            with = cJSON_Parse(values[rng_below(&rng, array_length(values))]);
        } else {
            cJSON *other =
                tree_of_file(shipped.paths[rng_below(&rng, shipped.count)]);
            with = cJSON_Duplicate(random_node(other, &rng), true);
            cJSON_Delete(other);
        }
        assert_non_null(with);
        if (cJSON_IsObject(parent)) {
            char *name = strdup(node->string);
            cJSON_Delete(cJSON_DetachItemViaPointer(parent, node));
            free(with->string);
            with->string = NULL;
            cJSON_AddItemToObject(parent, name, with);
            free(name);
        } else {
            cJSON_ReplaceItemViaPointer(parent, node, with);
        }
        read_tree(tree);
        cJSON_Delete(tree);
    }
    for (size_t i = 0; i < shipped.count; i++) {
        free(shipped.paths[i]);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_with_every_type),
        cmocka_unit_test(borrowed_rows_with_every_type),
        cmocka_unit_test(shipped_profiles_with_a_node_replaced),
    };
    if (argc > 1) {
        seed = strtoull(argv[1], NULL, 10);
    }
    return cmocka_run_group_tests_name("profile shapes", tests, NULL, NULL);
}
