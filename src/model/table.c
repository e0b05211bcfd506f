#include "model/table.h"

#include "base/must.h"

void table_init(struct table *table, struct arena *arena, uint64_t expected)
{
    uint64_t buckets = 64;
    while (buckets < expected && buckets < TABLE_BUCKETS_MAX) {
        buckets *= 2;
    }
    *table = (struct table){
        .buckets = arena_array(arena, buckets, sizeof(*table->buckets)),
        .mask = buckets - 1,
    };
}

static struct table_node **chain_of(const struct table *table,
                                    struct hash128 id)
{
    return &table->buckets[id.low & table->mask];
}

struct table_node *table_find(const struct table *table, struct hash128 id)
{
    struct table_node *node = *chain_of(table, id);
    while (node && !hash_equal(node->id, id)) {
        node = node->next;
    }
    return node;
}

void table_add(struct table *table, struct table_node *node)
{
    struct table_node **chain = chain_of(table, node->id);
    node->next = *chain;
    *chain = node;
    table->count++;
}

void table_remove(struct table *table, struct table_node *node)
{
    struct table_node **at = chain_of(table, node->id);
    while (*at != node) {
        must(*at);
        at = &(*at)->next;
    }
    *at = node->next;
    table->count--;
}
