/*
 * loop: one epoll and one curl multi handle, driven without a queue of their
 * own.
 *
 * libcurl says which sockets it waits on and when it wants to be called; the
 * loop keeps descriptors registered over CURL_POLL_REMOVE and changes epoll
 * only when the wanted events differ, which saves two system calls a request.
 * After every socket event the finished transfers are handed over and
 * transfers that were just added are set off, so that no request waits for
 * the rest of a batch.
 *
 * Waiting is in nanoseconds (epoll_pwait2); libcurl's own timers are in
 * milliseconds and only time its connection phase.
 */
#ifndef SQUALL_TRANSPORT_LOOP_H
#define SQUALL_TRANSPORT_LOOP_H

#include "base/arena.h"
#include "base/error.h"
#include "base/instant.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop {
    CURLM *multi;
    int epoll;
    int wake; /* eventfd: makes loop_wait return early */
    uint32_t *wanted; /* by descriptor: events registered with epoll */
    size_t wanted_size;
    int socket_error; /* errno of the last socket that could not be made */
    struct instant curl_due; /* when libcurl wants to be called, or NEVER */
    void (*on_done)(void *context, CURL *easy, CURLcode result);
    void *context;
};

struct loop_options {
    size_t connections; /* kept open at most */
    size_t descriptors; /* the process's limit */
    bool http2;
    void (*on_done)(void *context, CURL *easy, CURLcode result);
    void *context;
};

bool loop_init(struct loop *loop, struct arena *arena,
               const struct loop_options *options, struct errors *errors);
void loop_release(struct loop *loop);

/* Waits until `until` (on clock_now's clock), a socket event or a wake-up, and
 * lets libcurl work. on_done is called for every transfer that ended; it may
 * add and remove handles. */
void loop_wait(struct loop *loop, struct instant until);

/* Sets off what was added and hands over what ended; without waiting. */
void loop_settle(struct loop *loop);

/* CURLOPT_OPENSOCKETFUNCTION and CURLOPT_CLOSESOCKETFUNCTION of every handle,
 * with the loop as their data: the loop must know when a descriptor is new. */
curl_socket_t loop_open_socket(void *user, curlsocktype purpose,
                               struct curl_sockaddr *address);
int loop_close_socket(void *user, curl_socket_t fd);

/* From any thread. */
void loop_wake(const struct loop *loop);

#endif
