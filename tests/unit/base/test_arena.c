#include "base/arena.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../expect_bug.h"

/* Blocks of every size up to past the block size: zeroed, aligned, apart. */
static void test_blocks(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    enum { COUNT = 300 };
    unsigned char *blocks[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        size_t size = i * 331;
        blocks[i] = arena_alloc(&arena, size);
        assert_int_equal((uintptr_t)blocks[i] % alignof(max_align_t), 0);
        for (size_t j = 0; j < size; j++) {
            assert_int_equal(blocks[i][j], 0);
        }
        memset(blocks[i], (int)(i % 255) + 1, size);
    }
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t j = 0; j < i * 331; j++) {
            assert_int_equal(blocks[i][j], (i % 255) + 1);
        }
    }
    arena_release(&arena);
}

/* What the kernel gives is zeroed, aligned and apart, too, beside small ones,
 * and what it does not have is no memory. */
static void test_large_blocks(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    enum { SIZE = 64 * 1024 * 1024 };
    unsigned char *large[2];
    for (size_t i = 0; i < 2; i++) {
        unsigned char *small = arena_alloc(&arena, 100);
        large[i] = arena_alloc(&arena, SIZE);
        assert_int_equal((uintptr_t)large[i] % alignof(max_align_t), 0);
        assert_int_equal(large[i][0] | large[i][SIZE / 2] | large[i][SIZE - 1],
                         0);
        large[i][0] = large[i][SIZE - 1] = (unsigned char)(i + 1);
        memset(small, 0xff, 100);
    }
    assert_int_equal(large[0][0], 1);
    assert_int_equal(large[0][SIZE - 1], 1);
    assert_null(arena_try_alloc(&arena, SIZE_MAX / 4));
    assert_non_null(arena_alloc(&arena, 8));
    arena_release(&arena);
    assert_null(arena.newest);
}

static void test_used_bytes(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    assert_non_null(arena_alloc(&arena, 0));
    assert_int_equal(arena.used_bytes, 0);
    arena_alloc(&arena, 1);
    arena_array(&arena, 10, alignof(max_align_t));
    assert_int_equal(arena.used_bytes, 11 * alignof(max_align_t));
    arena_release(&arena);
    assert_int_equal(arena.used_bytes, 0);
    assert_null(arena.newest);
    assert_non_null(arena_alloc(&arena, 8)); /* usable again */
    arena_release(&arena);
    arena_release(&arena);
}

static void test_strings(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    char text[] = "checkout";
    char *copy = arena_strdup(&arena, text);
    char *part = arena_strndup(&arena, text, 5);
    char *none = arena_strndup(&arena, text, 0);
    text[0] = 'X';
    assert_string_equal(copy, "checkout");
    assert_string_equal(part, "check");
    assert_string_equal(none, "");
    arena_release(&arena);
}

static void test_overflow_is_a_bug(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    expect_bug(arena_array(&arena, SIZE_MAX / 2, 3));
    expect_bug(arena_alloc(&arena, SIZE_MAX));
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_large_blocks),
        cmocka_unit_test(test_used_bytes),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_overflow_is_a_bug),
    };
    return cmocka_run_group_tests_name("base/arena", tests, NULL, NULL);
}
