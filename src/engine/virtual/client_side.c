#include "engine/virtual/client_side.h"

#include <string.h>

/* Opens a connection; fills in what becomes of it, and when that is. */
static struct instant open_connection(struct virtual_transfer *transfer)
{
    const struct exchange *exchange = transfer->exchange;
    struct virtual_engine *engine = exchange->engine;
    const struct virtual_service *service = &engine->settings->service;
    struct duration takes = engine->settings->connect;
    struct duration most = engine->base.plan->policy.timeout.connect;

    transfer->connection = ++engine->connections_ever;
    transfer->served = 0;
    if (service->connect) {
        struct duration after = DURATION_ZERO;
        transfer->outcome = service->connect(
            service->context, &exchange->request, engine->now, &after);
        takes = transfer->outcome == OUTCOME_OK ? takes : after;
    }
    if (takes.ns > most.ns) {
        transfer->outcome = OUTCOME_CONNECT_TIMEOUT;
        takes = most;
    }
    if (transfer->outcome == OUTCOME_OK) {
        transfer->connect = takes;
    }
    return instant_add(engine->now, takes);
}

struct instant client_side_connect(struct virtual_transfer *transfer)
{
    struct virtual_engine *engine = transfer->exchange->engine;
    struct virtual_pool *pool = &engine->pools[transfer->base.pool];
    struct transfer_facts *facts = &transfer->base.facts;

    if (engine->base.shape.http2) {
        bool fails = pool->outcome != OUTCOME_OK;
        if (pool->has_one &&
            (!fails || instant_before(engine->now, pool->open_at))) {
            facts->is_reused = true;
            transfer->outcome = pool->outcome;
            transfer->connection = pool->number;
            return instant_max(engine->now, pool->open_at);
        }
        pool->has_one = true;
        pool->open_at = open_connection(transfer);
        pool->outcome = transfer->outcome;
        pool->number = transfer->connection;
        return pool->open_at;
    }
    if (pool->idle) {
        struct virtual_connection *connection = pool->idle;
        pool->idle = connection->next;
        transfer->connection = connection->number;
        transfer->served = connection->served;
        connection->next = engine->free_connections;
        engine->free_connections = connection;
        facts->is_reused = true;
        return engine->now;
    }
    return open_connection(transfer);
}

void client_side_put_back(struct virtual_transfer *transfer)
{
    struct virtual_engine *engine = transfer->exchange->engine;
    struct virtual_pool *pool = &engine->pools[transfer->base.pool];
    struct virtual_connection *connection = engine->free_connections;

    if (connection) {
        engine->free_connections = connection->next;
    } else {
        connection = arena_array(&engine->arena, 1, sizeof(*connection));
    }
    connection->number = transfer->connection;
    connection->served = transfer->served;
    connection->next = pool->idle;
    pool->idle = connection;
}

static void keep_connection(struct virtual_transfer *transfer)
{
    const struct exchange *exchange = transfer->exchange;
    struct virtual_engine *engine = exchange->engine;
    uint64_t most = engine->base.plan->load.requests_per_connection;

    transfer->served++;
    if (engine->settings->keeps_connections && !engine->base.shape.http2 &&
        !transfer->closes && (most == 0 || transfer->served < most)) {
        client_side_put_back(transfer);
    }
}

static void end_transfer(struct virtual_transfer *transfer,
                         enum outcome outcome)
{
    struct engine *engine = &transfer->exchange->engine->base;
    exchange_free(transfer->exchange);
    engine_done(engine, &transfer->base, outcome);
}

static void take_body(struct virtual_transfer *transfer)
{
    const struct exchange *exchange = transfer->exchange;
    answer_start(&transfer->base.answer,
                 exchange->answer.text + exchange->body_at,
                 exchange->answer.length - exchange->body_at);
    if (exchange->engine->base.reads_answers) {
        answer_body(&transfer->base.answer,
                    exchange->answer.text + exchange->body_at,
                    exchange->answer.length - exchange->body_at);
    }
    transfer->base.facts.status = exchange->status;
    keep_connection(transfer);
    end_transfer(transfer, OUTCOME_OK);
}

/* True: the body is read slowly, and not yet. */
static bool is_held_back(struct virtual_transfer *transfer)
{
    struct exchange *exchange = transfer->exchange;
    struct virtual_engine *engine = exchange->engine;
    struct transfer_facts *facts = &transfer->base.facts;
    size_t length = exchange->answer.length - exchange->body_at;

    if (transfer->slow_rate == 0 || length == 0) {
        return false;
    }
    double seconds = (double)length / (double)transfer->slow_rate;
    struct instant until = instant_add(
        facts->first_byte, duration_from_ns(seconds * (double)NS_PER_S));
    if (!instant_before(engine->now, until)) {
        return false;
    }
    facts->was_slowed = true;
    heap_set(&engine->timers, &exchange->timer, until);
    return true;
}

static void take_head(struct virtual_transfer *transfer)
{
    const struct exchange *exchange = transfer->exchange;
    const struct engine *engine = &exchange->engine->base;
    const char *line = exchange->answer.text;

    head_begin(&transfer->head);
    for (size_t i = 0; i < exchange->line_count; i++) {
        size_t length = strlen(line);
        head_line(&transfer->head, engine, &transfer->base, line, length);
        line += length + 1;
    }
}

void client_side_take_answer(struct virtual_transfer *transfer)
{
    struct transfer_facts *facts = &transfer->base.facts;
    enum virtual_answer_how how = transfer->exchange->how;

    if (how == VIRTUAL_CLOSED) {
        end_transfer(transfer,
                     facts->is_reused ? OUTCOME_RESET_REUSED : OUTCOME_RESET);
        return;
    }
    if (!facts->is_answered) {
        take_head(transfer);
        facts->protocol =
            transfer->exchange->engine->base.shape.http2 ? HTTP_2 : HTTP_1_1;
    }
    if (how == VIRTUAL_CUT) {
        end_transfer(transfer, OUTCOME_TRUNCATED);
    } else if (!is_held_back(transfer)) {
        take_body(transfer);
    }
}

void client_side_send(struct virtual_transfer *transfer)
{
    struct exchange *exchange = transfer->exchange;
    struct virtual_engine *engine = exchange->engine;

    if (transfer->outcome != OUTCOME_OK) {
        end_transfer(transfer, transfer->outcome);
        return;
    }
    exchange->request.connection = transfer->connection;
    exchange->stage = EXCHANGE_GOING;
    exchange->arrival = instant_add(engine->now, exchange_way(engine));
    heap_set(&engine->timers, &exchange->timer, exchange->arrival);
    transfer->base.facts.connect = transfer->connect;
    engine_sent(&engine->base, &transfer->base);
}
