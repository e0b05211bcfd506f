/*
 * transfer: one attempt as a transfer of libcurl.
 *
 * A transfer owns an easy handle, kept over attempts, so that nothing is
 * allocated by squall while it runs.
 *
 * libcurl re-sends a request by itself, POST included, when a reused
 * connection dies before the answer begins. The pre-request callback counts
 * every send and lets a second have no connection but a new one, which is
 * refused its socket: that surfaces as outcome reset_reused.
 */
#ifndef SQUALL_ENGINE_CURL_TRANSFER_H
#define SQUALL_ENGINE_CURL_TRANSFER_H

#include "engine/curl/cleartext.h"
#include "engine/engine.h"
#include "engine/head.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

struct curl_engine;

/* What begins anew with each attempt. */
struct curl_attempt {
    struct head head;
    unsigned sends;
    bool ends_at_head;   /* a HEAD request with a body, of which libcurl knows
                          * nothing: it goes out as another method of that
                          * name, and no body of its answer is waited for */
    bool stream_refused; /* as libcurl's re-send shows */
    int local_port;      /* of its connection; valid when sends > 0 */
    int descriptor;      /* with that port; -1 while nobody asked */
    int socket_error;    /* errno of a socket that could not be made */
    uint32_t stream;     /* of HTTP/2; 0: not known */
    uint64_t torn_at;    /* of a torn body, libcurl has */
    uint64_t slow_rate;  /* bytes a second, of a slow reader; 0: none */
    uint64_t slow_bytes; /* of the answer, read by it */
    bool is_broken;      /* its connection, by bytes that are not HTTP/2 */
    bool is_closed;      /* its connection, by the service, as TLS says */
    bool speaks_other;   /* the service agreed to no HTTP/2 */
    bool is_elsewhere;   /* not at the target */
    bool is_secured;     /* it speaks TLS */
    bool found_unclean;  /* its connection, which therefore got nothing */
    uint64_t ends_at;    /* what its connection has had acknowledged when the
                          * service has its request; 0: not known */
    bool is_watched;     /* its end is looked for as soon as it is sent */
    bool is_delivered;   /* as far as is known: see delivery.h */
};

struct curl_transfer {
    struct transfer base; /* first */
    CURL *easy;           /* made when the transfer is first used */
    CURLM *multi;         /* whose connections it may use */
    struct curl_engine *engine;
    struct heap_node connecting; /* in the engine's heap */
    struct curl_slist *lines;    /* nodes for filled header lines */
    bool has_lines;              /* the handle has those of a message, */
    bool closes;                 /* its CURLOPT_FORBID_REUSE, */
    CURLU *parsed;               /* and its CURLOPT_CURLU */
    int configured_for; /* request whose options the handle has, -1 none */
    bool configured_for_torn; /* by transfer_fault, and for nothing else */
    bool is_worn;             /* the handle is not to be used again */
    bool on_multi;            /* libcurl works on it */
    const char *body;
    uint64_t body_length; /* that is sent: of a torn request, a part */
    struct cleartext cleartext;
    struct curl_attempt now;
    struct curl_transfer *next_watched;
    bool in_watched;               /* the engine's list of that name */
    struct heap_node slow;         /* in the engine's heap */
    char failure[CURL_ERROR_SIZE]; /* libcurl's word for it, if there is one */
};

static inline struct curl_transfer *curl_transfer_of(struct transfer *transfer)
{
    return (struct curl_transfer *)(void *)transfer;
}

/* Hands a request to libcurl. False when libcurl has no memory for it. */
bool transfer_begin(struct curl_transfer *transfer,
                    const struct transfer_order *order);

/* libcurl ended it. True: it is begun again on a new connection, nothing of it
 * was sent. */
bool transfer_goes_on(struct curl_transfer *transfer);

/* Takes it from libcurl, if it is there: before its end, an HTTP/1.1
 * connection closes. */
void transfer_stop(struct curl_transfer *transfer);

/* Ends those that had no connection in time, as far as all was read that came
 * by then. libcurl's own limit would go off unread after a stall. */
void transfer_give_up_connecting(struct curl_engine *engine);

#endif
