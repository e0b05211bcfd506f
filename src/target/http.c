#include "target/host.h"

#include "base/must.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { BODY_MAX = 1024 * 1024 };

void answer_problem(struct answer *answer, unsigned status,
                    const char *title)
{
    answer->how = ANSWER_SEND;
    answer->status = status;
    answer->problem = true;
    str_reset(&answer->body);
    str_printf(&answer->body, "{\"title\": \"%s\", \"status\": %u}\n", title,
               status);
}

enum MHD_Result http_send(struct client *client)
{
    struct answer *answer = &client->answer;
    if (answer->how == ANSWER_RESET) {
        /* Disconnecting a TCP socket resets it; closing it would say an
         * orderly good-bye first. */
        struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
        (void)connect(client->socket, &nowhere, sizeof(nowhere));
    }
    if (answer->how != ANSWER_SEND) {
        return MHD_NO;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->body.length, answer->body.text, MHD_RESPMEM_PERSISTENT);
    if (!response) {
        return MHD_NO;
    }
    if (answer->body.length > 0) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                answer->html      ? "text/html"
                                : answer->problem ? "application/problem+json"
                                                  : "application/json");
    }
    if (answer->replayed) {
        MHD_add_response_header(response, "Idempotent-Replayed", "true");
    }
    int64_t wait_ns = client->server->service.config.retry_after.ns;
    if (answer->conflict && wait_ns < NS_PER_S) {
        wait_ns = NS_PER_S; /* the least that can be said */
    }
    if ((answer->retry_after || answer->conflict) && wait_ns > 0) {
        char seconds[24];
        snprintf(seconds, sizeof(seconds), "%lld",
                 (long long)((wait_ns - 1) / NS_PER_S + 1));
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER,
                                seconds);
    }
    if (answer->allow) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW,
                                answer->allow);
    }
    enum MHD_Result result =
        MHD_queue_response(client->connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

/* Called by libmicrohttpd when the head of a request is there, for each part
 * of its body, when it is whole, and again when it has been resumed. */
enum MHD_Result http_on_request(void *context, struct MHD_Connection *handle,
                                const char *path, const char *method,
                                const char *version, const char *part,
                                size_t *part_size, void **slot)
{
    struct server *server = context;
    struct client *client = *slot;
    (void)version;

    if (!client) {
        client = MHD_get_connection_info(
                     handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
                     ->socket_context;
        must(client && client->state == CLIENT_IDLE);
        *slot = client;
        client->state = CLIENT_READING;
        client->too_large = false;
        str_reset(&client->body);
        str_reset(&client->answer.body);
        client->answer = (struct answer){.body = client->answer.body};
        if (host_has_fault(server, KEY_FAULT_CLAIM_EARLY)) {
            claim_early(client, path);
        }
        return MHD_YES;
    }
    if (server->stopping) {
        return MHD_NO;
    }
    if (*part_size > 0) {
        if (client->body.length + *part_size > BODY_MAX) {
            client->too_large = true;
        } else {
            str_append_bytes(&client->body, part, *part_size);
        }
        *part_size = 0;
        return MHD_YES;
    }
    if (client->state == CLIENT_READING) {
        claim_early_end(client, false);
        host_count(&server->counts.requests);
        return resource_route(client, path, method);
    }
    must(client->state == CLIENT_ANSWERED);
    return http_send(client);
}

/* The request is over, well or badly. */
void http_on_completed(void *context, struct MHD_Connection *handle,
                       void **slot, enum MHD_RequestTerminationCode how)
{
    struct client *client = *slot;
    (void)context;
    (void)handle;
    (void)how;
    if (!client) {
        return;
    }
    if (client->order) {
        client->suspended = false;
        desk_abandon(client);
    }
    claim_early_end(client, client->state == CLIENT_READING);
    client->state = CLIENT_IDLE;
}

static void open_client(struct server *server, struct MHD_Connection *handle,
                        void **slot)
{
    struct client *client = calloc(1, sizeof(*client));
    if (!client) {
        fprintf(stderr, "squall: error: out of memory for a connection\n");
        exit(3);
    }
    client->server = server;
    client->connection = handle;
    client->socket =
        MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD)
            ->connect_fd;
    client->body = (struct str)STR_INIT;
    client->answer.body = (struct str)STR_INIT;
    client->next = server->clients;
    if (client->next) {
        client->next->previous = client;
    }
    server->clients = client;
    server->client_count++;
    *slot = client;

    int on = 1;
    (void)setsockopt(client->socket, IPPROTO_TCP, TCP_NODELAY, &on,
                     sizeof(on));
    /* Libmicrohttpd does not watch a suspended connection; this does. */
    struct epoll_event hang_up = {.events = EPOLLRDHUP | EPOLLET,
                                  .data.ptr = client};
    (void)epoll_ctl(server->epoll, EPOLL_CTL_ADD, client->socket, &hang_up);
}

static void close_client(struct client *client)
{
    struct server *server = client->server;
    must(!client->order);
    if (client->previous) {
        client->previous->next = client->next;
    } else {
        server->clients = client->next;
    }
    if (client->next) {
        client->next->previous = client->previous;
    }
    server->client_count--;
    str_release(&client->body);
    str_release(&client->answer.body);
    free(client);
}

void http_on_connection(void *context, struct MHD_Connection *handle,
                          void **slot,
                          enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        open_client(context, handle, slot);
    } else if (*slot) {
        close_client(*slot);
        *slot = NULL;
    }
}
