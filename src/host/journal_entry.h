/*
 * journal_entry: what the journal has of attempts and operations.
 *
 * The key of an attempt is the operation's, unless each has its own: then it
 * is noted with the transfer that carries it, since another attempt's key may
 * be in the operation's place by the time that this one ends.
 */
#ifndef SQUALL_HOST_JOURNAL_ENTRY_H
#define SQUALL_HOST_JOURNAL_ENTRY_H

#include "host/duplicate.h"
#include "host/journal.h"
#include "host/run_clock.h"

struct attempt_key {
    size_t length;
    char text[KEY_MAX];
};

struct journal_entries {
    struct journal_part *part; /* NULL: no journal is kept, nothing is done */
    const struct plan *plan;
    const struct run_clock *clock;
    uint64_t client_base;     /* the number of the worker's first client */
    struct attempt_key *keys; /* of each transfer; NULL: none has its own */
};

/* Begins with a part, for so many transfers at once. Borrows the part. */
void journal_entry_begin(struct journal_entries *entries,
                         struct journal_part *part, size_t transfers,
                         struct arena *arena);

/* An attempt has its key and its transfer. */
void journal_entry_begun(struct journal_entries *entries,
                         const struct attempt *attempt);

/* It has ended. `fault`: of enum fault_kind that was injected, -1 none. */
void journal_entry_done(struct journal_entries *entries,
                        const struct attempt *attempt, const struct fact *done,
                        int8_t fault, bool delivered);

/* Nothing of an operation is left, but for its duplicates: it goes to the
 * journal now, or to what is kept. */
void journal_entry_over(struct journal_entries *entries,
                        struct operation *operation);

/* The operation's records are chained in what is kept from now on; and all of
 * it has ended. */
void journal_entry_keep(struct journal_entries *entries,
                        const struct operation *operation);
void journal_entry_kept(struct journal_entries *entries,
                        struct kept_operation *kept);

#endif
