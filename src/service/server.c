#include "service/server.h"

#include "base/must.h"
#include "service/listen.h"
#include "service/server_inside.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
    CONNECTIONS_DEFAULT = 10000,
    CONNECTION_MEMORY = 16 * 1024,
    EVENTS = 256,
};

/* Waits for requests, hang-ups or the next end of service. */
static int wait_for_events(struct server *server, struct epoll_event *events)
{
    unsigned long long http_wait_ms;
    struct instant next = orders_due(&server->orders);
    struct timespec wait = {0};
    bool forever = false;

    if (MHD_get_timeout(server->daemon, &http_wait_ms) == MHD_YES &&
        http_wait_ms == 0) {
        /* Something is ready already. */
    } else if (next.ns == INT64_MAX) {
        forever = true;
    } else {
        int64_t ns = instant_since(next, server_clock()).ns;
        if (ns > 0) {
            wait.tv_sec = (time_t)(ns / NS_PER_S);
            wait.tv_nsec = (long)(ns % NS_PER_S);
        }
    }
    int count = epoll_pwait2(server->epoll, events, EVENTS,
                             forever ? NULL : &wait, NULL);
    if (count < 0 && errno == ENOSYS) {
        /* It came with Linux 5.11; without it service times are rounded up
         * to whole milliseconds. */
        int64_t ns = (int64_t)wait.tv_sec * NS_PER_S + wait.tv_nsec;
        int64_t ms = (ns + NS_PER_MS - 1) / NS_PER_MS;
        count = epoll_wait(server->epoll, events, EVENTS,
                           forever        ? -1
                           : ms < INT_MAX ? (int)ms
                                          : INT_MAX);
    }
    return count;
}

static void begin_windows(struct server *server)
{
    struct service *service = &server->orders.service;
    struct instant now = server_clock();
    uint64_t asked;

    if (read(server->begin, &asked, sizeof asked) == (ssize_t)sizeof asked) {
        conns_settle(server, now);
        service_set_faults(service, service->config.faults,
                           service->config.fault_count, now);
    }
}

/* Hang-ups come first: their connections all stand, as libmicrohttpd has not
 * run since, and an order whose caller has gone is known as such when its turn
 * comes. */
static void take_events(struct server *server,
                        const struct epoll_event *events, int event_count)
{
    for (int i = 0; i < event_count; i++) {
        struct conn *conn = events[i].data.ptr;
        if (events[i].data.ptr == &server->stop) {
            server->stopping = true;
        } else if (events[i].data.ptr == &server->begin) {
            begin_windows(server);
        } else if (events[i].data.ptr != &server->http_epoll) {
            conn->hung_up = true;
            if (conn->state == CONN_WAITING && conn->suspended) {
                conn_abandon(conn);
            }
        }
    }
}

static void close_all(struct server *server)
{
    for (struct conn *conn = server->conns; conn; conn = conn->next) {
        if (conn->state == CONN_WAITING) {
            conn_abandon(conn);
        }
    }
    MHD_run(server->daemon);
    MHD_stop_daemon(server->daemon);
}

static void *serve(void *context)
{
    struct server *server = context;
    struct epoll_event events[EVENTS];

    /* The kernel may be late by this much, 50 us by default. */
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    while (!server->stopping) {
        int event_count = wait_for_events(server, events);
        take_events(server, events, event_count);
        conns_settle(server, server_clock());
        uint64_t before = server->conn_count;
        MHD_run(server->daemon);
        if (server->conn_count < before) {
            /* At its limit it does not listen, and begins to again only when
             * it runs, for which nobody might give a reason. */
            MHD_run(server->daemon);
        }
    }
    close_all(server);
    return NULL;
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
    uint64_t most =
        options->connections ? options->connections : CONNECTIONS_DEFAULT;
    int listening =
        listen_open(options->listen ? options->listen : "127.0.0.1",
                    options->port, server->url, sizeof(server->url), errors);
    if (listening < 0) {
        return false;
    }
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    server->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    server->begin = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (server->epoll >= 0 && server->stop >= 0 && server->begin >= 0 &&
        watch(server, server->stop, &server->stop) &&
        watch(server, server->begin, &server->begin)) {
        server->daemon = MHD_start_daemon(
            MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
                MHD_USE_SUPPRESS_DATE_NO_CLOCK,
            0, NULL, NULL, http_on_request, server, MHD_OPTION_LISTEN_SOCKET,
            listening, MHD_OPTION_CONNECTION_LIMIT,
            (unsigned)(most < INT32_MAX ? most : INT32_MAX),
            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
            MHD_OPTION_NOTIFY_CONNECTION, http_on_connection, server,
            MHD_OPTION_NOTIFY_COMPLETED, http_on_completed, server,
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
    orders_release(&server->orders);
    if (server->epoll >= 0) {
        close(server->epoll);
    }
    if (server->stop >= 0) {
        close(server->stop);
    }
    if (server->begin >= 0) {
        close(server->begin);
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
    server->begin = -1;
    server->started = server_clock();
    orders_init(&server->orders, config,
                &(struct orders_options){
                    .orders_max = ORDERS_MAX,
                    .keys_max = KEYS_MAX,
                    .effects_max = EFFECTS_MAX,
                    .seed = options->seed,
                    .start = server->started,
                });
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

/* Wakes its thread. */
static void signal_event(int event)
{
    uint64_t one = 1;
    ssize_t written = write(event, &one, sizeof(one));
    must(written == (ssize_t)sizeof(one));
}

void server_begin(struct server *server)
{
    signal_event(server->begin);
}

void server_stop(struct server *server)
{
    signal_event(server->stop);
    pthread_join(server->thread, NULL);
    free_server(server);
}
