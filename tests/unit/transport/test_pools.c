/* Pools of wires: which multi handle's connections each may use, that a wire
 * goes back to the pool that it was taken from, and what descriptors all of
 * that takes. */
#include "transport/wire.h"

#include "load/schedule.h"
#include "transport/fleet.h"
#include "transport/worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "../../expect_bug.h"

enum { MULTIS_MAX = 64 };

static struct errors errors;
static struct arena arena;
static struct loop loop;
static struct wires wires;

static void make(struct loop_shape shape)
{
    static const struct plan plan; /* without requests: no text to fill */
    struct loop_options options = {.shape = shape, .descriptors = 1024};

    errors = (struct errors)ERRORS_INIT;
    assert_true(loop_init(&loop, &arena, &options, &errors));
    wires = (struct wires){0};
    wires_init(&wires, &arena, &plan, &loop);
}

static void drop(void)
{
    wires_release(&wires);
    loop_release(&loop);
    arena_release(&arena);
}

struct user_of_multi {
    const CURLM *multi;
    size_t pool, transfers;
};

static struct user_of_multi *find(struct user_of_multi *users, size_t *count,
                                  const CURLM *multi, size_t pool)
{
    for (size_t i = 0; i < *count; i++) {
        if (users[i].multi == multi) {
            return &users[i];
        }
    }
    assert_true(*count < MULTIS_MAX);
    users[*count] = (struct user_of_multi){.multi = multi, .pool = pool};
    return &users[(*count)++];
}

/* Connections live in a multi handle: none may serve two pools. */
static void check_multis(struct loop_shape shape)
{
    struct user_of_multi users[MULTIS_MAX];
    size_t count = 0, sum = 0;

    make(shape);
    assert_int_equal(wires.pool_count, shape.pools);
    for (size_t p = 0; p < shape.pools; p++) {
        size_t size = loop_pool_size(&shape, p);
        assert_int_equal(size / shape.unit,
                         share_of(shape.transfers / shape.unit, p,
                                  shape.pools));
        assert_int_equal(size % shape.unit, 0);
        assert_int_equal(wires.pools[p].gate.capacity, size);
        for (size_t i = 0; i < size; i++) {
            struct wire *wire = wire_take(&wires.pools[p]);
            assert_non_null(wire);
            assert_ptr_equal(wire->multi, loop_multi(&loop, p, i));
            struct user_of_multi *user =
                find(users, &count, wire->multi, p);
            assert_int_equal(user->pool, p);
            user->transfers++;
            assert_true(shape.http2 || user->transfers <= LOOP_SHARD_SIZE);
        }
        assert_null(wire_take(&wires.pools[p]));
        sum += size;
    }
    assert_int_equal(sum, shape.transfers);
    assert_int_equal(count, loop.shard_count);
    assert_int_equal(count, loop_shards(&shape));
    drop();
}

static void no_multi_serves_two_pools(void **state)
{
    static const struct {
        size_t units, pools;
    } rows[] = {{1, 1},  {16, 1},  {17, 1},  {100, 1}, {2, 2},  {7, 3},
                {32, 2}, {33, 2},  {34, 2},  {95, 3},  {97, 3}, {50, 50},
                {51, 50}};
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        for (size_t unit = 1; unit <= 3; unit++) {
            struct loop_shape shape = {.transfers = rows[i].units * unit,
                                       .unit = unit,
                                       .pools = rows[i].pools};
            check_multis(shape);
            shape.http2 = true;
            check_multis(shape);
        }
    }
}

static size_t shards(size_t transfers, size_t unit, size_t pools, bool http2)
{
    struct loop_shape shape = {transfers, unit, pools, http2};
    return loop_shards(&shape);
}

static void streams_of_a_pool_share_one_multi(void **state)
{
    (void)state;
    assert_int_equal(shards(1000, 1, 1, true), 1);
    assert_int_equal(shards(1000, 1, 7, true), 7);
    assert_int_equal(shards(1000, 1, 1, false), 63);
    /* 6 of 143 and 1 of 142: nine each. */
    assert_int_equal(shards(1000, 1, 7, false), 63);
    /* 1 of 17 and 9 of 16. */
    assert_int_equal(shards(161, 1, 10, false), 11);
    /* 1 of 18 and 9 of 16: the two of a caller stay together. */
    assert_int_equal(shards(162, 2, 10, false), 11);
}

