/*
 * duplicate: requests that a fault delivers twice.
 *
 * A duplicate is an attempt of nobody's: it carries all that its request
 * needs, so that it may outlive its operation, and no call is fed with it. It
 * is made with the transfer of the attempt that it duplicates, set off when
 * that one is sent, or when its operation has ended, and counted when it ends
 * itself. One that was never tried is counted nowhere.
 *
 * Its answer may come when its operation is over and that one's slot is
 * somebody else's; and yet it may name an effect of it. So from its first
 * duplicate on, what the answers of an operation said and what the journal
 * has of it are kept here, until both it and its last duplicate have ended.
 */
#ifndef SQUALL_HOST_DUPLICATE_H
#define SQUALL_HOST_DUPLICATE_H

#include "base/arena.h"
#include "host/operation.h"
#include "measure/event.h"

/* What is kept of an operation. */
struct kept_operation {
    struct kept_operation *next; /* free list */
    unsigned holders; /* the operation and its duplicates: those not ended */
    bool has_answers; /* fact and notes are to be recorded */
    struct answers_seen seen;
    struct fact fact;
    struct attempt_note notes[ATTEMPT_NOTES_MAX];
    uint64_t chain;               /* of its records in the journal */
    struct event_operation event; /* duplicates are counted in it as they
                                   * end */
    size_t key_length;
    char key[KEY_MAX];
};

struct duplicate {
    struct attempt attempt;      /* first */
    struct duplicate *next;      /* free, or late and waiting for the same
                                  * verdict */
    struct kept_operation *kept; /* of its operation, or NULL */
    struct duration delay;       /* after the verdict */
    bool is_out;                 /* its time is set, or it was tried */
    struct planned_operation planned;
};

struct duplicates {
    struct duplicate *items; /* room for all that may be there at once */
    size_t max, high;        /* those before high have been used */
    struct duplicate *free;  /* and are used no more */
    size_t out;              /* those that are, and have not ended */
    struct kept_operation *kept;
    size_t kept_max, kept_high;
    struct kept_operation *kept_free;
};

/* The duplicate that an attempt of nobody's is. */
static inline struct duplicate *duplicate_of(const struct attempt *attempt)
{
    return (struct duplicate *)(uintptr_t)attempt;
}

/* What an attempt sends, of an operation or of nobody. */
static inline const struct planned_operation *attempt_planned(
    const struct attempt *attempt)
{
    return attempt->operation ? &attempt->operation->planned
                              : &duplicate_of(attempt)->planned;
}

/* Room for `max` duplicates of `operations` at once, from the arena; it costs
 * nothing until it is used. */
void duplicates_init(struct duplicates *duplicates, struct arena *arena,
                     size_t max, size_t operations);

/* A duplicate of an attempt that has a transfer; NULL: there is no more
 * room. */
struct duplicate *duplicate_take(struct duplicates *duplicates,
                                 const struct attempt *attempt);
void duplicate_free(struct duplicates *duplicates,
                    struct duplicate *duplicate);

/* Keeps what is known of an operation, which holds it. There is room for each
 * that has a duplicate. */
struct kept_operation *kept_take(struct duplicates *duplicates,
                                 struct operation *operation);

/* A holder has ended. True: it was the last, all is known; then to be
 * freed. */
bool kept_release(struct kept_operation *kept);
void kept_free(struct duplicates *duplicates, struct kept_operation *kept);

#endif
