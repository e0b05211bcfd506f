#include "engine/curl/engine_curl.h"

#include "base/must.h"
#include "engine/clock.h"
#include "engine/curl/delivery.h"
#include "engine/curl/engine_curl_inside.h"
#include "engine/curl/parsed_url.h"
#include "engine/curl/route.h"
#include "engine/curl/session.h"
#include "engine/curl/source_address.h"
#include "engine/curl/transfer_fault.h"
#include "engine/curl/transfer_result.h"
#include "engine/descriptors.h"
#include "plan/address.h"

#include <stdlib.h>

enum { PORTS = 65536 };

static struct curl_engine *curl_engine_of(struct engine *engine)
{
    return (struct curl_engine *)(void *)engine;
}

/* Limits. */

/* Those of libcurl's multi handles. */
static uint64_t descriptors_of_shards(const struct plan *plan)
{
    uint64_t shards = 0;
    for (uint64_t i = 0; i < plan->load.threads; i++) {
        struct engine_shape shape =
            engine_shape_of(plan, i, plan->load.threads);
        shards += loop_shards(&shape);
    }
    return shards * LOOP_SHARD_DESCRIPTORS;
}

static uint64_t connections_max(const struct plan *plan, uint64_t sides,
                                uint64_t limit)
{
    const struct load_config *load = &plan->load;
    uint64_t pools =
        load->pool == POOL_PER_CLIENT ? load->clients : load->threads;
    uint64_t beside = DESCRIPTORS_BESIDE + pools * LOOP_SHARD_DESCRIPTORS;
    /* A shard more for every LOOP_SHARD_SIZE connections; and each pool may
     * have one that is not full. */
    uint64_t each = plan_connections_a_caller(plan) *
                    (sides * LOOP_SHARD_SIZE + LOOP_SHARD_DESCRIPTORS);
    uint64_t room = limit > beside ? (limit - beside) * LOOP_SHARD_SIZE : 0;
    return room > each ? room / each : 1;
}

static bool fits(const struct plan *plan, uint64_t sides, uint64_t *most,
                 struct errors *errors)
{
    uint64_t limit = descriptors_limit();
    uint64_t connections =
        plan->load.connections * plan_connections_a_caller(plan);
    uint64_t needed =
        connections * sides + descriptors_of_shards(plan) + DESCRIPTORS_BESIDE;

    *most = connections_max(plan, sides, limit);
    if (needed > limit && errors) {
        descriptors_refuse(plan, needed, limit, errors);
    }
    return needed <= limit;
}

/* Opening and closing. */

static struct curl_slist *prepend_line(struct arena *arena,
                                       struct curl_slist *list, char *line)
{
    struct curl_slist *node = arena_alloc(arena, sizeof(*node));
    node->data = line;
    node->next = list;
    return node;
}

/* Where they go to is the plan's to say, whatever the URL that libcurl has. */
static struct curl_slist *prepend_host(struct curl_engine *engine,
                                       struct curl_slist *list)
{
    return engine->tls_name.name
               ? prepend_line(&engine->arena, list,
                              engine->tls_name.host_line.text)
               : list;
}

/* Methods of which a request without a body says that it has none (RFC 9110
 * 8.6). */
static bool announces_body(const struct planned_request *planned)
{
    return planned->has_body || (planned->traits.method &
                                 (METHOD_POST | METHOD_PUT | METHOD_PATCH));
}

static void prepare(struct curl_engine *engine,
                    struct prepared_request *prepared,
                    const struct planned_request *planned)
{
    struct arena *arena = &engine->arena;
    size_t ignored;

    prepared->planned = planned;
    prepared->announces_body = announces_body(planned);
    /* libcurl says nothing of a body where there is none. */
    prepared->constant = prepared->announces_body ? engine->no_lines : NULL;
    if (!planned->names_host) {
        prepared->constant = prepend_host(engine, prepared->constant);
    }
    for (size_t i = planned->header_count; i-- > 0;) {
        const struct template *line = &planned->header_lines[i];
        if (line->is_constant) {
            prepared->constant =
                prepend_line(arena, prepared->constant,
                             message_constant(line, arena, &ignored));
        } else {
            prepared->has_filled_lines = true;
        }
    }
    if (planned->url.is_constant) {
        prepared->url = message_constant(&planned->url, arena, &ignored);
        prepared->parsed =
            parsed_url_new(tls_name_url(&engine->tls_name, prepared->url));
    }
    if (planned->has_body && planned->body.is_constant) {
        prepared->body =
            message_constant(&planned->body, arena, &prepared->body_length);
    }
}

static void prepare_all(struct curl_engine *engine, const struct plan *plan)
{
    /* A media type is the plan's to say: libcurl takes all for forms. */
    static char no_expect[] = "Expect:", no_type[] = "Content-Type:";

    engine->no_lines = prepend_line(&engine->arena, NULL, no_expect);
    engine->no_lines = prepend_line(&engine->arena, engine->no_lines, no_type);
    engine->host_lines = prepend_host(engine, engine->no_lines);
    engine->prepared = arena_array(&engine->arena, plan->request_count,
                                   sizeof(*engine->prepared));
    for (size_t i = 0; i < plan->request_count; i++) {
        prepare(engine, &engine->prepared[i], &plan->requests[i]);
    }
}

static void init_transfers(struct curl_engine *engine)
{
    size_t lines = message_lines_max(engine->base.plan);
    size_t count = engine->base.shape.transfers;
    struct curl_slist *nodes =
        arena_array(&engine->arena, count * lines, sizeof(*nodes));
    size_t place = 0; /* in its pool */

    for (size_t i = 0; i < count; i++) {
        struct curl_transfer *transfer = &engine->transfers[i];
        size_t pool = transfer->base.pool;
        place = i > 0 && pool == transfer[-1].base.pool ? place + 1 : 0;
        transfer->engine = engine;
        transfer->multi = loop_multi(&engine->loop, pool, place);
        transfer->lines = nodes + i * lines;
    }
}

