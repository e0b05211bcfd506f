/*
 * loop: one epoll and its curl multi handles, driven without a queue of their
 * own.
 *
 * libcurl looks for a free connection by walking those of its multi handle, so
 * the cost of a request grows with the connections (at 10,000 it is
 * milliseconds). So the connections are dealt out to shards, each with a multi
 * handle of its own: the walk is short, whatever the number of connections.
 * HTTP/2 has one shard, so that streams share connections. Where clients have
 * pools of their own, a shard belongs to one pool: a connection is never handed
 * from one client to another. A shard costs 6 KiB, and 35 more from its first
 * connection on (libcurl 7.88), beside what each connection costs.
 *
 * libcurl says which sockets it waits on and when it wants to be called; the
 * loop keeps descriptors registered over CURL_POLL_REMOVE and changes epoll
 * only when the wanted events differ, which saves two system calls a request.
 * Finished transfers are handed over after every socket event. Transfers that
 * were added meanwhile are set off together, after the batch: sending each at
 * once wakes the service once a request and costs a fifth more.
 *
 * Waiting is in nanoseconds (epoll_pwait2); libcurl's own timers are in
 * milliseconds and only time its connection phase.
 */
#ifndef SQUALL_TRANSPORT_LOOP_H
#define SQUALL_TRANSPORT_LOOP_H

#include "base/arena.h"
#include "base/error.h"
#include "base/heap.h"
#include "base/instant.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LOOP_SHARD_SIZE = 16,       /* transfers at once that share a multi */
    LOOP_SHARD_DESCRIPTORS = 2, /* libcurl makes a pair of sockets for each, to
                                 * be woken by, which squall has no use for */
};

/* How transfers are dealt to multi handles. */
struct loop_shape {
    size_t transfers; /* at once, at most */
    size_t unit;      /* of which so many stay together: those of a caller */
    size_t pools;     /* that the units are split among: at least 1, and at
                       * most one a unit */
    bool http2;
};

/* A multi handle and when it wants to be called. */
struct loop_shard {
    struct heap_node timer; /* first: found from the heap; libcurl's timer */
    CURLM *multi;
    struct loop *loop;
    struct loop_shard *next_due; /* in the list of those to call now */
    bool is_due;
};

struct loop {
    struct loop_shard *shards;
    size_t shard_count;
    struct loop_shape shape;
    struct loop_shard *due; /* to be called now */
    bool handed_over;       /* a transfer ended since this was cleared, or the
                             * host wants its turn */
    size_t unsure_bytes;    /* that came since libcurl was last looked after */
    struct heap timers;     /* of shards that want to be called later */
    int epoll;
    int wake; /* eventfd: makes loop_wait return early */
    uint32_t *wanted; /* by descriptor: events registered with epoll */
    uint32_t *owner;  /* by descriptor: the shard that waits on it */
    uint16_t *port;   /* by descriptor: its local port, 0 while unknown */
    int descriptor_end; /* those that were made here are below */
    size_t wanted_size;
    void (*on_done)(void *context, CURL *easy, CURLcode result);
    void *context;
};

struct loop_options {
    struct loop_shape shape;
    size_t descriptors; /* the process's limit */
    void (*on_done)(void *context, CURL *easy, CURLcode result);
    void *context;
};

bool loop_init(struct loop *loop, struct arena *arena,
               const struct loop_options *options, struct errors *errors);
void loop_release(struct loop *loop);

/* How many multi handles that takes. */
size_t loop_shards(const struct loop_shape *shape);

/* How many transfers at once a pool may have: its share of all. */
size_t loop_pool_size(const struct loop_shape *shape, size_t pool);

/* The multi handle for a transfer of a pool; `index` is below the pool's
 * size. */
CURLM *loop_multi(const struct loop *loop, size_t pool, size_t index);

/* Waits until `until` (on clock_now's clock), a socket event or a wake-up, and
 * lets libcurl work. on_done is called for every transfer that ended; it may
 * add and remove handles. */
void loop_wait(struct loop *loop, struct instant until);

/* From a callback: the host has something to do now, so that a loop that is
 * about to wait does not. */
static inline void loop_hurry(struct loop *loop)
{
    loop->handed_over = true;
}

/* From a callback: bytes of an answer came on a connection of which libcurl
 * may keep some and forget to say so: see loop_wait. */
static inline void loop_look_after(struct loop *loop, size_t bytes)
{
    loop->unsure_bytes += bytes;
}

/* Every handle makes and closes its sockets here: the loop must know when a
 * descriptor is new. CURL_SOCKET_BAD with the reason in *os_error. */
curl_socket_t loop_open_socket(struct loop *loop,
                               const struct curl_sockaddr *address,
                               int *os_error);

/* The open socket with this local port, -1 when there is none: libcurl tells
 * of a transfer that is under way no more than that (CURLINFO_ACTIVESOCKET is
 * of transfers that have ended). */
int loop_find_socket(struct loop *loop, int port);

/* A CURLOPT_CLOSESOCKETFUNCTION with the loop as its data. */
int loop_close_socket(void *user, curl_socket_t fd);

/* From any thread. */
void loop_wake(const struct loop *loop);

#endif
