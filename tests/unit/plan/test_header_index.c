/* Header names, in any case, found in long lists. */
#include "plan/header_index.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void names_are_found_in_any_case(void **state)
{
    struct header_config items[] = {
        {"B", "1", 1}, {"a", "2", 2}, {"C", "3", 3}, {"A", "4", 4},
        {"b", "5", 5}, {"A", "6", 6}, {"A", "7", 6},
    };
    struct header_list list = {array_length(items), items};
    struct header_index index;
    (void)state;

    header_index_init(&index, &list);
    assert_true(header_index_has(&index, "a"));
    assert_true(header_index_has(&index, "B"));
    assert_true(header_index_has(&index, "c"));
    assert_false(header_index_has(&index, ""));
    assert_false(header_index_has(&index, "aa"));
    assert_false(header_index_has(&index, "d"));
    assert_false(header_index_is_last(&index, 0));
    assert_false(header_index_is_last(&index, 1));
    assert_true(header_index_is_last(&index, 2));
    assert_false(header_index_is_last(&index, 3));
    assert_true(header_index_is_last(&index, 4));
    /* Both values of one member. */
    assert_true(header_index_is_last(&index, 5));
    assert_true(header_index_is_last(&index, 6));
    header_index_release(&index);
}

static void an_empty_list_has_none(void **state)
{
    struct header_list list = {0};
    struct header_index index;
    (void)state;
    header_index_init(&index, &list);
    assert_false(header_index_has(&index, "A"));
    header_index_release(&index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_in_any_case),
        cmocka_unit_test(an_empty_list_has_none),
    };
    return cmocka_run_group_tests_name("plan/header_index", tests, NULL, NULL);
}
