/*
 * host: what the files of the server share; private to them.
 *
 * server.c starts, stops and loops; listen.c opens the socket; http.c speaks
 * with libmicrohttpd; resource.c answers by path; request.c reads what orders
 * say; claim.c takes them through the key store, desk.c through the service;
 * pages.c shows the ledger. All run in the one thread of the server.
 */
#ifndef SQUALL_TARGET_HOST_H
#define SQUALL_TARGET_HOST_H

#include "base/arena.h"
#include "base/str.h"
#include "target/effects.h"
#include "target/keys.h"
#include "target/request.h"
#include "target/server.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum answer_how { ANSWER_SEND, ANSWER_CLOSE, ANSWER_RESET };

struct answer {
    enum answer_how how;
    unsigned status;
    bool replayed;
    bool retry_after;
    bool conflict; /* it ends soon: Retry-After is at least a second */
    bool html;
    bool problem; /* the body tells a problem, RFC 9457 */
    const char *allow; /* the methods of a 405 */
    struct str body;
};

enum client_state {
    CLIENT_IDLE,     /* between requests */
    CLIENT_READING,  /* a request is coming in */
    CLIENT_WAITING,  /* suspended: its order waits or is served */
    CLIENT_ANSWERED, /* the answer is known */
};

/* One connection. */
struct client {
    struct server *server;
    struct MHD_Connection *connection;
    int socket;
    enum client_state state;
    bool suspended;
    bool hung_up;
    bool too_large;
    struct str body;
    char *early_key; /* claim_early: until the request is whole */
    enum effect_kind early_kind;
    struct order *order; /* while WAITING */
    struct answer answer;
    struct client *next;
    struct client *previous;
};

/* What the request asked for with the fault header. */
enum order_failure { ORDER_WORKS, ORDER_FAILS_BEFORE, ORDER_FAILS_AFTER };

/* One order on its way through the service. It outlives its connection, for
 * a service works on for callers who have hung up. */
struct order {
    struct service_order service;
    struct client *client; /* NULL: the caller has gone */
    enum effect_kind kind;
    enum order_failure failure;
    struct order *attached; /* those that wait for its answer; a list */
    struct key_ticket ticket;
    const char *name; /* or NULL */
    const char *key;  /* or NULL */
    char text[];
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
    pthread_t thread;
    struct arena arena;
    struct service service;
    struct key_store keys;
    struct target_effects effects;
    struct client *clients;
    uint64_t client_count;
    struct instant started;
    struct str scratch; /* the body of an answer that nobody waits for */
    bool stopping;
    struct shared_counts counts;
    char url[128];
};

/* The host's only clock. */
static inline struct instant host_clock(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (struct instant){at.tv_sec * NS_PER_S + at.tv_nsec};
}

/* Only the server's thread counts, so that no locked addition is needed. */
static inline void host_count(_Atomic uint64_t *counter)
{
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + 1, memory_order_relaxed);
}

/* Opens the listening socket and fills in the URL. -1 after adding an error.
 */
int listen_open(const struct server_options *options, char *url,
                size_t url_size, struct errors *errors);

/* What libmicrohttpd calls. */
enum MHD_Result http_on_request(void *context, struct MHD_Connection *handle,
                                const char *path, const char *method,
                                const char *version, const char *part,
                                size_t *part_size, void **slot);
void http_on_completed(void *context, struct MHD_Connection *handle,
                       void **slot, enum MHD_RequestTerminationCode how);
void http_on_connection(void *context, struct MHD_Connection *handle,
                        void **slot,
                        enum MHD_ConnectionNotificationCode what);

/* Queues the answer of the client, or hangs up, as the answer says. */
enum MHD_Result http_send(struct client *client);

/* Answers a request that is whole, or suspends it. */
enum MHD_Result resource_route(struct client *client, const char *path,
                               const char *method);

/* Says in the answer what the problem is. */
void answer_problem(struct answer *answer, unsigned status,
                    const char *title);

static inline bool host_has_fault(const struct server *server,
                                  enum key_fault fault)
{
    return (server->keys.faults >> fault & 1U) != 0;
}

/* Reads the key of a request and asks the store; see claim.c. */
enum request_key claim_read(struct client *client,
                            char key[ORDER_NAME_MAX + 1]);

/* True when the order may run. Else the client is ANSWERED, or the order was
 * attached to the one that runs (*attached), and waits for its answer. */
bool claim_key(struct client *client, struct order *order,
               struct hash128 payload, struct instant now, bool *attached);

/* claim_early: remembers the key when the head is there; the request is whole,
 * or was cut short and leaves the key in flight for ever. */
void claim_early(struct client *client, const char *path);
void claim_early_end(struct client *client, bool cut_short);

/* Takes the order of a client whose request is whole. Leaves the client
 * WAITING with the order in the service, or ANSWERED. */
void desk_take(struct client *client, enum effect_kind kind);

/* Brings the service up to now: orders end, and their clients are resumed. */
void desk_settle(struct server *server, struct instant now);

/* The caller has gone while its order waits or is served: the connection is
 * given back at once, the order goes its way. */
void desk_abandon(struct client *client);

/* Ends, without effect, whatever is still in the service. */
void desk_close(struct server *server);

#endif
