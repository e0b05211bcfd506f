#include "engine/native/native_transfer.h"

#include "base/must.h"
#include "engine/clock.h"
#include "engine/native/connection.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* How long one connection is read, where others may wait. */
#define SLICE_MAX duration_us(250)

/* A slow reader takes so much at a time. */
enum { SLOW_PIECE = 16 * 1024 };

/* Errors of making a connection that are this machine's own. */
static bool is_local_error(int failed)
{
    return failed == EMFILE || failed == ENFILE || failed == ENOBUFS ||
           failed == ENOMEM || failed == EADDRNOTAVAIL;
}

static enum outcome outcome_of_connect(int failed)
{
    return is_local_error(failed)   ? OUTCOME_NO_SOCKET
           : failed == ECONNREFUSED ? OUTCOME_CONNECT_REFUSED
           : failed == ETIMEDOUT    ? OUTCOME_CONNECT_TIMEOUT
                                    : OUTCOME_CONNECT_FAILED;
}

bool native_transfer_is_delivered(struct native_transfer *transfer)
{
    const struct transfer_facts *facts = &transfer->base.facts;

    if (!transfer->is_delivered && facts->is_sent && transfer->conn) {
        transfer->is_delivered =
            (transfer->is_bodiless &&
             (facts->is_answered || facts->interim > 0)) ||
            (transfer->is_written && transfer->write_error == 0 &&
             connection_is_acknowledged(transfer->conn));
    }
    return transfer->is_delivered;
}

/* -- its end -- */

static void remove_starting(struct native_transfer *transfer)
{
    struct native_engine *engine = transfer->engine;

    if (!transfer->is_starting) {
        return;
    }
    transfer->is_starting = false;
    if (transfer->previous_starting) {
        transfer->previous_starting->next_starting = transfer->next_starting;
    } else {
        engine->starting = transfer->next_starting;
    }
    if (transfer->next_starting) {
        transfer->next_starting->previous_starting =
            transfer->previous_starting;
    } else {
        engine->last_starting = transfer->previous_starting;
    }
}

/* What is to be known of it before its connection goes. */
static void note_end(struct native_transfer *transfer)
{
    struct transfer_facts *facts = &transfer->base.facts;

    heap_remove(&transfer->engine->slow, &transfer->slow);
    if (transfer->engine->has_faults) {
        native_transfer_is_delivered(transfer);
    }
    facts->bytes_sent = transfer->sent;
    facts->bytes_received = transfer->received;
}

static void end(struct native_transfer *transfer, enum outcome outcome)
{
    struct native_engine *engine = transfer->engine;

    must(!transfer->conn && !transfer->is_starting);
    engine_hurry(&engine->base);
    engine_done(&engine->base, &transfer->base, outcome);
}

static void end_unsent(struct native_transfer *transfer, enum outcome outcome,
                       const char *why)
{
    transfer->base.facts.error = why;
    end(transfer, outcome);
}

void native_transfer_stop(struct native_transfer *transfer,
                          enum transfer_stop how)
{
    remove_starting(transfer);
    note_end(transfer);
    if (transfer->conn) {
        connection_close(transfer->conn, how == STOP_WITH_RESET);
    }
}

/* Its connection ended before its answer did. */
static void end_broken(struct native_conn *conn, const char *why)
{
    struct native_transfer *transfer = conn->transfer;
    struct transfer_facts *facts = &transfer->base.facts;
    const char *invalid = transfer->h1.head.invalid;

    h1_cut(&transfer->h1);
    note_end(transfer);
    connection_close(conn, false);
    facts->error = invalid ? invalid : why;
    end(transfer, invalid              ? OUTCOME_PROTOCOL
                  : facts->is_answered ? OUTCOME_TRUNCATED
                  : facts->is_reused   ? OUTCOME_RESET_REUSED
                                       : OUTCOME_RESET);
}

static void end_failed(struct native_conn *conn, int failed)
{
    struct native_transfer *transfer = conn->transfer;

    snprintf(transfer->problem, sizeof(transfer->problem), "%s",
             connection_problem(conn, failed));
    end_broken(conn, transfer->problem);
}

