#include "model/effects.h"

#include "base/must.h"

#include <stdio.h>
#include <string.h>

struct effects_entry {
    struct table_node node; /* first: found from the table */
    struct effects_entry *next;
    uint64_t count;
    char id[];
};

static const char *const prefixes[EFFECT_KINDS] = {"ord", "ref"};

static void take_memory(struct service_effects *effects)
{
    effects->by_order = effects->by_key =
        (struct effects_index){.first = NULL};
    table_init(&effects->by_order.entries, &effects->arena, effects->max);
    table_init(&effects->by_key.entries, &effects->arena, effects->max);
}

void service_effects_init(struct service_effects *effects, uint64_t max)
{
    *effects = (struct service_effects){.arena = ARENA_INIT, .max = max};
    take_memory(effects);
}

void service_effects_release(struct service_effects *effects)
{
    arena_release(&effects->arena);
}

void service_effects_reset(struct service_effects *effects)
{
    arena_release(&effects->arena);
    take_memory(effects);
    effects->performed = 0;
    effects->epoch++;
}

bool service_effects_has_room(const struct service_effects *effects)
{
    return effects->by_order.entries.count < effects->max &&
           effects->by_key.entries.count < effects->max;
}

static struct effects_entry *find(const struct effects_index *index,
                                  const char *id)
{
    struct hash128 hash = hash_bytes(id, strlen(id));
    return (struct effects_entry *)table_find(&index->entries, hash);
}

/* The entry of an id, made where there is none; NULL: there is no memory. */
static struct effects_entry *provide(struct effects_index *index,
                                     struct arena *arena, const char *id)
{
    struct effects_entry *entry = find(index, id);
    size_t length = strlen(id);
    if (entry) {
        return entry;
    }
    entry = arena_try_alloc(arena, sizeof(*entry) + length + 1);
    if (!entry) {
        return NULL;
    }
    memcpy(entry->id, id, length);
    entry->node.id = hash_bytes(id, length);
    table_add(&index->entries, &entry->node);
    if (index->last) {
        index->last->next = entry;
    } else {
        index->first = entry;
    }
    index->last = entry;
    return entry;
}

uint64_t service_effects_perform(struct service_effects *effects,
                                 enum effect_kind kind, const char *order,
                                 const char *key)
{
    char own_id[EFFECT_ID_MAX];
    service_effects_id(own_id, kind, effects->numbers[kind] + 1);

    if (!service_effects_has_room(effects)) {
        return 0;
    }
    struct effects_entry *by_order =
        provide(&effects->by_order, &effects->arena,
                order ? order
                : key ? key
                      : own_id);
    struct effects_entry *by_key =
        key ? provide(&effects->by_key, &effects->arena, key) : NULL;
    if (!by_order || (key && !by_key)) {
        return 0;
    }
    by_order->count++;
    if (by_key) {
        by_key->count++;
    }
    effects->performed++;
    return ++effects->numbers[kind];
}

void service_effects_id(char id[EFFECT_ID_MAX], enum effect_kind kind,
                        uint64_t number)
{
    snprintf(id, EFFECT_ID_MAX, "%s_%llu", prefixes[kind],
             (unsigned long long)number);
}

static uint64_t count_of(const struct effects_index *index, const char *id)
{
    const struct effects_entry *entry = find(index, id);
    return entry ? entry->count : 0;
}

uint64_t service_effects_of_order(const struct service_effects *effects,
                                  const char *order)
{
    return count_of(&effects->by_order, order);
}

uint64_t service_effects_of_key(const struct service_effects *effects,
                                const char *key)
{
    return count_of(&effects->by_key, key);
}

void service_effects_walk(struct effects_cursor *cursor,
                          const struct service_effects *effects, bool by_key)
{
    const struct effects_index *index =
        by_key ? &effects->by_key : &effects->by_order;
    *cursor = (struct effects_cursor){
        .effects = effects,
        .at = index->first,
        .left = index->entries.count,
        .epoch = effects->epoch,
    };
}

bool service_effects_next(struct effects_cursor *cursor, const char **id,
                          uint64_t *count, bool *torn)
{
    *torn = cursor->epoch != cursor->effects->epoch;
    if (*torn || cursor->left == 0) {
        return false;
    }
    must(cursor->at);
    *id = cursor->at->id;
    *count = cursor->at->count;
    cursor->at = cursor->at->next;
    cursor->left--;
    return true;
}
