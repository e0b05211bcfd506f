/* An order meets the key store, in all the ways in which that goes wrong. */
#include "target/host.h"

#include "base/must.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static enum MHD_Result find_key(void *context, enum MHD_ValueKind kind,
                                const char *name, const char *value)
{
    struct request_keys *found = context;
    (void)kind;
    if (strcasecmp(name, "Idempotency-Key") == 0) {
        found->value = found->count > 0 ? found->value : value ? value : "";
        found->count++;
    }
    return MHD_YES;
}

enum request_key claim_read(struct client *client,
                            char key[ORDER_NAME_MAX + 1])
{
    struct request_keys found = {NULL, 0};
    MHD_get_connection_values(client->connection, MHD_HEADER_KIND, find_key,
                              &found);
    return request_find_key(&found, client->server->keys.faults, key);
}

static const char *caller_of(const struct client *client)
{
    return MHD_lookup_connection_value(client->connection, MHD_HEADER_KIND,
                                       MHD_HTTP_HEADER_AUTHORIZATION);
}

static void say_replay(struct client *client, const struct key_answer *stored)
{
    struct server *server = client->server;
    struct answer *answer = &client->answer;

    host_count(&server->counts.replays);
    if (host_has_fault(server, KEY_FAULT_REJECT_REPLAYS)) {
        answer_problem(answer, 409, "this was done already");
        return;
    }
    answer->status = stored->status;
    answer->replayed = !host_has_fault(server, KEY_FAULT_UNMARKED);
    answer->problem = stored->status >= 400;
    str_reset(&answer->body);
    if (host_has_fault(server, KEY_FAULT_CHANGED_REPLAY)) {
        answer->status = 200;
        str_append(&answer->body, "{\"status\": \"done\"}\n");
    } else {
        str_append(&answer->body, stored->body);
    }
}

static void say_conflict(struct client *client, const struct order *order)
{
    struct server *server = client->server;
    struct answer *answer = &client->answer;

    host_count(&server->counts.conflicts);
    keys_note_conflict(&server->keys, &order->ticket);
    answer_problem(answer, 409, "a request with this key is in flight");
    if (host_has_fault(server, KEY_FAULT_PLAIN_CONFLICT)) {
        answer->problem = false;
        answer->html = true;
        str_reset(&answer->body);
        str_append(&answer->body, "<p>Conflict</p>\n");
    } else {
        answer->conflict = true;
    }
}

/* The order waits for the answer of the one that runs. */
static void attach(struct client *client, struct order *order)
{
    struct order *holder = order->ticket.holder;
    order->attached = holder->attached;
    holder->attached = order;
    order->client = client;
    client->order = order;
    client->state = CLIENT_WAITING;
}

bool claim_key(struct client *client, struct order *order,
               struct hash128 payload, struct instant now, bool *attached)
{
    struct server *server = client->server;
    struct answer *answer = &client->answer;
    struct key_answer stored;
    struct key_request request = {
        .kind = order->kind,
        .key = order->key,
        .caller = order->key ? caller_of(client) : NULL,
        .payload = payload,
    };
    bool shares = host_has_fault(server, KEY_FAULT_ATTACH);

    switch (keys_claim(&server->keys, &request, now, &order->ticket,
                       &stored)) {
    case KEY_RUN:
        if (shares) {
            keys_hold(&server->keys, &order->ticket, order);
        }
        return true;
    case KEY_REPLAY:
        say_replay(client, &stored);
        return false;
    case KEY_IN_FLIGHT:
        *attached = shares && order->ticket.holder;
        if (*attached) {
            attach(client, order);
        } else {
            say_conflict(client, order);
        }
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

void claim_early(struct client *client, const char *path)
{
    char key[ORDER_NAME_MAX + 1];
    if (claim_read(client, key) == REQUEST_KEY) {
        client->early_kind = strcmp(path, "/refunds") == 0 ? EFFECT_REFUND
                                                           : EFFECT_ORDER;
        client->early_key = strdup(key);
    }
}

void claim_early_end(struct client *client, bool cut_short)
{
    if (client->early_key && cut_short) {
        struct key_ticket ticket;
        struct key_answer answer;
        struct key_request request = {.kind = client->early_kind,
                                      .key = client->early_key};
        (void)keys_claim(&client->server->keys, &request, host_clock(),
                         &ticket, &answer);
    }
    free(client->early_key);
    client->early_key = NULL;
}
