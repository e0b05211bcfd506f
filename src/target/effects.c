#include "target/effects.h"

#include "base/must.h"

#include <stdio.h>
#include <string.h>

/* Growing moves every entry, which would stop the service for milliseconds.
 * So the tables are born large enough for some 500,000 entries. */
#define HASH_INITIAL_NUM_BUCKETS 65536U
#define HASH_INITIAL_NUM_BUCKETS_LOG2 16U
#include <uthash.h>

struct effects_entry {
    UT_hash_handle hh;
    struct effects_entry *next;
    uint64_t count;
    char id[];
};

static const char *const prefixes[EFFECT_KINDS] = {"ord", "ref"};

void target_effects_init(struct target_effects *effects)
{
    *effects = (struct target_effects){.arena = ARENA_INIT};
}

static void index_clear(struct effects_index *index)
{
    HASH_CLEAR(hh, index->entries);
    *index = (struct effects_index){0};
}

void target_effects_release(struct target_effects *effects)
{
    index_clear(&effects->by_order);
    index_clear(&effects->by_key);
    arena_release(&effects->arena);
}

void target_effects_reset(struct target_effects *effects)
{
    target_effects_release(effects);
    effects->performed = 0;
    effects->epoch++;
}

bool target_effects_has_room(const struct target_effects *effects)
{
    return effects->by_order.count < TARGET_EFFECTS_MAX &&
           effects->by_key.count < TARGET_EFFECTS_MAX;
}

static struct effects_entry *index_find(const struct effects_index *index,
                                        const char *id, size_t length)
{
    struct effects_entry *entry = NULL;
    HASH_FIND(hh, index->entries, id, length, entry);
    return entry;
}

static void index_count(struct effects_index *index, struct arena *arena,
                        const char *id)
{
    size_t length = strlen(id);
    struct effects_entry *entry = index_find(index, id, length);
    if (!entry) {
        entry = arena_alloc(arena, sizeof(*entry) + length + 1);
        memcpy(entry->id, id, length);
        HASH_ADD_KEYPTR(hh, index->entries, entry->id, length, entry);
        if (index->last) {
            index->last->next = entry;
        } else {
            index->first = entry;
        }
        index->last = entry;
        index->count++;
    }
    entry->count++;
}

uint64_t target_effects_perform(struct target_effects *effects,
                                enum effect_kind kind, const char *order,
                                const char *key)
{
    uint64_t number = ++effects->numbers[kind];
    char own_id[EFFECT_ID_MAX];

    target_effects_id(own_id, kind, number);
    effects->performed++;
    index_count(&effects->by_order, &effects->arena,
                order ? order : key ? key : own_id);
    if (key) {
        index_count(&effects->by_key, &effects->arena, key);
    }
    return number;
}

void target_effects_id(char id[EFFECT_ID_MAX], enum effect_kind kind,
                       uint64_t number)
{
    snprintf(id, EFFECT_ID_MAX, "%s_%llu", prefixes[kind],
             (unsigned long long)number);
}

static uint64_t count_of(const struct effects_index *index, const char *id)
{
    const struct effects_entry *entry = index_find(index, id, strlen(id));
    return entry ? entry->count : 0;
}

uint64_t target_effects_of_order(const struct target_effects *effects,
                                 const char *order)
{
    return count_of(&effects->by_order, order);
}

uint64_t target_effects_of_key(const struct target_effects *effects,
                               const char *key)
{
    return count_of(&effects->by_key, key);
}

void target_effects_walk(struct effects_cursor *cursor,
                         const struct target_effects *effects, bool by_key)
{
    const struct effects_index *index =
        by_key ? &effects->by_key : &effects->by_order;
    *cursor = (struct effects_cursor){
        .effects = effects,
        .at = index->first,
        .left = index->count,
        .epoch = effects->epoch,
    };
}

bool target_effects_next(struct effects_cursor *cursor, const char **id,
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
