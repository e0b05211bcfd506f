/*
 * wire: one attempt as an HTTP transfer of libcurl.
 *
 * A wire is a slot that owns an easy handle, kept over attempts, and room for
 * the filled templates of one request, so that nothing is allocated by squall
 * while it runs. Everything that libcurl says is turned into the core's words
 * here and in wire_result.c: no other file knows a CURLcode.
 *
 * The wires of a pool share connections with each other and with nobody else.
 * There is one pool, or one a client.
 *
 * libcurl re-sends a request by itself, POST included, when a reused
 * connection dies before the answer begins. The pre-request callback counts
 * every send and lets a second have no connection but a new one, which is
 * refused its socket: that surfaces as outcome reset_reused.
 */
#ifndef SQUALL_TRANSPORT_WIRE_H
#define SQUALL_TRANSPORT_WIRE_H

#include "faults/fault.h"
#include "load/gate.h"
#include "measure/fact.h"
#include "plan/plan.h"
#include "transport/answer.h"
#include "transport/cleartext.h"
#include "transport/loop.h"
#include "transport/refusal.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

struct wire {
    CURL *easy;           /* made when the wire is first used */
    CURLM *multi;         /* whose connections it may use */
    struct wires *set;
    struct wire_pool *pool;
    struct wire *next;    /* free list, or the list of answers to lose */
    void *owner;          /* the operation */
    unsigned attempt;
    enum attempt_kind kind;
    int configured_for;   /* request whose options the handle has, -1 none */
    bool configured_for_torn; /* by wire_fault, and for nothing else */
    const char *body_bytes;
    uint64_t body_length; /* that is sent: of a torn request, a part */
    uint64_t torn_at;     /* of it, libcurl has */
    uint64_t slow_bytes;  /* of the answer, read by a slow reader */
    bool on_multi;        /* libcurl works on it */
    bool reused;
    bool resend_refused;
    bool stream_refused;  /* as that re-send told */
    bool answered;        /* a byte of an answer has come */
    bool is_interim;      /* its last status line was a 1xx */
    bool head_is_whole;   /* the empty line after its headers has come */
    bool answer_lost;     /* its answer was thrown away, on purpose */
    bool is_losing;       /* in the list of requests to give up */
    bool is_torn;         /* only a part of its body is sent */
    bool was_slowed;      /* its answer was held back */
    bool connection_read; /* reused and connect are set */
    int local_port;       /* of its connection; valid when sends > 0 */
    int descriptor;       /* with that port; -1 while nobody asked */
    int socket_error;     /* errno of a socket that could not be made */
    unsigned sends;
    uint16_t status;
    struct server_hint hint;
    size_t hint_row;      /* of the profile, that the hint was read by */
    uint32_t answer_headers; /* bits of those that classify asks about */
    const struct fault_config *fault; /* that strikes it, or NULL */
    struct duration queue;    /* its wait for a free wire */
    struct instant sent;      /* monotonic clock; valid when sends > 0 */
    struct instant first_byte; /* valid when answered */
    struct duration connect;  /* NOT_MEASURED when none was opened */
    struct answer answer;
    char *url, *headers, *body;  /* room for filled templates */
    struct curl_slist *lines;    /* nodes for filled header lines */
    struct cleartext cleartext;
    uint32_t stream;      /* of HTTP/2; 0: not known */
    char failure[CURL_ERROR_SIZE]; /* libcurl's word for it, if there is one */
};

struct wire_pool {
    struct gate gate; /* an attempt that is inside may take a wire */
    struct wire *free;
    struct cleartext_pool cleartext;
};

/* What a request has that never changes, filled once. */
struct prepared_request;

struct wires {
    const struct plan *plan;
    struct loop *loop;
    struct prepared_request *prepared;
    struct curl_slist *pinned; /* names resolved before the run, or NULL */
    struct wire *slots;
    size_t slot_count;
    struct wire_pool *pools;
    size_t pool_count;
    bool reads_answers; /* more than their status and hint is looked at */
    bool resends_tell;  /* of HTTP/2 streams that were refused */
    struct refusal_notes refusals;
    bool shares_by_hand;    /* connections, as cleartext.h says */
    bool waiting_may_begin; /* what waited in a pool can begin */
    /* Told before the first byte goes out; must not call libcurl. */
    void (*on_sent)(void *context, struct wire *wire);
    /* An answer is held back until then; must not call libcurl. */
    void (*on_slow)(void *context, struct wire *wire, struct instant until);
    void *context;
};

/* Makes a wire for each transfer of the loop, in the loop's pools. Borrows
 * all; memory from the arena. */
void wires_init(struct wires *wires, struct arena *arena,
                const struct plan *plan, struct loop *loop);
void wires_release(struct wires *wires);

/* A free wire, clean for a new attempt, or NULL. */
struct wire *wire_take(struct wire_pool *pool);

/* Ends its use; the connection stays open where it can serve its pool again. */
void wire_give_back(struct wire *wire);

/* Fills the templates, or takes the texts of a letter, and hands the request to
 * libcurl. False when libcurl has no memory for it. */
bool wire_send(struct wire *wire, uint16_t request,
               const struct letter *letter,
               const struct template_subject *subject);

/* Hands a request that is filled to libcurl. False: no memory for it. */
bool wire_add(struct wire *wire);

/* Takes it from libcurl before its end: an HTTP/1.1 connection closes. */
void wire_stop(struct wire *wire);

/* What became of a transfer that libcurl ended (wire_result.c). */
void wire_result(struct wire *wire, CURLcode code,
                 struct attempt_result *result);

/* Asks libcurl, once an attempt, whether it opened a connection and how long
 * that took: sets `reused` and `connect`. wire_result does so by itself. */
void wire_read_connection(struct wire *wire);

/* The service has the request, whole or the part that is sent of it: every
 * byte was written and acknowledged by its kernel (SIOCOUTQ is 0), or an
 * answer byte has come. */
bool wire_is_delivered(struct wire *wire);

/* The socket that its request went to, -1 when there is none to be found. */
int wire_socket(struct wire *wire);

static inline bool wire_was_sent(const struct wire *wire)
{
    return wire->sends > 0;
}

#endif
