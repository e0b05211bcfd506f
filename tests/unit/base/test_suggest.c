#include "base/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_distance_counts_edits(void **state)
{
    (void)state;
    assert_int_equal(suggest_distance("", ""), 0);
    assert_int_equal(suggest_distance("", "abc"), 3);
    assert_int_equal(suggest_distance("abc", ""), 3);
    assert_int_equal(suggest_distance("kitten", "sitting"), 3);
    assert_int_equal(suggest_distance("saturday", "sunday"), 3);
    assert_int_equal(suggest_distance("rate", "raet"), 1);
    assert_int_equal(suggest_distance("ca", "abc"), 3);
}

static void test_too_long_words_are_never_near(void **state)
{
    (void)state;
    char word[SUGGEST_LENGTH_MAX + 2];
    memset(word, 'a', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    assert_true(suggest_distance(word, word) == SIZE_MAX);
    word[SUGGEST_LENGTH_MAX] = '\0';
    assert_int_equal(suggest_distance(word, word), 0);
}

static void test_keeps_the_nearest(void **state)
{
    (void)state;
    struct suggestion suggestion;
    suggest_init(&suggestion, "conections");
    suggest_offer(&suggestion, "operations");
    suggest_offer(&suggestion, "connections");
    suggest_offer(&suggestion, "collections");
    assert_string_equal(suggestion.best, "connections");

    suggest_init(&suggestion, "zebra");
    suggest_offer(&suggestion, "operations");
    suggest_offer(&suggestion, "rate");
    assert_null(suggestion.best);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distance_counts_edits),
        cmocka_unit_test(test_too_long_words_are_never_near),
        cmocka_unit_test(test_keeps_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
