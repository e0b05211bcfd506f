#include "engine/native/connection.h"

#include "base/must.h"
#include "engine/clock.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

/* As much as goes into a record of TLS. */
enum { RECORD_MAX = 16 * 1024 };

#define BIT(state) (1u << (state))

/* Which states may follow; anything else is a bug. */
static const unsigned may_follow[] = {
    [CONN_CLOSED] = BIT(CONN_DIALLING),
    [CONN_DIALLING] = BIT(CONN_SECURING) | BIT(CONN_BUSY) | BIT(CONN_CLOSED),
    [CONN_SECURING] = BIT(CONN_BUSY) | BIT(CONN_CLOSED),
    [CONN_BUSY] = BIT(CONN_IDLE) | BIT(CONN_CLOSED),
    [CONN_IDLE] = BIT(CONN_BUSY) | BIT(CONN_CLOSED),
};

static void become(struct native_conn *conn, enum conn_state state)
{
    must(may_follow[conn->state] & BIT(state));
    conn->state = state;
}

static void push(struct native_conn **list, struct native_conn *conn)
{
    conn->previous = NULL;
    conn->next = *list;
    if (*list) {
        (*list)->previous = conn;
    }
    *list = conn;
}

static void take_out(struct native_conn **list, struct native_conn *conn)
{
    if (conn->previous) {
        conn->previous->next = conn->next;
    } else {
        must(*list == conn);
        *list = conn->next;
    }
    if (conn->next) {
        conn->next->previous = conn->previous;
    }
    conn->next = conn->previous = NULL;
}

void connection_init_all(struct native_engine *engine)
{
    size_t count = engine->base.shape.transfers;

    for (size_t i = count; i-- > 0;) {
        struct native_conn *conn = &engine->conns[i];
        *conn = (struct native_conn){
            .engine = engine,
            .index = i,
            .pool = engine->transfers[i].base.pool,
            .fd = -1,
        };
        push(&engine->pools[conn->pool].closed, conn);
    }
}

bool connection_is_quiet(const struct native_conn *conn)
{
    char byte;

    if (conn->tls) {
        return tls_is_quiet(conn->tls);
    }
    return recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           errno == EAGAIN;
}

/* A socket that gave less than there was room for has no more; TLS takes a
 * record at a time. */
bool connection_is_read_out(const struct native_conn *conn, bool was_full)
{
    int waiting = 0;

    if (!conn->tls) {
        return !was_full || connection_is_quiet(conn);
    }
    return !tls_has_rest(conn->tls) &&
           ((ioctl(conn->fd, FIONREAD, &waiting) == 0 && waiting == 0) ||
            tls_is_quiet(conn->tls));
}

/* Of one that was read since the last look there is no news; one that has
 * rested for longer may have ended since, unseen. */
static bool can_serve(const struct native_conn *conn)
{
    return conn->rests_since == conn->engine->looks ||
           connection_is_quiet(conn);
}

struct native_conn *connection_take_idle(struct native_engine *engine,
                                         size_t pool)
{
    struct native_conn **idle = &engine->pools[pool].idle;

    while (*idle) {
        struct native_conn *conn = *idle;
        if (can_serve(conn)) {
            take_out(idle, conn);
            return conn;
        }
        connection_close(conn, false);
    }
    return NULL;
}

struct native_conn *connection_take_closed(struct native_engine *engine,
                                           size_t pool)
{
    struct native_conn **closed = &engine->pools[pool].closed;
    struct native_conn *conn = *closed;

    must(conn);
    take_out(closed, conn);
    conn->served = 0;
    conn->saw_end = false;
    conn->address = 0;
    return conn;
}

/* As libcurl sets a socket up: small requests go out at once. */
static int open_socket(const struct native_conn *conn, int family)
{
    static const int on = 1;
    const struct native_addresses *from = &conn->engine->from;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || family == AF_UNIX) {
        return fd;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (from->count > 0) {
        const struct native_address *own =
            &from->items[conn->index % from->count];
        /* A port for each source and target, and not for each source. */
        setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
        if (bind(fd, (const struct sockaddr *)&own->address, own->length) !=
            0) {
            int failed = errno;
            close(fd);
            errno = failed;
            return -1;
        }
    }
    return fd;
}

int connection_dial(struct native_conn *conn)
{
    struct native_engine *engine = conn->engine;
    const struct native_address *to = &engine->to.items[conn->address];
    int fd = open_socket(conn, to->address.ss_family);

    must(conn->state == CONN_CLOSED && conn->fd < 0);
    if (fd < 0) {
        return errno;
    }
    conn->dialled = clock_now();
    int failed =
        connect(fd, (const struct sockaddr *)&to->address, to->length) == 0
            ? 0
            : errno;
    if ((failed == 0 || failed == EINPROGRESS) &&
        event_queue_watch(&engine->events, fd,
                          EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                          conn->index)) {
        conn->fd = fd;
        become(conn, CONN_DIALLING);
        return 0;
    }
    failed = failed == 0 || failed == EINPROGRESS ? errno : failed;
    close(fd);
    return failed;
}

int connection_dialled(const struct native_conn *conn)
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof(peer);
    int failed = 0;
    socklen_t size = sizeof(failed);

    if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &failed, &size) != 0) {
        return errno;
    }
    if (failed == 0 &&
        getpeername(conn->fd, (struct sockaddr *)&peer, &length) != 0) {
        return EINPROGRESS;
    }
    return failed;
}

