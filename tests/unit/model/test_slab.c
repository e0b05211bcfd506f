/* Memory that comes and goes: zeroed, apart, used again, never growing. */
#include "model/slab.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void pieces_are_zeroed_and_apart(void **state)
{
    struct arena arena = ARENA_INIT;
    struct slab slab;
    unsigned char *pieces[SLAB_PIECE_MAX / 7];
    (void)state;
    slab_init(&slab, &arena);
    for (size_t i = 0; i < array_length(pieces); i++) {
        size_t size = i * 7 + 1;
        pieces[i] = slab_take(&slab, size);
        for (size_t j = 0; j < size; j++) {
            assert_int_equal(pieces[i][j], 0);
        }
        memset(pieces[i], (int)(i % 255) + 1, size);
    }
    for (size_t i = 0; i < array_length(pieces); i++) {
        for (size_t j = 0; j < i * 7 + 1; j++) {
            assert_int_equal(pieces[i][j], i % 255 + 1);
        }
    }
    arena_release(&arena);
}

static void what_is_given_back_is_used_again(void **state)
{
    struct arena arena = ARENA_INIT;
    struct slab slab;
    (void)state;
    slab_init(&slab, &arena);
    slab_give(&slab, NULL, 100);
    void *first = slab_take(&slab, 100);
    void *second = slab_take(&slab, 100);
    slab_give(&slab, first, 100);
    slab_give(&slab, second, 100);
    size_t used = arena.used_bytes;
    for (int i = 0; i < 1000; i++) {
        unsigned char *piece = slab_take(&slab, 120); /* of the same size */
        assert_ptr_equal(piece, second);
        assert_int_equal(piece[119], 0);
        memset(piece, 7, 120);
        slab_give(&slab, piece, 120);
    }
    assert_int_equal(arena.used_bytes, used);
    assert_ptr_not_equal(slab_take(&slab, 200), second);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_zeroed_and_apart),
        cmocka_unit_test(what_is_given_back_is_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
