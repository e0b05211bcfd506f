#include "engine/virtual/engine_virtual.h"

#include "base/must.h"
#include "engine/virtual/client_side.h"
#include "engine/virtual/exchange.h"
#include "engine/virtual/service_side.h"

#include <stddef.h>
#include <stdlib.h>

/* A turn in which the host did not wait and nothing happened takes so long:
 * time would stand still for a host that always has something to do, such as
 * attempts that are lost at once and made again. */
#define TURN_TIME duration_ms(1)

static struct virtual_engine *virtual_of(struct engine *engine)
{
    return (struct virtual_engine *)(void *)engine;
}

static struct virtual_transfer *transfer_of(struct transfer *transfer)
{
    return (struct virtual_transfer *)(void *)transfer;
}

static bool fits(const struct plan *plan, uint64_t sides, uint64_t *most,
                 struct errors *errors)
{
    (void)sides;
    *most = plan->load.connections; /* they cost nothing but memory */
    if (plan->load.threads > 1 && errors) {
        struct error *error = errors_add(
            errors, ERROR_BAD_VALUE, "virtual time has one thread, not %llu",
            (unsigned long long)plan->load.threads);
        error_hint(error, "leave load.threads at 1");
    }
    return plan->load.threads <= 1;
}

static struct engine *open_engine(const struct engine_options *options,
                                  struct errors *errors)
{
    const struct engine_shape *shape = &options->shape;
    struct virtual_engine *engine = calloc(1, sizeof(*engine));

    must(options->settings && !options->first);
    if (!engine) {
        errors_add(errors, ERROR_NO_RESOURCE, "out of memory");
        return NULL;
    }
    engine->settings = options->settings;
    engine->transfers = arena_array(&engine->arena, shape->transfers,
                                    sizeof(*engine->transfers));
    engine_init(&engine->base, &engine_virtual, options, &engine->arena,
                &engine->transfers[0].base, sizeof(*engine->transfers));
    engine->base.unix_offset_ns = engine->settings->unix_ns;
    engine->pools =
        arena_array(&engine->arena, shape->pools, sizeof(*engine->pools));
    engine->exchange_count = shape->transfers + VIRTUAL_LEFT_MAX;
    engine->exchanges = arena_array(&engine->arena, engine->exchange_count,
                                    sizeof(*engine->exchanges));
    heap_init(&engine->timers, &engine->arena, engine->exchange_count);
    heap_init(&engine->departures, &engine->arena, engine->exchange_count);
    engine->ways = rng_stream(options->plan->seed, RNG_NETWORK, 0);
    exchange_prepare(engine, options->plan);
    return &engine->base;
}

static struct instant now(const struct engine *engine)
{
    return ((const struct virtual_engine *)engine)->now;
}

static bool begin(struct engine *base, struct transfer *to,
                  const struct transfer_order *order)
{
    struct virtual_engine *engine = virtual_of(base);
    struct virtual_transfer *transfer = transfer_of(to);
    struct exchange *exchange = exchange_take(engine);

    if (!exchange) {
        return false;
    }
    exchange_copy_request(exchange, &order->message);
    exchange->stage = EXCHANGE_UNSENT;
    exchange->caller = transfer;
    exchange->is_torn = order->tears && exchange->request.body_length > 0;
    transfer->exchange = exchange;
    transfer->was_delivered = false;
    transfer->closes = order->closes;
    transfer->slow_rate = order->slow_rate;
    transfer->outcome = OUTCOME_OK;
    transfer->connect = NOT_MEASURED;
    to->facts.is_torn = exchange->is_torn;
    heap_set(&engine->timers, &exchange->timer, client_side_connect(transfer));
    return true;
}

static bool is_delivered(struct engine *engine, struct transfer *transfer)
{
    const struct exchange *exchange = transfer_of(transfer)->exchange;
    (void)engine;
    return transfer->facts.is_answered ||
           transfer_of(transfer)->was_delivered ||
           (exchange && exchange->stage >= EXCHANGE_THERE);
}

static void stop(struct engine *base, struct transfer *of,
                 enum transfer_stop how)
{
    struct virtual_engine *engine = virtual_of(base);
    struct virtual_transfer *transfer = transfer_of(of);
    struct exchange *exchange = transfer->exchange;
    (void)how; /* the service learns of both in the same way */

    transfer->was_delivered = is_delivered(base, of);
    if (!exchange) {
        return; /* hung up */
    }
    if (exchange->stage == EXCHANGE_UNSENT && of->facts.is_reused &&
        !base->shape.http2) {
        client_side_put_back(transfer); /* nothing was sent on it */
    }
    if (exchange->stage == EXCHANGE_UNSENT ||
        exchange->stage == EXCHANGE_RETURNING) {
        exchange_free(exchange);
        return;
    }
    transfer->exchange = NULL;
    exchange->caller = NULL;
    struct instant seen = instant_add(engine->now, exchange_way(engine));
    heap_set(&engine->departures, &exchange->departure,
             instant_max(seen, exchange->arrival));
}

static void happen(struct exchange *exchange)
{
    switch (exchange->stage) {
    case EXCHANGE_UNSENT:
        client_side_send(exchange->caller);
        break;
    case EXCHANGE_GOING:
        service_side_arrive(exchange);
        break;
    case EXCHANGE_THERE:
        must_never("what is at the service has no time of its own");
        break;
    case EXCHANGE_LEAVING:
        service_side_leave(exchange);
        break;
    case EXCHANGE_RETURNING:
        client_side_take_answer(exchange->caller);
        break;
    }
}

