/* Fields of a form, and the body that is made of them. */
#include "plan/form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

static void expect(const char *wanted, const char *type, size_t count,
                   const char *const *texts)
{
    struct form_field fields[4];
    struct str body = STR_INIT, media = STR_INIT;

    for (size_t i = 0; i < count; i++) {
        assert_true(form_field_read(&fields[i], texts[i], &arena));
        if (fields[i].file) {
            str_append(&fields[i].content, fields[i].file);
        }
    }
    form_write(fields, count, &body, &media);
    if (wanted) {
        assert_string_equal(body.text, wanted);
    }
    assert_int_equal(strncmp(media.text, type, strlen(type)), 0);
    for (size_t i = 0; i < count; i++) {
        str_release(&fields[i].content);
    }
    str_release(&body);
    str_release(&media);
}

static void test_a_form_is_urlencoded(void **state)
{
    static const char *const fields[] = {"a=1", "b c=x y&z=\xc3\xa9",
                                         "d=", "e=1+1"};
    (void)state;
    expect("a=1&b+c=x+y%26z%3D%C3%A9&d=&e=1%2B1",
           "application/x-www-form-urlencoded", 4, fields);
}

static void test_placeholders_stay_placeholders(void **state)
{
    static const char *const fields[] = {"id={{op.id}}/{{rand:1:2}}",
                                         "raw={{{{x", "open={{x"};
    (void)state;
    expect("id={{op.id}}%2F{{rand:1:2}}&raw=%7B%7Bx&open=%7B%7Bx",
           "application/x-www-form-urlencoded", 3, fields);
}

/* What stands between the boundaries, which differ with the content. */
static void test_a_file_makes_parts(void **state)
{
    static const char *const texts[] = {"a=1", "f=@d/{{x\"y;type=image/png"};
    struct form_field fields[2];
    struct str body = STR_INIT, type = STR_INIT, wanted = STR_INIT;
    const char *mark;
    (void)state;

    for (size_t i = 0; i < 2; i++) {
        assert_true(form_field_read(&fields[i], texts[i], &arena));
    }
    assert_string_equal(fields[1].file, "d/{{x\"y");
    str_append(&fields[1].content, "{{{\"");
    form_write(fields, 2, &body, &type);
    mark = strstr(type.text, "boundary=");
    assert_non_null(mark);
    mark += strlen("boundary=");
    str_printf(
        &wanted,
        "--%s\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"
        "--%s\r\nContent-Disposition: form-data; name=\"f\"; "
        "filename=\"{{x%%22y\"\r\nContent-Type: image/png\r\n\r\n"
        "{{{{{\"\r\n--%s--\r\n",
        mark, mark, mark);
    assert_string_equal(body.text, wanted.text);
    str_release(&fields[1].content);
    str_release(&body);
    str_release(&type);
    str_release(&wanted);
}

static void test_a_field_has_a_name(void **state)
{
    struct form_field field;
    (void)state;
    assert_false(form_field_read(&field, "", &arena));
    assert_false(form_field_read(&field, "name", &arena));
    assert_false(form_field_read(&field, "=value", &arena));
    assert_true(form_field_read(&field, "a=b=c", &arena));
    assert_string_equal(field.value, "b=c");
}

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_form_is_urlencoded),
        cmocka_unit_test(test_placeholders_stay_placeholders),
        cmocka_unit_test(test_a_file_makes_parts),
        cmocka_unit_test(test_a_field_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
