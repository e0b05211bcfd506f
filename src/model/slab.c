#include "model/slab.h"

#include "base/must.h"

#include <string.h>

struct slab_piece {
    struct slab_piece *next;
};

void slab_init(struct slab *slab, struct arena *arena)
{
    *slab = (struct slab){.arena = arena};
}

static size_t class_of(size_t size)
{
    must(size > 0 && size <= SLAB_PIECE_MAX);
    return (size - 1) / SLAB_STEP;
}

void *slab_take(struct slab *slab, size_t size)
{
    size_t class = class_of(size);
    struct slab_piece *piece = slab->free[class];

    if (!piece) {
        return arena_try_alloc(slab->arena, (class + 1) * SLAB_STEP);
    }
    slab->free[class] = piece->next;
    return memset(piece, 0, size);
}

void slab_give(struct slab *slab, void *memory, size_t size)
{
    struct slab_piece *piece = memory;
    if (piece) {
        piece->next = slab->free[class_of(size)];
        slab->free[class_of(size)] = piece;
    }
}
