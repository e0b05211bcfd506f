/*
 * exchange: a request in virtual time and its answer, and what the files of
 * this folder share: the state of the engine.
 *
 *   unsent --connection--> going --way--> there --answer--> leaving --way-->
 *   returning --> its transfer is done
 *
 * client_side does what happens at the client's end, service_side what happens
 * at the service's.
 */
#ifndef SQUALL_ENGINE_VIRTUAL_EXCHANGE_H
#define SQUALL_ENGINE_VIRTUAL_EXCHANGE_H

#include "base/heap.h"
#include "base/rng.h"
#include "base/str.h"
#include "engine/head.h"
#include "engine/virtual/engine_virtual.h"

struct virtual_engine;
struct virtual_transfer;

/* A request on its way, at the service, and its answer on its way back. It
 * outlives its transfer where the caller hangs up. */
struct exchange {
    struct heap_node timer;         /* first: found from the heap */
    struct virtual_request request; /* what the service sees */
    struct virtual_engine *engine;
    struct virtual_transfer *caller; /* NULL: it has hung up */
    enum exchange_stage {
        EXCHANGE_UNSENT,   /* its connection is not there yet */
        EXCHANGE_GOING,    /* on its way to the service */
        EXCHANGE_THERE,    /* the service has it */
        EXCHANGE_LEAVING,  /* the service has answered, in a while */
        EXCHANGE_RETURNING /* the answer is on its way */
    } stage;
    bool is_torn;
    struct instant arrival;     /* of what was sent */
    struct heap_node departure; /* when the service sees the hang-up */
    struct str text;            /* url, lines, body */
    const char **lines;         /* of the request */
    enum virtual_answer_how how;
    uint16_t status;
    struct str answer; /* lines, each with its NUL, and the body */
    size_t line_count;
    size_t body_at;
    struct exchange *next; /* free list */
};

struct virtual_transfer {
    struct transfer base; /* first */
    struct head head;
    uint64_t served;           /* requests on its connection before it */
    uint64_t connection;       /* its number */
    struct exchange *exchange; /* NULL: none is under way */
    bool was_delivered;        /* when it was stopped */
    bool closes;
    uint64_t slow_rate;
    enum outcome outcome;    /* of a connection that is not to be */
    struct duration connect; /* NOT_MEASURED: none was opened */
};

/* A connection of HTTP/1.1 that nobody uses. */
struct virtual_connection {
    uint64_t number;
    uint64_t served; /* requests */
    struct virtual_connection *next;
};

/* Connections of a pool: those of HTTP/1.1 that nobody uses, and the one of
 * HTTP/2. */
struct virtual_pool {
    struct virtual_connection *idle;
    bool has_one;
    uint64_t number;
    struct instant open_at; /* when it is there, or is known not to be */
    enum outcome outcome;   /* of opening it */
};

struct prepared_text {
    const char *url, *body;
    size_t body_length;
    size_t line_count;
    const char **lines;
};

struct virtual_engine {
    struct engine base; /* first */
    const struct virtual_settings *settings;
    struct arena arena;
    struct instant now;
    struct virtual_transfer *transfers;
    struct virtual_pool *pools;
    struct virtual_connection *free_connections;
    uint64_t connections_ever;
    struct prepared_text *prepared;
    struct exchange *exchanges, *free;
    size_t exchange_count, exchanges_used;
    size_t lines_max;
    struct heap timers;     /* of exchanges */
    struct heap departures; /* of those whose caller has gone */
    struct rng ways;
    size_t stalls_past;
};

/* Of each request that the plan has, what never changes. */
void exchange_prepare(struct virtual_engine *engine, const struct plan *plan);

/* NULL: there are as many as there may be. Texts are kept for the next. */
struct exchange *exchange_take(struct virtual_engine *engine);
void exchange_free(struct exchange *exchange);

/* The request as the service sees it: the message's own and what never
 * changes. */
void exchange_copy_request(struct exchange *exchange,
                           const struct message *message);

/* Bytes and a NUL. */
void exchange_add_text(struct str *text, const char *bytes, size_t length);

/* How long a way over the network takes, this time. */
struct duration exchange_way(struct virtual_engine *engine);

#endif
