#include "model/keys.h"

#include "base/must.h"

#include <string.h>

struct key_entry {
    struct table_node node; /* first: found from the table */
    struct hash128 payload;
    struct key_entry *newer; /* finished after this one */
    struct key_entry *older;
    struct instant forgotten_at;
    void *holder;
    uint16_t size; /* of the whole piece */
    uint16_t status;
    bool is_answered; /* else in flight */
    bool conflicted;  /* stored_conflict: answered so for ever */
    char body[];
};

static void take_memory(struct key_store *store)
{
    slab_init(&store->slab, &store->arena);
    table_init(&store->entries, &store->arena, store->max);
    table_init(&store->failed, &store->arena, store->max);
    store->oldest = NULL;
    store->newest = NULL;
}

void keys_init(struct key_store *store, enum key_mode mode,
               struct duration ttl, uint32_t faults, uint64_t max)
{
    *store = (struct key_store){
        .mode = mode, .ttl = ttl, .faults = faults, .max = max};
    take_memory(store);
}

void keys_release_all(struct key_store *store)
{
    arena_release(&store->arena);
}

void keys_reset(struct key_store *store)
{
    arena_release(&store->arena);
    take_memory(store);
    store->epoch++;
}

uint64_t keys_count(const struct key_store *store)
{
    return store->entries.count;
}

static bool has_fault(const struct key_store *store, enum key_fault fault)
{
    return (store->faults >> fault & 1U) != 0;
}

static struct key_entry *find(const struct key_store *store, struct hash128 id)
{
    return (struct key_entry *)table_find(&store->entries, id);
}

static struct key_entry *new_entry(struct key_store *store,
                                   const struct key_ticket *ticket,
                                   size_t answer_max)
{
    must(answer_max <= KEY_ANSWER_MAX);
    size_t size = sizeof(struct key_entry) + answer_max + 1;
    struct key_entry *entry = slab_take(&store->slab, size);
    if (entry) {
        entry->node.id = ticket->id;
        entry->payload = ticket->payload;
        entry->size = (uint16_t)size;
    }
    return entry;
}

static void unlink_finished(struct key_store *store, struct key_entry *entry)
{
    if (entry->older) {
        entry->older->newer = entry->newer;
    } else {
        store->oldest = entry->newer;
    }
    if (entry->newer) {
        entry->newer->older = entry->older;
    } else {
        store->newest = entry->older;
    }
}

static void drop(struct key_store *store, struct key_entry *entry)
{
    if (entry->is_answered) {
        unlink_finished(store, entry);
    }
    table_remove(&store->entries, &entry->node);
    slab_give(&store->slab, entry, entry->size);
}

/* All keys live equally long, so the first to have finished goes first. */
static void forget_expired(struct key_store *store, struct instant now)
{
    if (has_fault(store, KEY_FAULT_RACY_EXPIRY)) {
        return; /* they are looked at when they are asked for */
    }
    while (store->oldest &&
           !instant_before(now, store->oldest->forgotten_at)) {
        drop(store, store->oldest);
    }
}

static bool same_payload(const struct key_entry *entry, struct hash128 payload)
{
    return entry->payload.high == payload.high &&
           entry->payload.low == payload.low;
}

static struct hash128 key_id(const struct key_store *store,
                             const struct key_request *request)
{
    struct hash128 id = hash_bytes(request->key, strlen(request->key));
    if (!has_fault(store, KEY_FAULT_ANY_ENDPOINT)) {
        id.low ^= mix64(request->kind);
    }
    bool has_caller = request->caller.high != 0 || request->caller.low != 0;
    if (has_caller && !has_fault(store, KEY_FAULT_ANY_CALLER)) {
        id.high ^= mix64(request->caller.high);
        id.low ^= mix64(request->caller.low);
    }
    if (request->is_apart) {
        id.high = ~id.high;
    }
    return id;
}

/* What a key that is there already means for the request. */
static enum key_claim meet(const struct key_store *store,
                           const struct key_entry *entry,
                           struct key_ticket *ticket,
                           struct key_answer *answer)
{
    if (entry->conflicted) {
        return KEY_IN_FLIGHT;
    }
    if (!has_fault(store, KEY_FAULT_ALIAS_PAYLOAD) &&
        !same_payload(entry, ticket->payload)) {
        return KEY_MISMATCH;
    }
    if (!entry->is_answered) {
        ticket->holder = entry->holder;
        return KEY_IN_FLIGHT;
    }
    answer->status = entry->status;
    answer->body = entry->body;
    return KEY_REPLAY;
}

