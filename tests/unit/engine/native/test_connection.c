/* The states of a connection: which may follow which is a closed table. */
#include "engine/native/connection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../../expect_bug.h"

enum { CONNECTIONS = 3 };

struct bench {
    struct native_engine engine;
    struct native_transfer transfers[CONNECTIONS];
    struct native_conn conns[CONNECTIONS];
    struct native_pool pool;
    int peer;
};

static void set_up(struct bench *bench)
{
    memset(bench, 0, sizeof(*bench));
    bench->engine.base.shape.transfers = CONNECTIONS;
    bench->engine.transfers = bench->transfers;
    bench->engine.conns = bench->conns;
    bench->engine.pools = &bench->pool;
    heap_init(&bench->engine.connecting, &bench->engine.arena, CONNECTIONS);
    connection_init_all(&bench->engine);
}

/* As one that is dialled and connected, without a network. */
static struct native_conn *connected(struct bench *bench)
{
    struct native_conn *conn = connection_take_closed(&bench->engine, 0);
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    bench->peer = pair[1];
    conn->fd = pair[0];
    conn->state = CONN_DIALLING;
    conn->transfer = &bench->transfers[conn->index];
    return conn;
}

static void tear_down(struct bench *bench)
{
    close(bench->peer);
    arena_release(&bench->engine.arena);
}

static void one_serves_rests_and_serves_again(void **state)
{
    struct bench bench;
    (void)state;

    set_up(&bench);
    struct native_conn *conn = connected(&bench);
    assert_int_equal(conn->index, 0); /* the lowest first */
    connection_serve(conn, conn->transfer);
    assert_null(connection_take_idle(&bench.engine, 0));
    connection_rest(conn);
    assert_null(bench.transfers[0].conn);
    assert_ptr_equal(connection_take_idle(&bench.engine, 0), conn);
    connection_serve(conn, &bench.transfers[1]);
    assert_int_equal(conn->served, 2);
    connection_close(conn, false);
    assert_int_equal(conn->fd, -1);
    assert_null(bench.transfers[1].conn);
    assert_ptr_equal(connection_take_closed(&bench.engine, 0), conn);
    tear_down(&bench);
}

static void what_has_something_to_be_read_serves_nobody(void **state)
{
    struct bench bench;
    (void)state;

    set_up(&bench);
    struct native_conn *conn = connected(&bench);
    connection_serve(conn, conn->transfer);
    connection_rest(conn);
    bench.engine.looks++;
    assert_int_equal(write(bench.peer, "x", 1), 1);
    assert_null(connection_take_idle(&bench.engine, 0));
    assert_int_equal(conn->state, CONN_CLOSED);
    tear_down(&bench);
}

static void no_other_state_may_follow(void **state)
{
    struct bench bench;
    (void)state;

    set_up(&bench);
    struct native_conn *conn = connected(&bench);
    expect_bug(connection_rest(conn)); /* dialling */
    connection_serve(conn, conn->transfer);
    expect_bug(connection_serve(conn, conn->transfer)); /* busy */
    expect_bug(connection_hang_up(conn));
    connection_rest(conn);
    expect_bug(connection_rest(conn)); /* idle */
    connection_close(conn, false);
    expect_bug(connection_serve(conn, &bench.transfers[0])); /* closed */
    tear_down(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_serves_rests_and_serves_again),
        cmocka_unit_test(what_has_something_to_be_read_serves_nobody),
        cmocka_unit_test(no_other_state_may_follow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
