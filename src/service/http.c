/* What libmicrohttpd calls: requests as they arrive, their bodies, and the end
 * of connections. */
#include "service/server_inside.h"

#include "base/must.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* Called by libmicrohttpd when the head of a request is there, for each part
 * of its body, when it is whole, and again when it has been resumed. */
enum MHD_Result http_on_request(void *context, struct MHD_Connection *handle,
                                const char *path, const char *method,
                                const char *version, const char *part,
                                size_t *part_size, void **slot)
{
    struct server *server = context;
    struct conn *conn = *slot;
    (void)version;

    if (!conn) {
        conn =
            MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
                ->socket_context;
        must(conn && conn->state == CONN_IDLE);
        *slot = conn;
        conn->state = CONN_READING;
        conn->too_large = false;
        str_reset(&conn->body);
        str_reset(&conn->page);
        service_answer_begin(&conn->answer, 0);
        if (orders_has_fault(&server->orders, KEY_FAULT_CLAIM_EARLY)) {
            conn_head_read(conn, path);
        }
        return MHD_YES;
    }
    if (server->stopping) {
        return MHD_NO;
    }
    if (*part_size > 0) {
        if (conn->body.length + *part_size > ORDER_BODY_MAX) {
            conn->too_large = true;
        } else {
            str_append_bytes(&conn->body, part, *part_size);
        }
        *part_size = 0;
        return MHD_YES;
    }
    if (conn->state == CONN_READING) {
        conn_head_forget(conn, false);
        server->requests++;
        return resource_route(conn, path, method);
    }
    must(conn->state == CONN_ANSWERED);
    return conn_answer(conn);
}

/* The request is over, well or badly. */
void http_on_completed(void *context, struct MHD_Connection *handle,
                       void **slot, enum MHD_RequestTerminationCode how)
{
    struct conn *conn = *slot;
    (void)context;
    (void)handle;
    (void)how;
    if (!conn) {
        return;
    }
    if (conn->order) {
        conn->suspended = false;
        conn_abandon(conn);
    }
    conn_head_forget(conn, conn->state == CONN_READING);
    conn->state = CONN_IDLE;
}

static void open_conn(struct server *server, struct MHD_Connection *handle,
                      void **slot)
{
    struct conn *conn = calloc(1, sizeof(*conn));
    if (!conn) {
        fprintf(stderr, "squall: error: out of memory for a connection\n");
        exit(3);
    }
    conn->server = server;
    conn->number = ++server->conns_ever;
    conn->connection = handle;
    conn->socket =
        MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD)
            ->connect_fd;
    conn->body = (struct str)STR_INIT;
    conn->page = (struct str)STR_INIT;
    conn->next = server->conns;
    if (conn->next) {
        conn->next->previous = conn;
    }
    server->conns = conn;
    server->conn_count++;
    *slot = conn;

    int on = 1;
    (void)setsockopt(conn->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    /* Libmicrohttpd does not watch a suspended connection; this does. */
    struct epoll_event hang_up = {.events = EPOLLRDHUP | EPOLLET,
                                  .data.ptr = conn};
    (void)epoll_ctl(server->epoll, EPOLL_CTL_ADD, conn->socket, &hang_up);
}

static void close_conn(struct conn *conn)
{
    struct server *server = conn->server;
    must(!conn->order);
    if (conn->previous) {
        conn->previous->next = conn->next;
    } else {
        server->conns = conn->next;
    }
    if (conn->next) {
        conn->next->previous = conn->previous;
    }
    server->conn_count--;
    str_release(&conn->body);
    str_release(&conn->page);
    free(conn);
}

void http_on_connection(void *context, struct MHD_Connection *handle,
                        void **slot, enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        open_conn(context, handle, slot);
    } else if (*slot) {
        close_conn(*slot);
        *slot = NULL;
    }
}
