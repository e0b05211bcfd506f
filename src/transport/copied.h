/*
 * copied: the answers of an operation that a fault had delivered twice.
 *
 * Its copies may be answered when it is over and its slot is somebody else's,
 * and yet they name effects of its. So from its first copy on its answers are
 * gathered here, and told when both it and the last of its copies have ended.
 */
#ifndef SQUALL_TRANSPORT_COPIED_H
#define SQUALL_TRANSPORT_COPIED_H

#include "base/arena.h"
#include "transport/operation.h"

struct worker;

struct copied {
    struct copied *next; /* free list */
    unsigned copies;     /* that have not ended */
    bool is_over;        /* the operation is, and left what is to be told */
    struct answers_seen seen;
    struct fact fact;
    struct attempt_note notes[ATTEMPT_NOTES_MAX];
};

struct copied_pool {
    struct copied *items;
    size_t max, high; /* those before high have been used */
    struct copied *free;
};

/* Memory that costs nothing until it is used. */
void copied_init(struct copied_pool *pool, struct arena *arena, size_t max);

/* Whether what answers of this request say is told at all. */
bool answers_are_told(const struct worker *worker, uint16_t request);

/* One more copy is made of the operation, whose answers are gathered in what
 * is returned; NULL where they are not told. */
struct copied *copied_add(struct worker *worker, struct operation *operation);

/* A copy has ended. NULL is allowed. */
void copied_end(struct worker *worker, struct copied *copied);

/* The operation is over: its FACT_ANSWERS is told now or with the end of its
 * last copy. */
void copied_tell(struct worker *worker, const struct operation *operation,
                 const struct fact *answers);

#endif
