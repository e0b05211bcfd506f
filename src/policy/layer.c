#include "policy/layer.h"

#include "base/must.h"

static const char *const names[LAYER_COUNT] = {
#define LAYER(id, name, sentence) [LAYER_##id] = (name),
#include "policy/layer.def"
#undef LAYER
};

struct demand {
    enum layer outer, inner;
    const char *problem;
};

static const struct demand demands[] = {
    {LAYER_OPERATION_TIMEOUT, LAYER_RETRY,
     "the operation timeout bounds all tries, so it is outside retry"},
    {LAYER_RETRY, LAYER_HEDGE,
     "hedges belong to a try, so they are inside "
     "retry"},
    {LAYER_HEDGE, LAYER_ATTEMPT_TIMEOUT,
     "the attempt timeout bounds one attempt, so it is inside hedge"},
};

void layer_order_init(struct layer_order *order)
{
    for (size_t i = 0; i < LAYER_COUNT; i++) {
        order->list[i] = (enum layer)i;
    }
}

static size_t place_of(const struct layer_order *order, enum layer layer)
{
    size_t place = 0;
    while (place < LAYER_COUNT && order->list[place] != layer) {
        place++;
    }
    must(place < LAYER_COUNT);
    return place;
}

bool layer_arrange(const struct layer_order *order,
                   struct layer_chain chains[LEVEL_COUNT], enum layer *first,
                   enum layer *second, const char **problem)
{
    for (size_t i = 0; i < array_length(demands); i++) {
        const struct demand *demand = &demands[i];
        if (place_of(order, demand->outer) > place_of(order, demand->inner)) {
            *first = demand->outer;
            *second = demand->inner;
            *problem = demand->problem;
            return false;
        }
    }
    enum level level = LEVEL_OPERATION;
    for (size_t i = 0; i < LEVEL_COUNT; i++) {
        chains[i].count = 0;
    }
    for (size_t i = 0; i < LAYER_COUNT; i++) {
        if (order->list[i] == LAYER_RETRY) {
            level = LEVEL_TRY;
        } else if (order->list[i] == LAYER_HEDGE) {
            level = LEVEL_ATTEMPT;
        } else {
            struct layer_chain *chain = &chains[level];
            chain->list[chain->count++] = (uint8_t)order->list[i];
        }
    }
    return true;
}

const char *layer_name(enum layer layer)
{
    must((size_t)layer < LAYER_COUNT);
    return names[layer];
}

bool layer_refuses(enum layer layer)
{
    switch (layer) {
    case LAYER_RATE_LIMIT:
    case LAYER_CONCURRENCY:
    case LAYER_THROTTLE:
    case LAYER_BREAKER:
        return true;
    case LAYER_OPERATION_TIMEOUT:
    case LAYER_RETRY:
    case LAYER_HEDGE:
    case LAYER_ATTEMPT_TIMEOUT:
        return false;
    }
    return false;
}
