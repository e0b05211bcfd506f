#include "target/keys.h"

#include "base/must.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As in effects.c: born large, so that growing does not stop the service. */
#define HASH_INITIAL_NUM_BUCKETS 65536U
#define HASH_INITIAL_NUM_BUCKETS_LOG2 16U
#include <uthash.h>

struct key_entry {
    UT_hash_handle hh;
    struct hash128 id;
    struct hash128 payload;
    struct key_entry *newer; /* finished after this one */
    struct key_entry *older;
    struct instant forgotten_at;
    char *body; /* NULL: in flight */
    void *holder;
    bool conflicted; /* stored_conflict: answered so for ever */
    uint16_t status;
};

/* A key that has failed once. */
struct key_failed {
    UT_hash_handle hh;
    struct hash128 id;
};

void keys_init(struct key_store *store, enum key_mode mode,
               struct duration ttl, uint32_t faults)
{
    *store = (struct key_store){.mode = mode, .ttl = ttl, .faults = faults};
}

static bool has_fault(const struct key_store *store, enum key_fault fault)
{
    return (store->faults >> fault & 1U) != 0;
}

static struct key_entry *find(const struct key_store *store,
                              const struct hash128 *id)
{
    struct key_entry *entry = NULL;
    HASH_FIND(hh, store->entries, id, sizeof(*id), entry);
    return entry;
}

static struct key_entry *add(struct key_store *store,
                             const struct key_ticket *ticket)
{
    struct key_entry *entry = calloc(1, sizeof(*entry));
    if (!entry) {
        fprintf(stderr, "squall: error: out of memory for a key\n");
        exit(3);
    }
    entry->id = ticket->id;
    entry->payload = ticket->payload;
    HASH_ADD(hh, store->entries, id, sizeof(entry->id), entry);
    store->count++;
    return entry;
}

static void drop(struct key_store *store, struct key_entry *entry)
{
    if (entry->body) {
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
    /* An entry to drop is in the table, so the table has a head.
     * NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
    HASH_DEL(store->entries, entry);
    store->count--;
    free(entry->body);
    free(entry);
}

void keys_release_all(struct key_store *store)
{
    struct key_entry *entry = store->entries;
    struct key_entry *next;

    HASH_CLEAR(hh, store->entries);
    for (; entry; entry = next) {
        next = entry->hh.next;
        free(entry->body);
        free(entry);
    }
    struct key_failed *failed = store->failed;
    struct key_failed *other;
    HASH_CLEAR(hh, store->failed);
    for (; failed; failed = other) {
        other = failed->hh.next;
        free(failed);
    }
    store->oldest = NULL;
    store->newest = NULL;
    store->count = 0;
}

void keys_reset(struct key_store *store)
{
    keys_release_all(store);
    store->epoch++;
}

/* All keys live equally long, so the first to have finished goes first. */
static void forget_expired(struct key_store *store, struct instant now)
{
    if (has_fault(store, KEY_FAULT_RACY_EXPIRY)) {
        return; /* they are looked at when they are asked for */
    }
    /* The oldest has a body, so drop takes it out of the list.
     * NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
    while (store->oldest && !instant_before(now, store->oldest->forgotten_at)) {
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
    if (request->caller && !has_fault(store, KEY_FAULT_ANY_CALLER)) {
        struct hash128 caller =
            hash_bytes(request->caller, strlen(request->caller));
        id.high ^= mix64(caller.high);
        id.low ^= mix64(caller.low);
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
    if (!entry->body) {
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

    struct key_entry *entry = find(store, &ticket->id);
    if (entry && entry->body && !instant_before(now, entry->forgotten_at)) {
        return KEY_RUN; /* racy_expiry: nobody claims it anew */
    }
    if (entry) {
        return meet(store, entry, ticket, answer);
    }
    if (store->count >= KEYS_MAX) {
        return KEY_FULL;
    }
    ticket->taken = true;
    if (store->mode != KEYS_RACY) {
        add(store, ticket);
    }
    return KEY_RUN;
}

static bool is_settled_elsewhere(const struct key_store *store,
                                 const struct key_ticket *ticket)
{
    return !ticket->taken || ticket->epoch != store->epoch;
}

void keys_hold(struct key_store *store, const struct key_ticket *ticket,
               void *holder)
{
    struct key_entry *entry = is_settled_elsewhere(store, ticket)
                                  ? NULL
                                  : find(store, &ticket->id);
    if (entry) {
        entry->holder = holder;
    }
}

bool keys_fails_first(struct key_store *store,
                      const struct key_ticket *ticket)
{
    struct key_failed *failed = NULL;
    if (!ticket->has_id) {
        return true;
    }
    HASH_FIND(hh, store->failed, &ticket->id, sizeof(ticket->id), failed);
    if (failed) {
        return false;
    }
    failed = calloc(1, sizeof(*failed));
    if (!failed) {
        fprintf(stderr, "squall: error: out of memory for a key\n");
        exit(3);
    }
    failed->id = ticket->id;
    HASH_ADD(hh, store->failed, id, sizeof(failed->id), failed);
    return true;
}

void keys_note_conflict(struct key_store *store,
                        const struct key_ticket *ticket)
{
    struct key_entry *entry = find(store, &ticket->id);
    if (entry && has_fault(store, KEY_FAULT_STORED_CONFLICT)) {
        entry->conflicted = true;
    }
}

void keys_release(struct key_store *store, const struct key_ticket *ticket)
{
    if (is_settled_elsewhere(store, ticket) || store->mode == KEYS_RACY) {
        return;
    }
    struct key_entry *entry = find(store, &ticket->id);
    must(entry && !entry->body);
    drop(store, entry);
}

static void keep(struct key_store *store, struct key_entry *entry,
                 uint16_t status, const char *body, struct instant now)
{
    entry->body = strdup(body);
    if (!entry->body) {
        fprintf(stderr, "squall: error: out of memory for an answer\n");
        exit(3);
    }
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
    struct key_entry *entry = find(store, &ticket->id);
    if (store->mode == KEYS_RACY) {
        if (entry) {
            return; /* the first to finish was stored */
        }
        entry = add(store, ticket);
    }
    must(entry && !entry->body);
    keep(store, entry, status, body, now);
}
