/*
 * engine_virtual: a host's transfers in virtual time.
 *
 * Nothing is sent and nobody waits: `wait` moves the clock to the next thing
 * that happens, on the network or in the service, or to its end, and calls
 * back. So a run takes as long as its events, and one seed makes one sequence
 * of them. Things of one instant happen in this order: what the service has
 * due, then the others in the order in which they were set.
 *
 *   begin --connect--> sent --way--> the service --way--> answered, done
 *                        '--stop--------way--> it sees its caller hang up
 *
 * What was sent arrives, whatever becomes of its caller; a hang-up follows
 * after it. A torn request arrives as half a request, and breaks off when its
 * caller leaves. HTTP/1.1 has one request at a time on a connection, and keeps
 * it for the pool's next one unless it was stopped, closes, broke or has
 * served as many as it may. HTTP/2 has one connection a pool, which the first
 * request opens.
 *
 * close_connections lets all of that arrive that was sent, and time go on
 * until then.
 *
 * There is one worker: plan->load.threads is 1. All texts are copied when a
 * transfer begins. At most VIRTUAL_LEFT_MAX requests may be on their way
 * without a caller; past that no more can begin.
 */
#ifndef SQUALL_ENGINE_VIRTUAL_ENGINE_VIRTUAL_H
#define SQUALL_ENGINE_VIRTUAL_ENGINE_VIRTUAL_H

#include "engine/engine.h"
#include "engine/virtual/virtual_service.h"

enum { VIRTUAL_LEFT_MAX = 1 << 16 };

/* A time in which the host is stopped: the network and the service go on. */
struct virtual_stall {
    struct instant from, to; /* on the engine's clock */
    bool is_blind; /* the wait in which it is returns without a look at what
                    * has come, as an interrupted system call does */
};

/* What an engine needs beside the plan: engine_options.settings, which must
 * be given and outlive it. Delays are drawn from the plan's seed. */
struct virtual_settings {
    struct virtual_service service;
    struct duration way;     /* over the network, each way */
    struct duration way_on;  /* mean of what is added to each, exponentially */
    struct duration connect; /* opening a connection */
    bool keeps_connections;
    /* in order, none touches the next; each begins in a wait */
    const struct virtual_stall *stalls;
    size_t stall_count;
    int64_t unix_ns; /* when its clock is 0, since 1970 */
};

extern const struct engine_type engine_virtual;

#endif
