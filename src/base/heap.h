/*
 * heap: a binary min-heap of timers, embedded in their owners.
 *
 * Equal times leave in the order in which they were set, so that a run with
 * one seed repeats. The heap never reads a clock and never allocates after
 * heap_init; a node may be moved or removed at any time in O(log n).
 */
#ifndef SQUALL_BASE_HEAP_H
#define SQUALL_BASE_HEAP_H

#include "base/arena.h"
#include "base/instant.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node {
    struct instant at;
    uint64_t order;  /* ties: first set, first out */
    size_t position; /* in the heap, from 1; 0: not in it */
};

struct heap {
    struct heap_node **nodes; /* nodes[0] is not used */
    size_t count;
    size_t capacity;
    uint64_t next_order;
};

/* Room for `capacity` nodes, from the arena. */
void heap_init(struct heap *heap, struct arena *arena, size_t capacity);

/* Sets or moves a timer. The heap must not be full. Borrows the node, which
 * must stay in place until it is removed or popped. */
void heap_set(struct heap *heap, struct heap_node *node, struct instant at);

/* Takes a timer out; one that is not set is left alone. */
void heap_remove(struct heap *heap, struct heap_node *node);

/* The earliest time, or INSTANT_NEVER. */
struct instant heap_next(const struct heap *heap);

/* Takes out and returns the earliest node that is due at `now`, or NULL. */
struct heap_node *heap_pop_due(struct heap *heap, struct instant now);

#endif
