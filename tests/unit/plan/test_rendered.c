/* A request is made again as it was sent, and what came from the environment
 * is reported by name. */
#include "plan/rendered.h"

#include "reading.h"

/* As the profile has it, what it was sent as, and what is shown of it. */
static const struct {
    const char *written, *sent, *shown;
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
    /* Braces in a value are no placeholder. */
    {"a ${env:T_PLACEHOLDER}", "a {{op.seq}}", "a ${env:T_PLACEHOLDER}",
     RENDERED_ENV},
    {"{{op.seq}}${env:T_EMPTY}", "3", "3${env:T_EMPTY}", RENDERED_ENV},
    /* A value that is written down is known all the same. */
    {"is hush-hush", "is hush-hush", "is ${env:T_LONG}", RENDERED_ENV},
};

static void set_environment(void)
{
    setenv("T_LONG", "hush-hush", 1);
    setenv("T_E", "e", 1);
    setenv("T_PLACEHOLDER", "{{op.seq}}", 1);
    setenv("T_EMPTY", "", 1);
}

static void assert_text(const struct rendered_text *text, size_t row,
                        const char *before)
{
    struct str wanted = STR_INIT;
    str_printf(&wanted, "%s%s", before, rows[row].shown);
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
        assert_int_equal(rendered.header_count, 3);
        assert_string_equal(rendered.headers[1].name.text.text,
                            "Content-Type");
        assert_string_equal(rendered.headers[0].name.text.text, "X-A");
        assert_text(&rendered.headers[0].value, i, "");
        assert_string_equal(rendered.headers[2].name.text.text, "X-Common");
        assert_text(&rendered.headers[2].value, i, "");
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

/* Of two names that differ in case only the later one is sent: what is shown
 * is its reference, and not that of the other. */
static void test_the_header_that_is_sent_is_shown(void **state)
{
    (void)state;
    set_environment();
    struct rendered rendered = {0};
    struct plan *plan = read_good(
        "{\"target\": {\"url\": \"http://127.0.0.1:1/\"}, \"headers\": "
        "{\"x-a\": \"plain\", \"X-B\": \"b\", \"X-A\": \"${env:T_LONG}\"}, "
        "\"idempotency\": {}, \"requests\": [{\"headers\": {\"x-b\": "
        "\"${env:T_LONG}\", \"C\": \"c\"}}]}",
        NULL);
    struct template_subject subject = plan_subject(plan, 0, 1, 0);
    subject.key = "k";
    subject.key_length = 1;
    rendered_fill(&rendered, plan, 0, &subject);
    assert_int_equal(rendered.header_count, 4);
    assert_string_equal(rendered.headers[0].name.text.text, "x-b");
    assert_string_equal(rendered.headers[0].value.text.text, "${env:T_LONG}");
    assert_string_equal(rendered.headers[1].value.text.text, "c");
    assert_string_equal(rendered.headers[2].value.text.text, "k");
    assert_string_equal(rendered.headers[3].name.text.text, "X-A");
    assert_string_equal(rendered.headers[3].value.text.text, "${env:T_LONG}");
    assert_int_equal(rendered.headers[3].value.form, RENDERED_ENV);
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
        cmocka_unit_test(test_the_header_that_is_sent_is_shown),
        cmocka_unit_test(test_a_body_file_has_no_references),
    };
    return cmocka_run_group_tests_name("plan/rendered", tests, enter_folder,
                                       leave_folder);
}
