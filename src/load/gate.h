/*
 * gate: squall's own limit on attempts in flight at once, with its queue.
 *
 * libcurl must not queue: a limit there would hide the waiting. Attempts that
 * find no free connection wait here, first come first served, and the host
 * measures how long. Intrusive: waiters are list nodes inside their owners.
 */
#ifndef SQUALL_LOAD_GATE_H
#define SQUALL_LOAD_GATE_H

#include <stdbool.h>
#include <stdint.h>

struct gate_waiter {
    struct gate_waiter *next, *previous; /* NULL when not waiting */
};

struct gate {
    uint64_t capacity;
    uint64_t inside;
    uint64_t waiting;
    struct gate_waiter queue; /* ring sentinel */
};

void gate_init(struct gate *gate, uint64_t capacity);

/* True: inside at once. False: queued; the waiter must stay in place. */
bool gate_enter(struct gate *gate, struct gate_waiter *waiter);

/* One leaves. Returns the waiter that takes its place (now inside), or NULL.
 */
struct gate_waiter *gate_leave(struct gate *gate);

/* Takes a waiter out of the queue; one that does not wait is left alone. */
void gate_abandon(struct gate *gate, struct gate_waiter *waiter);

static inline bool gate_is_waiting(const struct gate_waiter *waiter)
{
    return waiter->next != 0;
}

#endif
