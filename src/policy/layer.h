/*
 * layer: what a client wraps around a call, and in which order.
 *
 * The order decides what each layer sees. What lies outside retry is asked
 * once an operation; what lies between retry and hedge, once a try; what lies
 * inside hedge, once an attempt. Waiting in a layer outside operation_timeout
 * does not count against it, and the same for attempt_timeout.
 *
 * Four layers can refuse: rate_limit, concurrency, throttle, breaker; two of
 * them can make a call wait: rate_limit, concurrency.
 */
#ifndef SQUALL_POLICY_LAYER_H
#define SQUALL_POLICY_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum layer {
#define LAYER(id, name, sentence) LAYER_##id,
#include "policy/layer.def"
#undef LAYER
};

enum {
#define LAYER(id, name, sentence) +1
    LAYER_COUNT = 0
#include "policy/layer.def"
#undef LAYER
};

/* Where in a call a layer is asked. */
enum level {
    LEVEL_OPERATION, /* outside retry */
    LEVEL_TRY,       /* inside retry, outside hedge */
    LEVEL_ATTEMPT,   /* inside hedge */
    LEVEL_COUNT,
    LEVEL_NONE = LEVEL_COUNT /* of a call that asks no layer */
};

/* All layers, from the outside in. */
struct layer_order {
    enum layer list[LAYER_COUNT];
};

/* The layers of one level, from the outside in; without retry and hedge. */
struct layer_chain {
    uint8_t count;
    uint8_t list[LAYER_COUNT]; /* enum layer */
};

/* The order of layer.def. */
void layer_order_init(struct layer_order *order);

/* Splits an order, in which every layer stands once, into its levels. False
 * when it makes no sense; *problem is then a static sentence, and *first and
 * *second are the layers that it is about. What must hold: operation_timeout
 * is outside retry, hedge and attempt_timeout inside it, and attempt_timeout
 * inside hedge. */
bool layer_arrange(const struct layer_order *order,
                   struct layer_chain chains[LEVEL_COUNT], enum layer *first,
                   enum layer *second, const char **problem);

const char *layer_name(enum layer layer);

/* Whether the layer can refuse a call. */
bool layer_refuses(enum layer layer);

#endif
