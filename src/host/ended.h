/*
 * ended: attempts that ended without the engine: cancelled, lost, given up, or
 * not sendable. They are answered after the step that ended them, first come
 * first served, so that a call is never entered twice at once.
 */
#ifndef SQUALL_HOST_ENDED_H
#define SQUALL_HOST_ENDED_H

#include "host/attempt.h"

struct ended_list {
    struct attempt *first, **tail;
};

void ended_init(struct ended_list *list);

/* It ends so. It must not have ended yet. */
void ended_put(struct ended_list *list, struct attempt *attempt,
               enum outcome outcome);

/* Takes one out of the list, in which it must be. */
void ended_take(struct ended_list *list, struct attempt *attempt);

#endif