bool connection_secure(struct native_conn *conn)
{
    struct native_engine *engine = conn->engine;

    become(conn, CONN_SECURING);
    conn->tls =
        tls_new(engine->tls, conn->fd, &engine->pools[conn->pool].session);
    return conn->tls != NULL;
}

/* With what TLS says, as an errno. */
static ssize_t errno_of_tls(ssize_t result)
{
    return result == TLS_WAITS    ? -EAGAIN
           : result == TLS_FAILED ? -EPROTO
                                  : result;
}

ssize_t connection_read(struct native_conn *conn, char *bytes, size_t size)
{
    ssize_t got;

    if (conn->tls) {
        return errno_of_tls(tls_read(conn->tls, bytes, size));
    }
    do {
        got = recv(conn->fd, bytes, size, 0);
    } while (got < 0 && errno == EINTR);
    return got >= 0 ? got : -errno;
}

/* A record of its own for a small body would cost more than to copy it. */
static ssize_t write_records(struct native_conn *conn,
                             const struct request_bytes *bytes)
{
    char record[RECORD_MAX];
    size_t head = bytes->head_length, body = bytes->body_length;

    if (head == 0 || body == 0 || head >= RECORD_MAX) {
        return tls_write(conn->tls, head > 0 ? bytes->head : bytes->body,
                         head > 0 ? head : body);
    }
    body = body < RECORD_MAX - head ? body : RECORD_MAX - head;
    memcpy(record, bytes->head, head);
    memcpy(record + head, bytes->body, body);
    return tls_write(conn->tls, record, head + body);
}

static ssize_t write_plain(const struct native_conn *conn,
                           const struct request_bytes *bytes)
{
    if (bytes->body_length == 0) {
        return send(conn->fd, bytes->head, bytes->head_length, MSG_NOSIGNAL);
    }
    if (bytes->head_length == 0) {
        return send(conn->fd, bytes->body, bytes->body_length, MSG_NOSIGNAL);
    }
    struct iovec parts[] = {
        {(char *)(uintptr_t)bytes->head, bytes->head_length},
        {(char *)(uintptr_t)bytes->body, bytes->body_length},
    };
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    return sendmsg(conn->fd, &message, MSG_NOSIGNAL);
}

ssize_t connection_write(struct native_conn *conn,
                         const struct request_bytes *bytes)
{
    ssize_t written;

    if (conn->tls) {
        return errno_of_tls(write_records(conn, bytes));
    }
    do {
        written = write_plain(conn, bytes);
    } while (written < 0 && errno == EINTR);
    return written >= 0 ? written : -errno;
}

const char *connection_problem(const struct native_conn *conn, int failed)
{
    return failed == EPROTO && conn->tls ? tls_problem(conn->tls)
                                         : strerror(failed);
}

void connection_serve(struct native_conn *conn,
                      struct native_transfer *transfer)
{
    become(conn, CONN_BUSY);
    conn->transfer = transfer;
    transfer->conn = conn;
    conn->served++;
}

void connection_rest(struct native_conn *conn)
{
    become(conn, CONN_IDLE);
    conn->rests_since = conn->engine->looks;
    conn->transfer->conn = NULL;
    conn->transfer = NULL;
    push(&conn->engine->pools[conn->pool].idle, conn);
}

void connection_hang_up(struct native_conn *conn)
{
    must(conn->state == CONN_DIALLING);
    become(conn, CONN_CLOSED);
    event_queue_forget(&conn->engine->events, conn->index);
    close(conn->fd);
    conn->fd = -1;
    /* The end of one address says nothing of the next. */
    conn->saw_end = false;
}

void connection_close(struct native_conn *conn, bool resets)
{
    static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    struct native_engine *engine = conn->engine;

    if (conn->state == CONN_IDLE) {
        take_out(&engine->pools[conn->pool].idle, conn);
    }
    if (conn->state != CONN_CLOSED) {
        become(conn, CONN_CLOSED);
        event_queue_forget(&engine->events, conn->index);
    }
    tls_free(conn->tls);
    conn->tls = NULL;
    connection_make_unready(conn);
    heap_remove(&engine->connecting, &conn->connecting);
    if (conn->fd >= 0) {
        if (resets) {
            setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &at_once,
                       sizeof(at_once));
        }
        close(conn->fd);
        conn->fd = -1;
    }
    if (conn->transfer) {
        conn->transfer->conn = NULL;
        conn->transfer = NULL;
    }
    push(&engine->pools[conn->pool].closed, conn);
}

bool connection_is_acknowledged(const struct native_conn *conn)
{
    int on_way = 0;
    return conn->fd >= 0 && ioctl(conn->fd, SIOCOUTQ, &on_way) == 0 &&
           on_way == 0;
}

void connection_make_ready(struct native_conn *conn)
{
    struct native_engine *engine = conn->engine;

    if (conn->is_ready) {
        return;
    }
    conn->is_ready = true;
    conn->next_ready = NULL;
    conn->previous_ready = engine->last_ready;
    if (engine->last_ready) {
        engine->last_ready->next_ready = conn;
    } else {
        engine->ready = conn;
    }
    engine->last_ready = conn;
}

void connection_make_unready(struct native_conn *conn)
{
    struct native_engine *engine = conn->engine;

    if (!conn->is_ready) {
        return;
    }
    conn->is_ready = false;
    if (conn->previous_ready) {
        conn->previous_ready->next_ready = conn->next_ready;
    } else {
        engine->ready = conn->next_ready;
    }
    if (conn->next_ready) {
        conn->next_ready->previous_ready = conn->previous_ready;
    } else {
        engine->last_ready = conn->previous_ready;
    }
    conn->next_ready = conn->previous_ready = NULL;
}
