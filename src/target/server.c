#include "target/server.h"

#include "base/must.h"
#include "base/str.h"
#include "target/effects.h"
#include "target/keys.h"
#include "target/pages.h"

#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    BODY_MAX = 1024 * 1024,
    NAME_MAX_BYTES = 255,        /* of an order's name and of a key */
    ORDERS_MAX = 1024 * 1024,    /* in the service at once */
    CONNECTIONS_DEFAULT = 10000,
    CONNECTION_MEMORY = 16 * 1024,
    BACKLOG = 4096,
    EVENTS = 256,
};

enum answer_how { ANSWER_SEND, ANSWER_CLOSE, ANSWER_RESET };

struct answer {
    enum answer_how how;
    unsigned status;
    bool replayed;
    bool retry_after;
    bool problem; /* the body tells a problem, RFC 9457 */
    struct str body;
};

enum client_state {
    CLIENT_IDLE,     /* between requests */
    CLIENT_READING,  /* a request is coming in */
    CLIENT_WAITING,  /* suspended: its order waits or is served */
    CLIENT_ANSWERED, /* the answer is known */
};

/* One connection. */
struct client {
    struct server *server;
    struct MHD_Connection *connection;
    int socket;
    enum client_state state;
    bool suspended;
    bool hung_up;
    bool too_large;
    struct str body;
    struct order *order; /* while WAITING */
    struct answer answer;
    struct client *next;
    struct client *previous;
};

/* One order on its way through the service. It outlives its connection, for
 * a service works on for callers who have hung up. */
struct order {
    struct service_order service;
    struct client *client; /* NULL: the caller has gone */
    enum effect_kind kind;
    struct key_ticket ticket;
    const char *name; /* or NULL */
    const char *key;  /* or NULL */
    char text[];
};

/* Counted by the server's thread, read by any. */
struct shared_counts {
    _Atomic uint64_t requests, orders, effects, replays, conflicts, shed,
        abandoned;
};

struct server {
    struct MHD_Daemon *daemon;
    int http_epoll; /* libmicrohttpd's */
    int epoll;      /* ours: its epoll, hang-ups, the stop signal */
    int stop;       /* an eventfd */
    pthread_t thread;
    struct arena arena;
    struct service service;
    struct key_store keys;
    struct target_effects effects;
    struct client *clients;
    uint64_t client_count;
    struct instant started;
    struct str scratch; /* the body of an answer that nobody waits for */
    bool stopping;
    struct shared_counts counts;
    char url[128];
};

static struct instant read_clock(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (struct instant){at.tv_sec * NS_PER_S + at.tv_nsec};
}

/* Only the server's thread counts, so that no locked addition is needed. */
static void count(_Atomic uint64_t *counter)
{
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + 1, memory_order_relaxed);
}

/* What is said in answers. */

static void say_problem(struct answer *answer, unsigned status,
                        const char *title)
{
    answer->how = ANSWER_SEND;
    answer->status = status;
    answer->problem = true;
    str_reset(&answer->body);
    str_printf(&answer->body, "{\"title\": \"%s\", \"status\": %u}\n", title,
               status);
}

static void say_shed(struct server *server, struct answer *answer)
{
    unsigned status = server->service.config.shed_status;
    say_problem(answer, status ? status : 503, "the service is overloaded");
    answer->retry_after = true;
    count(&server->counts.shed);
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
    count(&server->counts.effects);
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
    say_problem(said, order->service.status, "an injected fault");
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
            count(&server->counts.shed);
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

/* Brings the model up to now. */
static void settle(struct server *server, struct instant now)
{
    struct service_order *ended;
    while ((ended = service_step(&server->service, now))) {
        end_order(server,
                  (struct order *)((char *)ended -
                                   offsetof(struct order, service)));
    }
}

/* The caller has gone while its order waits or is served: the connection is
 * given back at once, the order goes its way. */
static void abandon(struct client *client)
{
    struct order *order = client->order;
    client->order = NULL;
    client->answer.how = ANSWER_CLOSE;
    order->client = NULL;
    service_abandon(&order->service);
    count(&client->server->counts.abandoned);
    resume(client);
}

/* The beginning of an order. */

static bool is_name(const char *text)
{
    size_t length = strlen(text);
    if (length == 0 || length > NAME_MAX_BYTES) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] <= 0x20 || text[i] >= 0x7f) {
            return false;
        }
    }
    return true;
}

/* Reads the order's name from the body, which is a JSON object or empty.
 * False: it is neither, or the name is not a name. */
