#include "base/heap.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../expect_bug.h"

struct fixture {
    struct arena arena;
    struct heap heap;
    struct heap_node nodes[4];
};

static void set_up(struct fixture *f, size_t capacity)
{
    memset(f, 0, sizeof(*f));
    heap_init(&f->heap, &f->arena, capacity);
}

static struct instant at(int64_t ns)
{
    return (struct instant){ns};
}

static void test_empty(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 0);
    assert_true(heap_next(&f.heap).ns == INT64_MAX);
    assert_null(heap_pop_due(&f.heap, INSTANT_NEVER));
    heap_remove(&f.heap, &f.nodes[0]);
    expect_bug(heap_set(&f.heap, &f.nodes[0], at(1)));
    arena_release(&f.arena);
}

static void test_due(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 2);
    heap_set(&f.heap, &f.nodes[0], at(20));
    heap_set(&f.heap, &f.nodes[1], at(10));
    assert_true(heap_next(&f.heap).ns == 10);
    assert_null(heap_pop_due(&f.heap, at(9)));
    assert_ptr_equal(heap_pop_due(&f.heap, at(10)), &f.nodes[1]);
    assert_int_equal(f.nodes[1].position, 0);
    assert_null(heap_pop_due(&f.heap, at(19)));
    assert_ptr_equal(heap_pop_due(&f.heap, at(100)), &f.nodes[0]);
    assert_null(heap_pop_due(&f.heap, INSTANT_NEVER));
    arena_release(&f.arena);
}

/* Ties leave in the order in which they were set; setting again is setting
 * later, also to the same time. */
static void test_ties(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 4);
    for (size_t i = 0; i < 4; i++) {
        heap_set(&f.heap, &f.nodes[i], at(5));
    }
    heap_set(&f.heap, &f.nodes[0], at(5));
    heap_set(&f.heap, &f.nodes[2], at(1));
    heap_set(&f.heap, &f.nodes[2], at(5));
    static const size_t expected[] = {1, 3, 0, 2};
    for (size_t i = 0; i < 4; i++) {
        assert_ptr_equal(heap_pop_due(&f.heap, at(5)), &f.nodes[expected[i]]);
    }
    arena_release(&f.arena);
}

static void test_full_heap_still_moves(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 2);
    heap_set(&f.heap, &f.nodes[0], at(1));
    heap_set(&f.heap, &f.nodes[1], at(2));
    heap_set(&f.heap, &f.nodes[0], at(3));
    assert_true(heap_next(&f.heap).ns == 2);
    expect_bug(heap_set(&f.heap, &f.nodes[2], at(1)));
    arena_release(&f.arena);
}

static void test_foreign_node_is_a_bug(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 2);
    heap_set(&f.heap, &f.nodes[0], at(1));
    struct heap_node copy = f.nodes[0];
    expect_bug(heap_remove(&f.heap, &copy));
    arena_release(&f.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_due),
        cmocka_unit_test(test_ties),
        cmocka_unit_test(test_full_heap_still_moves),
        cmocka_unit_test(test_foreign_node_is_a_bug),
    };
    return cmocka_run_group_tests_name("base/heap", tests, NULL, NULL);
}
