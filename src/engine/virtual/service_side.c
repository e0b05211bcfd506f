#include "engine/virtual/service_side.h"

#include "base/must.h"

#include <stddef.h>
#include <string.h>

void service_side_arrive(struct exchange *exchange)
{
    struct virtual_engine *engine = exchange->engine;
    const struct virtual_service *service = &engine->settings->service;

    exchange->stage = EXCHANGE_THERE;
    if (!exchange->is_torn) {
        service->arrive(service->context, &exchange->request, engine->now);
    }
}

void service_side_depart(struct exchange *exchange)
{
    struct virtual_engine *engine = exchange->engine;
    const struct virtual_service *service = &engine->settings->service;

    must(exchange->stage >= EXCHANGE_THERE);
    if (exchange->is_torn && service->break_off) {
        service->break_off(service->context, &exchange->request, engine->now);
    } else if (!exchange->is_torn && exchange->stage == EXCHANGE_THERE) {
        service->leave(service->context, &exchange->request, engine->now);
    }
    exchange_free(exchange);
}

void service_side_leave(struct exchange *exchange)
{
    struct virtual_engine *engine = exchange->engine;

    if (!exchange->caller) {
        exchange_free(exchange); /* no host is there to be called back */
        return;
    }
    exchange->stage = EXCHANGE_RETURNING;
    heap_set(&engine->timers, &exchange->timer,
             instant_add(engine->now, exchange_way(engine)));
}

/* By hand: it is written for every answer. */
static void add_status_line(struct exchange *exchange)
{
    bool is_http2 = exchange->engine->base.shape.http2;
    const char digits[] = {(char)('0' + exchange->status / 100 % 10),
                           (char)('0' + exchange->status / 10 % 10),
                           (char)('0' + exchange->status % 10)};

    str_append(&exchange->answer, is_http2 ? "HTTP/2 " : "HTTP/1.1 ");
    exchange_add_text(&exchange->answer, digits, sizeof(digits));
}

static struct exchange *exchange_of(struct virtual_request *request)
{
    return (struct exchange *)(void *)((char *)request -
                                       offsetof(struct exchange, request));
}

void virtual_answer(struct virtual_request *request, struct duration after,
                    const struct virtual_answer *answer)
{
    struct exchange *exchange = exchange_of(request);
    struct virtual_engine *engine = exchange->engine;

    must(exchange->stage == EXCHANGE_THERE && !exchange->is_torn);
    exchange->how = answer->how;
    exchange->status = answer->status;
    exchange->line_count = answer->line_count + 2;
    str_reset(&exchange->answer);
    add_status_line(exchange);
    for (size_t i = 0; i < answer->line_count; i++) {
        exchange_add_text(&exchange->answer, answer->lines[i],
                          strlen(answer->lines[i]));
    }
    exchange_add_text(&exchange->answer, "", 0);
    exchange->body_at = exchange->answer.length;
    str_append_bytes(&exchange->answer, answer->body, answer->length);
    exchange->stage = EXCHANGE_LEAVING;
    heap_set(&engine->timers, &exchange->timer,
             instant_add(engine->now, after));
}
