#include "load/mix.h"

#include "base/must.h"

void mix_init(struct mix *mix, struct arena *arena, const uint64_t *weights,
              size_t count)
{
    uint64_t sum = 0;

    must(count > 0);
    mix->count = count;
    mix->cumulative = arena_array(arena, count, sizeof(*mix->cumulative));
    for (size_t i = 0; i < count; i++) {
        must(!__builtin_add_overflow(sum, weights[i], &sum));
        mix->cumulative[i] = sum;
    }
    must(sum > 0);
}

/* The first request whose cumulative weight is above the draw; one of weight
 * 0 has the same cumulative weight as its predecessor and is never first. */
size_t mix_pick(const struct mix *mix, struct rng *rng)
{
    if (mix->count == 1) {
        return 0;
    }
    uint64_t draw = rng_below(rng, mix->cumulative[mix->count - 1]);
    size_t low = 0;
    size_t high = mix->count - 1;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (mix->cumulative[middle] > draw) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}
