#include "target/host.h"

#include "base/must.h"
#include "target/pages.h"
#include "target/request.h"

#include <stdlib.h>
#include <string.h>

static void say_shed(struct server *server, struct answer *answer)
{
    unsigned status = server->service.config.shed_status;
    answer_problem(answer, status ? status : 503, "the service is overloaded");
    answer->retry_after = true;
    host_count(&server->counts.shed);
}

static void append_effect(struct str *out, const struct order *order,
                          uint64_t number)
{
    char id[EFFECT_ID_MAX];
    target_effects_id(id, order->kind, number);
    str_reset(out);
    str_printf(out, "{\"id\": \"%s\"", id);
    if (order->name) {
        str_append(out, ", \"order\": ");
        page_append_json_string(out, order->name);
    }
    str_append(out, "}\n");
}

/* The end of an order. */

static void resume(struct client *client)
{
    client->state = CLIENT_ANSWERED;
    if (client->suspended) {
        client->suspended = false;
        MHD_resume_connection(client->connection);
    }
}

/* Between the effect and the answer something fails. A store that commits the
 * key with the effect knows the answer all the same. */
static void fail_after(struct server *server, struct order *order,
                       struct answer *answer)
{
    static const char why[] = "it failed, as it was asked to";
    struct key_ticket *ticket = &order->ticket;

    if (host_has_fault(server, KEY_FAULT_COMMIT_APART)) {
        keys_release(&server->keys, ticket);
        answer_problem(answer, 500, why);
    } else if (host_has_fault(server, KEY_FAULT_STUCK_AFTER_ERROR) ||
               server->keys.mode == KEYS_REPLAY_ERRORS) {
        answer_problem(answer, 500, why);
        keys_finish(&server->keys, ticket, 500, answer->body.text, true,
                    order->service.ended);
    } else {
        keys_finish(&server->keys, ticket, 201, answer->body.text, false,
                    order->service.ended);
        answer_problem(answer, 500, why);
    }
}

static void fail(struct server *server, struct order *order, unsigned status,
                 const char *why, struct answer *answer)
{
    answer_problem(answer, status, why);
    keys_finish(&server->keys, &order->ticket, (uint16_t)status,
                answer->body.text, true, order->service.ended);
}

static void perform(struct server *server, struct order *order,
                    struct answer *answer)
{
    if (order->failure == ORDER_FAILS_BEFORE) {
        fail(server, order, 503, "it is not begun, as it was asked to",
             answer);
        answer->retry_after = true;
        return;
    }
    uint64_t number = target_effects_perform(&server->effects, order->kind,
                                             order->name, order->key);
    host_count(&server->counts.effects);
    append_effect(&answer->body, order, number);
    answer->status = 201;
    if (order->failure == ORDER_FAILS_AFTER) {
        fail_after(server, order, answer);
        return;
    }
    keys_finish(&server->keys, &order->ticket, 201, answer->body.text, false,
                order->service.ended);
}

/* attach: those that waited for it are told the same. */
static void tell_attached(struct order *order, const struct answer *answer)
{
    for (struct order *other = order->attached, *next; other; other = next) {
        struct client *client = other->client;
        next = other->attached;
        if (client) {
            struct str body = client->answer.body;
            client->answer = *answer;
            client->answer.body = body;
            client->answer.replayed = answer->status < 400;
            str_reset(&client->answer.body);
            str_append(&client->answer.body, answer->body.text);
            client->order = NULL;
            resume(client);
        }
        free(other);
    }
}

static void end_order(struct server *server, struct order *order)
{
    struct client *client = order->client;
    struct answer unheard = {.body = server->scratch};
    struct answer *answer = client ? &client->answer : &unheard;

    switch (order->service.end) {
    case SERVICE_PERFORMED:
        perform(server, order, answer);
        break;
    case SERVICE_FAILED:
        fail(server, order, order->service.status, "an injected fault",
             answer);
        break;
    case SERVICE_DROPPED:
        keys_release(&server->keys, &order->ticket);
        say_shed(server, answer);
        break;
    case SERVICE_SKIPPED:
        keys_release(&server->keys, &order->ticket);
        answer_problem(answer, 503, "nobody waited for it any more");
        break;
    }
    if (order->service.hang_up) {
        answer->how = ANSWER_CLOSE;
    }
    tell_attached(order, answer);
    if (client) {
        client->order = NULL;
        resume(client);
    } else {
        server->scratch = unheard.body;
    }
    free(order);
}

void desk_settle(struct server *server, struct instant now)
{
    struct service_order *ended;
    while ((ended = service_step(&server->service, now))) {
        end_order(server,
                  (struct order *)((char *)ended -
                                   offsetof(struct order, service)));
    }
}

void desk_abandon(struct client *client)
{
    struct order *order = client->order;
    client->order = NULL;
    client->answer.how = ANSWER_CLOSE;
    order->client = NULL;
    service_abandon(&order->service);
    host_count(&client->server->counts.abandoned);
    resume(client);
}

