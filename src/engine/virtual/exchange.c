#include "engine/virtual/exchange.h"

#include "base/must.h"

#include <string.h>

static void prepare(struct virtual_engine *engine,
                    struct prepared_text *prepared,
                    const struct planned_request *planned)
{
    struct arena *arena = &engine->arena;
    size_t ignored;

    prepared->lines =
        arena_array(arena, planned->header_count, sizeof(*prepared->lines));
    for (size_t i = 0; i < planned->header_count; i++) {
        const struct template *line = &planned->header_lines[i];
        if (line->is_constant) {
            prepared->lines[prepared->line_count++] =
                message_constant(line, arena, &ignored);
        }
    }
    if (planned->url.is_constant) {
        prepared->url = message_constant(&planned->url, arena, &ignored);
    }
    if (planned->has_body && planned->body.is_constant) {
        prepared->body =
            message_constant(&planned->body, arena, &prepared->body_length);
    }
}

void exchange_prepare(struct virtual_engine *engine, const struct plan *plan)
{
    size_t constant = 0;

    engine->prepared = arena_array(&engine->arena, plan->request_count,
                                   sizeof(*engine->prepared));
    for (size_t i = 0; i < plan->request_count; i++) {
        prepare(engine, &engine->prepared[i], &plan->requests[i]);
        if (engine->prepared[i].line_count > constant) {
            constant = engine->prepared[i].line_count;
        }
    }
    engine->lines_max = message_lines_max(plan) + constant;
}

struct duration exchange_way(struct virtual_engine *engine)
{
    const struct virtual_settings *settings = engine->settings;
    return settings->way_on.ns > 0
               ? duration_add(settings->way,
                              rng_exponential(&engine->ways, settings->way_on))
               : settings->way;
}

struct exchange *exchange_take(struct virtual_engine *engine)
{
    struct exchange *exchange = engine->free;
    if (exchange) {
        engine->free = exchange->next;
        return exchange;
    }
    if (engine->exchanges_used == engine->exchange_count) {
        return NULL;
    }
    exchange = &engine->exchanges[engine->exchanges_used++];
    exchange->engine = engine;
    exchange->text = exchange->answer = (struct str)STR_INIT;
    exchange->lines = arena_array(&engine->arena, engine->lines_max,
                                  sizeof(*exchange->lines));
    return exchange;
}

void exchange_free(struct exchange *exchange)
{
    struct virtual_engine *engine = exchange->engine;
    heap_remove(&engine->timers, &exchange->timer);
    heap_remove(&engine->departures, &exchange->departure);
    if (exchange->caller) {
        exchange->caller->exchange = NULL;
        exchange->caller = NULL;
    }
    exchange->next = engine->free;
    engine->free = exchange;
}

/* The path of a URL, without its query, in the text that holds the URL. */
static const char *find_path(char *url)
{
    char *host = strstr(url, "://");
    char *path = strchr(host ? host + 3 : url, '/');
    url[strcspn(url, "?#")] = '\0';
    return path && *path ? path : "/";
}

void exchange_add_text(struct str *text, const char *bytes, size_t length)
{
    str_append_bytes(text, bytes, length);
    str_append_bytes(text, "", 1);
}

/* The text may move while it grows, so pointers into it come last. */
void exchange_copy_request(struct exchange *exchange,
                           const struct message *message)
{
    struct virtual_engine *engine = exchange->engine;
    const struct planned_request *planned =
        &engine->base.plan->requests[message->request];
    const struct prepared_text *prepared = &engine->prepared[message->request];
    const char *url = message->url ? message->url : prepared->url;
    bool has_own = message->body || message->as_get;
    const char *body = has_own ? message->body : prepared->body;
    size_t body_length =
        has_own ? message->body_length : prepared->body_length;
    size_t constant = message->has_all_lines ? 0 : prepared->line_count;
    size_t lines = message->line_count + constant;
    struct str *text = &exchange->text;

    must(lines <= engine->lines_max);
    str_reset(text);
    exchange_add_text(text, url, strlen(url));
    exchange_add_text(text, body ? body : "", body ? body_length : 0);
    for (size_t i = 0; i < message->line_count; i++) {
        exchange_add_text(text, message->lines[i], strlen(message->lines[i]));
    }
    char *at = text->text + strlen(url) + 1;
    exchange->request = (struct virtual_request){
        .method = message->as_get ? "GET" : planned->config.method,
        .path = find_path(text->text),
        .line_count = lines,
        .lines = exchange->lines,
        .body = at,
        .body_length = body_length,
        .request = message->request,
    };
    at += body_length + 1;
    for (size_t i = 0; i < lines; i++) {
        bool is_filled = i < message->line_count;
        exchange->lines[i] =
            is_filled ? at : prepared->lines[i - message->line_count];
        at += is_filled ? strlen(at) + 1 : 0;
    }
}
