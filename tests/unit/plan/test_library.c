/* Shipped profiles: found by name, read without error, alone and together. */
#include "base/must.h"
#include "base/str.h"
#include "plan/library.h"
#include "plan/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct names {
    size_t count;
    char list[256][64];
};

static void take_name(void *context, const char *name, const char *path)
{
    struct names *names = context;
    (void)path;
    assert_true(names->count < array_length(names->list));
    snprintf(names->list[names->count++], sizeof(names->list[0]), "%s", name);
}

static void assert_reads(const char *const *profiles, size_t count)
{
    struct errors errors = ERRORS_INIT;
    struct plan_input input = {.profile_count = count, .profiles = profiles};
    struct plan *plan = plan_read(&input, &errors);
    errors_print(&errors, stderr);
    assert_non_null(plan);
    assert_non_null(plan->name);
    assert_non_null(plan->about);
    assert_non_null(plan->source);
    plan_free(plan);
}

static void every_shipped_profile_reads(void **state)
{
    struct names names = {0};
    (void)state;
    library_walk(take_name, &names);
    assert_true(names.count >= 23);
    for (size_t i = 0; i < names.count; i++) {
        const char *name = names.list[i];
        assert_reads(&name, 1);
        assert_true(i == 0 || strcmp(names.list[i - 1], name) < 0);
    }
}

static bool is_in(const char *name, const char *part)
{
    return strncmp(name, part, strlen(part)) == 0;
}

static void every_combination_reads(void **state)
{
    struct names names = {0};
    size_t combinations = 0;
    (void)state;
    library_walk(take_name, &names);
    for (size_t a = 0; a < names.count; a++) {
        for (size_t b = 0; b < names.count; b++) {
            for (size_t c = 0; c < names.count; c++) {
                const char *trio[] = {names.list[a], names.list[b],
                                      names.list[c]};
                if (is_in(trio[0], "scenarios/") &&
                    is_in(trio[1], "targets/") &&
                    is_in(trio[2], "strategies/")) {
                    assert_reads(trio, 3);
                    combinations++;
                }
            }
        }
    }
    assert_true(combinations >= 5 * 4 * 15);
}

static void names_are_found(void **state)
{
    struct errors errors = ERRORS_INIT;
    struct str path = STR_INIT;
    (void)state;
    assert_true(library_find("full-jitter", &path, &errors));
    assert_non_null(strstr(path.text, "/strategies/full-jitter.json"));
    assert_true(library_find("strategies/none", &path, &errors));
    assert_true(library_find("./nowhere.json", &path, &errors));
    assert_string_equal(path.text, "./nowhere.json");
    assert_int_equal(errors.count, 0);
    assert_false(library_find("full-jiter", &path, &errors));
    assert_string_equal(errors.list[0].hint,
                        "did you mean strategies/full-jitter?");
    assert_false(library_find("xylophone", &path, &errors));
    assert_int_equal(errors.list[1].code, ERROR_NO_FILE);
    str_release(&path);
}

static int use_shipped(void **state)
{
    (void)state;
    return setenv("SQUALL_PROFILES", "profiles", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shipped_profile_reads),
        cmocka_unit_test(every_combination_reads),
        cmocka_unit_test(names_are_found),
    };
    return cmocka_run_group_tests_name("plan/library", tests, use_shipped,
                                       NULL);
}
