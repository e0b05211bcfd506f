/* The bound on what libcurl reads: recv(2) as it is, until the time is up. */
#include "engine/curl/reading.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/clock.h"

static int pairs[2][2];
static struct reading reading;

static int open_pairs(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]), 0);
        assert_int_equal(send(pairs[i][0], "0123456789", 10, 0), 10);
    }
    reading = (struct reading){.end = {INT64_MAX}};
    reading_begin(&reading);
    return 0;
}

static int close_pairs(void **state)
{
    (void)state;
    reading_bound(NULL);
    for (int i = 0; i < 4; i++) {
        close(pairs[i / 2][i % 2]);
    }
    return 0;
}

static ssize_t take(int pair)
{
    char byte;

    errno = 0;
    return recv(pairs[pair][1], &byte, 1, MSG_DONTWAIT);
}

static void expect_cut(int pair)
{
    assert_int_equal(take(pair), -1);
    assert_int_equal(errno, EAGAIN);
    assert_true(reading.was_cut);
}

static void test_unbound(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(take(0), 1);
    }
    assert_int_equal(take(0), -1);
    assert_int_equal(errno, EAGAIN);
    assert_false(reading.was_cut);
}

/* One read whatever the time, and no second one without time. */
static void test_slice(void **state)
{
    (void)state;
    reading_bound(&reading);
    assert_int_equal(take(0), 1);
    expect_cut(0);
    expect_cut(0);
    assert_int_equal(take(1), 1);
    expect_cut(1);
    reading_begin(&reading);
    assert_int_equal(take(1), 1);
    reading_bound(NULL);
    assert_int_equal(take(1), 1);
}

/* So many reads whatever the time, of each that comes. */
static void test_least(void **state)
{
    (void)state;
    reading.least = 3;
    reading_bound(&reading);
    for (int pair = 0; pair < 2; pair++) {
        for (int i = 0; i < 3; i++) {
            assert_int_equal(take(pair), 1);
        }
        expect_cut(pair);
        expect_cut(pair);
    }
    reading_begin(&reading);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(take(1), 1);
    }
    expect_cut(1);
}

static void test_end(void **state)
{
    (void)state;
    reading.slice = duration_ms(3600 * 1000);
    reading_bound(&reading);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(take(0), 1);
    }
    assert_false(reading.was_cut);
    reading.end = clock_now();
    reading_begin(&reading);
    assert_int_equal(take(0), 1);
    expect_cut(0);
}

static void test_renewed(void **state)
{
    (void)state;
    reading.is_renewed = true;
    reading_bound(&reading);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(take(0), 1);
        expect_cut(0);
    }
}

static void test_piece(void **state)
{
    char bytes[10];

    (void)state;
    reading.piece = 4;
    reading.slice = duration_ms(3600 * 1000);
    reading_bound(&reading);
    assert_int_equal(recv(pairs[0][1], bytes, 10, 0), 4);
    assert_int_equal(recv(pairs[0][1], bytes, 3, 0), 3);
    assert_int_equal(recv(pairs[0][1], bytes, 10, 0), 3);
    assert_memory_equal(bytes, "789", 3);
}

#define TEST(test) \
    cmocka_unit_test_setup_teardown(test, open_pairs, close_pairs)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_unbound), TEST(test_slice),   TEST(test_least),
        TEST(test_end),     TEST(test_renewed), TEST(test_piece),
    };
    return cmocka_run_group_tests_name("reading", tests, NULL, NULL);
}
