#include "engine/native/engine_native.h"

#include "engine/clock.h"
#include "engine/descriptors.h"
#include "engine/native/addresses.h"
#include "engine/native/connection.h"
#include "engine/native/native_transfer.h"
#include "engine/native/native_inside.h"
#include "plan/address.h"

#include <stdlib.h>

/* How long a turn reads before timers and the host have theirs. */
#define TURN_MAX duration_ms(4)

/* So many turns in a row timers wait for a connection of which more has come
 * than a turn reads: after a stop, an answer may lie behind it. Who sends
 * without end holds them up no longer. */
enum { CUT_TURNS_MAX = 3 };

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

const char *engine_native_libraries(void)
{
    return "llhttp " TEXT(LLHTTP_VERSION_MAJOR) "." TEXT(
        LLHTTP_VERSION_MINOR) "." TEXT(LLHTTP_VERSION_PATCH);
}

static bool fits(const struct plan *plan, uint64_t sides, uint64_t *most,
                 struct errors *errors)
{
    uint64_t limit = descriptors_limit();
    uint64_t workers = plan->load.threads;
    uint64_t each = plan_connections_a_caller(plan) * sides;
    uint64_t beside = DESCRIPTORS_BESIDE + 2 * workers;
    uint64_t needed = plan->load.connections * each + beside;

    *most = limit > beside + each ? (limit - beside) / each : 1;
    if (needed > limit && errors) {
        descriptors_refuse(plan, needed, limit, errors);
    }
    return needed <= limit;
}

static void close_connections(struct engine *base)
{
    struct native_engine *engine = native_engine_of(base);

    for (size_t i = 0; i < base->shape.transfers; i++) {
        if (engine->transfers[i].base.facts.is_running) {
            native_transfer_stop(&engine->transfers[i], STOP_QUIETLY);
        }
    }
    for (size_t i = 0; i < base->shape.transfers; i++) {
        if (engine->conns[i].fd >= 0) {
            connection_close(&engine->conns[i], false);
        }
    }
    event_queue_close(&engine->events);
}

static void close_engine(struct engine *base)
{
    struct native_engine *engine = native_engine_of(base);

    if (engine->conns) {
        close_connections(base);
    }
    for (size_t i = 0; i < base->shape.transfers; i++) {
        h1_release(&engine->transfers[i].h1);
        str_release(&engine->transfers[i].head);
    }
    for (size_t i = 0; engine->pools && i < base->shape.pools; i++) {
        tls_session_release(&engine->pools[i].session);
    }
    tls_context_release(engine->tls);
    arena_release(&engine->arena);
    free(engine);
}

static bool find_addresses(struct native_engine *engine,
                           const struct engine *first, struct errors *errors)
{
    const struct plan *plan = engine->base.plan;
    bool is_tls = address_is_tls(plan->target.url);

    if (first) {
        const struct native_engine *other = (const void *)first;
        addresses_share(engine, other);
        engine->tls = is_tls ? tls_context_share(other->tls) : NULL;
    } else {
        if (!addresses_find(engine, errors)) {
            return false;
        }
        engine->tls = is_tls ? tls_context_new(plan, errors) : NULL;
    }
    return !is_tls || engine->tls;
}

static void init(struct native_engine *engine,
                 const struct engine_options *options)
{
    const struct engine_shape *shape = &options->shape;
    struct arena *arena = &engine->arena;

    engine->transfers =
        arena_array(arena, shape->transfers, sizeof(*engine->transfers));
    engine_init(&engine->base, &engine_native, options, arena,
                &engine->transfers[0].base, sizeof(*engine->transfers));
    engine->base.unix_offset_ns = clock_unix_ns() - clock_now().ns;
    engine->has_faults = options->plan->fault_count > 0;
    engine->buffer = arena_alloc(arena, NATIVE_READ_MAX);
    heap_init(&engine->connecting, arena, shape->transfers);
    heap_init(&engine->slow, arena, shape->transfers);
    for (size_t i = 0; i < shape->transfers; i++) {
        engine->transfers[i].engine = engine;
        engine->transfers[i].head = (struct str)STR_INIT;
    }
}

