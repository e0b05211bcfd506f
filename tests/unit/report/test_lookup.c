/* Every member of a document has a path that finds it and nothing else. */
#include "base/str.h"
#include "report/lookup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char json[] =
    "{\"verdict\": \"pass\", \"a\": {\"p99\": 3, \"p99.9\": 4, \"x.y\": {"
    "  \"z\": 5}, \"x\": {\"y.z.w\": 6, \"v\": null}}, \"list\": [[7], {"
    "  \"0\": 8, \"\": 9}], \"\": {}}";

static cJSON *document(void)
{
    cJSON *made = cJSON_Parse(json);
    assert_non_null(made);
    return made;
}

static void walk(const cJSON *root, const cJSON *at, const char *path)
{
    struct errors errors = ERRORS_INIT;
    const cJSON *child;
    size_t index = 0;

    if (*path && strcmp(path, "list.1.") != 0) {
        assert_ptr_equal(lookup(root, path, &errors), at);
        assert_int_equal(errors.count, 0);
    }
    cJSON_ArrayForEach(child, at)
    {
        struct str longer = STR_INIT;
        str_printf(&longer, "%s%s", path, *path ? "." : "");
        if (child->string) {
            str_append(&longer, child->string);
        } else {
            str_printf(&longer, "%zu", index);
        }
        index++;
        walk(root, child, longer.text);
        str_release(&longer);
    }
}

static void test_every_member_has_a_path(void **state)
{
    (void)state;
    cJSON *made = document();
    walk(made, made, "");
    cJSON_Delete(made);
}

static void assert_refused(const cJSON *at, const char *path,
                           const char *message, const char *hint)
{
    struct errors errors = ERRORS_INIT;

    assert_null(lookup(at, path, &errors));
    assert_int_equal(errors.count, 1);
    assert_string_equal(errors.list[0].text, message);
    assert_string_equal(errors.list[0].hint, hint);
}

static void test_what_is_not_there(void **state)
{
    (void)state;
    cJSON *made = document();

    assert_refused(made, "verdikt", "the document has no \"verdikt\"",
                   "did you mean \"verdict\"?");
    assert_refused(made, "a.x.query",
                   "the document has no \"query\" in \"a.x\"",
                   "there is \"a.x.y.z.w\", and what follows it");
    assert_refused(made, "list.2", "the document has no \"2\" in \"list\"",
                   "there is \"list.0\", and what follows it");
    assert_refused(made, "a.p99.us", "the document has no \"us\" in \"a.p99\"",
                   "what is there is no object and no list");
    assert_refused(made, "", "the document has no \"\"",
                   "there is \"verdict\", and what follows it");
    cJSON_Delete(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_member_has_a_path),
        cmocka_unit_test(test_what_is_not_there),
    };
    return cmocka_run_group_tests_name("report/lookup", tests, NULL, NULL);
}