static void on_done(CURL *easy, CURLcode code)
{
    char *private = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
    struct curl_transfer *transfer = (void *)private;

    if (transfer->engine->shares_by_hand && cleartext_goes_on(transfer)) {
        return;
    }
    if (transfer_goes_on(transfer)) {
        return;
    }
    session_check(transfer, code);
    if (transfer->engine->has_faults) {
        delivery_is_complete(transfer);
    }
    enum outcome outcome = transfer_outcome(transfer, code);
    if (transfer->now.descriptor >= 0 && !transfer->engine->base.shape.http2) {
        loop_rest(&transfer->engine->loop, transfer->now.descriptor);
    }
    transfer_stop(transfer);
    engine_done(&transfer->engine->base, &transfer->base, outcome);
}

static bool open_loop(struct curl_engine *engine, struct errors *errors)
{
    struct loop_options options = {
        .engine = &engine->base,
        .descriptors = descriptors_limit(),
        .on_done = on_done,
    };
    return loop_init(&engine->loop, &engine->arena, &options, errors);
}

static bool find_route(struct curl_engine *engine, const struct engine *first,
                       struct errors *errors)
{
    if (first) {
        engine->pinned = ((const struct curl_engine *)first)->pinned;
        return true;
    }
    engine->owns_pinned = true;
    struct str reached = STR_INIT;
    bool good = route_find(engine->base.plan, &engine->pinned, &reached,
                           &engine->looked_up, errors);
    if (good && reached.length > 0) {
        engine->base.place = arena_strdup(&engine->arena, reached.text);
    }
    str_release(&reached);
    return good;
}

static void close_connections(struct engine *base)
{
    struct curl_engine *engine = curl_engine_of(base);

    for (size_t i = 0; i < base->shape.transfers; i++) {
        struct curl_transfer *transfer = &engine->transfers[i];
        if (transfer->easy) {
            transfer_stop(transfer);
            curl_easy_cleanup(transfer->easy);
            transfer->easy = NULL;
        }
    }
    loop_release(&engine->loop);
}

static void close_engine(struct engine *base)
{
    struct curl_engine *engine = curl_engine_of(base);

    close_connections(base);
    if (engine->owns_pinned) {
        curl_slist_free_all(engine->pinned);
    }
    for (size_t i = 0; engine->prepared && i < base->plan->request_count;
         i++) {
        curl_url_cleanup(engine->prepared[i].parsed);
    }
    tls_name_release(&engine->tls_name);
    arena_release(&engine->arena);
    free(engine);
}

static struct engine *open_engine(const struct engine_options *options,
                                  struct errors *errors)
{
    const struct plan *plan = options->plan;
    struct curl_engine *engine = calloc(1, sizeof(*engine));
    if (!engine) {
        errors_add(errors, ERROR_NO_RESOURCE, "out of memory");
        return NULL;
    }
    engine->transfers = arena_array(&engine->arena, options->shape.transfers,
                                    sizeof(*engine->transfers));
    engine_init(&engine->base, &engine_curl, options, &engine->arena,
                &engine->transfers[0].base, sizeof(*engine->transfers));
    engine->base.unix_offset_ns = clock_unix_ns() - clock_now().ns;
    engine->cleartext = arena_array(&engine->arena, options->shape.pools,
                                    sizeof(*engine->cleartext));
    heap_init(&engine->slow, &engine->arena, options->shape.transfers);
    engine->is_secured = address_is_tls(plan->target.url);
    engine->has_faults = plan->fault_count > 0;
    tls_name_init(&engine->tls_name, &plan->target);
    engine->shares_by_hand = cleartext_is_needed(&plan->target);
    if (!source_address_check(&plan->target, errors) ||
        !find_route(engine, options->first, errors) ||
        !open_loop(engine, errors)) {
        close_engine(&engine->base);
        return NULL;
    }
    heap_init(&engine->connecting, &engine->arena, options->shape.transfers);
    if (plan->load.requests_per_connection > 0) {
        engine->served =
            arena_array(&engine->arena, PORTS, sizeof(*engine->served));
    }
    prepare_all(engine, plan);
    init_transfers(engine);
    return &engine->base;
}

/* While it runs. */

static struct instant now(const struct engine *engine)
{
    (void)engine;
    return clock_now();
}

static bool begin(struct engine *engine, struct transfer *transfer,
                  const struct transfer_order *order)
{
    (void)engine;
    return transfer_begin(curl_transfer_of(transfer), order);
}

static void stop(struct engine *engine, struct transfer *transfer,
                 enum transfer_stop how)
{
    (void)engine;
    if (how == STOP_WITH_RESET) {
        transfer_fault_break(curl_transfer_of(transfer));
    }
    transfer_stop(curl_transfer_of(transfer));
}

static bool is_delivered(struct engine *engine, struct transfer *transfer)
{
    (void)engine;
    return delivery_is_complete(curl_transfer_of(transfer));
}

static void wait_until(struct engine *base, struct instant until)
{
    struct curl_engine *engine = curl_engine_of(base);

    cleartext_turn(engine);
    transfer_fault_read_on(engine);
    until = instant_min(until, heap_next(&engine->connecting));
    loop_wait(&engine->loop, instant_min(until, heap_next(&engine->slow)));
    delivery_watch_all(engine);
    transfer_give_up_connecting(engine);
}

static void wake(const struct engine *engine)
{
    loop_wake(&((const struct curl_engine *)engine)->loop);
}

const struct engine_type engine_curl = {
    .name = "curl",
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
