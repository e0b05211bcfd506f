/*
 * arena: memory of one lifetime, released at once.
 *
 * Blocks are zeroed and aligned for any object. There is no way to return a
 * single block. Running out of memory ends the process with a named error
 * (exit 3): squall sizes everything before a run, never during one.
 */
#ifndef SQUALL_BASE_ARENA_H
#define SQUALL_BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *newest;
    size_t used_bytes; /* handed out since init */
};

#define ARENA_INIT \
    { \
        0 \
    }

/* Returns zeroed memory owned by the arena. A size of 0 is allowed. */
void *arena_alloc(struct arena *arena, size_t size);

/* The same, but NULL when there is no memory: for what grows while a service
 * runs and has an answer for that. */
void *arena_try_alloc(struct arena *arena, size_t size);

/* As arena_alloc for an array; the product is checked against overflow. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* Copies a string, or the first length bytes of one, into the arena. */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);

/* Frees every block; the arena can be used again. */
void arena_release(struct arena *arena);

#endif
