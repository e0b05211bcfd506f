/*
 * looks: after how many rounds a comparison is judged.
 *
 * A number of rounds that was given is judged once, at 5 %. Otherwise there
 * are at most six looks, the first after eight rounds or the least that can
 * show anything, each half as far again as the one before: a look that ends
 * the comparison early is judged at 0.4 %, the last at 3 %. Together they err
 * in at most 5 %, whatever the looks have to do with each other.
 */
#ifndef SQUALL_COMPARE_LOOKS_H
#define SQUALL_COMPARE_LOOKS_H

#include "compare/comparison.h"

#include <stdbool.h>
#include <stddef.h>

struct looks {
    size_t fixed; /* rounds to be made; 0: as many as it takes */
    size_t most;  /* of as many as it takes */
};

/* The level at which a last look is judged. */
double looks_last_level(const struct looks *looks);

/* Rounds before the first look. `family` is comparison_family's. */
size_t looks_first(const struct looks *looks, size_t family);

/* Rounds before the look after one at `rounds`. */
size_t looks_next(const struct looks *looks, size_t rounds);

/* Judges; true when the comparison is over: `judged` is then what it found.
 * Otherwise judged is what the last look would find now, of which only
 * `wanted` may be shown. `is_last`: there is no time for more. */
bool looks_judge(const struct looks *looks, struct arena *arena,
                 const struct comparison_input *input, bool is_last,
                 struct comparison *judged);

#endif