static bool may_serve_again(const struct native_conn *conn)
{
    const struct native_transfer *transfer = conn->transfer;
    uint64_t limit = conn->engine->base.plan->load.requests_per_connection;

    return transfer->h1.keeps_alive && transfer->is_clean &&
           transfer->is_written && transfer->write_error == 0 &&
           !transfer->closes && !conn->saw_end &&
           (limit == 0 || conn->served < limit);
}

static void end_whole(struct native_conn *conn)
{
    struct native_transfer *transfer = conn->transfer;

    note_end(transfer);
    transfer->base.facts.status = transfer->h1.head.status;
    if (may_serve_again(conn)) {
        connection_rest(conn);
    } else {
        connection_close(conn, false);
    }
    end(transfer, OUTCOME_OK);
}

/* A whole answer waits for the request that it answers, unless it says that
 * this is not wanted. */
static bool waits_for_request(const struct native_transfer *transfer)
{
    return !transfer->is_written && transfer->write_error == 0 &&
           transfer->h1.head.status < 300;
}

static void end_if_over(struct native_conn *conn)
{
    const struct native_transfer *transfer = conn->transfer;

    if (transfer->is_complete && transfer->slow.position == 0 &&
        !waits_for_request(transfer)) {
        end_whole(conn);
    }
}

/* -- writing -- */

static void note_written(struct native_transfer *transfer, const char *bytes,
                         size_t length, enum transcript_part part)
{
    transfer->sent += length;
    if (transfer->base.transcript) {
        transcript_add(transfer->base.transcript, part, bytes, length);
    }
}

static void take_written(struct native_transfer *transfer, size_t written)
{
    struct request_bytes *out = &transfer->out;
    size_t head = written < out->head_length ? written : out->head_length;
    size_t body = written - head;

    note_written(transfer, out->head, head, TRANSCRIPT_REQUEST_HEAD);
    out->head += head;
    out->head_length -= head;
    if (body > 0) {
        note_written(transfer, out->body, body, TRANSCRIPT_REQUEST_BODY);
        out->body += body;
        out->body_length -= body;
    }
    transfer->is_written = out->head_length + out->body_length == 0;
}

/* As much as the socket takes. Where that fails, what the service said before
 * is read next. */
static void write_on(struct native_conn *conn)
{
    struct native_transfer *transfer = conn->transfer;

    while (!transfer->is_written && transfer->write_error == 0) {
        ssize_t written = connection_write(conn, &transfer->out);
        if (written >= 0) {
            take_written(transfer, (size_t)written);
        } else if (written == -EAGAIN) {
            return;
        } else {
            transfer->write_error = (int)-written;
            connection_make_ready(conn);
        }
    }
}

/* -- its begin -- */

/* Squall's own part: what the request waited for is not the service's. */
static void send_request(struct native_conn *conn,
                         struct native_transfer *transfer)
{
    struct transfer_facts *facts = &transfer->base.facts;

    facts->is_reused = conn->served > 0;
    if (!facts->is_reused) {
        struct instant now = clock_now();
        facts->connect = instant_since(now, conn->dialled);
        facts->tcp =
            instant_since(conn->tls ? conn->connected : now, conn->dialled);
        facts->tls =
            conn->tls ? instant_since(now, conn->connected) : DURATION_ZERO;
        facts->dns = conn->engine->looked_up;
        conn->engine->looked_up = DURATION_ZERO;
    }
    heap_remove(&conn->engine->connecting, &conn->connecting);
    connection_serve(conn, transfer);
    engine_sent(&conn->engine->base, &transfer->base);
    write_on(conn);
}

/* With others to try, one that does not answer has half of the time that is
 * left. */
