/* The part that all engines share: pools, free lists, and the wrappers that
 * keep what a transfer shows in order, around an engine that does nothing. */
#include "engine/engine.h"

#include "load/schedule.h"
#include "load/share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../expect_bug.h"

enum { TRANSFERS_MAX = 512 };

/* As an engine's own: more lies behind what all have. */
struct idle_transfer {
    struct transfer base;
    char more[24];
};

static struct {
    bool can_begin;
    int begun, stopped, sent, done;
    enum transfer_stop how;
    enum outcome outcome;
} seen;

static struct instant now(const struct engine *engine)
{
    (void)engine;
    return (struct instant){77};
}

static bool begin(struct engine *engine, struct transfer *transfer,
                  const struct transfer_order *order)
{
    (void)engine;
    (void)order;
    assert_false(transfer->facts.is_running);
    seen.begun++;
    return seen.can_begin;
}

static void stop(struct engine *engine, struct transfer *transfer,
                 enum transfer_stop how)
{
    (void)engine;
    assert_true(transfer->facts.is_running);
    seen.stopped++;
    seen.how = how;
}

static const struct engine_type idle = {
    .name = "idle",
    .now = now,
    .begin = begin,
    .stop = stop,
};

static void on_sent(void *context, struct transfer *transfer)
{
    assert_ptr_equal(context, &seen);
    assert_true(transfer->facts.is_sent && transfer->facts.is_running);
    seen.sent++;
}

static void on_done(void *context, struct transfer *transfer,
                    enum outcome outcome)
{
    assert_ptr_equal(context, &seen);
    assert_false(transfer->facts.is_running);
    seen.done++;
    seen.outcome = outcome;
}

static const struct plan plain; /* looks into no answer */
static struct arena arena;
static struct engine engine;
static struct idle_transfer transfers[TRANSFERS_MAX];
static int owner;

static void make(struct engine_shape shape)
{
    struct engine_options options = {
        .plan = &plain,
        .shape = shape,
        .callbacks = {&seen, on_sent, on_done},
    };

    memset(&seen, 0, sizeof(seen));
    memset(transfers, 0, sizeof(transfers));
    seen.can_begin = true;
    assert_true(shape.transfers <= TRANSFERS_MAX);
    engine_init(&engine, &idle, &options, &arena, &transfers[0].base,
                sizeof(transfers[0]));
}

static void drop(void)
{
    arena_release(&arena);
}

static struct transfer *take(size_t pool)
{
    return engine_take(&engine, pool, &owner);
}

static void transfers_are_dealt_to_pools_in_order(void **state)
{
    static const struct engine_shape shapes[] = {
        {1, 1, 1, false},  {16, 1, 1, false},   {6, 2, 3, true},
        {7, 1, 3, false},  {14, 2, 3, true},    {95, 1, 3, false},
        {50, 1, 50, true}, {153, 3, 50, false},
    };
    (void)state;
    for (size_t s = 0; s < array_length(shapes); s++) {
        const struct engine_shape *shape = &shapes[s];
        size_t next = 0;
        make(*shape);
        for (size_t p = 0; p < shape->pools; p++) {
            size_t size = engine_pool_size(shape, p);
            assert_int_equal(size, shape->unit *
                                       share_of(shape->transfers / shape->unit,
                                                p, shape->pools));
            for (size_t i = 0; i < size; i++, next++) {
                struct transfer *transfer = take(p);
                assert_ptr_equal(transfer, &transfers[next].base);
                assert_int_equal(transfer->index, next);
                assert_int_equal(transfer->pool, p);
            }
            assert_null(engine.free[p]);
        }
        assert_int_equal(next, shape->transfers);
        drop();
    }
}

static void a_transfer_goes_back_to_its_pool(void **state)
{
    (void)state;
    make((struct engine_shape){.transfers = 5, .unit = 1, .pools = 2});
    struct transfer *a = take(0), *b = take(0), *c = take(0), *d = take(1);

    expect_bug(take(0));
    engine_give_back(&engine, b);
    /* What is free in one pool is of no use to the other. */
    assert_non_null(take(1));
    expect_bug(take(1));
    engine_give_back(&engine, d);
    engine_give_back(&engine, a);
    assert_ptr_equal(take(1), d);
    /* The last that was used is taken first: its connection is open. */
    assert_ptr_equal(take(0), a);
    assert_ptr_equal(take(0), b);
    expect_bug(take(0));
    engine_give_back(&engine, c);
    assert_ptr_equal(take(0), c);
    expect_bug(take(2));
    drop();
}

static void shapes_without_sense_are_bugs(void **state)
{
    (void)state;
    expect_bug(make((struct engine_shape){3, 1, 4, false}));
    expect_bug(make((struct engine_shape){3, 1, 0, false}));
    expect_bug(make((struct engine_shape){3, 2, 1, false}));
    expect_bug(make((struct engine_shape){6, 2, 4, false}));
}

