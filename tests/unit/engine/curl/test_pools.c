/* Pools of transfers: which multi handle's connections each may use, and what
 * descriptors all of that takes. */
#include "engine/curl/engine_curl_inside.h"

#include "engine/curl/engine_curl.h"
#include "load/schedule.h"
#include "load/share.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../../expect_bug.h"

enum { MULTIS_MAX = 64 };

static struct errors errors;
static struct curl_engine *engine;

static void make(struct engine_shape shape)
{
    /* Without requests: no text to fill. Somebody has to listen. */
    static char url[64];
    static const struct plan plan = {.target = {.url = url}};
    struct engine_options options = {.plan = &plan, .shape = shape};
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(listener, 1), 0);
    getsockname(listener, (struct sockaddr *)&address, &length);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/",
             ntohs(address.sin_port));
    errors = (struct errors)ERRORS_INIT;
    engine = (void *)engine_curl.open(&options, &errors);
    assert_non_null(engine);
    close(listener);
}

static void drop(void)
{
    engine_curl.close(&engine->base);
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
static void check_multis(struct engine_shape shape)
{
    struct user_of_multi users[MULTIS_MAX];
    size_t count = 0, sum = 0;

    make(shape);
    for (size_t p = 0; p < shape.pools; p++) {
        size_t size = engine_pool_size(&shape, p);
        assert_int_equal(
            size / shape.unit,
            share_of(shape.transfers / shape.unit, p, shape.pools));
        assert_int_equal(size % shape.unit, 0);
        for (size_t i = 0; i < size; i++) {
            struct curl_transfer *transfer =
                (struct curl_transfer *)engine_take(&engine->base, p, engine);
            assert_ptr_equal(transfer->multi, loop_multi(&engine->loop, p, i));
            struct user_of_multi *user =
                find(users, &count, transfer->multi, p);
            assert_int_equal(user->pool, p);
            user->transfers++;
            assert_true(shape.http2 || user->transfers <= LOOP_SHARD_SIZE);
        }
        assert_null(engine->base.free[p]);
        sum += size;
    }
    assert_int_equal(sum, shape.transfers);
    assert_int_equal(count, engine->loop.shard_count);
    assert_int_equal(count, loop_shards(&shape));
    drop();
}

static void no_multi_serves_two_pools(void **state)
{
    static const struct {
        size_t units, pools;
    } rows[] = {{1, 1},  {16, 1},  {17, 1}, {100, 1}, {2, 2},
                {7, 3},  {32, 2},  {33, 2}, {34, 2},  {95, 3},
                {97, 3}, {50, 50}, {51, 50}};
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        for (size_t unit = 1; unit <= 3; unit++) {
            struct engine_shape shape = {.transfers = rows[i].units * unit,
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
    struct engine_shape shape = {transfers, unit, pools, http2};
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

static void a_pool_without_a_transfer_is_a_bug(void **state)
{
    (void)state;
    make((struct engine_shape){.transfers = 5, .unit = 1, .pools = 2});
    expect_bug(shards(3, 1, 4, false));
    expect_bug(shards(3, 1, 0, false));
    expect_bug(shards(3, 2, 1, false));
    expect_bug(shards(6, 2, 4, false));
    expect_bug(loop_multi(&engine->loop, 1, 2));
    drop();
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
            uint64_t most, again;
            engine_curl.fits(&plan, sides, &most, NULL);
            plan.load.connections = most;
            assert_true(most >= plan.load.clients);
            assert_true(engine_curl.fits(&plan, sides, &again, &errors));
            assert_int_equal(errors.count, 0);
            /* A fifth more does not: what is kept free is no waste. */
            plan.load.connections = most + most / 5 + plan.load.clients;
            assert_false(engine_curl.fits(&plan, sides, &again, &errors));
            assert_int_equal(errors.list[0].code, ERROR_NO_RESOURCE);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_multi_serves_two_pools),
        cmocka_unit_test(streams_of_a_pool_share_one_multi),
        cmocka_unit_test(a_pool_without_a_transfer_is_a_bug),
        cmocka_unit_test(as_many_connections_as_are_allowed_fit),
    };
    return cmocka_run_group_tests_name("engine/curl/pools", tests, NULL, NULL);
}
