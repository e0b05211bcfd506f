#include "target/host.h"

#include "base/must.h"
#include "target/fault_list.h"
#include "target/pages.h"

#include <string.h>

static enum MHD_Result answer_or_wait(struct client *client)
{
    if (client->state == CLIENT_WAITING && client->hung_up) {
        desk_abandon(client);
    }
    if (client->state == CLIENT_WAITING) {
        client->suspended = true;
        MHD_suspend_connection(client->connection);
        return MHD_YES;
    }
    return http_send(client);
}

static enum MHD_Result take_order(struct client *client)
{
    desk_take(client, EFFECT_ORDER);
    return answer_or_wait(client);
}

static enum MHD_Result take_refund(struct client *client)
{
    desk_take(client, EFFECT_REFUND);
    return answer_or_wait(client);
}

static enum MHD_Result reset(struct client *client)
{
    target_effects_reset(&client->server->effects);
    keys_reset(&client->server->keys);
    client->answer.status = 204;
    return http_send(client);
}

static enum MHD_Result show_health(struct client *client)
{
    struct server *server = client->server;
    struct str *body = &client->answer.body;
    struct server_counts counts;

    server_counts(server, &counts);
    str_printf(body,
               "{\"status\": \"ok\", \"requests\": %llu, \"orders\": %llu, "
               "\"effects\": %llu, \"replays\": %llu, \"conflicts\": %llu, "
               "\"shed\": %llu, \"abandoned\": %llu, ",
               (unsigned long long)counts.requests,
               (unsigned long long)counts.orders,
               (unsigned long long)counts.effects,
               (unsigned long long)counts.replays,
               (unsigned long long)counts.conflicts,
               (unsigned long long)counts.shed,
               (unsigned long long)counts.abandoned);
    str_printf(body,
               "\"waiting\": %llu, \"serving\": %zu, \"connections\": %llu, "
               "\"keys\": %llu, \"uptime_us\": %lld}\n",
               (unsigned long long)server->service.waiting_count,
               server->service.serving.count,
               (unsigned long long)server->client_count,
               (unsigned long long)server->keys.count,
               (long long)(instant_since(host_clock(), server->started).ns /
                           NS_PER_US));
    client->answer.status = 200;
    return http_send(client);
}

static enum MHD_Result show_ledger(struct client *client)
{
    const char *accept = MHD_lookup_connection_value(
        client->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
    const char *by = MHD_lookup_connection_value(
        client->connection, MHD_GET_ARGUMENT_KIND, "by");
    struct MHD_Response *response = page_ledger(
        &client->server->effects,
        accept && strstr(accept, "application/json"),
        by && strcmp(by, "key") == 0);
    if (!response) {
        return MHD_NO;
    }
    enum MHD_Result result =
        MHD_queue_response(client->connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result show_faults(struct client *client)
{
    const struct service_config *config = &client->server->service.config;
    fault_list_append(&client->answer.body, config->faults,
                      config->fault_count);
    client->answer.status = 200;
    return http_send(client);
}

static enum MHD_Result refuse_faults(struct client *client,
                                     const struct errors *errors)
{
    struct str *body = &client->answer.body;
    answer_problem(&client->answer, 400, "the faults are not well formed");
    str_reset(body);
    str_append(body, "{\"title\": \"the faults are not well formed\", "
                     "\"status\": 400, \"errors\": [");
    for (size_t i = 0; i < errors->count; i++) {
        const struct error *error = &errors->list[i];
        struct str line = STR_INIT;
        str_printf(&line, "%s%s%s%s%s", error->path, *error->path ? " " : "",
                   error->text, *error->hint ? "; " : "", error->hint);
        str_append(body, i > 0 ? ", " : "");
        page_append_json_string(body, line.text);
        str_release(&line);
    }
    str_append(body, "]}\n");
    return http_send(client);
}

static enum MHD_Result change_faults(struct client *client)
{
    struct server *server = client->server;
    struct service_config wanted = server->service.config;
    struct errors errors = ERRORS_INIT;

    if (client->too_large ||
        !fault_list_read(client->body.text, client->body.length,
                         wanted.faults, &wanted.fault_count, &errors) ||
        !service_config_check(&wanted, &errors)) {
        return refuse_faults(client, &errors);
    }
    struct instant now = host_clock();
    desk_settle(server, now);
    service_set_faults(&server->service, wanted.faults, wanted.fault_count,
                       now);
    desk_settle(server, now);
    return show_faults(client);
}

static const struct resource {
    const char *path;
    const char *method;
    enum MHD_Result (*answer)(struct client *client);
    const char *allow; /* by all rows of this path */
} resources[] = {
    {"/orders", "POST", take_order, "POST"},
    {"/refunds", "POST", take_refund, "POST"},
    {"/ledger", "GET", show_ledger, "GET, HEAD"},
    {"/healthz", "GET", show_health, "GET, HEAD"},
    {"/reset", "POST", reset, "POST"},
    {"/faults", "GET", show_faults, "GET, HEAD, PUT"},
    {"/faults", "PUT", change_faults, "GET, HEAD, PUT"},
};

enum MHD_Result resource_route(struct client *client, const char *path,
                               const char *method)
{
    const struct resource *found = NULL;
    bool head = strcmp(method, "HEAD") == 0;

    client->state = CLIENT_ANSWERED;
    for (size_t i = 0; i < array_length(resources); i++) {
        if (strcmp(path, resources[i].path) == 0) {
            found = &resources[i];
            if (strcmp(head ? "GET" : method, found->method) == 0) {
                return found->answer(client);
            }
        }
    }
    if (!found) {
        answer_problem(&client->answer, 404, "there is no such resource");
        return http_send(client);
    }
    answer_problem(&client->answer, 405, "this is not answered here");
    client->answer.allow = found->allow;
    return http_send(client);
}