static void what_a_transfer_shows_is_forgotten_with_its_attempt(void **state)
{
    (void)state;
    make((struct engine_shape){.transfers = 1, .unit = 1, .pools = 1});
    struct transfer *transfer = take(0);
    assert_ptr_equal(transfer->owner, &owner);
    memset(&transfer->facts, 1, sizeof(transfer->facts));
    transfer->facts.is_running = false;
    transfer->answer.kept = 7;
    transfer->answer.named = 3;
    engine_give_back(&engine, transfer);
    assert_null(transfer->owner);

    assert_ptr_equal(take(0), transfer);
    assert_false(transfer->facts.is_sent || transfer->facts.is_answered);
    assert_false(transfer->facts.is_reused || transfer->facts.resend_refused);
    assert_false(transfer->facts.is_torn || transfer->facts.was_slowed);
    assert_int_equal(transfer->facts.status, 0);
    assert_int_equal(transfer->facts.headers, 0);
    assert_int_equal(transfer->facts.hint.kind, HINT_ABSENT);
    assert_true(transfer->facts.connect.ns < 0);
    assert_null(transfer->facts.error);
    assert_int_equal(transfer->answer.kept, 0);
    assert_int_equal(transfer->answer.named, 0);
    drop();
}

static void an_attempt_is_sent_and_done(void **state)
{
    struct transfer_order order = {0};
    (void)state;
    make((struct engine_shape){.transfers = 1, .unit = 1, .pools = 1});
    struct transfer *transfer = take(0);
    assert_true(engine_begin(&engine, transfer, &order));
    assert_true(transfer->facts.is_running);
    expect_bug(engine_begin(&engine, transfer, &order));
    engine_sent(&engine, transfer);
    assert_int_equal(seen.sent, 1);
    assert_int_equal(transfer->facts.sent.ns, 77);
    expect_bug(engine_sent(&engine, transfer));
    engine_done(&engine, transfer, OUTCOME_RESET);
    assert_int_equal(seen.done, 1);
    assert_int_equal(seen.outcome, OUTCOME_RESET);
    /* It has ended: there is nothing to stop, and all stays to be read. */
    engine_stop(&engine, transfer, STOP_QUIETLY);
    engine_give_back(&engine, transfer);
    assert_int_equal(seen.stopped, 0);
    assert_true(transfer->facts.is_sent);
    expect_bug(engine_give_back(&engine, transfer));
    drop();
}

static void a_stop_is_no_ending_that_is_reported(void **state)
{
    struct transfer_order order = {0};
    (void)state;
    make((struct engine_shape){.transfers = 2, .unit = 1, .pools = 1});
    struct transfer *transfer = take(0);
    engine_begin(&engine, transfer, &order);
    engine_stop(&engine, transfer, STOP_WITH_RESET);
    assert_int_equal(seen.stopped, 1);
    assert_int_equal(seen.how, STOP_WITH_RESET);
    engine_stop(&engine, transfer, STOP_QUIETLY);
    assert_int_equal(seen.stopped, 1);
    /* One that still runs is stopped when it is given back. */
    struct transfer *other = take(0);
    engine_begin(&engine, other, &order);
    engine_give_back(&engine, other);
    assert_int_equal(seen.stopped, 2);
    assert_int_equal(seen.how, STOP_QUIETLY);
    assert_int_equal(seen.done, 0);
    drop();
}

static void what_cannot_begin_does_not_run(void **state)
{
    struct transfer_order order = {0};
    (void)state;
    make((struct engine_shape){.transfers = 1, .unit = 1, .pools = 1});
    seen.can_begin = false;
    struct transfer *transfer = take(0);
    assert_false(engine_begin(&engine, transfer, &order));
    assert_false(transfer->facts.is_running);
    engine_give_back(&engine, transfer);
    assert_int_equal(seen.begun, 1);
    assert_int_equal(seen.stopped, 0);
    assert_int_equal(seen.done, 0);
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
            struct engine_shape shape = engine_shape_of(&plan, w, workers);
            for (size_t p = 0; p < shape.pools; p++) {
                assert_int_equal(engine_pool_size(&shape, p),
                                 3 * share_of(13, client++, 5));
            }
        }
        assert_int_equal(client, 5);
    }
}

static void a_shared_pool_has_all_connections_of_a_worker(void **state)
{
    struct plan plan = {.load = {.model = LOAD_OPEN,
                                 .pool = POOL_SHARED,
                                 .clients = 5,
                                 .connections = 7},
                        .target.http = HTTP_2};
    (void)state;
    struct engine_shape shape = engine_shape_of(&plan, 1, 2);
    assert_int_equal(shape.transfers, 3);
    assert_int_equal(shape.unit, 1);
    assert_int_equal(shape.pools, 1);
    assert_true(shape.http2);
    plan.load.connections = 1; /* none is left, but a worker has one */
    assert_int_equal(engine_shape_of(&plan, 1, 2).transfers, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transfers_are_dealt_to_pools_in_order),
        cmocka_unit_test(a_transfer_goes_back_to_its_pool),
        cmocka_unit_test(shapes_without_sense_are_bugs),
        cmocka_unit_test(what_a_transfer_shows_is_forgotten_with_its_attempt),
        cmocka_unit_test(an_attempt_is_sent_and_done),
        cmocka_unit_test(a_stop_is_no_ending_that_is_reported),
        cmocka_unit_test(what_cannot_begin_does_not_run),
        cmocka_unit_test(hedges_have_connections_of_their_client),
        cmocka_unit_test(a_shared_pool_has_all_connections_of_a_worker),
    };
    return cmocka_run_group_tests_name("engine/engine", tests, NULL, NULL);
}
