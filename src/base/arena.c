#include "base/arena.h"

#include "base/must.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    BLOCK_SIZE = 64 * 1024,
    MAPPED_SIZE = 16 * 1024 * 1024, /* from here on the kernel is asked */
};

struct arena_block {
    struct arena_block *older;
    size_t size;
    size_t used;
    alignas(max_align_t) unsigned char bytes[];
};

static bool is_mapped(size_t size)
{
    return size >= MAPPED_SIZE;
}

/* Zeroed memory, or NULL. Large arrays are zero pages of the kernel, which
 * cost nothing until they are touched. calloc would give the same, but that of
 * the thread sanitizer writes the zeros: seconds for what a run may need at
 * most. */
static void *zero_pages(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static struct arena_block *new_block(struct arena *arena, size_t size)
{
    struct arena_block *block = NULL;
    if (size <= SIZE_MAX - sizeof(*block)) {
        size_t whole = sizeof(*block) + size;
        block = is_mapped(size) ? zero_pages(whole) : calloc(1, whole);
    }
    if (!block) {
        return NULL;
    }
    block->size = size;
    block->older = arena->newest;
    arena->newest = block;
    return block;
}

void *arena_try_alloc(struct arena *arena, size_t size)
{
    size_t align = alignof(max_align_t);
    must(size <= SIZE_MAX - align);
    size_t padded = (size + align - 1) / align * align;
    struct arena_block *block = arena->newest;

    if (!block || block->size - block->used < padded) {
        block = new_block(arena, padded > BLOCK_SIZE ? padded : BLOCK_SIZE);
        if (!block) {
            return NULL;
        }
    }
    void *memory = block->bytes + block->used;
    block->used += padded;
    arena->used_bytes += padded;
    return memory;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    void *memory = arena_try_alloc(arena, size);
    if (!memory) {
        fprintf(stderr, "squall: error: out of memory (%zu bytes asked)\n",
                size);
        exit(3);
    }
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
        if (is_mapped(block->size)) {
            munmap(block, sizeof(*block) + block->size);
        } else {
            free(block);
        }
        block = older;
    }
    *arena = (struct arena)ARENA_INIT;
}
