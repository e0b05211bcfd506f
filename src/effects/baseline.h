/*
 * baseline: what the ledger had before the run, to be subtracted from what it
 * has after it.
 *
 * Ids are kept as hashes of 64 bits, 21 to 43 bytes an id (and half as much
 * again while the table grows); two ids of 5 million meet with a chance of
 * 7e-7. Past BASELINE_IDS_MAX it is full, and the run must not begin.
 */
#ifndef SQUALL_EFFECTS_BASELINE_H
#define SQUALL_EFFECTS_BASELINE_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

enum { BASELINE_IDS_MAX = 24 * 1000 * 1000 };

struct baseline {
    struct arena arena; /* of the table */
    struct baseline_slot *slots;
    uint64_t mask;
    uint64_t ids;
    uint64_t effects;
    bool is_full;
};

/* Empty, all zero; takes memory with the first id. */
#define BASELINE_INIT \
    { \
        0 \
    }
void baseline_release(struct baseline *baseline);

/* So many effects of an id were there; several of one id add up. */
void baseline_add(struct baseline *baseline, uint64_t id, uint64_t count);

/* How many effects an id had before. */
uint64_t baseline_count(const struct baseline *baseline, uint64_t id);

/* Of so many effects of an id, how many are new: the old ones are used up,
 * whichever entries of a reading count them. An id that had 2^32 - 1 or more
 * has none that could be distinguished from them. */
uint64_t baseline_subtract(struct baseline *baseline, uint64_t id,
                           uint64_t count);

/* Another reading begins. */
void baseline_rewind(struct baseline *baseline);

#endif
