/*
 * engine: how an attempt gets to a service and back.
 *
 * A host (host/worker.h) has one engine and knows nothing else of the outside:
 * no socket, no library, no clock. An engine is a table of functions, paid
 * once an attempt and never once a byte. There are engine/curl, which speaks
 * HTTP through libcurl, and engine/virtual, where time jumps to the next event
 * and a model answers.
 *
 * A transfer is one attempt as the engine sees it. The host takes one
 * (engine_take), gives it a message (begin) and reads what it shows while it
 * runs; the engine says when it was sent and when it has ended; the host
 * gives it back (engine_give_back). All memory is taken when the engine is
 * opened, for as many transfers as its shape says. Which attempts wait for a
 * transfer, and how long, is the host's affair: an engine has no queue.
 *
 *   taken --begin--> running --> sent --> answered --> done     (on_done)
 *                       '---------'----------'--stop--> stopped (no on_done)
 *
 * Callbacks come out of `wait` and out of nothing else. They may take, begin,
 * stop and give back transfers, their own too, except where it says otherwise.
 * An engine, its callbacks and its host live on one thread; `wake` alone may
 * be called from any.
 */
#ifndef SQUALL_ENGINE_ENGINE_H
#define SQUALL_ENGINE_ENGINE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/instant.h"
#include "engine/answer.h"
#include "engine/look.h"
#include "engine/transcript.h"
#include "plan/message.h"
#include "plan/plan.h"
#include "policy/outcome.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine;
struct transfer;

/* How many transfers there may be at once, and how they share connections. */
struct engine_shape {
    size_t transfers; /* at once, at most */
    size_t unit;      /* of which so many stay together: those of a caller */
    size_t pools;     /* that the units are split among: at least 1, and at
                       * most one a unit. Transfers of a pool share connections
                       * with each other and with nobody else */
    bool http2;
};

/* That of one of a plan's workers: its share of all connections, or those of
 * its clients. */
struct engine_shape engine_shape_of(const struct plan *plan, uint64_t worker,
                                    uint64_t workers);

/* What a transfer shows. Reset as a whole when it is taken. */
struct transfer_facts {
    bool is_running;  /* begun, and neither done nor stopped */
    bool is_sent;     /* a byte of the request went out, at `sent` */
    bool is_answered; /* a byte of the final answer has come, at
                       * `first_byte`: interim ones (1xx) are none */
    bool is_reused;   /* once it is sent: its connection had served before */
    bool resend_refused; /* its connection broke, and the engine would have
                          * sent it once more by itself: it was kept from it */
    bool is_torn;        /* only a part of its body is sent */
    bool was_slowed;     /* its answer was held back */
    uint32_t interim;    /* answers of 1xx that came before the final one */
    uint16_t status;     /* of the answer, once it is whole; 0: none yet */
    uint32_t headers;    /* of the answer: bits of those that classify asks */
    struct server_hint hint;
    /* that was spoken, once it is answered */
    enum http_version protocol;
    struct instant sent, first_byte; /* on the engine's clock */
    /* Squall's own part in what is measured, see engine/look.h: how much later
     * than `sent` the request may have gone out; and how long what showed it
     * may have been there unseen: the connection, the first byte */
    struct duration sent_late, connect_late, first_byte_late;
    struct duration connect;  /* opening a connection, once it is sent;
                               * NOT_MEASURED: none was opened */
    struct duration dns;      /* before that, looking up the name; 0: none was
                               * looked up for it */
    struct duration tcp, tls; /* the parts of connect; 0: none */
    uint64_t bytes_sent, bytes_received; /* heads and bodies, once it is done
                                          * or stopped; 0 sent: not counted */
    const char *error; /* the engine's own words for a failure, or NULL;
                        * valid until the transfer is given back */
};

struct transfer {
    /* fixed when the engine is opened */
    size_t index; /* among all */
    size_t pool;
    struct transfer *next; /* in the list of the free */
    /* of one attempt */
    void *owner; /* the host's; NULL while it is free */
    struct transfer_facts facts;
    struct answer answer;          /* what is kept of the answer */
    struct transcript *transcript; /* NULL: none is kept */
};

/* What an attempt asks for beside its message. Faults are made here, at the
 * client's edge: the host says which, the engine does it. */
struct transfer_order {
    struct message message; /* its text stays until the transfer is given
                             * back */
    bool tears;             /* send half of the body and then nothing more; of
                             * a request without a body nothing is torn */
    bool closes;            /* nobody uses its connection after it; of HTTP/2
                             * only the stream is lost */
    uint64_t slow_rate;     /* read so many bytes of the body a second; 0: at
                             * once */
};

enum transfer_stop {
    STOP_QUIETLY,   /* as a caller that gives up: HTTP/1.1 closes its
                     * connection, HTTP/2 resets the stream */
    STOP_WITH_RESET /* as a network that breaks: TCP resets the connection */
};

/* What an engine calls, by engine_sent and engine_done. `transfer` is never
 * one that was given back. */
struct engine_callbacks {
    void *context;
    /* Its first byte is about to go out. Must not call the engine. */
    void (*on_sent)(void *context, struct transfer *transfer);
    /* It has ended. OUTCOME_OK: a whole answer came, whatever its status; the
     * host judges it. Else what went wrong. */
    void (*on_done)(void *context, struct transfer *transfer,
                    enum outcome outcome);
};

