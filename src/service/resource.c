/* The resources of the embedded target: which request goes where, and what it
 * is answered. */
#include "model/resource.h"

#include "base/must.h"
#include "service/fault_list.h"
#include "service/pages.h"
#include "service/server_inside.h"

#include <string.h>

static enum MHD_Result answer_or_wait(struct conn *conn)
{
    if (conn->state == CONN_WAITING && conn->hung_up) {
        conn_abandon(conn);
    }
    if (conn->state == CONN_WAITING) {
        conn->suspended = true;
        MHD_suspend_connection(conn->connection);
        return MHD_YES;
    }
    return conn_answer(conn);
}

static enum MHD_Result take_order(struct conn *conn)
{
    conn_place_order(conn, EFFECT_ORDER);
    return answer_or_wait(conn);
}

static enum MHD_Result take_refund(struct conn *conn)
{
    conn_place_order(conn, EFFECT_REFUND);
    return answer_or_wait(conn);
}

static enum MHD_Result reset(struct conn *conn)
{
    orders_reset(&conn->server->orders);
    service_answer_begin(&conn->answer, 204);
    return conn_answer(conn);
}

static enum MHD_Result show_health(struct conn *conn)
{
    struct server *server = conn->server;
    struct str *body = &conn->page;
    struct server_counts counts;

    server_counts(server, &counts);
    str_printf(
        body,
        "{\"status\": \"ok\", \"requests\": %llu, \"orders\": %llu, "
        "\"effects\": %llu, \"replays\": %llu, \"conflicts\": %llu, "
        "\"shed\": %llu, \"abandoned\": %llu, ",
        (unsigned long long)counts.requests, (unsigned long long)counts.orders,
        (unsigned long long)counts.effects, (unsigned long long)counts.replays,
        (unsigned long long)counts.conflicts, (unsigned long long)counts.shed,
        (unsigned long long)counts.abandoned);
    str_printf(body,
               "\"waiting\": %llu, \"serving\": %zu, \"connections\": %llu, "
               "\"keys\": %llu, \"uptime_us\": %lld}\n",
               (unsigned long long)server->orders.service.waiting_count,
               server->orders.service.serving.count,
               (unsigned long long)server->conn_count,
               (unsigned long long)keys_count(&server->orders.keys),
               (long long)(instant_since(server_clock(), server->started).ns /
                           NS_PER_US));
    service_answer_begin(&conn->answer, 200);
    return conn_answer(conn);
}

static enum MHD_Result show_ledger(struct conn *conn)
{
    const char *accept = MHD_lookup_connection_value(
        conn->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
    const char *by = MHD_lookup_connection_value(conn->connection,
                                                 MHD_GET_ARGUMENT_KIND, "by");
    struct MHD_Response *response =
        page_ledger(&conn->server->orders.effects,
                    accept && strstr(accept, "application/json"),
                    by && strcmp(by, "key") == 0);
    if (!response) {
        return MHD_NO;
    }
    enum MHD_Result result =
        MHD_queue_response(conn->connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result show_faults(struct conn *conn)
{
    const struct service_config *config = &conn->server->orders.service.config;
    fault_list_append(&conn->page, config->faults, config->fault_count);
    service_answer_begin(&conn->answer, 200);
    return conn_answer(conn);
}

static enum MHD_Result refuse_faults(struct conn *conn,
                                     const struct errors *errors)
{
    struct str *body = &conn->page;
    service_answer_problem(&conn->answer, 400,
                           "the faults are not well formed");
    str_append(body, "{\"title\": \"the faults are not well formed\", "
                     "\"status\": 400, \"errors\": [");
    for (size_t i = 0; i < errors->count; i++) {
        const struct error *error = &errors->list[i];
        struct str line = STR_INIT;
        str_printf(&line, "%s%s%s%s%s", error->path, *error->path ? " " : "",
                   error->text, *error->hint ? "; " : "", error->hint);
        str_append(body, i > 0 ? ", " : "");
        str_append_json_string(body, line.text);
        str_release(&line);
    }
    str_append(body, "]}\n");
    return conn_answer(conn);
}

static enum MHD_Result change_faults(struct conn *conn)
{
    struct server *server = conn->server;
    struct service_config wanted = server->orders.service.config;
    struct errors errors = ERRORS_INIT;

    if (conn->too_large ||
        !fault_list_read(conn->body.text, conn->body.length, wanted.faults,
                         &wanted.fault_count, &errors) ||
        !service_config_check(&wanted, &errors)) {
        return refuse_faults(conn, &errors);
    }
    struct instant now = server_clock();
    conns_settle(server, now);
    service_set_faults(&server->orders.service, wanted.faults,
                       wanted.fault_count, now);
    conns_settle(server, now);
    return show_faults(conn);
}

enum MHD_Result resource_route(struct conn *conn, const char *path,
                               const char *method)
{
    static enum MHD_Result (*const handlers[RESOURCE_COUNT])(struct conn *) = {
        [RESOURCE_ORDERS] = take_order,
        [RESOURCE_REFUNDS] = take_refund,
        [RESOURCE_LEDGER] = show_ledger,
        [RESOURCE_HEALTH] = show_health,
        [RESOURCE_RESET] = reset,
        [RESOURCE_SHOW_FAULTS] = show_faults,
        [RESOURCE_SET_FAULTS] = change_faults,
    };
    enum resource resource;

    conn->state = CONN_ANSWERED;
    if (!resource_find(path, method, &resource, &conn->answer)) {
        return conn_answer(conn);
    }
    return handlers[resource](conn);
}
