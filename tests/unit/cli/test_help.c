#include "cli/help.h"
#include "cli/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void assert_fits(const char *text)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        assert_true(length <= 80);
        assert_true(length == 0 || text[length - 1] != ' ');
        text += length;
        assert_int_equal(*text, '\n');
        text++;
    }
}

static void test_help_fits_a_terminal(void **state)
{
    (void)state;
    struct str out = STR_INIT;
    help_overview(&out);
    assert_fits(out.text);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        assert_non_null(strstr(out.text, commands[i].summary));
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        str_reset(&out);
        help_command(&out, &commands[i]);
        assert_fits(out.text);
    }
    str_release(&out);
}

static void test_help_names_every_option_of_the_command_alone(void **state)
{
    (void)state;
    struct str out = STR_INIT;
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        str_reset(&out);
        help_command(&out, &commands[i]);
        for (size_t j = 0; j < option_row_count; j++) {
            char shown[64];
            snprintf(shown, sizeof(shown), " --%s%s%s\n", option_rows[j].name,
                     option_rows[j].argument ? " " : "",
                     option_rows[j].argument ? option_rows[j].argument : "");
            size_t length = strlen(shown) - 1;
            const char *found = out.text;
            bool listed = false;
            shown[length] = '\0';
            while ((found = strstr(found, shown)) && !listed) {
                listed = found[length] == ' ' || found[length] == '\n';
                found += length;
            }
            const struct option_row *row =
                option_find(&commands[i], option_rows[j].name,
                            strlen(option_rows[j].name));
            /* Commands may mean different things by a name. */
            bool wanted =
                row && (!row->argument ||
                        strcmp(row->argument, option_rows[j].argument) == 0);
            assert_int_equal(listed, wanted);
        }
    }
    str_release(&out);
}

static void test_every_command_has_an_example(void **state)
{
    (void)state;
    struct str out = STR_INIT;
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        char example[64];
        str_reset(&out);
        help_command(&out, &commands[i]);
        snprintf(example, sizeof(example), "\n  squall %s ", commands[i].name);
        const char *examples = strstr(out.text, "\nExamples:\n");
        assert_non_null(examples);
        assert_non_null(strstr(examples, example));
    }
    str_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_help_fits_a_terminal),
        cmocka_unit_test(test_help_names_every_option_of_the_command_alone),
        cmocka_unit_test(test_every_command_has_an_example),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
