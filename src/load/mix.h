/* mix: which of the declared requests an operation makes, by weight. */
#ifndef SQUALL_LOAD_MIX_H
#define SQUALL_LOAD_MIX_H

#include "base/arena.h"
#include "base/rng.h"

#include <stddef.h>
#include <stdint.h>

struct mix {
    size_t count;
    uint64_t *cumulative; /* last one: the sum of the weights */
};

/* Weights must not all be 0. Memory from the arena. */
void mix_init(struct mix *mix, struct arena *arena, const uint64_t *weights,
              size_t count);

/* An index below count. One draw, none when there is one request only. */
size_t mix_pick(const struct mix *mix, struct rng *rng);

#endif
