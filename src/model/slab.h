/*
 * slab: memory for things that come and go for as long as a service runs.
 *
 * Pieces of up to SLAB_PIECE_MAX bytes, whose sizes are rounded up to a
 * multiple of SLAB_STEP. They are cut from an arena, which grows with what is
 * in use at once, never with how long it has run: a piece that is given back
 * is the next one of its size to be taken.
 */
#ifndef SQUALL_MODEL_SLAB_H
#define SQUALL_MODEL_SLAB_H

#include "base/arena.h"

#include <stddef.h>

enum { SLAB_STEP = 64, SLAB_PIECE_MAX = 2048 };

struct slab_piece;

struct slab {
    struct arena *arena;
    struct slab_piece *free[SLAB_PIECE_MAX / SLAB_STEP];
};

/* Borrows the arena. Once that is released, the slab is to be made anew. */
void slab_init(struct slab *slab, struct arena *arena);

/* A zeroed piece, or NULL when there is no memory. */
void *slab_take(struct slab *slab, size_t size);

/* Gives back what was taken with this size; NULL is left alone. */
void slab_give(struct slab *slab, void *piece, size_t size);

#endif
