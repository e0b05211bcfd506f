/* Orders go to the model, their answers come back to their connections, and
 * are sent. */
#include "service/server_inside.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct header_reader {
    const struct orders *orders;
    struct order_request *request;
};

static enum MHD_Result read_header(void *context, enum MHD_ValueKind kind,
                                   const char *name, const char *value)
{
    const struct header_reader *reader = context;
    (void)kind;
    orders_read_header(reader->orders, reader->request, name,
                       value ? value : "");
    return MHD_YES;
}

static void read_headers(struct conn *conn, struct order_request *request)
{
    struct header_reader reader = {&conn->server->orders, request};
    MHD_get_connection_values(conn->connection, MHD_HEADER_KIND, read_header,
                              &reader);
}

static void resume(struct conn *conn)
{
    conn->state = CONN_ANSWERED;
    conn->order = NULL;
    if (conn->suspended) {
        conn->suspended = false;
        MHD_resume_connection(conn->connection);
    }
}

void conns_settle(struct server *server, struct instant now)
{
    const struct service_answer *answer;
    void *waiter;

    while ((answer = orders_next(&server->orders, now, &waiter))) {
        struct conn *conn = waiter;
        conn->answer = *answer;
        resume(conn);
    }
    server_publish_counts(server);
}

void conn_abandon(struct conn *conn)
{
    orders_abandon(&conn->server->orders, conn->order);
    server_publish_counts(conn->server);
    conn->answer.how = ANSWER_CLOSE;
    resume(conn);
}

void conn_place_order(struct conn *conn, enum effect_kind kind)
{
    struct server *server = conn->server;
    struct order_request request = {
        .kind = kind,
        .body = conn->body.text,
        .length = conn->body.length,
        .is_too_large = conn->too_large,
        .connection = conn->number,
    };
    struct instant now = server_clock();

    read_headers(conn, &request);
    conns_settle(server, now);
    conn->order =
        orders_place(&server->orders, &request, now, conn, &conn->answer);
    conn->state = conn->order ? CONN_WAITING : CONN_ANSWERED;
    conns_settle(server, now);
}

void conn_head_read(struct conn *conn, const char *path)
{
    struct order_request request = {.kind = EFFECT_ORDER};

    read_headers(conn, &request);
    conn->is_refund = strcmp(path, "/refunds") == 0;
    if (request.keys.value) {
        conn->early_key = strdup(request.keys.value);
    }
}

void conn_head_forget(struct conn *conn, bool cut_short)
{
    if (conn->early_key && cut_short) {
        const struct order_request request = {
            .kind = conn->is_refund ? EFFECT_REFUND : EFFECT_ORDER,
            .keys = {.value = conn->early_key, .count = 1},
            .connection = conn->number,
        };
        orders_break_off(&conn->server->orders, &request, server_clock());
    }
    free(conn->early_key);
    conn->early_key = NULL;
}

static void add_headers(struct MHD_Response *response,
                        const struct service_answer *answer)
{
    struct answer_header header;
    for (size_t i = 0; service_answer_header(answer, i, &header); i++) {
        MHD_add_response_header(response, header.name, header.value);
    }
}

enum MHD_Result conn_answer(struct conn *conn)
{
    struct service_answer *answer = &conn->answer;
    bool is_page = conn->page.length > 0;

    server_publish_counts(conn->server);
    if (answer->how == ANSWER_RESET) {
        /* Disconnecting a TCP socket resets it; closing it would say an
         * orderly good-bye first. */
        struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
        (void)connect(conn->socket, &nowhere, sizeof(nowhere));
    }
    if (answer->how != ANSWER_SEND) {
        return MHD_NO;
    }
    answer->length = is_page ? conn->page.length : answer->length;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->length, is_page ? conn->page.text : answer->body,
        MHD_RESPMEM_PERSISTENT);
    if (!response) {
        return MHD_NO;
    }
    add_headers(response, answer);
    enum MHD_Result result =
        MHD_queue_response(conn->connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}
