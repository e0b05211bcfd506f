/* Where bodies come from, and what the service is given as their type. */
#include "reading.h"

#include <strings.h>

/* The line of the only request that names the type of its body. */
static const char *type_of(const struct plan *plan, char *out, size_t size)
{
    static const struct template_subject nobody = {.attempt = 1};
    const struct planned_request *request = &plan->requests[0];
    int found = 0;

    snprintf(out, size, "none");
    for (size_t i = 0; i < request->header_count; i++) {
        char line[200];
        assert_true(request->header_lines[i].length_max < sizeof(line));
        template_fill(&request->header_lines[i], &nobody, line, sizeof(line));
        if (strncasecmp(line, "content-type:", 13) == 0) {
            snprintf(out, size, "%s", line + 13 + strspn(line + 13, " "));
            found++;
        }
    }
    assert_true(found <= 1);
    return out;
}

static void expect_type(const char *wanted, const char *text,
                        struct plan_input input)
{
    char type[200];
    struct plan *plan = read_texts(text, NULL, input);

    assert_non_null(plan);
    assert_string_equal(type_of(plan, type, sizeof(type)), wanted);
    plan_free(plan);
}

#define REQUEST(members) "{\"requests\": [{\"method\": \"PUT\"" members "}]}"
#define JSON_TYPE "application/json"

static void test_json_is_seen_in_a_text(void **state)
{
    static const struct {
        const char *body, *type;
    } rows[] = {
        {"{\"a\": 1}", JSON_TYPE},
        {" [1, 2]\n", JSON_TYPE},
        {"{\"id\": \"{{op.id}}\", \"n\": {{rand:5:900}}}", JSON_TYPE},
        {"{\"key\": \"{{uuid}}\", \"retry\": {{retry}}}", JSON_TYPE},
        {"7", JSON_TYPE},
        {"\"a text\"", JSON_TYPE},
        {"{\"a\": 1} x", "text/plain; charset=utf-8"},
        {"{\"a\": }", "text/plain; charset=utf-8"},
        {"hello", "text/plain; charset=utf-8"},
        {"a=1", "application/x-www-form-urlencoded"},
        {"user[name]=x+y&b=%20", "application/x-www-form-urlencoded"},
        {"a = 1", "text/plain; charset=utf-8"},
        {"a=1\nb=2", "text/plain; charset=utf-8"},
        {"<a b=\"c\"/>", "text/plain; charset=utf-8"},
        {"\xff\xfe", "application/octet-stream"},
        {"", "none"},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        expect_type(rows[i].type, NULL,
                    (struct plan_input){.body = rows[i].body});
    }
}

static void test_json_in_a_profile_is_json(void **state)
{
    (void)state;
    expect_type(JSON_TYPE, REQUEST(", \"body\": {\"a\": [1]}"),
                (struct plan_input){0});
    expect_type(JSON_TYPE, REQUEST(", \"body\": 5"), (struct plan_input){0});
    expect_type("text/plain; charset=utf-8", REQUEST(", \"body\": \"x\""),
                (struct plan_input){0});
    expect_type("none", REQUEST(""), (struct plan_input){0});
}

static void test_a_header_says_otherwise(void **state)
{
    static const char *const line[] = {"content-type: text/csv"};
    static const char *const none[] = {"Content-Type:"};
    (void)state;
    expect_type("text/csv", REQUEST(", \"body\": {}"),
                (struct plan_input){.header_count = 1, .headers = line});
    expect_type("", REQUEST(", \"body\": {}"),
                (struct plan_input){.header_count = 1, .headers = none});
    expect_type("a/b",
                "{\"headers\": {\"Content-TYPE\": \"a/b\"}, \"requests\": "
                "[{\"body\": {}}]}",
                (struct plan_input){0});
}

static void test_a_form_replaces_other_bodies(void **state)
{
    static const char *const fields[] = {"a=1", "b={{op.seq}}"};
    struct plan_input input = {.form_count = 2, .form = fields};
    (void)state;
    expect_type("application/x-www-form-urlencoded", REQUEST(", \"body\": {}"),
                input);
    struct plan *plan =
        read_texts("{\"requests\": [{\"form\": [\"c=@a.json\"]}]}", NULL,
                   (struct plan_input){0});
    assert_non_null(plan);
    assert_string_equal(plan->requests[0].config.method, "POST");
    assert_non_null(strstr(plan->requests[0].config.body, "filename="));
    assert_non_null(strstr(plan->requests[0].config.form_type, "multipart"));
    plan_free(plan);
}

static void expect_refused(const char *text, struct plan_input input,
                           const char *path, const char *words)
{
    assert_null(read_texts(text, NULL, input));
    assert_int_equal(errors.count, 1);
    assert_string_equal(errors.list[0].path, path);
    assert_non_null(strstr(errors.list[0].text, words));
}

static void test_a_request_has_one_body(void **state)
{
    static const char *const fields[] = {"a=1"};
    (void)state;
    expect_refused(REQUEST(", \"body\": 1, \"form\": [\"a=1\"]"),
                   (struct plan_input){0}, "requests[0].form", "one body");
    expect_refused(REQUEST(", \"form\": [\"a=1\", \"b\"]"),
                   (struct plan_input){0}, "requests[0].form[1]", "no name");
    expect_refused(REQUEST(", \"form\": [\"a=@nowhere\"]"),
                   (struct plan_input){0}, "requests[0].form[0]",
                   "cannot read nowhere");
    expect_refused(
        REQUEST(""),
        (struct plan_input){.form_count = 1, .form = fields, .body = "x"}, "",
        "one body");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_is_seen_in_a_text),
        cmocka_unit_test(test_json_in_a_profile_is_json),
        cmocka_unit_test(test_a_header_says_otherwise),
        cmocka_unit_test(test_a_form_replaces_other_bodies),
        cmocka_unit_test(test_a_request_has_one_body),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
