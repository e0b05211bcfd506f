#include "audit/conn.h"

#include "base/must.h"
#include "engine/clock.h"
#include "engine/curl/handle.h"
#include "engine/curl/reading.h"
#include "engine/curl/route.h"

#include <linux/sockios.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* A wait is cut into pieces of this, so that a stop is noticed. A connection
 * that was idle for longer may be closed by the service just when it is used
 * again. */
enum {
    SLICE_MS = 50,
    PIECES_MAX = 64,
    TIMEOUT_MS_DEFAULT = 10000,
    IDLE_MS_MAX = 1000
};

struct conn {
    CURL *easy;
    int socket;
    bool reusable;
    struct instant idle_since;
};

bool conns_are_late(const struct conns *conns)
{
    return !instant_before(clock_now(), conns->until);
}

bool conns_are_stopped(const struct conns *conns)
{
    return (conns->stop && atomic_load(conns->stop)) || conns_are_late(conns);
}

void conns_sleep(const struct conns *conns, struct duration length)
{
    struct instant end = instant_add(clock_now(), length);
    while (!conns_are_stopped(conns)) {
        struct duration left = instant_since(end, clock_now());
        if (left.ns <= 0) {
            return;
        }
        left = duration_min(left, duration_ms(SLICE_MS));
        struct timespec pause = {0, (long)left.ns};
        nanosleep(&pause, NULL);
    }
}

bool conns_open(struct conns *conns, const struct plan *plan,
                const atomic_bool *stop, struct errors *errors)
{
    *conns = (struct conns){
        .plan = plan,
        .stop = stop,
        .timeout = plan->policy.timeout.attempt,
        .until = INSTANT_NEVER,
    };
    if (conns->timeout.ns <= 0 || conns->timeout.ns == INT64_MAX) {
        conns->timeout = duration_ms(TIMEOUT_MS_DEFAULT);
    }
    tls_name_init(&conns->tls_name, &plan->target);
    return route_find(plan, &conns->pinned, NULL, NULL, errors);
}

void conns_close(struct conns *conns)
{
    while (conns->idle_count > 0) {
        conn_close(conns->idle[--conns->idle_count]);
    }
    curl_slist_free_all(conns->pinned);
    conns->pinned = NULL;
    tls_name_release(&conns->tls_name);
}