void desk_close(struct server *server)
{
    struct service_order *left;
    while ((left = service_withdraw(&server->service))) {
        struct order *order =
            (struct order *)((char *)left - offsetof(struct order, service));
        for (struct order *other = order->attached, *next; other;
             other = next) {
            next = other->attached;
            free(other);
        }
        free(order);
    }
}

/* The beginning of an order. */

static struct order *new_order(enum effect_kind kind, const char *name,
                               const char *key)
{
    size_t name_size = strlen(name) + 1;
    size_t key_size = strlen(key) + 1;
    struct order *order = calloc(1, sizeof(*order) + name_size + key_size);
    if (!order) {
        return NULL;
    }
    memcpy(order->text, name, name_size);
    memcpy(order->text + name_size, key, key_size);
    order->kind = kind;
    order->name = name_size > 1 ? order->text : NULL;
    order->key = key_size > 1 ? order->text + name_size : NULL;
    return order;
}

/* What the request asks for with the fault header, where that is obeyed. */
static enum order_failure asked_failure(struct client *client,
                                        const struct order *order)
{
    struct server *server = client->server;
    const char *header = server->service.config.fault_header;
    const char *asked =
        header ? MHD_lookup_connection_value(client->connection,
                                             MHD_HEADER_KIND, header)
               : NULL;
    bool before = asked && strcmp(asked, "before-once") == 0;
    bool after = asked && strcmp(asked, "after-once") == 0;

    if ((!before && !after) ||
        !keys_fails_first(&server->keys, &order->ticket)) {
        return ORDER_WORKS;
    }
    return before ? ORDER_FAILS_BEFORE : ORDER_FAILS_AFTER;
}

static void submit(struct client *client, struct order *order,
                   struct hash128 payload)
{
    struct server *server = client->server;
    struct instant now = host_clock();
    bool attached = false;

    desk_settle(server, now);
    client->state = CLIENT_ANSWERED;
    if (!claim_key(client, order, payload, now, &attached)) {
        if (!attached) {
            free(order);
        }
        return;
    }
    order->failure = asked_failure(client, order);
    switch (service_arrive(&server->service, &order->service, now)) {
    case SERVICE_ADMITTED:
        order->client = client;
        client->order = order;
        client->state = CLIENT_WAITING;
        desk_settle(server, now);
        break;
    case SERVICE_REJECTED:
        keys_release(&server->keys, &order->ticket);
        free(order);
        say_shed(server, &client->answer);
        break;
    case SERVICE_RESET:
        keys_release(&server->keys, &order->ticket);
        free(order);
        client->answer.how = ANSWER_RESET;
        break;
    }
}

/* effect_first: what is refused has happened all the same. */
static void refuse(struct client *client, enum effect_kind kind,
                   const char *name, const char *key)
{
    struct server *server = client->server;
    if (host_has_fault(server, KEY_FAULT_EFFECT_FIRST)) {
        (void)target_effects_perform(&server->effects, kind,
                                     *name ? name : NULL, *key ? key : NULL);
        host_count(&server->counts.effects);
    }
    answer_problem(&client->answer, 400, "the amount is negative");
}

static void place(struct client *client, enum effect_kind kind,
                  const struct request_body *body, const char *key)
{
    struct server *server = client->server;
    struct answer *answer = &client->answer;

    if (body->refused) {
        refuse(client, kind, body->name, key);
        return;
    }
    if (!target_effects_has_room(&server->effects)) {
        answer_problem(answer, 507, "the ledger is full");
        return;
    }
    struct order *order = new_order(kind, body->name, key);
    if (!order) {
        answer_problem(answer, 507, "out of memory");
        return;
    }
    submit(client, order,
           host_has_fault(server, KEY_FAULT_BYTE_FINGERPRINT)
               ? hash_bytes(client->body.text, client->body.length)
               : body->content);
}

void desk_take(struct client *client, enum effect_kind kind)
{
    struct answer *answer = &client->answer;
    struct request_body body;
    char key[ORDER_NAME_MAX + 1];

    host_count(&client->server->counts.orders);
    client->state = CLIENT_ANSWERED;
    if (client->too_large) {
        answer_problem(answer, 413, "the body is larger than 1 MiB");
        return;
    }
    if (!request_read_body(client->body.text, client->body.length, &body)) {
        answer_problem(answer, 400,
                       "the body is not a JSON object whose order is 1 to 255 "
                       "visible ASCII characters");
        return;
    }
    switch (claim_read(client, key)) {
    case REQUEST_NO_KEY:
    case REQUEST_KEY:
        place(client, kind, &body, key);
        return;
    case REQUEST_BAD_KEY:
        answer_problem(answer, 400,
                       "the idempotency key is not 1 to 255 visible ASCII "
                       "characters, bare or quoted");
        return;
    case REQUEST_CRASH:
        answer_problem(answer, 500, "the key broke the service");
        return;
    }
}
