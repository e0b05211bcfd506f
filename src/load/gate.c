#include "load/gate.h"

#include "base/must.h"

#include <stddef.h>

static void unlink_waiter(struct gate *gate, struct gate_waiter *waiter)
{
    waiter->previous->next = waiter->next;
    waiter->next->previous = waiter->previous;
    waiter->next = NULL;
    waiter->previous = NULL;
    gate->waiting--;
}

void gate_init(struct gate *gate, uint64_t capacity)
{
    must(capacity > 0);
    *gate = (struct gate){.capacity = capacity};
    gate->queue.next = &gate->queue;
    gate->queue.previous = &gate->queue;
}

bool gate_enter(struct gate *gate, struct gate_waiter *waiter)
{
    must(!gate_is_waiting(waiter));
    if (gate->inside < gate->capacity) {
        /* A place that becomes free goes to the first waiter at once. */
        must(gate->waiting == 0);
        gate->inside++;
        return true;
    }
    waiter->next = &gate->queue;
    waiter->previous = gate->queue.previous;
    gate->queue.previous->next = waiter;
    gate->queue.previous = waiter;
    gate->waiting++;
    return false;
}

struct gate_waiter *gate_leave(struct gate *gate)
{
    must(gate->inside > 0);
    if (gate->waiting == 0) {
        gate->inside--;
        return NULL;
    }
    struct gate_waiter *first = gate->queue.next;
    unlink_waiter(gate, first);
    return first;
}

void gate_abandon(struct gate *gate, struct gate_waiter *waiter)
{
    if (gate_is_waiting(waiter)) {
        unlink_waiter(gate, waiter);
    }
}