static struct engine *open_engine(const struct engine_options *options,
                                  struct errors *errors)
{
    struct native_engine *engine = calloc(1, sizeof(*engine));
    if (!engine) {
        errors_add(errors, ERROR_NO_RESOURCE, "out of memory");
        return NULL;
    }
    init(engine, options);
    (void)descriptors_limit(); /* raised, also for who did not ask */
    if (!find_addresses(engine, options->first, errors) ||
        !event_queue_open(&engine->events, errors)) {
        close_engine(&engine->base);
        return NULL;
    }
    struct arena *arena = &engine->arena;
    size_t transfers = options->shape.transfers;
    engine->pools =
        arena_array(arena, options->shape.pools, sizeof(*engine->pools));
    engine->conns = arena_array(arena, transfers, sizeof(*engine->conns));
    connection_init_all(engine);
    request_texts_init(&engine->texts, options->plan, arena);
    return &engine->base;
}

static struct instant now(const struct engine *engine)
{
    (void)engine;
    return clock_now();
}

static bool begin(struct engine *engine, struct transfer *transfer,
                  const struct transfer_order *order)
{
    (void)engine;
    native_transfer_begin(native_transfer_of(transfer), order);
    return true;
}

static void stop(struct engine *engine, struct transfer *transfer,
                 enum transfer_stop how)
{
    (void)engine;
    native_transfer_stop(native_transfer_of(transfer), how);
}

static bool is_delivered(struct engine *engine, struct transfer *transfer)
{
    (void)engine;
    return native_transfer_is_delivered(native_transfer_of(transfer));
}

static bool turn_is_over(const struct native_engine *engine)
{
    return !instant_before(clock_now(), engine->turn_end);
}

/* Those that were left, each once; what is left of them again goes behind. */
static void read_on_all(struct native_engine *engine)
{
    struct native_conn *last = engine->last_ready;
    bool is_last = !last;

    while (!is_last && engine->ready) {
        struct native_conn *conn = engine->ready;
        is_last = conn == last || turn_is_over(engine);
        native_transfer_read_on(conn);
    }
}

static void handle_events(struct native_engine *engine)
{
    struct event_queue *events = &engine->events;
    const struct epoll_event *event;
    unsigned count = 0;

    engine->hears_events = true;
    while ((event = event_queue_take(events))) {
        uint32_t what = event->events;
        native_transfer_event(&engine->conns[event->data.u64], what);
        if (++count % 8 == 0 && turn_is_over(engine)) {
            break;
        }
    }
    engine->hears_events = false;
}

static void note_what_is_left(struct native_engine *engine)
{
    struct look *look = &engine->base.look;

    engine->cut_turns = engine->ready ? engine->cut_turns + 1 : 0;
    if (engine->events.next < engine->events.count ||
        (engine->cut_turns > 0 && engine->cut_turns <= CUT_TURNS_MAX)) {
        look_leaves_some(look);
    } else if (event_queue_found_all(&engine->events)) {
        look_left_nothing(look);
    }
}

static void begin_turn(struct native_engine *engine)
{
    engine->turn_end = instant_add(clock_now(), TURN_MAX);
}

static bool must_not_sleep(const struct native_engine *engine)
{
    return engine->base.hurries || engine->starting || engine->ready;
}

static void wait_until(struct engine *base, struct instant until)
{
    struct native_engine *engine = native_engine_of(base);

    base->hurries = false;
    begin_turn(engine);
    read_on_all(engine);
    native_transfer_slow_due(engine);
    native_transfer_start_all(engine);
    if (must_not_sleep(engine)) {
        until = (struct instant){0}; /* there is more to do */
    }
    if (engine->events.next == engine->events.count) {
        until = instant_min(until, heap_next(&engine->connecting));
        engine->looks++;
        event_queue_wait(&engine->events, base,
                         instant_min(until, heap_next(&engine->slow)));
        engine->turn_end = instant_add(base->look.at, TURN_MAX);
    }
    handle_events(engine);
    note_what_is_left(engine);
    native_transfer_give_up_connecting(engine);
}

static void wake(const struct engine *engine)
{
    event_queue_wake(&((const struct native_engine *)engine)->events);
}

const struct engine_type engine_native = {
    .name = "native",
    .has_real_time = true,
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
