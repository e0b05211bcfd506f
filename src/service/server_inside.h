/*
 * server_inside: what the files of the server share; private to them.
 *
 * server.c starts, stops and loops; listen.c opens the socket; http.c is what
 * libmicrohttpd calls; resource.c answers by path; conn.c takes orders to the
 * model and their answers back; pages.c shows the ledger; server_counts.c is
 * for other threads. All run in the one
 * thread of the server.
 */
#ifndef SQUALL_SERVICE_SERVER_INSIDE_H
#define SQUALL_SERVICE_SERVER_INSIDE_H

#include "base/arena.h"
#include "base/str.h"
#include "model/orders.h"
#include "service/server.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum conn_state {
    CONN_IDLE,     /* between requests */
    CONN_READING,  /* a request is coming in */
    CONN_WAITING,  /* suspended: its order waits or is served */
    CONN_ANSWERED, /* the answer is known */
};

/* One connection. */
struct conn {
    struct server *server;
    struct MHD_Connection *connection;
    int socket;
    uint64_t number; /* from 1, in the order in which they came */
    enum conn_state state;
    bool suspended;
    bool hung_up;
    bool too_large;
    bool is_refund; /* by its path */
    struct str body;
    char *early_key;     /* claim_early: until the request is whole */
    struct order *order; /* while WAITING */
    struct service_answer answer;
    struct str page; /* in place of the answer's body, when it has text */
    struct conn *next;
    struct conn *previous;
};

/* Counted by the server's thread, read by any. */
struct shared_counts {
    _Atomic uint64_t requests, orders, effects, replays, conflicts, shed,
        abandoned;
};

struct server {
    struct MHD_Daemon *daemon;
    int http_epoll; /* libmicrohttpd's */
    int epoll;      /* ours: its epoll, hang-ups, the stop signal */
    int stop;       /* an eventfd */
    int begin;      /* an eventfd: the windows of faults begin now */
    pthread_t thread;
    struct orders orders;
    uint64_t requests; /* read whole, of any path */
    struct conn *conns;
    uint64_t conn_count;
    uint64_t conns_ever;
    struct instant started;
    bool stopping;
    struct shared_counts counts;
    char url[128];
};

/* The server's only clock. */
static inline struct instant server_clock(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (struct instant){at.tv_sec * NS_PER_S + at.tv_nsec};
}

/* What libmicrohttpd calls. */
enum MHD_Result http_on_request(void *context, struct MHD_Connection *handle,
                                const char *path, const char *method,
                                const char *version, const char *part,
                                size_t *part_size, void **slot);
void http_on_completed(void *context, struct MHD_Connection *handle,
                       void **slot, enum MHD_RequestTerminationCode how);
void http_on_connection(void *context, struct MHD_Connection *handle,
                        void **slot, enum MHD_ConnectionNotificationCode what);

/* Answers a request that is whole, or suspends it. */
enum MHD_Result resource_route(struct conn *conn, const char *path,
                               const char *method);

/* claim_early: remembers the key when the head is there; the request is whole,
 * or was cut short, which the model has to know. */
void conn_head_read(struct conn *conn, const char *path);
void conn_head_forget(struct conn *conn, bool cut_short);

/* Takes the order of a connection whose request is whole. Leaves it WAITING,
 * with the order in the model, or ANSWERED. */
void conn_place_order(struct conn *conn, enum effect_kind kind);

/* Brings the model up to now: orders end, and their connections resume. */
void conns_settle(struct server *server, struct instant now);

/* The caller has gone while its order waits or is served: the connection is
 * given back at once, the order goes on. */
void conn_abandon(struct conn *conn);

/* Sends the answer of the connection, or closes it, as the answer says. */
enum MHD_Result conn_answer(struct conn *conn);

/* Shows other threads what has been counted; before an answer goes out, so
 * that who has it finds it counted. */
void server_publish_counts(struct server *server);

#endif