static bool read_name(const struct str *body, char *name)
{
    name[0] = '\0';
    if (body->length == 0) {
        return true;
    }
    const char *end = NULL;
    cJSON *tree =
        cJSON_ParseWithLengthOpts(body->text, body->length, &end, 0);
    bool good = cJSON_IsObject(tree);
    for (; good && end < body->text + body->length; end++) {
        good = *end == ' ' || *end == '\n' || *end == '\r' || *end == '\t';
    }
    const cJSON *member =
        good ? cJSON_GetObjectItemCaseSensitive(tree, "order") : NULL;
    if (member) {
        good = cJSON_IsString(member) && is_name(member->valuestring);
        if (good) {
            memcpy(name, member->valuestring, strlen(member->valuestring) + 1);
        }
    }
    cJSON_Delete(tree);
    return good;
}

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

/* Reads the key, bare or as a quoted string (RFC 8941): both forms of one
 * content are one key. An absent key is "". False: it is malformed, or there
 * are several. */
static bool read_key(struct client *client, char *key)
{
    struct key_search search = {NULL, 0};
    size_t length = 0;

    key[0] = '\0';
    MHD_get_connection_values(client->connection, MHD_HEADER_KIND, find_key,
                              &search);
    if (search.found == 0) {
        return true;
    }
    const char *at = search.value;
    bool quoted = *at == '"';
    size_t left = strlen(at);
    if (quoted) {
        if (left < 2 || at[left - 1] != '"') {
            return false;
        }
        at++;
        left -= 2;
    }
    for (; left > 0; at++, left--) {
        if (quoted && *at == '\\' && left > 1 &&
            (at[1] == '"' || at[1] == '\\')) {
            at++;
            left--;
        } else if (quoted && (*at == '"' || *at == '\\')) {
            return false;
        }
        if (length == NAME_MAX_BYTES) {
            return false;
        }
        key[length++] = *at;
    }
    key[length] = '\0';
    return search.found == 1 && is_name(key);
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
        count(&server->counts.replays);
        return false;
    case KEY_IN_FLIGHT:
        say_problem(answer, 409, "a request with this key is in flight");
        count(&server->counts.conflicts);
        return false;
    case KEY_MISMATCH:
        say_problem(answer, 422, "this key stands for another payload");
        return false;
    case KEY_FULL:
        say_problem(answer, 507, "the key store is full");
        return false;
    }
    must(false);
    return false;
}

/* Leaves the client WAITING with the order in the service, or ANSWERED. */
static void submit(struct client *client, struct order *order)
{
    struct server *server = client->server;
    struct instant now = read_clock();

    settle(server, now);
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
        settle(server, now);
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

static void take_order(struct client *client, enum effect_kind kind)
{
    struct server *server = client->server;
    struct answer *answer = &client->answer;
    char name[NAME_MAX_BYTES + 1];
    char key[NAME_MAX_BYTES + 1];

    count(&server->counts.orders);
    client->state = CLIENT_ANSWERED;
    if (client->too_large) {
        say_problem(answer, 413, "the body is larger than 1 MiB");
    } else if (!read_name(&client->body, name)) {
        say_problem(answer, 400,
                    "the body is not a JSON object whose order is 1 to 255 "
                    "visible ASCII characters");
    } else if (!read_key(client, key)) {
        say_problem(answer, 400,
                    "the idempotency key is not 1 to 255 visible ASCII "
                    "characters, bare or quoted");
    } else if (!target_effects_has_room(&server->effects)) {
        say_problem(answer, 507, "the ledger is full");
    } else {
        struct order *order = new_order(kind, name, key);
        if (order) {
            submit(client, order);
        } else {
            say_problem(answer, 507, "out of memory");
        }
    }
}

/* The other resources. */

static void reset(struct client *client)
{
    target_effects_reset(&client->server->effects);
    keys_reset(&client->server->keys);
    client->answer.status = 204;
    client->state = CLIENT_ANSWERED;
}

static void show_health(struct client *client)
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
               (long long)(instant_since(read_clock(), server->started).ns /
                           NS_PER_US));
    client->answer.status = 200;
    client->state = CLIENT_ANSWERED;
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

/* HTTP. */