static struct conn *conn_open(struct conns *conns)
{
    struct conn *conn = calloc(1, sizeof(*conn));
    curl_socket_t socket = CURL_SOCKET_BAD;
    if (!conn) {
        return NULL;
    }
    conn->easy = curl_easy_init();
    curl_easy_setopt(conn->easy, CURLOPT_URL,
                     tls_name_url(&conns->tls_name, conns->plan->target.url));
    tls_name_route(&conns->tls_name, conn->easy);
    curl_easy_setopt(conn->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(conn->easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(conn->easy, CURLOPT_TIMEOUT_MS,
                     (long)(conns->timeout.ns / NS_PER_MS));
    handle_set_target(conn->easy, &conns->plan->target, conns->pinned);
    curl_easy_setopt(conn->easy, CURLOPT_HTTP_VERSION,
                     (long)CURL_HTTP_VERSION_1_1);
    if (conns->plan->target.proxy) {
        curl_easy_setopt(conn->easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
    }
    if (reading_perform(conn->easy) != CURLE_OK ||
        curl_easy_getinfo(conn->easy, CURLINFO_ACTIVESOCKET, &socket) !=
            CURLE_OK ||
        socket == CURL_SOCKET_BAD) {
        conn_close(conn);
        return NULL;
    }
    conn->socket = (int)socket;
    return conn;
}

/* An idle connection on which something can be read was closed, or speaks out
 * of turn. */
static bool is_good_still(const struct conn *conn)
{
    struct pollfd watched = {.fd = conn->socket, .events = POLLIN};
    return instant_since(clock_now(), conn->idle_since).ns <
               IDLE_MS_MAX * NS_PER_MS &&
           poll(&watched, 1, 0) == 0;
}

struct conn *conn_take(struct conns *conns)
{
    while (conns->idle_count > 0) {
        struct conn *conn = conns->idle[--conns->idle_count];
        if (is_good_still(conn)) {
            conn->reusable = false;
            return conn;
        }
        conn_close(conn);
    }
    return conn_open(conns);
}

void conn_give_back(struct conns *conns, struct conn *conn)
{
    if (conn && conn->reusable && conns->idle_count < CONNS_IDLE_MAX) {
        conn->idle_since = clock_now();
        conns->idle[conns->idle_count++] = conn;
    } else {
        conn_close(conn);
    }
}

void conn_close(struct conn *conn)
{
    if (conn) {
        curl_easy_cleanup(conn->easy);
        free(conn);
    }
}

/* True when one of them is ready, or has been found so; false at the end or
 * when stopped. */
static bool await(const struct conns *conns, struct pollfd *watched,
                  size_t count, struct instant end, bool has_more)
{
    while (!conns_are_stopped(conns)) {
        int64_t left = instant_since(end, clock_now()).ns;
        if (left <= 0) {
            return false;
        }
        int64_t ms = left / NS_PER_MS + 1;
        ms = has_more ? 0 : ms < SLICE_MS ? ms : SLICE_MS;
        if (poll(watched, count, (int)ms) > 0 || has_more) {
            return true;
        }
    }
    return false;
}

bool conn_send(struct conns *conns, struct conn *conn, const char *bytes,
               size_t length)
{
    struct instant end = instant_add(clock_now(), conns->timeout);
    struct pollfd watched = {.fd = conn->socket, .events = POLLOUT};
    for (size_t at = 0; at < length;) {
        size_t sent = 0;
        CURLcode code =
            curl_easy_send(conn->easy, bytes + at, length - at, &sent);
        if (code == CURLE_OK) {
            at += sent;
        } else if (code != CURLE_AGAIN ||
                   !await(conns, &watched, 1, end, false)) {
            return false;
        }
    }
    return true;
}

void conn_shut_down(struct conn *conn)
{
    (void)shutdown(conn->socket, SHUT_WR);
}

bool conn_await_delivery(struct conns *conns, struct conn *conn)
{
    struct instant end = instant_add(clock_now(), conns->timeout);
    int unsent = 0;
    while (!conns_are_stopped(conns) && instant_before(clock_now(), end)) {
        if (ioctl(conn->socket, SIOCOUTQ, &unsent) != 0) {
            return false;
        }
        if (unsent == 0) {
            return true;
        }
        struct timespec pause = {0, 20 * NS_PER_US};
        nanosleep(&pause, NULL);
    }
    return false;
}

/* Takes what has come, and of what comes without end a part. False: more is
 * to come. */
static bool take(struct awaited_answer *answer, bool *has_more)
{
    char bytes[16384];
    struct reply *reply = answer->reply;
    unsigned pieces = 0;

    while (reply->state == REPLY_HEAD || reply->state == REPLY_BODY) {
        size_t got = 0;
        if (++pieces > PIECES_MAX) {
            *has_more = true;
            return false;
        }
        CURLcode code =
            curl_easy_recv(answer->conn->easy, bytes, sizeof(bytes), &got);
        if (code == CURLE_AGAIN) {
            return false;
        }
        if (code != CURLE_OK) {
            break;
        }
        if (got == 0) {
            reply_end(reply);
        } else if (reply_feed(reply, bytes, got) < got) {
            reply->keeps_alive = false;
        }
    }
    answer->conn->reusable = reply->state == REPLY_WHOLE && reply->keeps_alive;
    answer->end = reply->state == REPLY_WHOLE ? END_ANSWERED : END_BROKEN;
    return true;
}

void conn_receive(struct conns *conns, struct awaited_answer *list,
                  size_t count)
{
    struct instant end = instant_add(clock_now(), conns->timeout);
    struct pollfd watched[CONN_RECEIVE_MAX];
    size_t open = count;
    bool has_more = true; /* what TLS has read makes no socket readable */

    must(count <= CONN_RECEIVE_MAX);
    for (size_t i = 0; i < count; i++) {
        watched[i] =
            (struct pollfd){.fd = list[i].conn->socket, .events = POLLIN};
        list[i].end = END_TIMEOUT;
    }
    while (open > 0) {
        bool looks_at_all = has_more;
        has_more = false;
        for (size_t i = 0; i < count; i++) {
            if (watched[i].fd >= 0 && (looks_at_all || watched[i].revents) &&
                take(&list[i], &has_more)) {
                list[i].at = clock_now();
                watched[i].fd = -1;
                open--;
            }
        }
        if (open > 0 && !await(conns, watched, count, end, has_more)) {
            break;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (watched[i].fd >= 0) {
            list[i].at = clock_now();
        }
    }
}
