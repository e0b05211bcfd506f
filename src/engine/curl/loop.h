/*
 * loop: one epoll and its curl multi handles, driven without a queue of their
 * own.
 *
 * libcurl looks for a free connection by walking those of its multi handle, so
 * the cost of a request grows with the connections (at 10,000 it is
 * milliseconds). So the connections are dealt out to shards, each with a multi
 * handle of its own: the walk is short, whatever the number of connections.
 * HTTP/2 has one shard, so that streams share connections. Where clients have
 * pools of their own, a shard belongs to one pool: a connection is never
 * handed from one client to another. A shard costs 6 KiB, and 35 more from its
 * first connection on (libcurl 7.88), beside what each connection costs.
 *
 * libcurl says which sockets it waits on and when it wants to be called; the
 * loop keeps descriptors registered over CURL_POLL_REMOVE and changes epoll
 * only when the wanted events differ, which saves two system calls a request.
 * Finished transfers are handed over after every socket event. Transfers that
 * were added meanwhile are set off together, after the batch: sending each at
 * once wakes the service once a request and costs a fifth more.
 *
 * Waiting is in nanoseconds (engine/event_queue); libcurl's own timers are in
 * milliseconds and only time its connection phase.
 */
#ifndef SQUALL_ENGINE_CURL_LOOP_H
#define SQUALL_ENGINE_CURL_LOOP_H

#include "base/arena.h"
#include "base/error.h"
#include "base/heap.h"
#include "base/instant.h"
#include "engine/curl/reading.h"
#include "engine/engine.h"
#include "engine/event_queue.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LOOP_SHARD_SIZE = 16,       /* transfers at once that share a multi */
    LOOP_SHARD_DESCRIPTORS = 2, /* libcurl makes a pair of sockets for each, to
                                 * be woken by, which squall has no use for */
};

/* A multi handle and when it wants to be called. */
struct loop_shard {
    struct heap_node timer; /* first: found from the heap; libcurl's timer */
    CURLM *multi;
    struct loop *loop;
    struct loop_shard *next_due; /* in the list of those to call now */
    bool is_due;
};

/* When bytes came, and how much earlier that can have been. */
struct loop_arrival {
    struct instant at;
    struct duration late;
};

struct loop {
    struct loop_shard *shards;
    size_t shard_count;
    struct engine *engine;  /* whose loop it is */
    struct loop_shard *due; /* to be called now */
    struct reading reading; /* of this turn */
    unsigned cut_turns;     /* in a row, in which something was left unread */
    size_t unsure_bytes;    /* that came since libcurl was last looked after */
    struct heap timers;     /* of shards that want to be called later */
    struct event_queue events; /* whose keys are descriptors */
    int closed_open;  /* local port of the socket that was closed last, while
                       * its peer had not; 0: it had. Of HTTP/2 */
    uint32_t *wanted; /* by descriptor: events registered with epoll */
    uint32_t *owner;  /* by descriptor: the shard that waits on it */
    uint16_t *port;   /* by descriptor: its local port, 0 while unknown */
    int *by_port;     /* by local port: 1 + a descriptor that had it, or 0 */
    struct loop_arrival *arrival; /* by descriptor: see loop_arrival */
    int descriptor_end;           /* those that were made here are below */
    size_t wanted_size;
    void (*on_done)(CURL *easy, CURLcode result);
};

/* For the transfers of an engine's shape. on_done is called for each that
 * ended, from loop_wait; it may add and remove handles. */
struct loop_options {
    struct engine *engine;
    size_t descriptors; /* the process's limit */
    void (*on_done)(CURL *easy, CURLcode result);
};

bool loop_init(struct loop *loop, struct arena *arena,
               const struct loop_options *options, struct errors *errors);
void loop_release(struct loop *loop);

/* How many multi handles that takes. */
size_t loop_shards(const struct engine_shape *shape);

/* The multi handle for a transfer of a pool; `index` is below the pool's
 * size. */
CURLM *loop_multi(const struct loop *loop, size_t pool, size_t index);

/* Waits until `until` (on clock_now's clock), a socket event or a wake-up, and
 * lets libcurl work. Does not wait at all when the engine hurries. */
void loop_wait(struct loop *loop, struct instant until);

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

/* The open socket with this local port, -1 when there is none: libcurl says
 * no more than that of a transfer that is under way (CURLINFO_ACTIVESOCKET is
 * of transfers that have ended). */
int loop_find_socket(struct loop *loop, int port);

/* A request of HTTP/1 goes out on this socket; it has been answered, and
 * nobody waits for anything from it. What arrives in between belongs to no
 * request. */
void loop_use(struct loop *loop, int fd);
void loop_rest(struct loop *loop, int fd);

/* Of a socket that serves again: something is there to be read that belongs to
 * no request, or its end. */
bool loop_is_unclean(const struct loop *loop, int fd);

/* When the first bytes came on a socket since loop_use or loop_read; 0: none
 * have. */
static inline struct loop_arrival loop_arrival(const struct loop *loop, int fd)
{
    return loop->arrival[fd];
}

/* What came is read; what comes from now on is new. */
static inline void loop_read(struct loop *loop, int fd)
{
    loop->arrival[fd] = (struct loop_arrival){0};
}

/* Neither the peer's end nor an error has come to a socket. */
bool loop_is_open(int fd);

/* Whether the last socket that was closed had this local port, and its peer
 * had not closed it. */
bool loop_closed_open(const struct loop *loop, int port);

/* A CURLOPT_CLOSESOCKETFUNCTION with the loop as its data. */
int loop_close_socket(void *user, curl_socket_t fd);

/* From any thread. */
void loop_wake(const struct loop *loop);

#endif