struct engine_options {
    const struct plan *plan;
    struct engine_shape shape;
    struct engine_callbacks callbacks;
    /* Of the first worker of this run, NULL for that worker's own: what it
     * found out before the run (addresses) is shared. It is closed last. */
    const struct engine *first;
    /* What an engine needs beside the plan, as its own header says; NULL: it
     * is as the plan says. */
    void *settings;
};

struct engine_type {
    const char *name;   /* "curl" */
    bool has_real_time; /* else it passes when the host waits, and only then */

    /* Whether the plan's connections fit into this process's limits; `sides`
     * is 2 when the service lives in the same process. Adds an error that
     * names the remedy, where there is a list of them. *most: how high
     * load.connections may be to fit, with the plan's pools, at least 1. */
    bool (*fits)(const struct plan *plan, uint64_t sides, uint64_t *most,
                 struct errors *errors);

    /* Takes all memory. NULL after adding an error. Borrows the options. */
    struct engine *(*open)(const struct engine_options *options,
                           struct errors *errors);
    /* Ends all transfers, silently, and closes the connections that are left;
     * the second also frees. */
    void (*close_connections)(struct engine *engine);
    void (*close)(struct engine *engine);

    /* Never runs backwards. Its zero is of no meaning. */
    struct instant (*now)(const struct engine *engine);

    /* See engine_begin and engine_stop, which a host calls. */
    bool (*begin)(struct engine *engine, struct transfer *transfer,
                  const struct transfer_order *order);
    void (*stop)(struct engine *engine, struct transfer *transfer,
                 enum transfer_stop how);

    /* The service has the request, whole or the part that is sent of it: all
     * was written and acknowledged by the peer's kernel. An answer is no proof
     * of it: it may come, and end, while the body is still on its way. Once
     * true it stays so; of one that has ended it is what was known then. */
    bool (*is_delivered)(struct engine *engine, struct transfer *transfer);

    /* Lets transfers go on until `until` at the latest, an event, or a
     * wake-up. Reports what there is and returns at once when `until` has
     * passed. look_read(&engine->look) says by when it has read all. */
    void (*wait)(struct engine *engine, struct instant until);
    /* From any thread: wait returns. */
    void (*wake)(const struct engine *engine);
};

/* What all engines have: first in the struct of each. */
struct engine {
    const struct engine_type *type;
    struct engine_shape shape;
    struct engine_callbacks callbacks;
    const struct plan *plan;
    const char *place; /* the addresses that the target's or its proxy's name
                        * has, with commas between, in the order in which they
                        * are tried; NULL: there was no name to look up */
    int64_t unix_offset_ns; /* now() plus this is nanoseconds since 1970 */
    bool hurries;           /* wait is to return soon: see engine_hurry */
    bool reads_answers;     /* plan_reads_answers */
    struct transfer **free; /* a list a pool */
    struct look look;
    size_t running;           /* transfers that were begun and not ended */
    struct transfer *sending; /* the last that was sent, until it is known that
                               * it has gone out */
};

/* The part that all engines share: `transfers` are the first of structs that
 * lie `stride` bytes apart, shape.transfers of them. They are dealt to pools,
 * the first to the first, and given room for answers. Memory from the arena.
 * unix_offset_ns is the engine's to set. */
void engine_init(struct engine *engine, const struct engine_type *type,
                 const struct engine_options *options, struct arena *arena,
                 struct transfer *transfers, size_t stride);

/* How many transfers at once a pool has: its share of all. */
size_t engine_pool_size(const struct engine_shape *shape, size_t pool);

/* For hosts. */

static inline struct instant engine_now(const struct engine *engine)
{
    return engine->type->now(engine);
}

/* CPU time of the calling thread; negative where time is not real. */
struct duration engine_cpu(const struct engine *engine);

/* How long that thread was ready to run and had no core; negative: that is not
 * known. */
struct duration engine_cpu_wait(const struct engine *engine);

/* A free transfer of a pool, with nothing to show. There must be one: the host
 * lets no more attempts in. The most recently used is taken first. */
struct transfer *engine_take(struct engine *engine, size_t pool, void *owner);

/* Hands it its message. False: it cannot be made (no memory); nothing was
 * sent, there is no on_done, and it is still to be given back. */
bool engine_begin(struct engine *engine, struct transfer *transfer,
                  const struct transfer_order *order);

/* Ends it before its end; one that does not run is left alone. What it shows
 * stays to be read. */
void engine_stop(struct engine *engine, struct transfer *transfer,
                 enum transfer_stop how);

/* Ends its use; stops it if it runs. */
void engine_give_back(struct engine *engine, struct transfer *transfer);

/* From a callback: the host has something to do now, so that an engine that
 * is about to wait does not. */
static inline void engine_hurry(struct engine *engine)
{
    engine->hurries = true;
}

/* For engines, around each look: until when it may sleep that began at `from`
 * and would last until `until`; and that it has ended. */
struct instant engine_sleep_end(const struct engine *engine,
                                struct instant from, struct instant until);
void engine_looked(struct engine *engine, struct instant from,
                   struct instant until, struct instant back);

/* For engines: its first byte is about to go out, now; it has ended by
 * itself. Both call the host back. */
void engine_sent(struct engine *engine, struct transfer *transfer);
void engine_done(struct engine *engine, struct transfer *transfer,
                 enum outcome outcome);

#endif
