#include "effects/baseline.h"

enum { SLOTS_FIRST = 1024 };

struct baseline_slot {
    uint64_t id;    /* 0: free */
    uint32_t count; /* saturates */
    uint32_t left;  /* not yet found in this reading */
};

static struct baseline_slot *find(const struct baseline *baseline, uint64_t id)
{
    uint64_t at = id & baseline->mask;
    while (baseline->slots[at].id != 0 && baseline->slots[at].id != id) {
        at = (at + 1) & baseline->mask;
    }
    return &baseline->slots[at];
}

static void grow(struct baseline *baseline)
{
    struct baseline old = *baseline;
    uint64_t slots = old.slots ? (old.mask + 1) * 2 : SLOTS_FIRST;

    baseline->arena = (struct arena)ARENA_INIT;
    baseline->slots =
        arena_array(&baseline->arena, slots, sizeof(*baseline->slots));
    baseline->mask = slots - 1;
    for (uint64_t i = 0; old.slots && i <= old.mask; i++) {
        if (old.slots[i].id != 0) {
            *find(baseline, old.slots[i].id) = old.slots[i];
        }
    }
    arena_release(&old.arena);
}

void baseline_release(struct baseline *baseline)
{
    arena_release(&baseline->arena);
    *baseline = (struct baseline)BASELINE_INIT;
}

void baseline_add(struct baseline *baseline, uint64_t id, uint64_t count)
{
    id = id == 0 ? 1 : id;
    if (count == 0) {
        return;
    }
    if (!baseline->slots || baseline->ids >= (baseline->mask + 1) / 4 * 3) {
        grow(baseline);
    }
    struct baseline_slot *slot = find(baseline, id);
    if (slot->id == 0) {
        if (baseline->ids == BASELINE_IDS_MAX) {
            baseline->is_full = true;
            return;
        }
        baseline->ids++;
        slot->id = id;
    }
    baseline->effects += count;
    slot->count = count > UINT32_MAX - slot->count
                      ? UINT32_MAX
                      : slot->count + (uint32_t)count;
    slot->left = slot->count;
}

uint64_t baseline_count(const struct baseline *baseline, uint64_t id)
{
    return baseline->slots ? find(baseline, id == 0 ? 1 : id)->count : 0;
}

uint64_t baseline_subtract(struct baseline *baseline, uint64_t id,
                           uint64_t count)
{
    if (!baseline->slots) {
        return count;
    }
    struct baseline_slot *slot = find(baseline, id == 0 ? 1 : id);
    if (slot->count == UINT32_MAX) {
        return 0;
    }
    uint32_t old = slot->left < count ? slot->left : (uint32_t)count;
    slot->left -= old;
    return count - old;
}

void baseline_rewind(struct baseline *baseline)
{
    for (uint64_t i = 0; baseline->slots && i <= baseline->mask; i++) {
        baseline->slots[i].left = baseline->slots[i].count;
    }
}
