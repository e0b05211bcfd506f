#include "base/arena.h"

#include "base/must.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 64 * 1024 };

struct arena_block {
    struct arena_block *older;
    size_t size;
    size_t used;
    alignas(max_align_t) unsigned char bytes[];
};

/* calloc, so that large arrays are zero pages which cost nothing until they
 * are touched. */
static struct arena_block *new_block(struct arena *arena, size_t size)
{
    struct arena_block *block = NULL;
    if (size <= SIZE_MAX - sizeof(*block)) {
        block = calloc(1, sizeof(*block) + size);
    }
    if (!block) {
        fprintf(stderr, "squall: error: out of memory (%zu bytes asked)\n",
                size);
        exit(3);
    }
    block->size = size;
    block->older = arena->newest;
    arena->newest = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t align = alignof(max_align_t);
    must(size <= SIZE_MAX - align);
    size_t padded = (size + align - 1) / align * align;
    struct arena_block *block = arena->newest;

    if (!block || block->size - block->used < padded) {
        block = new_block(arena, padded > BLOCK_SIZE ? padded : BLOCK_SIZE);
    }
    void *memory = block->bytes + block->used;
    block->used += padded;
    arena->used_bytes += padded;
    return memory;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;
    must(!__builtin_mul_overflow(count, size, &bytes));
    return arena_alloc(arena, bytes);
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);
    memcpy(copy, text, length);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

void arena_release(struct arena *arena)
{
    struct arena_block *block = arena->newest;
    while (block) {
        struct arena_block *older = block->older;
        free(block);
        block = older;
    }
    *arena = (struct arena)ARENA_INIT;
}
