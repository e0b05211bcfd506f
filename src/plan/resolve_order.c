/* In which order the layers around a call are: what `order` says, what a unit
 * asks for, and where all others are by default. */
#include "plan/resolve.h"

#include "base/must.h"
#include "plan/choice.h"

#include <stdio.h>
#include <string.h>

/* before[a][b]: a is outside b. */
struct relations {
    bool before[LAYER_COUNT][LAYER_COUNT];
};

static void relate(struct relations *relations, enum layer outer,
                   enum layer inner)
{
    relations->before[outer][inner] = true;
}

/* Puts each layer as far out as what must be outside it allows; among those
 * that may come, in the default order. False when they go round in a
 * circle. */
static bool sort_layers(const struct relations *relations,
                        struct layer_order *order)
{
    bool placed[LAYER_COUNT] = {false};

    for (size_t place = 0; place < LAYER_COUNT; place++) {
        size_t next = LAYER_COUNT;
        for (size_t i = 0; i < LAYER_COUNT && next == LAYER_COUNT; i++) {
            bool blocked = placed[i];
            for (size_t j = 0; j < LAYER_COUNT && !blocked; j++) {
                blocked = !placed[j] && relations->before[j][i];
            }
            next = blocked ? next : i;
        }
        if (next == LAYER_COUNT) {
            return false;
        }
        placed[next] = true;
        order->list[place] = (enum layer)next;
    }
    return true;
}

static enum layer named_layer(const struct resolver *resolver, size_t index)
{
    const struct choice *choice =
        choice_find(choice_layer, resolver->draft->order.items[index]);
    must(choice);
    return (enum layer)choice->value;
}

/* Where `order` names a layer: "order[2]", or just "order". */
static bool find_named(const struct resolver *resolver, enum layer layer,
                       char *path, size_t size)
{
    for (size_t i = 0; i < resolver->draft->order.count; i++) {
        if (named_layer(resolver, i) == layer) {
            snprintf(path, size, "order[%zu]", i);
            return true;
        }
    }
    snprintf(path, size, "order");
    return false;
}

static bool check_names(const struct resolver *resolver)
{
    char path[32], first[32];
    bool good = true;

    for (size_t i = 0; i < resolver->draft->order.count; i++) {
        enum layer layer = named_layer(resolver, i);
        find_named(resolver, layer, first, sizeof(first));
        snprintf(path, sizeof(path), "order[%zu]", i);
        if (strcmp(first, path) != 0) {
            struct error *error =
                resolve_conflict(resolver, path, first,
                                 "\"%s\" is listed twice", layer_name(layer));
            error_hint(error, "remove one of them");
            good = false;
        }
    }
    return good;
}

struct unit_key {
    const char *path;
    enum layer layer;
    enum unit unit;
};

/* A unit moves its layer, unless `order` has put it somewhere. */
static void relate_unit(const struct resolver *resolver,
                        struct relations *relations,
                        const struct unit_key *key)
{
    char path[32];
    if (!resolve_is_given(resolver, key->path) ||
        find_named(resolver, key->layer, path, sizeof(path))) {
        return;
    }
    switch (key->unit) {
    case UNIT_ATTEMPT:
        relate(relations, LAYER_HEDGE, key->layer);
        return;
    case UNIT_OPERATION:
        relate(relations, key->layer, LAYER_RETRY);
        return;
    }
}

static bool is_outside(const struct layer_order *order, enum layer outer,
                       enum layer inner)
{
    size_t i = 0;
    while (order->list[i] != outer && order->list[i] != inner) {
        i++;
    }
    return order->list[i] == outer;
}

/* Between retry and hedge a layer sees tries, which are attempts as long as
 * nothing is hedged. */
static void check_unit(const struct resolver *resolver,
                       const struct unit_key *key)
{
    const struct policy *policy = &resolver->plan->policy;
    bool outside = is_outside(&policy->order, key->layer, LAYER_RETRY);
    bool inside = policy_has_layer(policy, LAYER_HEDGE)
                      ? is_outside(&policy->order, LAYER_HEDGE, key->layer)
                      : !outside;
    char path[32];

    if (!resolve_is_given(resolver, key->path) ||
        (key->unit == UNIT_OPERATION ? outside : inside)) {
        return;
    }
    find_named(resolver, key->layer, path, sizeof(path));
    struct error *error =
        resolve_conflict(resolver, key->path, path, "\"order\" puts \"%s\" %s",
                         layer_name(key->layer),
                         outside                       ? "outside retry"
                         : key->unit == UNIT_OPERATION ? "inside retry"
                                                       : "outside hedge");
    error_hint(error, "remove it, or put \"%s\" %s in \"order\"",
               layer_name(key->layer),
               key->unit == UNIT_OPERATION ? "before \"retry\""
                                           : "after \"hedge\"");
}

/* The four that only make sense in this order. */
static void relate_frame(struct relations *relations)
{
    relate(relations, LAYER_OPERATION_TIMEOUT, LAYER_RETRY);
    relate(relations, LAYER_RETRY, LAYER_HEDGE);
    relate(relations, LAYER_HEDGE, LAYER_ATTEMPT_TIMEOUT);
}

static void arrange(struct resolver *resolver)
{
    enum layer first, second;
    char path[32], other[32];
    const char *problem;

    if (policy_arrange(&resolver->plan->policy, &first, &second, &problem)) {
        return;
    }
    find_named(resolver, first, path, sizeof(path));
    find_named(resolver, second, other, sizeof(other));
    struct error *error =
        resolve_conflict(resolver, path, other, "%s", problem);
    error_hint(error, "put \"%s\" before \"%s\"", layer_name(first),
               layer_name(second));
}

void resolve_order(struct resolver *resolver)
{
    const struct draft *draft = resolver->draft;
    const struct unit_key units[] = {
        {"breaker.unit", LAYER_BREAKER, draft->breaker_unit},
        {"concurrency.slot_covers", LAYER_CONCURRENCY, draft->slot_covers},
    };
    struct layer_order *order = &resolver->plan->policy.order;
    struct relations said = {0};

    if (!check_names(resolver)) {
        return;
    }
    for (size_t i = 1; i < draft->order.count; i++) {
        relate(&said, named_layer(resolver, i - 1), named_layer(resolver, i));
    }
    for (size_t i = 0; i < array_length(units); i++) {
        relate_unit(resolver, &said, &units[i]);
    }
    struct relations framed = said;
    relate_frame(&framed);
    /* Where the two do not go together, what was said is refused below. */
    if (!sort_layers(&framed, order) && !sort_layers(&said, order)) {
        must_never("a list without repetitions is no circle");
    }
    arrange(resolver);
    for (size_t i = 0; i < array_length(units); i++) {
        check_unit(resolver, &units[i]);
    }
}
