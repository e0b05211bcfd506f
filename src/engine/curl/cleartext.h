/*
 * cleartext: HTTP/2 without TLS, by a libcurl that cannot share its
 * connection.
 *
 * libcurl 7.88 begins HTTP/2 anew for every request that asks for it with
 * prior knowledge, also on a connection that speaks it already, which is then
 * of no more use. So only a request that opens a connection asks so. All
 * others ask for HTTP/2 as after an upgrade, which a connection that speaks it
 * grants, and may not open one. What finds none becomes the one that opens, or
 * waits until that one is through: in a pool, one connection is opened at a
 * time, as libcurl does it where it has no such fault.
 *
 * A transfer that waits is not libcurl's. Everything here is one pool's, and
 * that has one multi handle.
 */
#ifndef SQUALL_ENGINE_CURL_CLEARTEXT_H
#define SQUALL_ENGINE_CURL_CLEARTEXT_H

#include "plan/plan.h"

#include <stdbool.h>

struct curl_transfer;
struct curl_engine;

enum cleartext_role {
    CLEARTEXT_NONE,
    CLEARTEXT_JOINS, /* a connection that is there */
    CLEARTEXT_OPENS, /* until its request goes out */
    CLEARTEXT_WAITS, /* for the one that opens */
};

/* What a transfer and a pool know of it. */
struct cleartext {
    enum cleartext_role role;
    bool found_none;            /* no connection that it could join */
    struct curl_transfer *next; /* that waits too */
};

struct cleartext_pool {
    struct curl_transfer *opener;
    struct curl_transfer *waiting, **waiting_tail;
};

/* The target and this libcurl need it. */
bool cleartext_is_needed(const struct target_config *target);

/* Hands a request to libcurl, now or later. False: no memory for it. */
bool cleartext_begin(struct curl_transfer *transfer);

/* A socket is wanted for it: may there be one? */
bool cleartext_may_open(struct curl_transfer *transfer);

/* Its request goes out. */
void cleartext_sent(struct curl_transfer *transfer);

/* libcurl ended it. True: it is begun again, nothing of it was sent. */
bool cleartext_goes_on(struct curl_transfer *transfer);

/* It is given up, or at its end. */
void cleartext_end(struct curl_transfer *transfer);

/* Begins what waited, once it need not: after libcurl has returned. */
void cleartext_turn(struct curl_engine *engine);

#endif
