/*
 * copied: an operation that a fault had delivered twice.
 *
 * Its copies may be answered when it is over and its slot is somebody else's,
 * and yet they are attempts of its, and name effects of its. So from its first
 * copy on its answers and what the journal is told of it are gathered here, and
 * told when both it and the last of its copies have ended.
 */
#ifndef SQUALL_TRANSPORT_COPIED_H
#define SQUALL_TRANSPORT_COPIED_H

#include "base/arena.h"
#include "measure/event.h"
#include "transport/operation.h"

struct worker;

struct copied {
    struct copied *next; /* free list */
    unsigned copies;     /* that have not ended */
    bool is_over;        /* the operation is, and left what is to be told */
    bool has_answers;    /* fact and notes are to be told */
    struct answers_seen seen;
    struct fact fact;
    struct attempt_note notes[ATTEMPT_NOTES_MAX];
    /* for the journal, see evidence.c */
    uint64_t chain;
    struct event_operation event; /* copies are counted in it as they end */
    size_t key_length;
    char key[KEY_MAX];
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

/* One more copy is made of the operation, of which all is gathered in what is
 * returned; NULL where nothing is told of it. */
struct copied *copied_add(struct worker *worker, struct operation *operation);

/* A copy has ended. NULL is allowed. */
void copied_end(struct worker *worker, struct copied *copied);

/* Of an operation that is over: its FACT_ANSWERS is told now or with the end
 * of its last copy. */
void copied_tell(struct worker *worker, const struct operation *operation,
                 const struct fact *answers);

/* The operation is over, and has left all that is to be told. */
void copied_over(struct worker *worker, const struct operation *operation);

#endif
