/*
 * effects: everything that the embedded target ever really did.
 *
 * what squall's own reports are tested by: it shares no code with what counts
 * for the report. Every effect has a number of its own within its kind
 * ("ord_17"), and is counted under the order that asked for it and under the
 * key that it carried. Pure bookkeeping: no clock, no I/O.
 *
 * Memory: an arena of its own, which grows with what has been done: 48 bytes
 * and the text, for each distinct order and for each distinct key; at most
 * `max` of each. What does not fit is not performed: the caller is informed.
 */
#ifndef SQUALL_MODEL_EFFECTS_H
#define SQUALL_MODEL_EFFECTS_H

#include "base/arena.h"
#include "model/table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum effect_kind { EFFECT_ORDER, EFFECT_REFUND };
enum { EFFECT_KINDS = 2, EFFECT_ID_MAX = 32 };

struct effects_entry;

/* Ids with the number of their effects, in the order of first appearance. */
struct effects_index {
    struct table entries;
    struct effects_entry *first;
    struct effects_entry *last;
};

struct service_effects {
    struct arena arena;
    uint64_t max;                   /* entries of each index */
    uint64_t performed;             /* since the last reset */
    uint64_t numbers[EFFECT_KINDS]; /* of the latest; they go on over resets */
    uint64_t epoch;                 /* grows with every reset */
    struct effects_index by_order;
    struct effects_index by_key;
};

/* Walks an index as it was when the walk began: what comes later is left
 * out, and a reset ends it. */
struct effects_cursor {
    const struct service_effects *effects;
    const struct effects_entry *at;
    uint64_t left;
    uint64_t epoch;
};

void service_effects_init(struct service_effects *effects, uint64_t max);
void service_effects_release(struct service_effects *effects);

/* Forgets all effects; their numbers are not used again. */
void service_effects_reset(struct service_effects *effects);

/* Whether there is room for one more. */
bool service_effects_has_room(const struct service_effects *effects);

/* Performs one and returns its number; 0: there is no room, and it is not
 * done. `order` and `key` may be NULL. */
uint64_t service_effects_perform(struct service_effects *effects,
                                 enum effect_kind kind, const char *order,
                                 const char *key);

/* "ord_17", "ref_4" */
void service_effects_id(char id[EFFECT_ID_MAX], enum effect_kind kind,
                        uint64_t number);

/* How often the order, or the key, was performed. */
uint64_t service_effects_of_order(const struct service_effects *effects,
                                  const char *order);
uint64_t service_effects_of_key(const struct service_effects *effects,
                                const char *key);

/* Every effect once: under its order's name, else its key, else its own id.
 * With by_key: under the key alone; what carried none is left out. */
void service_effects_walk(struct effects_cursor *cursor,
                          const struct service_effects *effects, bool by_key);

/* The next id, which stays in place until the next reset, and its count.
 * False at the end, and when the effects were reset meanwhile (*torn). */
bool service_effects_next(struct effects_cursor *cursor, const char **id,
                          uint64_t *count, bool *torn);

#endif