static void limit_dial(struct native_conn *conn, struct instant now)
{
    struct native_engine *engine = conn->engine;
    bool has_others = conn->address + 1 < engine->to.count;
    struct instant by = conn->gives_up;

    if (has_others && by.ns != INT64_MAX) {
        by =
            instant_add(now, (struct duration){instant_since(by, now).ns / 2});
    }
    if (by.ns != INT64_MAX) {
        heap_set(&engine->connecting, &conn->connecting, by);
    }
}

/* From its address on, the first that can be tried. */
static void dial(struct native_conn *conn, struct instant now)
{
    const struct native_engine *engine = conn->engine;
    struct native_transfer *transfer = conn->transfer;
    int failed = connection_dial(conn);

    while (failed != 0 && !is_local_error(failed) &&
           conn->address + 1 < engine->to.count) {
        conn->address++;
        failed = connection_dial(conn);
    }
    if (failed == 0) {
        limit_dial(conn, now);
        return;
    }
    connection_close(conn, false);
    end_unsent(transfer, outcome_of_connect(failed), strerror(failed));
}

static void open_connection(struct native_transfer *transfer)
{
    struct native_engine *engine = transfer->engine;
    struct native_conn *conn =
        connection_take_closed(engine, transfer->base.pool);
    struct instant now = clock_now();

    conn->transfer = transfer;
    transfer->conn = conn;
    conn->gives_up =
        instant_add(now, engine->base.plan->policy.timeout.connect);
    dial(conn, now);
}

static void start(struct native_transfer *transfer)
{
    struct native_conn *conn;

    if (transfer->cannot_be_sent) {
        end_unsent(transfer, OUTCOME_CONNECT_FAILED,
                   "the URL has bytes that cannot be sent");
        return;
    }
    conn = connection_take_idle(transfer->engine, transfer->base.pool);
    if (conn) {
        send_request(conn, transfer);
    } else {
        open_connection(transfer);
    }
}

static void add_starting(struct native_transfer *transfer)
{
    struct native_engine *engine = transfer->engine;

    transfer->is_starting = true;
    transfer->next_starting = NULL;
    transfer->previous_starting = engine->last_starting;
    if (engine->last_starting) {
        engine->last_starting->next_starting = transfer;
    } else {
        engine->starting = transfer;
    }
    engine->last_starting = transfer;
}

/* Half of a body is sent, and then nothing more. */
static void set_faults(struct native_transfer *transfer,
                       const struct transfer_order *order)
{
    struct request_bytes *out = &transfer->out;

    if (order->tears && out->body_length > 0) {
        out->body_length /= 2;
        transfer->base.facts.is_torn = true;
    }
    transfer->closes = order->closes;
    transfer->slow_rate = order->slow_rate;
    transfer->is_bodiless = out->body_length == 0;
}

void native_transfer_begin(struct native_transfer *transfer,
                           const struct transfer_order *order)
{
    struct native_engine *engine = transfer->engine;
    const struct message *message = &order->message;

    must(!transfer->conn && !transfer->is_starting);
    h1_begin(&transfer->h1, &engine->base, &transfer->base,
             engine->texts.requests[message->request].ends_at_head);
    transfer->cannot_be_sent = !request_bytes_of(
        &engine->texts, message, &transfer->head, &transfer->out);
    transfer->is_written = transfer->is_complete = false;
    transfer->is_clean = transfer->is_delivered = false;
    transfer->write_error = 0;
    transfer->sent = transfer->received = 0;
    set_faults(transfer, order);
    add_starting(transfer);
}

void native_transfer_start_all(struct native_engine *engine)
{
    struct native_transfer *last = engine->last_starting;

    while (engine->starting) {
        struct native_transfer *transfer = engine->starting;
        remove_starting(transfer);
        bool is_last = transfer == last;
        start(transfer);
        if (is_last) {
            break;
        }
    }
}

/* -- dialling -- */

static void dial_failed(struct native_conn *conn, int failed)
{
    struct native_transfer *transfer = conn->transfer;
    struct instant now = clock_now();

    if (conn->address + 1 < conn->engine->to.count &&
        instant_before(now, conn->gives_up) && !is_local_error(failed)) {
        connection_hang_up(conn);
        conn->address++;
        dial(conn, now);
        return;
    }
    connection_close(conn, false);
    end_unsent(transfer, outcome_of_connect(failed), strerror(failed));
}

