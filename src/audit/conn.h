/*
 * conn: one connection to the service, with every byte under control.
 *
 * libcurl connects (names, TLS, proxy, Unix socket) and squall frames the
 * requests itself, so that a last byte can be held back, an answer thrown away
 * after delivery, and a key sent that no client library would send. HTTP/1.1
 * only. Everything blocks, up to the timeout and the stop flag.
 */
#ifndef SQUALL_AUDIT_CONN_H
#define SQUALL_AUDIT_CONN_H

#include "audit/observation.h"
#include "audit/reply.h"
#include "base/instant.h"
#include "engine/curl/tls_name.h"
#include "plan/plan.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { CONNS_IDLE_MAX = 32, CONN_RECEIVE_MAX = 32 };

struct conn;

/* The connections to one service. */
struct conns {
    const struct plan *plan;
    struct curl_slist *pinned;
    struct tls_name tls_name;
    struct duration timeout; /* of an answer */
    const atomic_bool *stop; /* ends every wait; may be NULL */
    struct instant until;    /* ends every wait, too */
    size_t idle_count;
    struct conn *idle[CONNS_IDLE_MAX];
};

/* Resolves and probes the target. False after adding an error (NO_TARGET). */
bool conns_open(struct conns *conns, const struct plan *plan,
                const atomic_bool *stop, struct errors *errors);
void conns_close(struct conns *conns);

/* A connection: an idle one that is still good, or a new one; NULL when none
 * can be made. */
struct conn *conn_take(struct conns *conns);
/* Gives it back for the next one, if it can still be used. */
void conn_give_back(struct conns *conns, struct conn *conn);
/* Closes it, whatever is on it. */
void conn_close(struct conn *conn);

/* Sends all the bytes. */
bool conn_send(struct conns *conns, struct conn *conn, const char *bytes,
               size_t length);

/* Sends FIN after what was sent, so that the service acknowledges at once;
 * nothing can be sent any more. */
void conn_shut_down(struct conn *conn);

/* Waits until the kernel of the service has acknowledged every byte. It may
 * take its time, to save a packet, until there is an answer. */
bool conn_await_delivery(struct conns *conns, struct conn *conn);

/* One answer that is awaited. */
struct awaited_answer {
    struct conn *conn;
    struct reply *reply;
    enum attempt_end end;
    struct instant at; /* when it had come, or was given up */
};

/* Waits for the answers to what was sent, at most for the timeout. */
void conn_receive(struct conns *conns, struct awaited_answer *list,
                  size_t count);

/* Waits, heeding stop and until. */
void conns_sleep(const struct conns *conns, struct duration length);
/* The stop flag is up, or it is too late. */
bool conns_are_stopped(const struct conns *conns);
bool conns_are_late(const struct conns *conns);

#endif
