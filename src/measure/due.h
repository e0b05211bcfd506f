/*
 * due: what became of operations, by when they were due.
 *
 * Each step counts the operations that were due in it, and those of them that
 * succeeded, by how long they took: so that it can be asked later how many
 * succeeded in a time that is known only when the run is over. Times of half a
 * second and less are one; above, there are four to a doubling. Beside them
 * each step counts the successes that came in it, whenever they were due.
 *
 * A step is 100 ms. A run that is longer than DUE_STEPS_MAX of them doubles
 * it, as measure/series does, so memory is constant. Merging adds.
 */
#ifndef SQUALL_MEASURE_DUE_H
#define SQUALL_MEASURE_DUE_H

#include "base/arena.h"
#include "base/instant.h"

#include <stdint.h>

enum { DUE_STEPS_MAX = 8192, DUE_TIMES = 34 };

struct due_step {
    uint32_t due;
    uint32_t came;            /* successes, by when they came */
    uint32_t took[DUE_TIMES]; /* successes, by how long they took */
};

struct due {
    struct instant origin;
    struct duration step;
    size_t first; /* below it none is in use; valid when count > 0 */
    size_t count; /* steps up to the last one in use */
    struct due_step *steps;
};

void due_init(struct due *due, struct arena *arena, struct instant origin);

/* An operation was due, whether it started or not. */
void due_offered(struct due *due, struct instant intended);

void due_succeeded(struct due *due, struct instant intended,
                   struct instant at);

void due_merge(struct due *due, const struct due *other);

/* As after due_init; the step stays as long as it was. */
void due_reset(struct due *due);

/* The longest time that counts as this one; the last has no end. */
struct duration due_time(size_t index);

/* The smallest index whose time is at least that long. */
size_t due_index(struct duration took);

#endif
