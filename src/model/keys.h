/*
 * keys: the idempotency-key store of the embedded target, in its modes.
 *
 * Pure: the caller says what time it is. An order claims its key on arrival
 * and settles the claim when it ends: with an answer to be kept (keys_finish)
 * or without one (keys_release). model/service.h says what each mode does.
 *
 * A key belongs to one kind of request and one caller: the same key on another
 * endpoint, or of another caller, is another key, unless the faults say
 * otherwise. A payload is known by a 128-bit hash that the caller makes.
 *
 * Memory: a store has an arena of its own, which grows with the keys that are
 * held at once: 88 bytes and room for the answer, rounded up to 64, a key. A
 * claim takes all of it, so that a settled one can always be kept. At `max`
 * keys, or when there is no memory, new ones are refused (KEY_FULL), never
 * forgotten in silence.
 */
#ifndef SQUALL_MODEL_KEYS_H
#define SQUALL_MODEL_KEYS_H

#include "base/hash.h"
#include "base/instant.h"
#include "model/service.h"
#include "model/slab.h"
#include "model/table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KEY_ANSWER_MAX = 1024 }; /* bytes of a stored body */

enum key_claim {
    KEY_RUN,       /* perform it, then finish or release */
    KEY_REPLAY,    /* it was answered: here is the answer */
    KEY_IN_FLIGHT, /* the first with this key is still running */
    KEY_MISMATCH,  /* the key stands for another payload */
    KEY_FULL,      /* the store has no room */
};

struct key_entry;

struct key_store {
    enum key_mode mode;
    uint32_t faults; /* bits of enum key_fault */
    struct duration ttl;
    uint64_t max; /* keys at once */
    struct arena arena;
    struct slab slab;
    struct table entries;
    struct table failed;      /* keys whose request has failed once */
    struct key_entry *oldest; /* finished ones, in the order of finishing */
    struct key_entry *newest;
    uint64_t epoch; /* grows with every reset; older claims are void */
};

/* A claim on a key, kept by the order that runs. */
struct key_ticket {
    struct hash128 id;
    struct hash128 payload;
    uint64_t epoch;
    bool has_id;
    struct key_entry *entry; /* NULL: there is nothing to settle */
    void *holder; /* of the one that runs: the caller's, who may set it after
                   * KEY_RUN with keys_hold; given back with KEY_IN_FLIGHT */
};

/* Who claims which key. */
struct key_request {
    unsigned kind;         /* distinguishes endpoints */
    const char *key;       /* NULL: none */
    struct hash128 caller; /* of what authenticates it; 0: nothing */
    bool is_apart;         /* asks the other half of a store that has parted */
    struct hash128 payload;
    size_t answer_max; /* bytes of the longest body that it may be answered
                        * with, at most KEY_ANSWER_MAX */
};

/* A stored answer; the body is the store's own and stands until the key is
 * forgotten. */
struct key_answer {
    uint16_t status;
    const char *body;
};

/* For at most `max` keys at once, and as many that have failed. */
void keys_init(struct key_store *store, enum key_mode mode,
               struct duration ttl, uint32_t faults, uint64_t max);
void keys_release_all(struct key_store *store);

uint64_t keys_count(const struct key_store *store);

/* Forgets every key; claims from before no longer settle anything. */
void keys_reset(struct key_store *store);

/* Claims the key of a request. KEY_RUN fills the ticket, KEY_REPLAY the
 * answer, KEY_IN_FLIGHT the ticket's holder. A NULL key always runs. */
enum key_claim keys_claim(struct key_store *store,
                          const struct key_request *request,
                          struct instant now, struct key_ticket *ticket,
                          struct key_answer *answer);

/* Who is notified when the claim ends; NULL again when nobody is. */
void keys_hold(struct key_store *store, const struct key_ticket *ticket,
               void *holder);

/* True the first time that it is asked of this claim's key: what fails once
 * fails then. Always true without a key; false when there is no room to
 * remember one more. */
bool keys_fails_first(struct key_store *store,
                      const struct key_ticket *ticket);

/* A conflict was answered under this claim's key: stored_conflict keeps it
 * for ever in the place of the answer. */
void keys_note_conflict(struct key_store *store,
                        const struct key_ticket *ticket);

/* The order has ended with this answer, which is copied. `is_error`: without
 * an effect, which only replay_errors keeps; the other modes release, or, as
 * stuck_after_error, leave the key in flight for ever. */
void keys_finish(struct key_store *store, const struct key_ticket *ticket,
                 uint16_t status, const char *body, bool is_error,
                 struct instant now);

/* The order has ended without an answer to keep: the key is free again. */
void keys_release(struct key_store *store, const struct key_ticket *ticket);

#endif
