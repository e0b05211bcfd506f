#include "target/host.h"

#include "base/must.h"
#include "target/pages.h"
#include "target/request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

static void perform(struct server *server, struct order *order,
                    struct answer *answer)
{
    struct str *body = answer ? &answer->body : &server->scratch;
    uint64_t number = target_effects_perform(&server->effects, order->kind,
                                             order->name, order->key);
    host_count(&server->counts.effects);
    append_effect(body, order, number);
    keys_finish(&server->keys, &order->ticket, 201, body->text, false,
                order->service.ended);
    if (answer) {
        answer->status = 201;
    }
}

static void fail(struct server *server, struct order *order,
                 struct answer *answer)
{
    struct answer unheard = {.body = server->scratch};
    struct answer *said = answer ? answer : &unheard;
    answer_problem(said, order->service.status, "an injected fault");
    keys_finish(&server->keys, &order->ticket, order->service.status,
                said->body.text, true, order->service.ended);
    if (!answer) {
        server->scratch = unheard.body;
    }
}

static void end_order(struct server *server, struct order *order)
{
    struct client *client = order->client;
    struct answer *answer = client ? &client->answer : NULL;

    switch (order->service.end) {
    case SERVICE_PERFORMED:
        perform(server, order, answer);
        break;
    case SERVICE_FAILED:
        fail(server, order, answer);
        break;
    case SERVICE_DROPPED:
        keys_release(&server->keys, &order->ticket);
        if (answer) {
            say_shed(server, answer);
        } else {
            host_count(&server->counts.shed);
        }
        break;
    case SERVICE_SKIPPED:
        keys_release(&server->keys, &order->ticket);
        break;
    }
    if (client) {
        if (order->service.hang_up) {
            answer->how = ANSWER_CLOSE;
        }
        client->order = NULL;
        resume(client);
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
        free((char *)left - offsetof(struct order, service));
    }
}

/* The beginning of an order. */

struct key_search {
    const char *value;
    int found;
};

static enum MHD_Result find_key(void *context, enum MHD_ValueKind kind,
                                const char *name, const char *value)
{
    struct key_search *search = context;
    (void)kind;
    if (strcasecmp(name, "Idempotency-Key") == 0) {
        search->value = value ? value : "";
        search->found++;
    }
    return MHD_YES;
}

/* "" when there is none. False: it is malformed, or there are several. */
static bool find_one_key(struct client *client, char *key)
{
    struct key_search search = {NULL, 0};

    key[0] = '\0';
    MHD_get_connection_values(client->connection, MHD_HEADER_KIND, find_key,
                              &search);
    return search.found == 0 ||
           (search.found == 1 && request_read_key(search.value, key));
}

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

/* Asks the key store; true when the order may run. */
static bool claim_key(struct client *client, struct order *order,
                      struct instant now)
{
    struct server *server = client->server;
    struct answer *answer = &client->answer;
    struct key_answer stored;
    struct hash128 payload =
        hash_bytes(client->body.text, client->body.length);

    switch (keys_claim(&server->keys, order->kind, order->key, payload, now,
                       &order->ticket, &stored)) {
    case KEY_RUN:
        return true;
    case KEY_REPLAY:
        answer->status = stored.status;
        answer->replayed = true;
        answer->problem = stored.status >= 400;
        str_reset(&answer->body);
        str_append(&answer->body, stored.body);
        host_count(&server->counts.replays);
        return false;
    case KEY_IN_FLIGHT:
        answer_problem(answer, 409, "a request with this key is in flight");
        host_count(&server->counts.conflicts);
        return false;
    case KEY_MISMATCH:
        answer_problem(answer, 422, "this key stands for another payload");
        return false;
    case KEY_FULL:
        answer_problem(answer, 507, "the key store is full");
        return false;
    }
    must(false);
    return false;
}

static void submit(struct client *client, struct order *order)
{
    struct server *server = client->server;
    struct instant now = host_clock();

    desk_settle(server, now);
    client->state = CLIENT_ANSWERED;
    if (!claim_key(client, order, now)) {
        free(order);
        return;
    }
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

void desk_take(struct client *client, enum effect_kind kind)
{
    struct server *server = client->server;
    struct answer *answer = &client->answer;
    char name[ORDER_NAME_MAX + 1];
    char key[ORDER_NAME_MAX + 1];

    host_count(&server->counts.orders);
    client->state = CLIENT_ANSWERED;
    if (client->too_large) {
        answer_problem(answer, 413, "the body is larger than 1 MiB");
    } else if (!request_read_name(client->body.text, client->body.length,
                                  name)) {
        answer_problem(answer, 400,
                    "the body is not a JSON object whose order is 1 to 255 "
                    "visible ASCII characters");
    } else if (!find_one_key(client, key)) {
        answer_problem(answer, 400,
                    "the idempotency key is not 1 to 255 visible ASCII "
                    "characters, bare or quoted");
    } else if (!target_effects_has_room(&server->effects)) {
        answer_problem(answer, 507, "the ledger is full");
    } else {
        struct order *order = new_order(kind, name, key);
        if (order) {
            submit(client, order);
        } else {
            answer_problem(answer, 507, "out of memory");
        }
    }
}