static enum MHD_Result send_answer(struct client *client)
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
                                answer->problem ? "application/problem+json"
                                                : "application/json");
    }
    if (answer->replayed) {
        MHD_add_response_header(response, "Idempotent-Replayed", "true");
    }
    int64_t wait_ns = client->server->service.config.retry_after.ns;
    if (answer->retry_after && wait_ns > 0) {
        char seconds[24];
        snprintf(seconds, sizeof(seconds), "%lld",
                 (long long)((wait_ns - 1) / NS_PER_S + 1));
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER,
                                seconds);
    }
    enum MHD_Result result =
        MHD_queue_response(client->connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer_or_wait(struct client *client)
{
    if (client->state == CLIENT_WAITING && client->hung_up) {
        abandon(client);
    }
    if (client->state == CLIENT_WAITING) {
        client->suspended = true;
        MHD_suspend_connection(client->connection);
        return MHD_YES;
    }
    return send_answer(client);
}

static enum MHD_Result refuse(struct client *client, unsigned status,
                              const char *title)
{
    say_problem(&client->answer, status, title);
    client->state = CLIENT_ANSWERED;
    return send_answer(client);
}

static enum MHD_Result route(struct client *client, const char *path,
                             const char *method)
{
    bool get = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    bool post = strcmp(method, "POST") == 0;

    if (strcmp(path, "/orders") == 0 || strcmp(path, "/refunds") == 0) {
        if (!post) {
            return refuse(client, 405, "only POST is answered here");
        }
        take_order(client, path[1] == 'o' ? EFFECT_ORDER : EFFECT_REFUND);
        return answer_or_wait(client);
    }
    if (strcmp(path, "/reset") == 0) {
        if (!post) {
            return refuse(client, 405, "only POST is answered here");
        }
        reset(client);
        return send_answer(client);
    }
    if (strcmp(path, "/ledger") == 0 || strcmp(path, "/healthz") == 0) {
        if (!get) {
            return refuse(client, 405, "only GET is answered here");
        }
        if (path[1] == 'l') {
            return show_ledger(client);
        }
        show_health(client);
        return send_answer(client);
    }
    return refuse(client, 404, "there is no such resource");
}

/* Called by libmicrohttpd when the head of a request is there, for each part
 * of its body, when it is whole, and again when it has been resumed. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *handle,
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
        count(&server->counts.requests);
        return route(client, path, method);
    }
    must(client->state == CLIENT_ANSWERED);
    return send_answer(client);
}

/* The request is over, well or badly. */
static void on_completed(void *context, struct MHD_Connection *handle,
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
        abandon(client);
    }
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

static void on_connection(void *context, struct MHD_Connection *handle,
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

/* The loop. */

/* Waits for requests, hang-ups or the next end of service. */
static int wait_for_events(struct server *server, struct epoll_event *events)
{
    unsigned long long http_wait_ms;
    struct instant next = service_next(&server->service);
    struct timespec wait = {0};
    bool forever = false;

    if (MHD_get_timeout(server->daemon, &http_wait_ms) == MHD_YES &&
        http_wait_ms == 0) {
        /* Something is ready already. */
    } else if (next.ns == INT64_MAX) {
        forever = true;
    } else {
        int64_t ns = instant_since(next, read_clock()).ns;
        if (ns > 0) {
            wait.tv_sec = (time_t)(ns / NS_PER_S);
            wait.tv_nsec = (long)(ns % NS_PER_S);
        }
    }
    return epoll_pwait2(server->epoll, events, EVENTS,
                        forever ? NULL : &wait, NULL);
}

/* Hang-ups come first: their clients all stand, as libmicrohttpd has not run
 * since, and an order whose caller has gone is known as such when its turn
 * comes. */
static void take_events(struct server *server,
                        const struct epoll_event *events, int event_count)
{
    for (int i = 0; i < event_count; i++) {
        struct client *client = events[i].data.ptr;
        if (events[i].data.ptr == &server->stop) {
            server->stopping = true;
        } else if (events[i].data.ptr != &server->http_epoll) {
            client->hung_up = true;
            if (client->state == CLIENT_WAITING && client->suspended) {
                abandon(client);
            }
        }
    }
}

static void close_all(struct server *server)
{
    for (struct client *client = server->clients; client;
         client = client->next) {
        if (client->state == CLIENT_WAITING) {
            abandon(client);
        }
    }
    MHD_run(server->daemon);
    MHD_stop_daemon(server->daemon);
}

static void *serve(void *context)
{
    struct server *server = context;
    struct epoll_event events[EVENTS];

    /* The kernel may be late by this much, 50 us unless told. */
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    while (!server->stopping) {
        int event_count = wait_for_events(server, events);
        take_events(server, events, event_count);
        settle(server, read_clock());
        MHD_run(server->daemon);
    }
    close_all(server);
    return NULL;
}

/* Start and stop. */

static int listen_on(struct server *server,
                     const struct server_options *options,
                     struct errors *errors)
{
    const char *address = options->listen ? options->listen : "127.0.0.1";
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *found = NULL;
    struct sockaddr_storage bound;
    socklen_t bound_size = sizeof(bound);
    char port[8], host[NI_MAXHOST];
    int on = 1;

    snprintf(port, sizeof(port), "%u", (unsigned)options->port);
    int problem = getaddrinfo(address, port, &hints, &found);
    if (problem) {
        errors_add(errors, ERROR_NO_RESOURCE, "cannot listen on %s: %s",
                   address, gai_strerror(problem));
        return -1;
    }
    int fd = socket(found->ai_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
        bind(fd, found->ai_addr, found->ai_addrlen) || listen(fd, BACKLOG) ||
        getsockname(fd, (struct sockaddr *)&bound, &bound_size) ||
        getnameinfo((struct sockaddr *)&bound, bound_size, host, sizeof(host),
                    port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV)) {
        errors_add(errors, ERROR_NO_RESOURCE, "cannot listen on %s port %u: %s",
                   address, (unsigned)options->port, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        freeaddrinfo(found);
        return -1;
    }
    bool six = found->ai_family == AF_INET6;
    freeaddrinfo(found);
    snprintf(server->url, sizeof(server->url), six ? "http://[%.64s]:%s"
                                                   : "http://%.64s:%s",
             host, port);
    return fd;
}

static bool watch(struct server *server, int fd, void *mark)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = mark};
    return epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool open_descriptors(struct server *server,
                             const struct server_options *options,
                             struct errors *errors)
{
    uint64_t most = options->connections ? options->connections
                                         : CONNECTIONS_DEFAULT;
    int listening = listen_on(server, options, errors);
    if (listening < 0) {
        return false;
    }
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    server->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (server->epoll >= 0 && server->stop >= 0 &&
        watch(server, server->stop, &server->stop)) {
        server->daemon = MHD_start_daemon(
            MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
                MHD_USE_SUPPRESS_DATE_NO_CLOCK,
            0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET,
            listening, MHD_OPTION_CONNECTION_LIMIT,
            (unsigned)(most < INT32_MAX ? most : INT32_MAX),
            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
            MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
            MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
            MHD_OPTION_END);
    }
    if (!server->daemon) {
        errors_add(errors, ERROR_NO_RESOURCE,
                   "cannot start the embedded target: %s", strerror(errno));
        close(listening);
        return false;
    }
    server->http_epoll =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)
            ->epoll_fd;
    return watch(server, server->http_epoll, &server->http_epoll);
}

static void free_server(struct server *server)
{
    struct service_order *left;
    /* What still waits has lost its caller; it is ended without effect. */
    while ((left = service_withdraw(&server->service))) {
        free((char *)left - offsetof(struct order, service));
    }
    target_effects_release(&server->effects);
    keys_release_all(&server->keys);
    str_release(&server->scratch);
    arena_release(&server->arena);
    if (server->epoll >= 0) {
        close(server->epoll);
    }
    if (server->stop >= 0) {
        close(server->stop);
    }
    free(server);
}

static bool start_thread(struct server *server, struct errors *errors)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int problem = pthread_create(&server->thread, NULL, serve, server);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (problem) {
        errors_add(errors, ERROR_NO_RESOURCE, "cannot start a thread: %s",
                   strerror(problem));
        MHD_stop_daemon(server->daemon);
    }
    return problem == 0;
}

