/* A request is made again as it was sent, and what came from the environment
 * is told by name. */
#include "plan/rendered.h"

#include "reading.h"

/* As the profile has it, what it was sent as, and what is told of it. */
static const struct {
    const char *written, *sent, *told;
    enum rendered_form form;
} rows[] = {
    {"plain", "plain", "plain", RENDERED_PLAIN},
    {"op {{op.seq}}", "op 3", "op 3", RENDERED_PLAIN},
    {"Bearer ${env:T_LONG}", "Bearer hush-hush", "Bearer ${env:T_LONG}",
     RENDERED_ENV},
    /* Not the first "e" of the line: the one that stands behind "Bearer ". */
    {"Bearer ${env:T_E}", "Bearer e", "Bearer ${env:T_E}", RENDERED_ENV},
    {"{{op.seq}}${env:T_E}{{attempt}}", "3e2", "3${env:T_E}2", RENDERED_ENV},
    {"${env:T_E}-${env:T_LONG}-${env:T_E}", "e-hush-hush-e",
     "${env:T_E}-${env:T_LONG}-${env:T_E}", RENDERED_ENV},
    /* A value that is a template is not in the text as it is. */
    {"a ${env:T_HOLE}", "a 3", "a 3", RENDERED_HIDDEN},
    {"{{op.seq}}${env:T_EMPTY}", "3", "3", RENDERED_HIDDEN},
};

static void set_environment(void)
{
    setenv("T_LONG", "hush-hush", 1);
    setenv("T_E", "e", 1);
    setenv("T_HOLE", "{{op.seq}}", 1);
    setenv("T_EMPTY", "", 1);
}

static void assert_text(const struct rendered_text *text, size_t row,
                        const char *before)
{
    struct str wanted = STR_INIT;
    str_printf(&wanted, "%s%s", before, rows[row].told);
    assert_string_equal(text->text.text, wanted.text);
    assert_int_equal(text->form, rows[row].form);
    str_release(&wanted);
}

static void test_references_stand_for_values(void **state)
{
    (void)state;
    set_environment();
    struct rendered rendered = {0};
    for (size_t i = 0; i < array_length(rows); i++) {
        char text[600];
        snprintf(text, sizeof(text),
                 "{\"headers\": {\"X-Common\": \"%s\"}, \"requests\": [{"
                 "\"method\": \"PUT\", \"headers\": {\"X-A\": \"%s\"}, "
                 "\"body\": \"%s\"}], \"target\": {\"url\": "
                 "\"http://127.0.0.1:1/\"}}",
                 rows[i].written, rows[i].written, rows[i].written);
        struct plan *plan = read_good(text, NULL);
        struct template_subject subject = plan_subject(plan, 3, 2, 0);
        rendered_fill(&rendered, plan, 0, &subject);
        assert_string_equal(rendered.method, "PUT");
        assert_string_equal(rendered.url.text.text, "http://127.0.0.1:1/");
        assert_int_equal(rendered.url.form, RENDERED_PLAIN);
        assert_true(rendered.has_body);
        assert_text(&rendered.body, i, "");
        assert_int_equal(rendered.header_count, 2);
        assert_string_equal(rendered.headers[0].name.text.text, "X-A");
        assert_text(&rendered.headers[0].value, i, "");
        assert_string_equal(rendered.headers[1].name.text.text, "X-Common");
        assert_text(&rendered.headers[1].value, i, "");
        plan_free(plan);
    }
    rendered_release(&rendered);
}

static void test_urls_and_what_is_not_sent(void **state)
{
    (void)state;
    set_environment();
    struct rendered rendered = {0};
    struct plan *plan = read_good(
        "{\"target\": {\"url\": \"http://127.0.0.1:1/x\"}, \"requests\": "
        "[{\"path\": \"/a/{{op.seq}}?k=${env:T_LONG}\", \"headers\": "
        "{\"X-Retry\": \"{{retry_if_any}}\"}}]}",
        NULL);
    struct template_subject subject = plan_subject(plan, 3, 1, 0);
    rendered_fill(&rendered, plan, 0, &subject);
    assert_string_equal(rendered.url.text.text,
                        "http://127.0.0.1:1/a/3?k=${env:T_LONG}");
    assert_int_equal(rendered.url.form, RENDERED_ENV);
    assert_false(rendered.has_body);
    assert_int_equal(rendered.header_count, 0);
    subject.attempt = 2;
    rendered_fill(&rendered, plan, 0, &subject);
    assert_int_equal(rendered.header_count, 1);
    rendered_release(&rendered);
    plan_free(plan);
}

/* A file of a body is sent as it is: what looks like a reference is none. */
static void test_a_body_file_has_no_references(void **state)
{
    (void)state;
    struct rendered rendered = {0};
    write_file("body.txt", "${env:T_LONG}");
    struct plan *plan = read_good(
        "{\"target\": {\"url\": \"http://127.0.0.1:1/\"}, \"requests\": "
        "[{\"body_file\": \"body.txt\"}]}",
        NULL);
    struct template_subject subject = plan_subject(plan, 0, 1, 0);
    rendered_fill(&rendered, plan, 0, &subject);
    assert_string_equal(rendered.body.text.text, "${env:T_LONG}");
    assert_int_equal(rendered.body.form, RENDERED_PLAIN);
    rendered_release(&rendered);
    plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_references_stand_for_values),
        cmocka_unit_test(test_urls_and_what_is_not_sent),
        cmocka_unit_test(test_a_body_file_has_no_references),
    };
    return cmocka_run_group_tests_name("plan/rendered", tests, enter_folder,
                                       leave_folder);
}