static void secure_on(struct native_conn *conn)
{
    struct native_transfer *transfer = conn->transfer;
    int result = tls_handshake(conn->tls);

    if (result == 0) {
        send_request(conn, transfer);
    } else if (result == TLS_FAILED) {
        snprintf(transfer->problem, sizeof(transfer->problem), "%s",
                 tls_problem(conn->tls));
        connection_close(conn, false);
        end_unsent(transfer, OUTCOME_TLS, transfer->problem);
    }
}

/* The time that is left is for one address. */
static void secure(struct native_conn *conn)
{
    struct native_transfer *transfer = conn->transfer;

    if (conn->gives_up.ns != INT64_MAX) {
        heap_set(&conn->engine->connecting, &conn->connecting, conn->gives_up);
    }
    conn->connected = clock_now();
    if (connection_secure(conn)) {
        secure_on(conn);
        return;
    }
    connection_close(conn, false);
    end_unsent(transfer, OUTCOME_NO_SOCKET, "no memory for TLS");
}

static void dial_event(struct native_conn *conn)
{
    int failed = connection_dialled(conn);

    if (failed == 0 && conn->engine->tls) {
        secure(conn);
    } else if (failed == 0) {
        send_request(conn, conn->transfer);
    } else if (failed != EINPROGRESS) {
        dial_failed(conn, failed);
    }
}

void native_transfer_give_up_connecting(struct native_engine *engine)
{
    struct instant by = look_read(&engine->base.look);
    struct heap_node *node;

    while ((node = heap_pop_due(&engine->connecting, by))) {
        struct native_conn *conn =
            (void *)((char *)node - offsetof(struct native_conn, connecting));
        struct native_transfer *transfer = conn->transfer;
        if (conn->state == CONN_DIALLING &&
            instant_before(node->at, conn->gives_up)) {
            dial_failed(conn, ETIMEDOUT);
            continue;
        }
        connection_close(conn, false);
        end_unsent(transfer, OUTCOME_CONNECT_TIMEOUT,
                   "no connection within timeout.connect");
    }
}

/* -- reading -- */

/* A slow reader has so much of the body now, and may have it only then. */
static void slow_down(struct native_transfer *transfer)
{
    double seconds = (double)transfer->h1.body / (double)transfer->slow_rate;
    int64_t ns = seconds < 1e6 ? (int64_t)(seconds * NS_PER_S)
                               : INT64_C(1000000) * NS_PER_S;
    struct instant until =
        instant_add(transfer->base.facts.first_byte, (struct duration){ns});

    if (transfer->h1.body > 0 && instant_before(clock_now(), until)) {
        heap_set(&transfer->engine->slow, &transfer->slow, until);
        transfer->base.facts.was_slowed = true;
    }
}

static struct h1_arrival arrival_now(const struct native_engine *engine)
{
    const struct look *look = &engine->base.look;
    struct instant at = engine->hears_events ? look->at : clock_now();

    return (struct h1_arrival){at, look_lateness(look, at)};
}

/* What its answer came to. False: it is over, or waits. */
static bool take_bytes(struct native_conn *conn, size_t length, bool is_full)
{
    struct native_transfer *transfer = conn->transfer;
    const char *bytes = conn->engine->buffer;

    transfer->received += length;
    enum h1_fact fact =
        h1_receive(&transfer->h1, bytes, length, arrival_now(conn->engine));
    if (fact == H1_BROKEN) {
        end_broken(conn, NULL);
        return false;
    }
    if (transfer->slow_rate > 0) {
        slow_down(transfer);
    }
    if (fact == H1_MORE) {
        return transfer->slow.position == 0;
    }
    transfer->is_complete = true;
    transfer->is_clean = transfer->h1.end == bytes + length &&
                         connection_is_read_out(conn, is_full);
    end_if_over(conn);
    return false;
}

