/*
 * orders: the modelled service as a whole, pure and clockless.
 *
 * An order comes as a whole request. It meets the key store (model/keys.h),
 * and is answered at once, or goes through queue and workers (model/service.h)
 * and is answered when its service ends; what is performed is written to the
 * ledger (model/effects.h). Over a socket (service/server.h) and in virtual
 * time (engine/virtual) the answers are the same, because they come from here.
 *
 *   orders_place --> answered
 *              '---> waits --orders_next--> answered
 *                      '--orders_abandon--> goes on, and nobody is answered
 *
 * Memory: orders that wait are held in an arena, which grows with what is held
 * at once; at most orders_max, then they are shed. When there is no memory the
 * answer is 507. The store and the ledger have limits of their own, which are
 * answered with 507, too.
 */
#ifndef SQUALL_MODEL_ORDERS_H
#define SQUALL_MODEL_ORDERS_H

#include "model/answer.h"
#include "model/effects.h"
#include "model/keys.h"
#include "model/request.h"
#include "model/service.h"
#include "model/slab.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct order;

/* What an embedded service and a virtual one are made for. */
enum { ORDERS_MAX = 1 << 20, KEYS_MAX = 1 << 24, EFFECTS_MAX = 1 << 24 };

enum { ORDER_BODY_MAX = 1024 * 1024 }; /* bytes of a request's body */

struct order_counts {
    uint64_t orders; /* requests that asked for an effect */
    uint64_t effects;
    uint64_t replays;   /* answered from the key store */
    uint64_t conflicts; /* same key in flight */
    uint64_t shed;
    uint64_t abandoned; /* the caller had gone before the answer */
};

struct orders {
    struct service service;
    struct key_store keys;
    struct service_effects effects;
    struct order_counts counts;
    struct arena arena;
    struct slab slab;
    struct order *shared; /* attached: still to get `answer` */
    struct service_answer answer;
};

struct orders_options {
    size_t orders_max; /* in the service at once */
    uint64_t keys_max, effects_max;
    uint64_t seed;        /* of service times and faults */
    struct instant start; /* the origin of the windows of faults */
};

/* Takes the memory, and stays in place until it is released. Copies the
 * config, which must pass service_config_check. */
void orders_init(struct orders *orders, const struct service_config *config,
                 const struct orders_options *options);
void orders_release(struct orders *orders);

bool orders_has_fault(const struct orders *orders, enum key_fault fault);

/* A request for an effect. Borrows everything. */
struct order_request {
    enum effect_kind kind;
    const char *body;
    size_t length;
    bool is_too_large; /* the body was not kept */
    struct request_keys keys;
    uint64_t connection; /* its number */
    const char *tier;    /* what the header of tiers says, or NULL */
    const char *caller;  /* what authenticates it, or NULL */
    const char *failure; /* what the header asks for that makes an order fail,
                          * or NULL */
};

/* Takes what concerns the model of one header of the request. The value, NUL
 * terminated, is borrowed. */
void orders_read_header(const struct orders *orders,
                        struct order_request *request, const char *name,
                        const char *value);

/* A request is there, whole. Every answer that is due by now must have been
 * taken. Returns the order when it waits, for `waiter`, which is given back
 * with the answer; NULL: the answer is known. */
struct order *orders_place(struct orders *orders,
                           const struct order_request *request,
                           struct instant now, void *waiter,
                           struct service_answer *answer);

/* A request broke off when its headers had been read. */
void orders_break_off(struct orders *orders,
                      const struct order_request *request, struct instant now);

/* When orders_next next has something to do, or INSTANT_NEVER. */
struct instant orders_due(const struct orders *orders);

/* The next answer that is due at `now` or before, in order of time, and who
 * waits for it; NULL: none. The order is no more; the answer stands until the
 * next call. */
const struct service_answer *orders_next(struct orders *orders,
                                         struct instant now, void **waiter);

/* Who waits for this order has hung up. */
void orders_abandon(struct orders *orders, struct order *order);

/* Forgets all effects and keys. */
void orders_reset(struct orders *orders);

#endif
