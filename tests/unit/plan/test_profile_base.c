/* What profiles are merged upon: what they may not say of it, and what of it
 * gives way to them. */
#include "reading.h"

#include "plan/profile_base.h"
#include "plan/tree.h"

static const struct base_key reserved[] = {
    {"load", true, false, "the load is given"},
    {"load.operations", false, false, "all are sent"},
    {"headers", false, true, "the headers are given"},
};

static const struct yielding_key yielding[] = {
    {"load.rate", "load.connections"},
    {"ledger.url", "ledger.command"},
};

static struct profile_base base_of(const cJSON *profile)
{
    return (struct profile_base){
        .file = "base",
        .profile = profile,
        .reserved_count = array_length(reserved),
        .reserved = reserved,
        .yielding_count = array_length(yielding),
        .yielding = yielding,
    };
}

static void reserved_keys_have_a_reason(void **state)
{
    struct profile_base base = base_of(NULL);
    (void)state;
    assert_string_equal(profile_base_why_not(&base, "load"),
                        "the load is given");
    assert_null(profile_base_why_not(&base, "load.rate"));
    assert_string_equal(profile_base_why_not(&base, "load.operations"),
                        "all are sent");
    assert_non_null(profile_base_why_not(&base, "headers[\"A\"]"));
    assert_null(profile_base_why_not(&base, "headers_too"));
    assert_null(profile_base_why_not(&base, "retry"));
}

static void profiles_are_refused_or_cut(void **state)
{
    static const char text[] = "{\"headers\": {\"A\": \"1\"},\n"
                               " \"retry\": {}, \"load\": {}}";
    struct profile_base base = base_of(NULL);
    struct json_source json = {0};
    (void)state;

    errors = (struct errors)ERRORS_INIT;
    json_source_set(&json, "a.json", text, strlen(text));
    cJSON *profile = json_parse(&json, &errors);
    assert_false(profile_base_suits(&base, profile, &json, &errors));
    assert_null(tree_at(profile, "headers"));
    assert_non_null(tree_at(profile, "retry"));
    assert_int_equal(errors.count, 1);
    assert_string_equal(errors.list[0].path, "load");
    assert_string_equal(errors.list[0].text, "the load is given");
    assert_int_equal(errors.list[0].line, 2);
    cJSON_DeleteItemFromObject(profile, "load");
    assert_true(profile_base_suits(&base, profile, &json, &errors));
    cJSON_Delete(profile);
    json_source_release(&json);
}

/* What is left of a base with a rate and a ledger, once others have said the
 * second text; `path` is what is asked. */
static bool stays(const char *said, const char *path)
{
    cJSON *profile = cJSON_Parse("{\"load\": {\"rate\": \"5/s\"}, "
                                 "\"ledger\": {\"url\": \"/l\"}}");
    struct profile_base base = base_of(profile);
    struct sources sources = SOURCES_INIT;
    struct json_source json = {0};
    cJSON *tree = cJSON_CreateObject();
    cJSON *more = cJSON_Parse(said);

    profile_base_begin(&base, &tree, &sources);
    json_source_set(&json, "a.json", said, strlen(said));
    json_merge(&tree, more);
    sources_add_profile(&sources, &json);
    profile_base_yield(&base, tree, &sources);
    bool found = tree_at(tree, path) != NULL;
    cJSON_Delete(more);
    cJSON_Delete(tree);
    cJSON_Delete(profile);
    sources_release(&sources);
    return found;
}

static void defaults_give_way(void **state)
{
    (void)state;
    assert_true(stays("{}", "load.rate"));
    assert_true(stays("{\"load\": {\"drain\": \"1s\"}}", "load.rate"));
    assert_false(stays("{\"load\": {\"connections\": 3}}", "load.rate"));
    assert_true(stays("{\"load\": {\"connections\": 3, \"rate\": \"5/s\"}}",
                      "load.rate"));
    assert_false(stays("{\"ledger\": {\"command\": \"c\"}}", "ledger.url"));
    assert_true(stays("{\"ledger\": {\"command\": \"c\"}}", "ledger.command"));
    assert_true(stays("{\"ledger\": {\"url\": \"/m\"}}", "ledger.url"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reserved_keys_have_a_reason),
        cmocka_unit_test(profiles_are_refused_or_cut),
        cmocka_unit_test(defaults_give_way),
    };
    return cmocka_run_group_tests_name("plan/profile_base", tests, NULL, NULL);
}
