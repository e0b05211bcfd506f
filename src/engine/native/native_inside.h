/* native_inside: what the files of this folder share: the state of one
 * worker's engine, its connections and its transfers. */
#ifndef SQUALL_ENGINE_NATIVE_NATIVE_INSIDE_H
#define SQUALL_ENGINE_NATIVE_NATIVE_INSIDE_H

#include "base/heap.h"
#include "engine/engine.h"
#include "engine/event_queue.h"
#include "engine/native/h1.h"
#include "engine/native/request.h"
#include "engine/native/tls.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct native_engine;
struct native_transfer;

/* The states of a connection; which may follow which is a table in
 * connection.c. */
enum conn_state {
    CONN_CLOSED,
    CONN_DIALLING, /* TCP */
    CONN_SECURING, /* TLS */
    CONN_BUSY,     /* it serves a transfer */
    CONN_IDLE      /* it has served, and nobody waits for anything from it */
};

struct native_conn {
    struct native_engine *engine;
    size_t index, pool;
    int fd;          /* -1 while it is closed */
    struct tls *tls; /* NULL: it speaks in clear text */
    enum conn_state state;
    bool saw_end; /* the service closes, or has closed; what it sent before may
                   * still be there to be read */
    bool is_ready; /* it is in the list of those that are read on */
    struct native_transfer *transfer;    /* that it serves, or will */
    uint64_t rests_since;                /* the number of the look before */
    uint64_t served;                     /* requests, of this connection */
    struct native_conn *next, *previous; /* in its pool's list */
    struct native_conn *next_ready, *previous_ready;
    /* while it is dialled */
    struct heap_node connecting; /* in the engine's heap */
    size_t address;              /* which is tried */
    struct instant dialled, connected, gives_up;
};

/* Of a connection pool. */
struct native_pool {
    struct native_conn *idle;   /* the most recently used first */
    struct native_conn *closed; /* the lowest index first */
    struct tls_session session;
};

struct native_transfer {
    struct transfer base; /* first */
    struct native_engine *engine;
    struct native_conn *conn; /* that it goes over; NULL: none yet */
    bool is_starting;         /* it is in the engine's list of that name */
    struct native_transfer *next_starting, *previous_starting;
    struct h1 h1;
    struct str head;          /* of its request, where it is its own */
    struct request_bytes out; /* what is not yet written */
    bool is_written;          /* all of it, or of the part that is sent */
    bool is_complete;    /* its answer is whole, and waits for the rest of the
                          * request to go out, or for its time */
    bool is_clean;       /* nothing came behind it */
    bool is_delivered;   /* as far as is known */
    bool is_bodiless;    /* nothing of a body is sent */
    bool closes;         /* nobody uses its connection after it */
    bool cannot_be_sent; /* its URL has bytes that are not sent */
    int write_error;     /* errno of a write that failed: what the service sent
                          * before is read first */
    uint64_t slow_rate;  /* bytes a second, of a slow reader; 0: none */
    struct heap_node slow;   /* in the engine's heap, until it reads on */
    uint64_t sent, received; /* bytes */
    char problem[160];       /* what it failed of, where no text stays */
};

struct native_address {
    struct sockaddr_storage address;
    socklen_t length;
};

struct native_addresses {
    size_t count;
    struct native_address *items;
};

struct native_engine {
    struct engine base; /* first */
    struct arena arena;
    struct event_queue events; /* whose keys are the indices of connections */
    struct native_conn *conns;
    struct native_transfer *transfers;
    struct native_pool *pools;
    struct request_texts texts;
    struct tls_context *tls;          /* NULL: the target speaks clear text */
    struct native_addresses to, from; /* from: none, the system chooses */
    struct duration looked_up;        /* to be told with the next connection */
    struct heap connecting; /* connections, by when they are given up */
    struct heap slow;       /* transfers, by when they read on */
    struct native_transfer *starting, *last_starting;
    struct native_conn *ready, *last_ready; /* more is there to be read */
    uint64_t looks;                         /* so far */
    unsigned cut_turns; /* in a row, in which something was left unread */
    struct instant turn_end;
    char *buffer; /* NATIVE_READ_MAX bytes: what is read, of any connection */
    bool has_faults;
    bool hears_events; /* what is read now was told of by the last look */
};

enum { NATIVE_READ_MAX = 64 * 1024 };

static inline struct native_engine *native_engine_of(struct engine *engine)
{
    return (struct native_engine *)(void *)engine;
}

static inline struct native_transfer *native_transfer_of(
    struct transfer *transfer)
{
    return (struct native_transfer *)(void *)transfer;
}

#endif
