/* The table of options keeps the rules that parser, help and completion rely
 * on. */
#include "cli/options.h"
#include "cli/synonym.h"

#include "plan/key.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool share_a_command(const struct option_row *a,
                            const struct option_row *b)
{
    return (a->commands & b->commands) != 0;
}

static void test_no_two_options_clash(void **state)
{
    (void)state;
    for (size_t i = 0; i < option_row_count; i++) {
        for (size_t j = i + 1; j < option_row_count; j++) {
            const struct option_row *a = &option_rows[i];
            const struct option_row *b = &option_rows[j];
            if (!share_a_command(a, b)) {
                continue;
            }
            assert_string_not_equal(a->name, b->name);
            assert_false(a->letter && a->letter == b->letter);
            assert_false(a->key && b->key && strcmp(a->key, b->key) == 0);
        }
    }
}

static void test_names_are_words_in_kebab_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < option_row_count; i++) {
        const char *name = option_rows[i].name;
        /* A draw has no other name but u. */
        assert_true(strlen(name) >= 3 || strcmp(name, "u") == 0);
        assert_true(strlen(name) <= 23);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz-"),
                         strlen(name));
        assert_true(name[0] != '-' && name[strlen(name) - 1] != '-');
        assert_true(!option_rows[i].letter ||
                    isalpha((unsigned char)option_rows[i].letter));
    }
}

static void test_sentences_begin_large_and_end_in_a_stop(void **state)
{
    (void)state;
    for (size_t i = 0; i < option_row_count; i++) {
        const char *sentence = option_rows[i].sentence;
        assert_true(isupper((unsigned char)sentence[0]));
        assert_int_equal(sentence[strlen(sentence) - 1], '.');
        assert_null(strstr(sentence, "  "));
        assert_null(strstr(sentence, ".."));
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const char *summary = commands[i].summary;
        assert_true(isupper((unsigned char)summary[0]));
        assert_int_equal(summary[strlen(summary) - 1], '.');
        assert_int_equal(commands[i].about[strlen(commands[i].about) - 1],
                         '.');
    }
}

static void test_arguments_fit_the_types(void **state)
{
    (void)state;
    for (size_t i = 0; i < option_row_count; i++) {
        const struct option_row *row = &option_rows[i];
        bool is_key = row->type == OPTION_KEY ||
                      row->type == OPTION_KEY_ITEM ||
                      row->type == OPTION_KEY_TRUE;
        bool is_bare = row->type == OPTION_FLAG ||
                       row->type == OPTION_KEY_TRUE ||
                       row->type == OPTION_JSON;
        assert_int_equal(row->argument != NULL, !is_bare);
        assert_int_equal(row->key != NULL, is_key);
        assert_true(is_key || row->field < sizeof(struct invocation));
        assert_true(row->commands != 0);
        assert_true((row->commands & ~(unsigned)FOR_ALL) == 0);
    }
}

static bool names(const char *page, const char *name)
{
    char flag[40];
    snprintf(flag, sizeof(flag), "Fl %s", name);
    for (const char *at = page; (at = strstr(at, flag)); at++) {
        char after = at[strlen(flag)];
        if (after == ' ' || after == '\n') {
            return true;
        }
    }
    return false;
}

static void test_synonyms_are_of_options_and_in_the_manual(void **state)
{
    static char page[65536];
    FILE *file = fopen("man/squall.1", "r");
    (void)state;
    assert_non_null(file);
    page[fread(page, 1, sizeof(page) - 1, file)] = '\0';
    fclose(file);
    for (size_t i = 0; i < synonym_count; i++) {
        const struct synonym *synonym = &synonyms[i];
        const struct option_row *row = NULL;
        char name[40] = {synonym->letter};
        for (size_t j = 0; j < COMMAND_COUNT; j++) {
            const struct command *command = &commands[j];
            const struct option_row *own =
                option_find(command, synonym->option, strlen(synonym->option));
            row = own ? own : row;
            /* It collides with nothing. */
            assert_true(!synonym->letter ||
                        !option_find_letter(command, synonym->letter) || !own);
            assert_true(!own || !option_find(command, synonym->name,
                                             strlen(synonym->name)));
        }
        assert_non_null(row);
        assert_true(!synonym->value || row->argument);
        assert_true(!synonym->letter || names(page, name));
        snprintf(name, sizeof(name), "-%s", synonym->name);
        assert_true(!*synonym->name || names(page, name));
    }
}

static void test_keys_are_those_of_a_profile(void **state)
{
    (void)state;
    for (size_t i = 0; i < option_row_count; i++) {
        const struct option_row *row = &option_rows[i];
        if (!row->key) {
            continue;
        }
        const struct key *key = key_find(row->key);
        if (!key) {
            fail_msg("--%s stands for %s, which no profile has", row->name,
                     row->key);
        }
        assert_int_equal(row->type == OPTION_KEY_TRUE, key->type == TYPE_BOOL);
    }
}

static void test_every_group_has_a_title_and_an_option(void **state)
{
    (void)state;
    for (size_t group = 0; group < GROUP_COUNT; group++) {
        bool used = false;
        for (size_t i = 0; i < option_row_count; i++) {
            used = used || option_rows[i].group == group;
        }
        assert_true(used);
        assert_non_null(option_group_title((enum option_group)group));
    }
}

static void test_find_is_by_whole_name_and_command(void **state)
{
    (void)state;
    const struct command *run = command_find("run");
    const struct command *target = command_find("target");
    assert_string_equal(option_find(run, "rate", 4)->name, "rate");
    assert_null(option_find(run, "rat", 3));
    assert_null(option_find(target, "rate", 4));
    assert_null(option_find(run, "port", 4));
    assert_string_equal(option_find_letter(run, 'r')->name, "rate");
    assert_null(option_find_letter(target, 'r'));
    assert_null(command_find("ru"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_two_options_clash),
        cmocka_unit_test(test_names_are_words_in_kebab_case),
        cmocka_unit_test(test_sentences_begin_large_and_end_in_a_stop),
        cmocka_unit_test(test_arguments_fit_the_types),
        cmocka_unit_test(test_synonyms_are_of_options_and_in_the_manual),
        cmocka_unit_test(test_keys_are_those_of_a_profile),
        cmocka_unit_test(test_every_group_has_a_title_and_an_option),
        cmocka_unit_test(test_find_is_by_whole_name_and_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
