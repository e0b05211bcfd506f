/* The schema and the manual say the same, since one table says it. */
#include "report/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../manual.h"

static char *make_lists(void)
{
    static char *text;
    static size_t length;
    FILE *stream = open_memstream(&text, &length);
    report_schema_print_manual(stream);
    fclose(stream);
    return text;
}

static void manual_has_the_lists(void **state)
{
    char *lists = make_lists();
    (void)state;
    assert_manual_has("man/squall-report.5",
                      ".\\\" fields: made from the table of members by "
                      "\"make golden\"; do not edit\n",
                      ".\\\" fields end\n", lists);
    free(lists);
}

/* Every reference leads somewhere, every member says what it is, and every
 * list of words has some. */
static void check(const cJSON *root, const cJSON *schema, int depth)
{
    const cJSON *item;
    const cJSON *reference = cJSON_GetObjectItem(schema, "$ref");
    assert_true(depth < 20);
    if (reference) {
        const char *name = strrchr(reference->valuestring, '/') + 1;
        assert_non_null(
            cJSON_GetObjectItem(cJSON_GetObjectItem(root, "$defs"), name));
    }
    const cJSON *words = cJSON_GetObjectItem(schema, "enum");
    assert_true(!words ||
                (cJSON_IsArray(words) && cJSON_GetArraySize(words) > 0));
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(schema, "properties"))
    {
        const cJSON *about = cJSON_GetObjectItem(item, "description");
        size_t length = strlen(about->valuestring);
        if (length == 0 || about->valuestring[length - 1] != '.') {
            fail_msg("%s: a sentence ends in a full stop", item->string);
        }
        check(root, item, depth + 1);
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(schema, "$defs"))
    {
        check(root, item, depth + 1);
    }
}

static void schema_is_whole(void **state)
{
    (void)state;
    cJSON *schema = report_schema_make(DOCUMENT_RUN);
    check(schema, schema, 0);
    cJSON *word = cJSON_GetArrayItem(
        cJSON_GetObjectItem(
            cJSON_GetObjectItem(cJSON_GetObjectItem(schema, "properties"),
                                "verdict"),
            "enum"),
        4);
    assert_string_equal(word->valuestring, "incomplete");
    cJSON_Delete(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(manual_has_the_lists),
        cmocka_unit_test(schema_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
