/*
 * server: the embedded service on a socket, for being broken.
 *
 * One thread runs libmicrohttpd's event loop beside its own timers, so that
 * nothing in the service is locked. Service times are kept to well under a
 * millisecond, so that queueing theory can be held against them.
 *
 *   POST /orders   performs an effect. Body {"order": "...", ...}; the header
 *                  named by `Idempotency-Key` is its key. 201 and
 *                  {"id": "ord_N", "order": "..."}.
 *   POST /refunds  the same, a second kind ("ref_N").
 *   GET  /ledger   effects: `id count` lines, or with Accept:
 *                  application/json {"effects": {"id": count}}. The id is the
 *                  order's name, else its key, else the effect's own id.
 *                  ?by=key: by key alone.
 *   POST /reset    forgets effects and keys.
 *   GET  /healthz  200 and {"status": "ok", counters ...}
 *   GET|PUT /faults  the fault list as JSON, changed while running.
 */
#ifndef SQUALL_SERVICE_SERVER_H
#define SQUALL_SERVICE_SERVER_H

#include "base/error.h"
#include "model/service.h"

#include <stdbool.h>
#include <stdint.h>

struct server;

struct server_options {
    const char *listen;   /* address, "127.0.0.1" by default */
    uint16_t port;        /* 0: chosen by the kernel */
    uint64_t connections; /* most at once */
    uint64_t seed;        /* of service times and faults */
};

/* What the target itself counted: what squall's own reports are tested by. */
struct server_counts {
    uint64_t requests; /* every request read whole, of any path */
    uint64_t orders;   /* POSTs that asked for an effect */
    uint64_t effects;
    uint64_t replays;   /* answered from the key store */
    uint64_t conflicts; /* same key in flight */
    uint64_t shed;
    uint64_t abandoned; /* the caller had gone before the answer */
};

/* Starts the thread. Returns NULL after adding an error (NO_RESOURCE). Copies
 * the config. */
struct server *server_start(const struct service_config *config,
                            const struct server_options *options,
                            struct errors *errors);

/* "http://127.0.0.1:PORT", owned by the server. */
const char *server_url(const struct server *server);

/* The windows of its faults count from now, and no longer from its start. May
 * be called while it runs. */
void server_begin(struct server *server);

/* May be called while it runs. */
void server_counts(struct server *server, struct server_counts *counts);

/* Stops and frees. */
void server_stop(struct server *server);

#endif
