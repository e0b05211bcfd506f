/* The series as CSV. */
#include "report/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_csv(const char *json, const char *wanted)
{
    cJSON *document = cJSON_Parse(json);
    struct writer_input input = {.document = document};
    struct file_writer file = {.buffer = STR_INIT};

    assert_non_null(document);
    write_csv(&input, &file);
    assert_string_equal(file.buffer.text, wanted);
    str_release(&file.buffer);
    cJSON_Delete(document);
}

static void test_a_line_a_second(void **state)
{
    (void)state;
    assert_csv("{\"series\": [{\"t_s\": 0, \"p99_us\": null, \"x\": 1.125},"
               "              {\"t_s\": 1, \"p99_us\": 250, \"x\": 1e15}]}",
               "t_s,p99_us,x\r\n"
               "0,,1.125\r\n"
               "1,250,1e+15\r\n");
}

/* A document may come from anywhere: other members, other types, no series. */
static void test_foreign_documents(void **state)
{
    (void)state;
    assert_csv("{}", "");
    assert_csv("{\"series\": {}}", "");
    assert_csv("{\"series\": [1, 2]}", "");
    assert_csv("{\"series\": [{\"a,\\\"b\\\"\\n\": \"=1\"}, {\"c\": 2}, 3]}",
               "\"a,\"\"b\"\"\n\"\r\n"
               "\r\n"
               "\r\n"
               "\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line_a_second),
        cmocka_unit_test(test_foreign_documents),
    };
    return cmocka_run_group_tests_name("report/csv", tests, NULL, NULL);
}
