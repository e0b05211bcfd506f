/*
 * tls_name: a service that is called by another name in TLS than its URL says
 * (target.tls.server_name).
 *
 * libcurl sends as SNI, and verifies, the host of the URL that it is given. So
 * it is given a URL with that name, told where to connect to instead, and the
 * Host that the URL said goes as a header.
 */
#ifndef SQUALL_ENGINE_CURL_TLS_NAME_H
#define SQUALL_ENGINE_CURL_TLS_NAME_H

#include "base/str.h"
#include "plan/plan.h"

#include <curl/curl.h>

struct tls_name {
    const char *name;             /* NULL: the URL's own */
    struct str host_line;         /* "Host: ..." */
    struct str entry;             /* where to connect to */
    struct curl_slist connect_to; /* that, as a list */
    struct str url;
};

/* Nothing more than that there is none is set where the target has none. It
 * stays where it is while a handle uses it. */
void tls_name_init(struct tls_name *tls_name,
                   const struct target_config *target);
void tls_name_release(struct tls_name *tls_name);

/* Where the handle is to connect to. */
void tls_name_route(struct tls_name *tls_name, CURL *easy);

/* The URL of the target to give to libcurl: valid until the next. */
const char *tls_name_url(struct tls_name *tls_name, const char *url);

#endif
