/*
 * dependency: what the modelled service calls itself, such as a database: a
 * pool of workers with a queue of its own. Pure.
 *
 * First come, first served, and what was called for is worked on whether or
 * not its caller has given up. So the end of a call is known when it is made:
 * a worker is free at some instant, and takes the next call then (the
 * recursion of Kiefer and Wolfowitz). Calls come in order of time.
 */
#ifndef SQUALL_MODEL_DEPENDENCY_H
#define SQUALL_MODEL_DEPENDENCY_H

#include "base/arena.h"
#include "base/heap.h"
#include "base/rng.h"
#include "model/service_time.h"

#include <stddef.h>
#include <stdint.h>

enum dependency_use {
#define DEPENDENCY_USE(id, name, sentence) DEPENDENCY_##id,
#include "model/service.def"
};

struct dependency_config {
    uint64_t workers; /* 0: there is no dependency */
    struct service_time_config time;
    uint64_t queue_limit;    /* calls that may wait; 0: no limit */
    struct duration timeout; /* of a call; 0: none */
    enum dependency_use use; /* what needs it */
};

struct dependency {
    struct heap workers; /* by when they are free */
    uint64_t queue_limit;
    struct instant *starts; /* of the calls that wait: a ring, in order */
    uint64_t first, waiting;
    struct service_time time;
    struct rng stream;
};

/* With at least one worker; the law of its time must hold. */
void dependency_init(struct dependency *dependency,
                     const struct dependency_config *config,
                     struct arena *arena, uint64_t seed);

/* When a call that is made now would be begun; INSTANT_NEVER: there is no
 * place for it. */
struct instant dependency_start(struct dependency *dependency,
                                struct instant now);

/* Makes that call, which is begun at `start`, and returns its end. Its time is
 * drawn, stretched, and then `delay` is added. */
struct instant dependency_call(struct dependency *dependency,
                               struct instant now, struct instant start,
                               double stretch, struct duration delay);

#endif