enum key_claim keys_claim(struct key_store *store,
                          const struct key_request *request,
                          struct instant now, struct key_ticket *ticket,
                          struct key_answer *answer)
{
    *ticket = (struct key_ticket){.epoch = store->epoch,
                                  .payload = request->payload};
    if (!request->key) {
        return KEY_RUN;
    }
    ticket->id = key_id(store, request);
    ticket->has_id = true;
    if (store->mode == KEYS_NONE) {
        return KEY_RUN;
    }
    forget_expired(store, now);

    struct key_entry *entry = find(store, ticket->id);
    if (entry && entry->is_answered &&
        !instant_before(now, entry->forgotten_at)) {
        return KEY_RUN; /* racy_expiry: nobody claims it anew */
    }
    if (entry) {
        return meet(store, entry, ticket, answer);
    }
    if (keys_count(store) < store->max) {
        ticket->entry = new_entry(store, ticket, request->answer_max);
    }
    if (!ticket->entry) {
        return KEY_FULL;
    }
    if (store->mode != KEYS_RACY) {
        table_add(&store->entries, &ticket->entry->node);
    }
    return KEY_RUN;
}

static bool is_settled_elsewhere(const struct key_store *store,
                                 const struct key_ticket *ticket)
{
    return !ticket->entry || ticket->epoch != store->epoch;
}

void keys_hold(struct key_store *store, const struct key_ticket *ticket,
               void *holder)
{
    if (!is_settled_elsewhere(store, ticket)) {
        ticket->entry->holder = holder;
    }
}

bool keys_fails_first(struct key_store *store, const struct key_ticket *ticket)
{
    if (!ticket->has_id) {
        return true;
    }
    if (table_find(&store->failed, ticket->id) ||
        store->failed.count == store->max) {
        return false;
    }
    struct table_node *failed = slab_take(&store->slab, sizeof(*failed));
    if (!failed) {
        return false;
    }
    failed->id = ticket->id;
    table_add(&store->failed, failed);
    return true;
}

void keys_note_conflict(struct key_store *store,
                        const struct key_ticket *ticket)
{
    struct key_entry *entry = find(store, ticket->id);
    if (entry && has_fault(store, KEY_FAULT_STORED_CONFLICT)) {
        entry->conflicted = true;
    }
}

void keys_release(struct key_store *store, const struct key_ticket *ticket)
{
    struct key_entry *entry = ticket->entry;
    if (is_settled_elsewhere(store, ticket)) {
        return;
    }
    must(!entry->is_answered);
    if (store->mode == KEYS_RACY) {
        slab_give(&store->slab, entry, entry->size);
    } else {
        drop(store, entry);
    }
}

static void keep(struct key_store *store, struct key_entry *entry,
                 uint16_t status, const char *body, struct instant now)
{
    size_t length = strlen(body);
    must(sizeof(*entry) + length < entry->size);
    memcpy(entry->body, body, length + 1);
    entry->is_answered = true;
    entry->status = status;
    entry->forgotten_at = store->mode == KEYS_FORGETFUL
                              ? instant_add(now, store->ttl)
                              : INSTANT_NEVER;
    entry->older = store->newest;
    if (store->newest) {
        store->newest->newer = entry;
    } else {
        store->oldest = entry;
    }
    store->newest = entry;
}

void keys_finish(struct key_store *store, const struct key_ticket *ticket,
                 uint16_t status, const char *body, bool is_error,
                 struct instant now)
{
    if (is_settled_elsewhere(store, ticket)) {
        return;
    }
    if (is_error && has_fault(store, KEY_FAULT_STUCK_AFTER_ERROR)) {
        keys_hold(store, ticket, NULL);
        return;
    }
    if (is_error && store->mode != KEYS_REPLAY_ERRORS) {
        keys_release(store, ticket);
        return;
    }
    if (store->mode == KEYS_RACY) {
        if (find(store, ticket->id)) {
            keys_release(store, ticket); /* the first to finish was stored */
            return;
        }
        table_add(&store->entries, &ticket->entry->node);
    }
    must(!ticket->entry->is_answered);
    keep(store, ticket->entry, status, body, now);
}