struct server *server_start(const struct service_config *config,
                            const struct server_options *options,
                            struct errors *errors)
{
    if (!service_config_check(config, errors)) {
        return NULL;
    }
    struct server *server = calloc(1, sizeof(*server));
    if (!server) {
        errors_add(errors, ERROR_NO_RESOURCE, "out of memory");
        return NULL;
    }
    server->epoll = -1;
    server->stop = -1;
    server->scratch = (struct str)STR_INIT;
    server->started = read_clock();
    target_effects_init(&server->effects);
    keys_init(&server->keys, config->idempotency, config->ttl);
    service_init(&server->service, config, &server->arena, ORDERS_MAX,
                 options->seed, server->started);
    if (!open_descriptors(server, options, errors) ||
        !start_thread(server, errors)) {
        free_server(server);
        return NULL;
    }
    return server;
}

const char *server_url(const struct server *server)
{
    return server->url;
}

void server_counts(struct server *server, struct server_counts *counts)
{
    const struct shared_counts *shared = &server->counts;
    counts->requests = atomic_load(&shared->requests);
    counts->orders = atomic_load(&shared->orders);
    counts->effects = atomic_load(&shared->effects);
    counts->replays = atomic_load(&shared->replays);
    counts->conflicts = atomic_load(&shared->conflicts);
    counts->shed = atomic_load(&shared->shed);
    counts->abandoned = atomic_load(&shared->abandoned);
}

void server_stop(struct server *server)
{
    uint64_t one = 1;
    ssize_t written = write(server->stop, &one, sizeof(one));
    must(written == (ssize_t)sizeof(one));
    pthread_join(server->thread, NULL);
    free_server(server);
}
