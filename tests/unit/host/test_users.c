/* The callers of the closed model: whose turn it is. */
#include "host/users.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../../expect_bug.h"

static struct arena arena;
static struct users users;

static struct instant at(int64_t ms)
{
    return (struct instant){ms * NS_PER_MS};
}

static void all_are_ready_in_their_order(void **state)
{
    (void)state;
    users_init(&users, &arena, 3, DURATION_ZERO);
    assert_int_equal(users.ready_count, 3);
    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal(users_next(&users), i);
    }
    expect_bug(users_next(&users));
    arena_release(&arena);
}

static void who_does_not_think_is_ready_at_once(void **state)
{
    (void)state;
    users_init(&users, &arena, 2, DURATION_ZERO);
    users_next(&users);
    users_next(&users);
    users_answered(&users, 1, at(5));
    assert_int_equal(heap_next(&users.thinking).ns, INT64_MAX);
    assert_int_equal(users_next(&users), 1);
    arena_release(&arena);
}

static void who_thinks_is_ready_when_it_has_thought(void **state)
{
    (void)state;
    users_init(&users, &arena, 2, duration_ms(10));
    users_next(&users);
    users_next(&users);
    users_answered(&users, 0, at(5));
    users_answered(&users, 1, at(7));
    assert_int_equal(heap_next(&users.thinking).ns, at(15).ns);
    users_wake(&users, at(14));
    assert_int_equal(users.ready_count, 0);
    users_wake(&users, at(15));
    assert_int_equal(users.ready_count, 1);
    assert_int_equal(users_next(&users), 0);
    users_answered(&users, 0, at(16));
    users_wake(&users, at(100));
    assert_int_equal(users.ready_count, 2);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_ready_in_their_order),
        cmocka_unit_test(who_does_not_think_is_ready_at_once),
        cmocka_unit_test(who_thinks_is_ready_when_it_has_thought),
    };
    return cmocka_run_group_tests_name("host/users", tests, NULL, NULL);
}