static struct exchange *of_departure(struct heap_node *node)
{
    return (struct exchange *)(void *)((char *)node -
                                       offsetof(struct exchange, departure));
}

static struct instant next_of_service(const struct virtual_engine *engine)
{
    const struct virtual_service *service = &engine->settings->service;
    return service->next ? service->next(service->context) : INSTANT_NEVER;
}

static void turn_service(const struct virtual_engine *engine)
{
    const struct virtual_service *service = &engine->settings->service;
    if (!instant_before(engine->now, next_of_service(engine))) {
        service->turn(service->context, engine->now);
    }
}

/* One thing that is due now. */
static bool happen_one(struct virtual_engine *engine)
{
    struct heap_node *node;

    turn_service(engine);
    if ((node = heap_pop_due(&engine->timers, engine->now))) {
        happen((struct exchange *)node);
    } else if ((node = heap_pop_due(&engine->departures, engine->now))) {
        service_side_depart(of_departure(node));
    }
    return node != NULL;
}

static struct instant next_event(const struct virtual_engine *engine)
{
    struct instant next = instant_min(heap_next(&engine->timers),
                                      heap_next(&engine->departures));
    return instant_min(next, next_of_service(engine));
}

/* What the client's side would see and do. */
static bool is_of_client(const struct exchange *exchange)
{
    return exchange->stage == EXCHANGE_UNSENT ||
           exchange->stage == EXCHANGE_RETURNING;
}

/* The host is away until `to`: what it would see waits for it, all else
 * happens in its time. */
static void be_away(struct virtual_engine *engine, struct instant to)
{
    struct instant next;
    struct heap_node *node;

    while (instant_before(next = next_event(engine), to)) {
        engine->now = instant_max(engine->now, next);
        turn_service(engine);
        while ((node = heap_pop_due(&engine->departures, engine->now))) {
            service_side_depart(of_departure(node));
        }
        while ((node = heap_pop_due(&engine->timers, engine->now))) {
            struct exchange *exchange = (struct exchange *)node;
            if (is_of_client(exchange)) {
                heap_set(&engine->timers, node, to);
            } else {
                happen(exchange);
            }
        }
    }
    engine->now = to;
}

/* Moves the clock on, over a stall if there is one on the way. */
static void move_on(struct virtual_engine *engine, struct instant to)
{
    const struct virtual_settings *settings = engine->settings;
    struct instant from = engine->now;
    struct instant wake = to;

    if (engine->stalls_past < settings->stall_count &&
        !instant_before(to, settings->stalls[engine->stalls_past].from)) {
        const struct virtual_stall *stall =
            &settings->stalls[engine->stalls_past++];
        wake = instant_max(from, stall->from);
        be_away(engine, instant_max(from, stall->to));
    } else {
        engine->now = to;
    }
    engine_looked(&engine->base, from, wake, engine->now);
}

/* Whether the wait has come out of a stall, and does not look. */
static bool is_blind(struct virtual_engine *engine, size_t stalls_before)
{
    return engine->stalls_past > stalls_before &&
           engine->settings->stalls[stalls_before].is_blind;
}

static void wait_until(struct engine *base, struct instant until)
{
    struct virtual_engine *engine = virtual_of(base);
    struct instant next = next_event(engine);
    size_t stalls_before = engine->stalls_past;

    base->hurries = false;
    if (!instant_before(engine->now, instant_min(next, until)) &&
        instant_before(engine->now, next)) {
        until = instant_add(engine->now, TURN_TIME);
    }
    move_on(engine, instant_max(engine->now, instant_min(next, until)));
    if (is_blind(engine, stalls_before)) {
        look_leaves_some(&base->look);
        return;
    }
    while (!base->hurries && happen_one(engine)) {
        /* Until the host has something to do, or nothing is due. */
    }
    if (instant_before(engine->now, next_event(engine))) {
        look_found_nothing(&base->look, engine->now);
    } else {
        look_leaves_some(&base->look);
    }
}

/* The service sees all its callers go, and what was sent before. */
static void close_connections(struct engine *base)
{
    struct virtual_engine *engine = virtual_of(base);

    for (size_t i = 0; i < base->shape.transfers; i++) {
        stop(base, &engine->transfers[i].base, STOP_QUIETLY);
    }
    while (engine->timers.count + engine->departures.count > 0) {
        wait_until(base, INSTANT_NEVER);
    }
}

static void close_engine(struct engine *base)
{
    struct virtual_engine *engine = virtual_of(base);

    close_connections(base);
    for (size_t i = 0; i < engine->exchanges_used; i++) {
        str_release(&engine->exchanges[i].text);
        str_release(&engine->exchanges[i].answer);
    }
    arena_release(&engine->arena);
    free(engine);
}

static void wake(const struct engine *engine)
{
    (void)engine; /* nobody sleeps */
}

const struct engine_type engine_virtual = {
    .name = "virtual",
    .fits = fits,
    .open = open_engine,
    .close_connections = close_connections,
    .close = close_engine,
    .now = now,
    .begin = begin,
    .stop = stop,
    .is_delivered = is_delivered,
    .wait = wait_until,
    .wake = wake,
};