static void read_end(struct native_conn *conn)
{
    struct native_transfer *transfer = conn->transfer;

    conn->saw_end = true;
    if (h1_end(&transfer->h1) != H1_COMPLETE) {
        end_broken(conn, transfer->h1.head.is_whole ||
                                 transfer->base.facts.is_answered
                             ? "the connection was closed before the answer "
                               "was whole"
                             : "the connection was closed without an answer");
        return;
    }
    transfer->is_complete = true;
    end_if_over(conn);
}

/* There is nothing to be read: not now (EAGAIN), or no more. */
static void read_nothing(struct native_conn *conn, int failed)
{
    struct native_transfer *transfer = conn->transfer;

    if (failed == 0) {
        read_end(conn);
    } else if (failed != EAGAIN) {
        end_failed(conn, failed);
    } else if (transfer->write_error != 0) {
        end_failed(conn, transfer->write_error);
    }
}

/* Reads what there is, as long as it may; the rest in the next turn. A read
 * that is shorter than the buffer has got it all, unless the end has come. */
static void read_busy(struct native_conn *conn)
{
    struct native_engine *engine = conn->engine;
    struct native_transfer *transfer = conn->transfer;
    size_t room = transfer->slow_rate > 0 ? SLOW_PIECE : NATIVE_READ_MAX;
    struct instant until = {0};

    for (;;) {
        ssize_t got = connection_read(conn, engine->buffer, room);
        if (got <= 0) {
            read_nothing(conn, (int)-got);
            return;
        }
        bool is_full = (size_t)got == room;
        if (!take_bytes(conn, (size_t)got, is_full) ||
            (!is_full && !conn->tls && !conn->saw_end &&
             transfer->write_error == 0)) {
            return;
        }
        struct instant now = clock_now();
        if (until.ns == 0) {
            until = instant_min(engine->turn_end, instant_add(now, SLICE_MAX));
        } else if (!instant_before(now, until)) {
            connection_make_ready(conn);
            return;
        }
    }
}

void native_transfer_read_on(struct native_conn *conn)
{
    connection_make_unready(conn);
    if (conn->state == CONN_BUSY && conn->transfer->slow.position == 0 &&
        !conn->transfer->is_complete) {
        read_busy(conn);
    }
}

static void busy_event(struct native_conn *conn, uint32_t events)
{
    struct native_transfer *transfer = conn->transfer;

    if (!transfer->is_written) {
        write_on(conn);
        end_if_over(conn);
        if (conn->transfer != transfer) {
            return;
        }
    }
    if (!(events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))) {
        return;
    }
    if (transfer->is_complete) {
        if (conn->saw_end && waits_for_request(transfer)) {
            end_broken(conn, "the connection was closed before the request "
                             "was sent");
        }
        return;
    }
    if (transfer->slow.position == 0) {
        read_busy(conn);
    }
}

void native_transfer_event(struct native_conn *conn, uint32_t events)
{
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        conn->saw_end = true;
    }
    switch (conn->state) {
    case CONN_DIALLING:
        dial_event(conn);
        break;
    case CONN_SECURING:
        secure_on(conn);
        break;
    case CONN_BUSY:
        busy_event(conn, events);
        break;
    case CONN_IDLE:
        /* Nobody asked for anything. It may be of what was read since. */
        if (conn->saw_end || !connection_is_quiet(conn)) {
            connection_close(conn, false);
        }
        break;
    case CONN_CLOSED:
        must_never("a closed connection has no events");
    }
}

void native_transfer_slow_due(struct native_engine *engine)
{
    struct heap_node *node;

    if (engine->slow.count == 0) {
        return;
    }
    struct instant now = clock_now();
    while ((node = heap_pop_due(&engine->slow, now))) {
        struct native_transfer *transfer =
            (void *)((char *)node - offsetof(struct native_transfer, slow));
        struct native_conn *conn = transfer->conn;
        must(conn && conn->state == CONN_BUSY);
        if (transfer->is_complete) {
            end_if_over(conn);
        } else {
            read_busy(conn);
        }
    }
}
