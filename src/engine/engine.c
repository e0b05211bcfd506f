#include "engine/engine.h"

#include "base/must.h"
#include "engine/clock.h"
#include "engine/cpu_wait.h"
#include "load/schedule.h"
#include "load/share.h"

/* Each look that leaves some reports at least so many. */
enum { LOOK_EVENTS = 16 };

struct engine_shape engine_shape_of(const struct plan *plan, uint64_t worker,
                                    uint64_t workers)
{
    const struct load_config *load = &plan->load;
    uint64_t callers = share_of_connections(load, worker, workers);
    uint64_t clients = share_of(load->clients, worker, workers);
    uint64_t unit = plan_connections_a_caller(plan);

    return (struct engine_shape){
        .transfers = (callers ? callers : 1) * unit,
        .unit = unit,
        .pools = load->pool == POOL_PER_CLIENT ? clients : 1,
        .http2 = plan->target.http == HTTP_2,
    };
}

size_t engine_pool_size(const struct engine_shape *shape, size_t pool)
{
    return share_of(shape->transfers / shape->unit, pool, shape->pools) *
           shape->unit;
}

static void make_free(struct engine *engine, struct transfer *transfer)
{
    transfer->next = engine->free[transfer->pool];
    engine->free[transfer->pool] = transfer;
}

/* From the last to the first, which is then taken first. */
static void deal_to_pools(struct engine *engine, struct transfer *transfers,
                          size_t stride)
{
    size_t index = engine->shape.transfers;

    for (size_t p = engine->shape.pools; p-- > 0;) {
        for (size_t i = engine_pool_size(&engine->shape, p); i-- > 0;) {
            struct transfer *transfer =
                (void *)((char *)transfers + --index * stride);
            transfer->index = index;
            transfer->pool = p;
            make_free(engine, transfer);
        }
    }
    must(index == 0);
}

void engine_init(struct engine *engine, const struct engine_type *type,
                 const struct engine_options *options, struct arena *arena,
                 struct transfer *transfers, size_t stride)
{
    const struct engine_shape *shape = &options->shape;

    must(shape->unit > 0 && shape->transfers % shape->unit == 0);
    must(shape->pools > 0 && shape->pools <= shape->transfers / shape->unit);
    *engine = (struct engine){
        .type = type,
        .shape = *shape,
        .callbacks = options->callbacks,
        .plan = options->plan,
        .reads_answers = plan_reads_answers(options->plan),
        .free = arena_array(arena, shape->pools, sizeof(*engine->free)),
    };
    engine->look.partial_max = (unsigned)(shape->transfers / LOOK_EVENTS) + 4;
    deal_to_pools(engine, transfers, stride);
    for (size_t i = 0; options->plan->show_failed > 0 && i < shape->transfers;
         i++) {
        struct transfer *transfer = (void *)((char *)transfers + i * stride);
        transfer->transcript = arena_alloc(arena, sizeof(struct transcript));
    }
    answers_make_room(&transfers->answer, stride, shape->transfers,
                      options->plan, arena);
}

struct duration engine_cpu(const struct engine *engine)
{
    return engine->type->has_real_time ? clock_thread_cpu()
                                       : (struct duration){-1};
}

struct duration engine_cpu_wait(const struct engine *engine)
{
    return engine->type->has_real_time ? cpu_wait_of_thread()
                                       : (struct duration){-1};
}

struct transfer *engine_take(struct engine *engine, size_t pool, void *owner)
{
    must(pool < engine->shape.pools && owner);
    struct transfer *transfer = engine->free[pool];
    must(transfer);
    engine->free[pool] = transfer->next;
    transfer->next = NULL;
    transfer->owner = owner;
    transfer->facts = (struct transfer_facts){
        .hint = {.kind = HINT_ABSENT},
        .connect = NOT_MEASURED,
    };
    answer_begin(&transfer->answer);
    if (transfer->transcript) {
        transcript_begin(transfer->transcript);
    }
    return transfer;
}

bool engine_begin(struct engine *engine, struct transfer *transfer,
                  const struct transfer_order *order)
{
    must(!transfer->facts.is_running);
    transfer->facts.is_running = engine->type->begin(engine, transfer, order);
    engine->running += transfer->facts.is_running;
    engine->look.is_active = true;
    return transfer->facts.is_running;
}

static void ended(struct engine *engine, struct transfer *transfer)
{
    engine->running -= transfer->facts.is_running;
    transfer->facts.is_running = false;
    if (engine->sending == transfer) {
        engine->sending = NULL;
    }
}

void engine_stop(struct engine *engine, struct transfer *transfer,
                 enum transfer_stop how)
{
    if (transfer->facts.is_running) {
        engine->type->stop(engine, transfer, how);
        ended(engine, transfer);
    }
}

void engine_give_back(struct engine *engine, struct transfer *transfer)
{
    must(transfer->owner);
    engine_stop(engine, transfer, STOP_QUIETLY);
    transfer->owner = NULL;
    make_free(engine, transfer);
}

/* What was sent last has gone out by now. */
static void send_is_over(struct engine *engine, struct instant now)
{
    if (engine->sending) {
        struct transfer_facts *facts = &engine->sending->facts;
        facts->sent_late = instant_since(now, facts->sent);
        engine->sending = NULL;
    }
}

struct instant engine_sleep_end(const struct engine *engine,
                                struct instant from, struct instant until)
{
    if (engine->running == 0) {
        return until;
    }
    return instant_min(until,
                       instant_add(from, look_patience(&engine->look, from)));
}

void engine_looked(struct engine *engine, struct instant from,
                   struct instant until, struct instant back)
{
    send_is_over(engine, from);
    look_end(&engine->look, from, until, back);
}

void engine_sent(struct engine *engine, struct transfer *transfer)
{
    struct instant now = engine_now(engine);

    must(!transfer->facts.is_sent);
    send_is_over(engine, now);
    transfer->facts.is_sent = true;
    transfer->facts.sent = now;
    transfer->facts.connect_late = look_lateness(&engine->look, now);
    engine->sending = transfer;
    engine->callbacks.on_sent(engine->callbacks.context, transfer);
}

void engine_done(struct engine *engine, struct transfer *transfer,
                 enum outcome outcome)
{
    ended(engine, transfer);
    engine->callbacks.on_done(engine->callbacks.context, transfer, outcome);
}
