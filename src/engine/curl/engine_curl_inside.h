/* engine_curl_inside: what the files of this folder share: the state of one
 * worker's engine, and what a request has that never changes. */
#ifndef SQUALL_ENGINE_CURL_ENGINE_CURL_INSIDE_H
#define SQUALL_ENGINE_CURL_ENGINE_CURL_INSIDE_H

#include "base/heap.h"
#include "engine/curl/tls_name.h"
#include "engine/curl/cleartext.h"
#include "engine/curl/loop.h"
#include "engine/curl/refusal.h"
#include "engine/curl/transfer.h"
#include "engine/engine.h"

/* What a request has that never changes, filled once. */
struct prepared_request {
    const struct planned_request *planned;
    char *url;           /* NULL: each message has its own */
    CURLU *parsed;       /* that, as in parsed_url.h; may be NULL */
    bool announces_body; /* it has one, or says that it is empty */
    char *body;          /* NULL: each message has its own, or there is none */
    size_t body_length;
    bool has_filled_lines;       /* each message has some of its own */
    struct curl_slist *constant; /* the other header lines */
};

struct curl_engine {
    struct engine base; /* first */
    struct arena arena;
    struct loop loop;
    struct prepared_request *prepared;
    struct curl_slist *no_lines;   /* none of the request's */
    struct curl_slist *host_lines; /* nor that, but the Host: see tls_name.h */
    struct tls_name tls_name;
    struct curl_slist *pinned; /* names resolved before the run, or NULL */
    struct duration looked_up; /* to be told with the next connection */
    bool owns_pinned;          /* it is the first of its run */
    struct curl_transfer *transfers;
    struct curl_transfer *watched;    /* sent, and maybe not all of it */
    struct heap slow;                 /* slow readers, by when they read on */
    struct cleartext_pool *cleartext; /* of each pool */
    bool resends_show_refusals;       /* of HTTP/2 streams that were refused */
    uint64_t *served; /* requests of a connection, by its port; NULL: that is
                       * not limited */
    struct refusal_notes refusals;
    struct heap connecting; /* transfers, by when they give it up */
    bool is_secured;        /* the target speaks TLS */
    bool has_faults;        /* what was delivered will be asked for */
    bool shares_by_hand;    /* connections, as cleartext.h says */
    bool waiting_may_begin; /* what waited in a pool can begin */
};

#endif
