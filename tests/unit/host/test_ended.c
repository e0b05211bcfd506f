/* The list of attempts that ended without the engine. */
#include "host/ended.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../../expect_bug.h"

static struct ended_list list;
static struct attempt attempts[4];

static void begin(void)
{
    for (size_t i = 0; i < array_length(attempts); i++) {
        attempts[i] = (struct attempt){.number = (unsigned)i + 1};
    }
    ended_init(&list);
    assert_null(list.first);
}

static void expect_order(const int *order, size_t count)
{
    const struct attempt *at = list.first;
    for (size_t i = 0; i < count; i++, at = at->next_ended) {
        assert_ptr_equal(at, &attempts[order[i]]);
        assert_true(at->is_ended);
    }
    assert_null(at);
}

static void the_first_that_ended_is_answered_first(void **state)
{
    (void)state;
    begin();
    ended_put(&list, &attempts[2], OUTCOME_RESET);
    ended_put(&list, &attempts[0], OUTCOME_CANCELLED);
    ended_put(&list, &attempts[3], OUTCOME_NO_SOCKET);
    expect_order((const int[]){2, 0, 3}, 3);
    assert_int_equal(attempts[0].outcome, OUTCOME_CANCELLED);
    ended_take(&list, list.first);
    assert_false(attempts[2].is_ended);
    expect_order((const int[]){0, 3}, 2);
}

static void any_can_be_taken_out(void **state)
{
    (void)state;
    for (int taken = 0; taken < 3; taken++) {
        begin();
        for (int i = 0; i < 3; i++) {
            ended_put(&list, &attempts[i], OUTCOME_TIMEOUT);
        }
        ended_take(&list, &attempts[taken]);
        ended_put(&list, &attempts[3], OUTCOME_TIMEOUT);
        int order[3], count = 0;
        for (int i = 0; i < 4; i++) {
            if (i != taken) {
                order[count++] = i;
            }
        }
        expect_order(order, 3);
    }
}

static void an_attempt_ends_once(void **state)
{
    (void)state;
    begin();
    ended_put(&list, &attempts[1], OUTCOME_RESET);
    expect_bug(ended_put(&list, &attempts[1], OUTCOME_TIMEOUT));
    expect_bug(ended_take(&list, &attempts[0]));
    ended_take(&list, &attempts[1]);
    assert_null(list.first);
    ended_put(&list, &attempts[1], OUTCOME_TIMEOUT);
    expect_order((const int[]){1}, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_that_ended_is_answered_first),
        cmocka_unit_test(any_can_be_taken_out),
        cmocka_unit_test(an_attempt_ends_once),
    };
    return cmocka_run_group_tests_name("host/ended", tests, NULL, NULL);
}
