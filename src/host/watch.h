/*
 * watch: how a worker itself did, recorded ten times a second: how long its
 * loop was away, how late it started operations, and how much of that time it
 * had a core.
 */
#ifndef SQUALL_HOST_WATCH_H
#define SQUALL_HOST_WATCH_H

#include "base/instant.h"
#include "engine/engine.h"
#include "measure/fact.h"

struct watch {
    struct instant since;         /* of the last fact, on the run clock */
    struct duration cpu, waiting; /* then; negative: not known */
    struct duration lag;          /* of starts since, at most */
};

void watch_begin(struct watch *watch, const struct engine *engine,
                 struct instant now);

/* An operation was started so late. */
static inline void watch_start(struct watch *watch, struct duration lag)
{
    watch->lag = duration_max(watch->lag, lag);
}

/* What is to be recorded of the time since the last fact; it begins anew. */
struct fact watch_take(struct watch *watch, struct engine *engine,
                       struct instant now);

#endif
