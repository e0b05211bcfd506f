/*
 * address: from a text to where a connection goes.
 *
 * There is one reading of a URL, of a proxy and of an entry of target.resolve:
 * it says what is wrong before a run, and it is what whoever connects goes by,
 * so that the two cannot differ. Ports that are not written are those that
 * libcurl takes.
 */
#ifndef SQUALL_PLAN_ADDRESS_H
#define SQUALL_PLAN_ADDRESS_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct address {
    char scheme[10];
    char *host;      /* as it is looked up: an IPv6 address without brackets,
                      * and with its zone, "fe80::1%eth0"; owned */
    bool is_literal; /* it is an IP address, and is not looked up */
    uint16_t port;
};

void address_release(struct address *address);

/* Whether a URL is of HTTP, over TLS or not; and whether it is over TLS. NULL
 * is neither. */
bool address_is_http(const char *url);
bool address_is_tls(const char *url);

/* What is wrong with a text, or NULL; the remedy goes to `hint`. */

/* The URL of a service; placeholders count as a part of it. */
const char *address_url_problem(const char *url, char *hint, size_t size);
/* What of a URL follows its host: a path, a query. */
bool address_byte_breaks(unsigned char byte);
const char *address_path_problem(const char *path, char *hint, size_t size);
const char *address_proxy_problem(const char *proxy, char *hint, size_t size);
/* "host:port:address,address" */
const char *address_pin_problem(const char *entry, char *hint, size_t size);

/* A URL or path as it is sent: bytes that are not ASCII are percent-encoded,
 * and nothing else is touched. */
const char *address_encoded(const char *url, struct arena *arena);

/* Reads what has no problem. */
void address_of_url(const char *url, struct address *address);
void address_of_proxy(const char *proxy, struct address *address);

/* Whether the proxy leaves it to squall to look up the service's name. */
bool address_is_looked_up_here(const struct address *proxy);

/* The addresses, with commas between, that an entry of target.resolve has for
 * this host and port; NULL: it is about others. "*" is any host. */
const char *address_pinned(const char *entry, const struct address *address,
                           bool *by_name);

#endif
