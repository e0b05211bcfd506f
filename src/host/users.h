/*
 * users: the callers of the closed model. Each has a connection and starts an
 * operation, waits for its verdict, thinks, and starts the next.
 */
#ifndef SQUALL_HOST_USERS_H
#define SQUALL_HOST_USERS_H

#include "base/arena.h"
#include "base/heap.h"

#include <stddef.h>
#include <stdint.h>

struct user {
    struct heap_node timer; /* first: while it thinks */
    uint64_t index;
};

struct users {
    struct user *items;
    struct duration think;
    struct heap thinking;
    uint64_t *ready; /* those whose turn it is: the last comes first */
    uint64_t ready_count;
};

/* All are ready, the first comes first. */
void users_init(struct users *users, struct arena *arena, uint64_t count,
                struct duration think);

/* An operation of this user has its verdict. */
void users_answered(struct users *users, uint64_t user, struct instant now);

/* Those that have thought are ready. */
void users_wake(struct users *users, struct instant now);

/* The next whose turn it is. There must be one. */
uint64_t users_next(struct users *users);

#endif
