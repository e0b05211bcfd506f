#include "audit/line.h"

#include "base/must.h"
#include "transport/clock.h"
#include "transport/handle.h"
#include "transport/route.h"

#include <linux/sockios.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* A wait is cut into pieces of this, so that a stop is heard. A connection
 * that was idle for longer may be closed by the service just when it is used
 * again. */
enum { SLICE_MS = 50, TIMEOUT_MS_DEFAULT = 10000, IDLE_MS_MAX = 1000 };

struct line {
    CURL *easy;
    int socket;
    bool reusable;
    struct instant idle_since;
};

bool exchange_is_late(const struct exchange *exchange)
{
    return !instant_before(clock_now(), exchange->until);
}

bool exchange_stopped(const struct exchange *exchange)
{
    return (exchange->stop && atomic_load(exchange->stop)) ||
           exchange_is_late(exchange);
}

void exchange_sleep(const struct exchange *exchange, struct duration length)
{
    struct instant end = instant_add(clock_now(), length);
    while (!exchange_stopped(exchange)) {
        struct duration left = instant_since(end, clock_now());
        if (left.ns <= 0) {
            return;
        }
        left = duration_min(left, duration_ms(SLICE_MS));
        struct timespec pause = {0, (long)left.ns};
        nanosleep(&pause, NULL);
    }
}

bool exchange_open(struct exchange *exchange, const struct plan *plan,
                   const atomic_bool *stop, struct errors *errors)
{
    *exchange = (struct exchange){
        .plan = plan,
        .stop = stop,
        .timeout = plan->policy.timeout.attempt,
        .until = INSTANT_NEVER,
    };
    if (exchange->timeout.ns <= 0 || exchange->timeout.ns == INT64_MAX) {
        exchange->timeout = duration_ms(TIMEOUT_MS_DEFAULT);
    }
    return route_find(plan, &exchange->pinned, errors);
}

void exchange_close(struct exchange *exchange)
{
    while (exchange->idle_count > 0) {
        line_drop(exchange->idle[--exchange->idle_count]);
    }
    curl_slist_free_all(exchange->pinned);
    exchange->pinned = NULL;
}

static struct line *line_open(struct exchange *exchange)
{
    struct line *line = calloc(1, sizeof(*line));
    curl_socket_t socket = CURL_SOCKET_BAD;
    if (!line) {
        return NULL;
    }
    line->easy = curl_easy_init();
    curl_easy_setopt(line->easy, CURLOPT_URL,
                     exchange->plan->target.url);
    curl_easy_setopt(line->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(line->easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(line->easy, CURLOPT_TIMEOUT_MS,
                     (long)(exchange->timeout.ns / NS_PER_MS));
    handle_set_target(line->easy, &exchange->plan->target, exchange->pinned);
    curl_easy_setopt(line->easy, CURLOPT_HTTP_VERSION,
                     (long)CURL_HTTP_VERSION_1_1);
    if (exchange->plan->target.proxy) {
        curl_easy_setopt(line->easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
    }
    if (curl_easy_perform(line->easy) != CURLE_OK ||
        curl_easy_getinfo(line->easy, CURLINFO_ACTIVESOCKET, &socket) !=
            CURLE_OK ||
        socket == CURL_SOCKET_BAD) {
        line_drop(line);
        return NULL;
    }
    line->socket = (int)socket;
    return line;
}

/* An idle connection on which something can be read was closed, or speaks out
 * of turn. */
static bool is_good_still(const struct line *line)
{
    struct pollfd look = {.fd = line->socket, .events = POLLIN};
    return instant_since(clock_now(), line->idle_since).ns <
               IDLE_MS_MAX * NS_PER_MS &&
           poll(&look, 1, 0) == 0;
}

struct line *line_take(struct exchange *exchange)
{
    while (exchange->idle_count > 0) {
        struct line *line = exchange->idle[--exchange->idle_count];
        if (is_good_still(line)) {
            line->reusable = false;
            return line;
        }
        line_drop(line);
    }
    return line_open(exchange);
}

void line_give(struct exchange *exchange, struct line *line)
{
    if (line && line->reusable && exchange->idle_count < LINES_IDLE_MAX) {
        line->idle_since = clock_now();
        exchange->idle[exchange->idle_count++] = line;
    } else {
        line_drop(line);
    }
}

void line_drop(struct line *line)
{
    if (line) {
        curl_easy_cleanup(line->easy);
        free(line);
    }
}

/* True when one of them is ready; false at the end or when stopped. */
static bool await(const struct exchange *exchange, struct pollfd *looks,
                  size_t count, struct instant end)
{
    while (!exchange_stopped(exchange)) {
        int64_t left = instant_since(end, clock_now()).ns;
        if (left <= 0) {
            return false;
        }
        int64_t ms = left / NS_PER_MS + 1;
        if (poll(looks, count, ms < SLICE_MS ? (int)ms : SLICE_MS) > 0) {
            return true;
        }
    }
    return false;
}

bool line_send(struct exchange *exchange, struct line *line,
               const char *bytes, size_t length)
{
    struct instant end = instant_add(clock_now(), exchange->timeout);
    struct pollfd look = {.fd = line->socket, .events = POLLOUT};
    for (size_t at = 0; at < length;) {
        size_t sent = 0;
        CURLcode code =
            curl_easy_send(line->easy, bytes + at, length - at, &sent);
        if (code == CURLE_OK) {
            at += sent;
        } else if (code != CURLE_AGAIN ||
                   !await(exchange, &look, 1, end)) {
            return false;
        }
    }
    return true;
}

void line_hang_up(struct line *line)
{
    (void)shutdown(line->socket, SHUT_WR);
}

bool line_deliver(struct exchange *exchange, struct line *line)
{
    struct instant end = instant_add(clock_now(), exchange->timeout);
    int unsent = 0;
    while (!exchange_stopped(exchange) && instant_before(clock_now(), end)) {
        if (ioctl(line->socket, SIOCOUTQ, &unsent) != 0) {
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

/* Takes what has come. False: more is to come. */
static bool take(struct reception *it)
{
    char bytes[16384];
    struct reply *reply = it->reply;

    while (reply->state == REPLY_HEAD || reply->state == REPLY_BODY) {
        size_t got = 0;
        CURLcode code =
            curl_easy_recv(it->line->easy, bytes, sizeof(bytes), &got);
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
    it->line->reusable = reply->state == REPLY_WHOLE && reply->keeps_alive;
    it->end = reply->state == REPLY_WHOLE ? LINE_ANSWERED : LINE_BROKEN;
    return true;
}

void line_receive(struct exchange *exchange, struct reception *list,
                  size_t count)
{
    struct instant end = instant_add(clock_now(), exchange->timeout);
    struct pollfd looks[RECEPTIONS_MAX];
    size_t open = count;

    must(count <= RECEPTIONS_MAX);
    for (size_t i = 0; i < count; i++) {
        looks[i] = (struct pollfd){.fd = list[i].line->socket,
                                   .events = POLLIN};
        list[i].end = LINE_TIMEOUT;
    }
    for (bool first = true; open > 0; first = false) {
        for (size_t i = 0; i < count; i++) {
            /* What TLS has read already makes no socket readable. */
            if (looks[i].fd >= 0 && (first || looks[i].revents) &&
                take(&list[i])) {
                list[i].at = clock_now();
                looks[i].fd = -1;
                open--;
            }
        }
        if (open > 0 && !await(exchange, looks, count, end)) {
            break;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (looks[i].fd >= 0) {
            list[i].at = clock_now();
        }
    }
}