static void a_wire_goes_back_to_its_pool(void **state)
{
    (void)state;
    make((struct loop_shape){.transfers = 5, .unit = 1, .pools = 2});
    struct wire_pool *first = &wires.pools[0], *second = &wires.pools[1];
    struct wire *a = wire_take(first);
    struct wire *b = wire_take(first);
    struct wire *c = wire_take(first);
    struct wire *d = wire_take(second);

    assert_null(wire_take(first));
    wire_give_back(b);
    /* What is free in one pool is of no use to the other. */
    assert_non_null(wire_take(second));
    assert_null(wire_take(second));
    wire_give_back(d);
    wire_give_back(a);
    assert_ptr_equal(wire_take(second), d);
    assert_null(wire_take(second));
    /* The last that was used is taken first: its connection is open. */
    assert_ptr_equal(wire_take(first), a);
    assert_ptr_equal(wire_take(first), b);
    assert_null(wire_take(first));
    wire_give_back(c);
    assert_ptr_equal(wire_take(first), c);
    drop();
}

static void a_pool_without_a_transfer_is_a_bug(void **state)
{
    (void)state;
    make((struct loop_shape){.transfers = 5, .unit = 1, .pools = 2});
    expect_bug(shards(3, 1, 4, false));
    expect_bug(shards(3, 1, 0, false));
    expect_bug(shards(3, 2, 1, false));
    expect_bug(shards(6, 2, 4, false));
    expect_bug(loop_multi(&loop, 1, 2));
    drop();
}

/* In the closed model the connections of a caller's hedges are in the pool of
 * its client: each client's pool is as large as its callers need. */
static void hedges_have_connections_of_their_client(void **state)
{
    const struct plan plan = {.load = {.model = LOAD_CLOSED,
                                       .pool = POOL_PER_CLIENT,
                                       .clients = 5,
                                       .connections = 13},
                              .policy.hedge.max_extra = 2};
    (void)state;
    for (uint64_t workers = 1; workers <= 5; workers++) {
        uint64_t client = 0;
        for (uint64_t w = 0; w < workers; w++) {
            struct loop_shape shape = worker_shape(&plan, w, workers);
            for (size_t p = 0; p < shape.pools; p++) {
                assert_int_equal(loop_pool_size(&shape, p),
                                 3 * share_of(13, client++, 5));
            }
        }
        assert_int_equal(client, 5);
    }
}

static void set_limit(rlim_t descriptors)
{
    struct rlimit limit = {descriptors, descriptors};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* The limit only goes down: this is the last test. */
static void as_many_connections_as_are_allowed_fit(void **state)
{
    struct plan plan = {.load = {.threads = 3, .clients = 37}};
    (void)state;
    for (rlim_t limit = 1000; limit > 400; limit -= 7) {
        set_limit(limit);
        for (int i = 0; i < 16; i++) {
            uint64_t sides = i & 1 ? 2 : 1;
            plan.load.pool = i & 2 ? POOL_PER_CLIENT : POOL_SHARED;
            plan.target.http = i & 4 ? HTTP_2 : HTTP_1_1;
            plan.policy.hedge.max_extra = i & 8 ? 1 : 0; /* closed model */
            errors = (struct errors)ERRORS_INIT;
            uint64_t most = fleet_connections_max(&plan, sides);
            plan.load.connections = most;
            assert_true(most >= plan.load.clients);
            assert_true(fleet_has_descriptors(&plan, sides, &errors));
            assert_int_equal(errors.count, 0);
            /* A fifth more does not: what is kept free is no waste. */
            plan.load.connections = most + most / 5 + plan.load.clients;
            assert_false(fleet_has_descriptors(&plan, sides, &errors));
            assert_int_equal(errors.list[0].code, ERROR_NO_RESOURCE);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_multi_serves_two_pools),
        cmocka_unit_test(streams_of_a_pool_share_one_multi),
        cmocka_unit_test(a_wire_goes_back_to_its_pool),
        cmocka_unit_test(a_pool_without_a_transfer_is_a_bug),
        cmocka_unit_test(hedges_have_connections_of_their_client),
        cmocka_unit_test(as_many_connections_as_are_allowed_fit),
    };
    return cmocka_run_group_tests_name("transport/pools", tests, NULL, NULL);
}
