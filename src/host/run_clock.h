/* run_clock: the clock of a run. 0 is the start of load. An engine's clock
 * has a zero of no meaning; a host turns its instants into those of the run.
 */
#ifndef SQUALL_HOST_RUN_CLOCK_H
#define SQUALL_HOST_RUN_CLOCK_H

#include "base/instant.h"
#include "engine/engine.h"

struct run_clock {
    const struct engine *engine;
    struct instant origin; /* on the engine's clock */
};

/* An instant of the engine's. */
static inline struct instant run_clock_of(const struct run_clock *clock,
                                          struct instant at)
{
    return (struct instant){at.ns - clock->origin.ns};
}

static inline struct instant run_clock_now(const struct run_clock *clock)
{
    return run_clock_of(clock, engine_now(clock->engine));
}

/* The same instant on the engine's clock. INSTANT_NEVER stays what it is. */
static inline struct instant run_clock_to_engine(const struct run_clock *clock,
                                                 struct instant at)
{
    return instant_add(clock->origin, (struct duration){at.ns});
}

/* Milliseconds since 1970. */
static inline int64_t run_clock_unix_ms(const struct run_clock *clock,
                                        struct instant at)
{
    return (clock->origin.ns + at.ns + clock->engine->unix_offset_ns) /
           NS_PER_MS;
}

#endif
