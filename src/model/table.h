/*
 * table: finds things by a 128-bit id, of which there may come many millions.
 *
 * Each thing embeds a node and belongs to the caller. The buckets are as many
 * as the caller expects things, at most TABLE_BUCKETS_MAX, and stay: a table
 * that grew would stop the service for milliseconds. Beyond that, chains grow
 * longer instead: 16 things each at 16 million.
 */
#ifndef SQUALL_MODEL_TABLE_H
#define SQUALL_MODEL_TABLE_H

#include "base/arena.h"
#include "base/hash.h"

#include <stddef.h>
#include <stdint.h>

enum { TABLE_BUCKETS_MAX = 1 << 20 };

struct table_node {
    struct hash128 id;
    struct table_node *next; /* of its chain */
};

struct table {
    struct table_node **buckets;
    uint64_t mask;
    uint64_t count;
};

/* Takes the buckets, 8 bytes each, from the arena. */
void table_init(struct table *table, struct arena *arena, uint64_t expected);

/* The node with this id, or NULL. */
struct table_node *table_find(const struct table *table, struct hash128 id);

/* Adds a node whose id is set, and is in no other of the table's. */
void table_add(struct table *table, struct table_node *node);

/* Takes a node out, which must be in. */
void table_remove(struct table *table, struct table_node *node);

#endif
