/*
 * event_queue: one epoll, and the sleep of an engine that waits for it.
 *
 * Waiting is in nanoseconds (epoll_pwait2). A sleep is taken in parts, so that
 * engine/look knows when squall was away; after one that was broken off (a
 * process that was stopped goes on) it looks again: what has come goes before
 * what the time has brought.
 *
 * An event carries a key of its engine's choice. What was seen of a descriptor
 * that is closed before its turn is void: event_queue_forget.
 */
#ifndef SQUALL_ENGINE_EVENT_QUEUE_H
#define SQUALL_ENGINE_EVENT_QUEUE_H

#include "base/error.h"
#include "base/instant.h"
#include "engine/engine.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

enum {
    EVENT_QUEUE_MAX = 32 /* few, so that starts that fall due are not late */
};

/* The key of nobody: of a wake-up, and of what was forgotten. */
#define EVENT_QUEUE_NOBODY UINT64_MAX

struct event_queue {
    int epoll;
    int wake;                                  /* eventfd: ends a sleep */
    struct epoll_event found[EVENT_QUEUE_MAX]; /* of the last look */
    int count, next;                           /* to be handled */
};

/* False after adding an error. */
bool event_queue_open(struct event_queue *events, struct errors *errors);
/* Of one that was never opened nothing is closed. */
void event_queue_close(struct event_queue *events);

/* Registers a descriptor. False with errno. */
bool event_queue_watch(struct event_queue *events, int fd, uint32_t what,
                       uint64_t key);

/* Sleeps until `until`, an event or a wake-up: what was found is to be taken.
 * Only when all of the last look was. */
void event_queue_wait(struct event_queue *events, struct engine *engine,
                      struct instant until);

/* The next that was found, a wake-up excepted; NULL: there is none. */
const struct epoll_event *event_queue_take(struct event_queue *events);

/* Those of this key are not told any more. */
void event_queue_forget(struct event_queue *events, uint64_t key);

/* The last look found no more than was told. */
static inline bool event_queue_found_all(const struct event_queue *events)
{
    return events->count < EVENT_QUEUE_MAX;
}

/* From any thread. */
void event_queue_wake(const struct event_queue *events);

#endif
