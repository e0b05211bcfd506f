/* Histories of states, read in any order, against those that are allowed. */
#include "effects/transitions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct transition_config jobs = {
    .count = 4,
    .names = {"PENDING", "RUNNING", "COMPLETED", "FAILED"},
    .next = {2, 12, 0, 0},
    .initial = 1,
};

static struct arena arena;

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void take(struct transitions *transitions, uint32_t member,
                 const char *state, int64_t at)
{
    transitions_take(transitions, member, state, strlen(state), at);
}

static void test_in_order_of_time(void **state)
{
    (void)state;
    struct transition_figures figures;
    struct transitions *transitions = transitions_new(&arena, &jobs);
    take(transitions, 1, "COMPLETED", 30);
    take(transitions, 2, "COMPLETED", 9);
    take(transitions, 1, "PENDING", 10);
    take(transitions, 2, "PENDING", 8);
    take(transitions, 1, "RUNNING", 20);
    transitions_finish(transitions, NULL, NULL, &figures);
    assert_true(figures.is_measured);
    assert_int_equal(figures.checked, 5);
    assert_int_equal(figures.illegal, 1);
    assert_int_equal(figures.offenders, 1);
    assert_int_equal(figures.example_count, 1);
    assert_int_equal(figures.examples[0].member, 2);
    assert_string_equal(figures.examples[0].from, "PENDING");
    assert_string_equal(figures.examples[0].to, "COMPLETED");
    assert_int_equal(figures.examples[0].unix_ns, 9);
    for (uint32_t member = 0; member < 4; member++) {
        assert_int_equal(transitions_offends(transitions, member),
                         member == 2);
    }

    /* Equal times: in the order of the ledger. */
    transitions_clear(transitions);
    take(transitions, 3, "PENDING", 5);
    take(transitions, 3, "RUNNING", 5);
    take(transitions, 3, "FAILED", 5);
    transitions_finish(transitions, NULL, NULL, &figures);
    assert_int_equal(figures.checked, 3);
    assert_int_equal(figures.illegal, 0);
    transitions_release(transitions);
}

static void test_first_states_and_strange_ones(void **state)
{
    (void)state;
    struct transition_figures figures;
    struct transitions *transitions = transitions_new(&arena, &jobs);
    take(transitions, 1, "RUNNING", 1);
    take(transitions, 1, "RUNNING", 2); /* and no step from itself */
    take(transitions, 2, "PENDING", 1);
    take(transitions, 2, "LIMBO", 2);
    take(transitions, 2, "RUNNING", 3);
    transitions_finish(transitions, NULL, NULL, &figures);
    assert_int_equal(figures.illegal, 4);
    assert_int_equal(figures.offenders, 2);
    assert_true(transitions_offends(transitions, 1));
    assert_true(transitions_offends(transitions, 2));
    assert_string_equal(figures.examples[0].from, "");
    assert_string_equal(figures.examples[0].to, "RUNNING");
    assert_string_equal(figures.examples[2].to, "LIMBO");
    assert_string_equal(figures.examples[3].from, "LIMBO");

    /* More strange ones than are remembered are strange all the same. */
    transitions_clear(transitions);
    for (int i = 0; i < 100; i++) {
        char name[60];
        snprintf(name, sizeof(name),
                 "a state with a name that is longer than fits %d", i);
        take(transitions, 5, name, i);
        snprintf(name, sizeof(name), "strange-%d", i);
        take(transitions, 5, name, i);
    }
    transitions_finish(transitions, NULL, NULL, &figures);
    assert_int_equal(figures.checked, 200);
    assert_int_equal(figures.illegal, 200);
    assert_int_equal(figures.offenders, 1);
    assert_int_equal(figures.example_count, TRANSITION_EXAMPLES_MAX);
    transitions_release(transitions);
}

static bool is_odd(const void *user, uint64_t member)
{
    (void)user;
    return member % 2 == 1;
}

static void test_skipped(void **state)
{
    (void)state;
    struct transition_figures figures;
    struct transitions *transitions = transitions_new(&arena, &jobs);
    for (uint32_t i = 0; i < 10000; i++) {
        take(transitions, i, "COMPLETED", 1);
    }
    transitions_finish(transitions, is_odd, NULL, &figures);
    assert_int_equal(figures.checked, 5000);
    assert_int_equal(figures.illegal, 5000);
    assert_int_equal(figures.offenders, 5000);
    transitions_release(transitions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_in_order_of_time, release),
        cmocka_unit_test_teardown(test_first_states_and_strange_ones, release),
        cmocka_unit_test_teardown(test_skipped, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
