/* Finding by id, with one thing a bucket and with very many. */
#include "model/table.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { NODES = 3000 };

static struct hash128 id_of(size_t i)
{
    return hash_bytes(&i, sizeof(i));
}

static void all_are_found_until_removed(void **state)
{
    static struct table_node nodes[NODES];
    static const uint64_t expected[] = {1, NODES};
    (void)state;
    for (size_t e = 0; e < array_length(expected); e++) {
        struct arena arena = ARENA_INIT;
        struct table table;
        table_init(&table, &arena, expected[e]);
        for (size_t i = 0; i < NODES; i++) {
            nodes[i].id = id_of(i);
            assert_null(table_find(&table, id_of(i)));
            table_add(&table, &nodes[i]);
        }
        assert_int_equal(table.count, NODES);
        for (size_t i = 0; i < NODES; i += 2) {
            table_remove(&table, &nodes[i]);
        }
        assert_int_equal(table.count, NODES / 2);
        for (size_t i = 0; i < NODES; i++) {
            assert_ptr_equal(table_find(&table, id_of(i)),
                             i % 2 == 0 ? NULL : &nodes[i]);
        }
        arena_release(&arena);
    }
}

/* Ids that differ in one half only are two. */
static void both_halves_count(void **state)
{
    struct arena arena = ARENA_INIT;
    struct table table;
    struct table_node one = {.id = {1, 2}}, other = {.id = {3, 2}};
    (void)state;
    table_init(&table, &arena, 10);
    table_add(&table, &one);
    assert_null(table_find(&table, other.id));
    table_add(&table, &other);
    assert_ptr_equal(table_find(&table, one.id), &one);
    assert_ptr_equal(table_find(&table, other.id), &other);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_found_until_removed),
        cmocka_unit_test(both_halves_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
