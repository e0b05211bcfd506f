/* Transitions of breakers: counted, timed, and the first of them kept, the
 * same whether they are recorded in one or to several. */
#include "measure/breakers.h"

#include "base/must.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct instant origin = {10 * NS_PER_S};

static void throw_failure(const char *condition, const char *file, int line)
{
    mock_assert(0, condition, file, line);
}

static void record(struct breakers *breakers, int64_t at_s, uint64_t client,
                   enum breaker_state from, enum breaker_state to)
{
    struct breaker_note note = {
        .at = {at_s * NS_PER_S},
        .client = client,
        .from = (uint8_t)from,
        .to = (uint8_t)to,
    };
    breakers_take(breakers, &note);
}

static int64_t open_s(const struct breakers *breakers, int64_t end_s)
{
    struct instant end = {end_s * NS_PER_S};
    return breakers_open_time(breakers, end).ns / NS_PER_S;
}

/* Open from 12 to 17, half-open to 18, open again until the end at 30. */
static void test_time_open_is_summed(void **state)
{
    (void)state;
    struct breakers b;
    breakers_init(&b, origin);
    assert_int_equal(open_s(&b, 30), 0);
    record(&b, 12, 0, BREAKER_CLOSED, BREAKER_OPEN);
    assert_int_equal(open_s(&b, 30), 18);
    record(&b, 17, 0, BREAKER_OPEN, BREAKER_HALF_OPEN);
    assert_int_equal(open_s(&b, 30), 5);
    record(&b, 18, 0, BREAKER_HALF_OPEN, BREAKER_OPEN);
    record(&b, 20, 1, BREAKER_CLOSED, BREAKER_OPEN);
    record(&b, 24, 1, BREAKER_OPEN, BREAKER_HALF_OPEN);
    record(&b, 25, 1, BREAKER_HALF_OPEN, BREAKER_CLOSED);
    assert_int_equal(open_s(&b, 30), 5 + 12 + 4);
    /* An end before the last transition is no end. */
    assert_int_equal(open_s(&b, 11), 5 + 7 + 4);
    assert_int_equal(b.opened, 3);
    assert_int_equal(b.half_opened, 2);
    assert_int_equal(b.closed, 1);
    assert_int_equal(b.open, 1);
    assert_int_equal(b.note_count, 6);
    assert_int_equal(breakers_omitted(&b), 0);
}

/* What a breaker did in the warm-up is not recorded, but that it is open is.
 */
static void test_the_warmup_is_left_out(void **state)
{
    (void)state;
    struct breakers b;
    breakers_init(&b, origin);
    record(&b, 3, 0, BREAKER_CLOSED, BREAKER_OPEN);
    record(&b, 5, 0, BREAKER_OPEN, BREAKER_HALF_OPEN);
    record(&b, 6, 0, BREAKER_HALF_OPEN, BREAKER_OPEN);
    assert_int_equal(b.opened + b.half_opened + b.closed, 0);
    assert_int_equal(b.note_count, 0);
    assert_int_equal(b.open, 1);
    assert_int_equal(open_s(&b, 15), 5);
    record(&b, 14, 0, BREAKER_OPEN, BREAKER_HALF_OPEN);
    assert_int_equal(open_s(&b, 15), 4);
    assert_int_equal(b.half_opened, 1);
    assert_int_equal(b.note_count, 1);
}

/* By time, then client; those of one client at one instant as they were
 * recorded. */
static void test_notes_are_in_order(void **state)
{
    (void)state;
    struct breakers b;
    breakers_init(&b, origin);
    record(&b, 20, 7, BREAKER_CLOSED, BREAKER_OPEN);
    record(&b, 20, 7, BREAKER_OPEN, BREAKER_HALF_OPEN);
    record(&b, 20, 7, BREAKER_HALF_OPEN, BREAKER_CLOSED);
    record(&b, 20, 3, BREAKER_CLOSED, BREAKER_OPEN);
    record(&b, 15, 9, BREAKER_CLOSED, BREAKER_OPEN);
    static const struct {
        uint64_t client;
        enum breaker_state to;
    } expected[] = {
        {9, BREAKER_OPEN},      {3, BREAKER_OPEN},   {7, BREAKER_OPEN},
        {7, BREAKER_HALF_OPEN}, {7, BREAKER_CLOSED},
    };
    assert_int_equal(b.note_count, array_length(expected));
    for (size_t i = 0; i < array_length(expected); i++) {
        assert_int_equal(b.notes[i].client, expected[i].client);
        assert_int_equal(b.notes[i].to, expected[i].to);
    }
}

enum { PARTS = 3, CLIENTS = 7, MOVES = 1000 };

/* The first are kept, whoever recorded them and in which order. */
static void test_parts_merge_to_the_whole(void **state)
{
    (void)state;
    const uint64_t seed = 71;
    struct rng rng = rng_stream(seed, RNG_MIX, 0);
    enum breaker_state at[CLIENTS] = {BREAKER_CLOSED};
    struct breakers parts[PARTS], whole, merged;

    print_message("seed %llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < PARTS; i++) {
        breakers_init(&parts[i], origin);
    }
    breakers_init(&whole, origin);
    breakers_init(&merged, origin);
    for (int64_t i = 0; i < MOVES; i++) {
        uint64_t client = rng_below(&rng, CLIENTS);
        enum breaker_state to =
            at[client] == BREAKER_OPEN ? BREAKER_HALF_OPEN
            : at[client] == BREAKER_CLOSED || rng_below(&rng, 2)
                ? BREAKER_OPEN
                : BREAKER_CLOSED;
        /* Many at one instant. */
        record(&whole, i / 10, client, at[client], to);
        record(&parts[client % PARTS], i / 10, client, at[client], to);
        at[client] = to;
    }
    for (size_t i = PARTS; i-- > 0;) {
        breakers_merge(&merged, &parts[i]);
    }
    assert_int_equal(merged.note_count, BREAKER_NOTES_MAX);
    assert_int_equal(breakers_omitted(&merged),
                     MOVES - 10 * 10 - BREAKER_NOTES_MAX);
    assert_int_equal(merged.open, whole.open);
    assert_int_equal(merged.last.ns, whole.last.ns);
    assert_int_equal(open_s(&merged, 200), open_s(&whole, 200));
    assert_true(open_s(&merged, 200) > 0);
    for (size_t i = 0; i < merged.note_count; i++) {
        assert_int_equal(merged.notes[i].at.ns, whole.notes[i].at.ns);
        assert_int_equal(merged.notes[i].client, whole.notes[i].client);
        assert_int_equal(merged.notes[i].from, whole.notes[i].from);
        assert_int_equal(merged.notes[i].to, whole.notes[i].to);
    }
}

static void test_what_cannot_be_is_caught(void **state)
{
    (void)state;
    struct breakers b, other;
    struct instant end = {30 * NS_PER_S};
    breakers_init(&b, origin);
    expect_assert_failure(record(&b, 12, 0, BREAKER_OPEN, BREAKER_OPEN));
    record(&b, 12, 0, BREAKER_OPEN, BREAKER_HALF_OPEN);
    expect_assert_failure(breakers_open_time(&b, end));
    breakers_init(&other, end);
    expect_assert_failure(breakers_merge(&b, &other));
}

int main(void)
{
    must_fail_hook = throw_failure;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_open_is_summed),
        cmocka_unit_test(test_the_warmup_is_left_out),
        cmocka_unit_test(test_notes_are_in_order),
        cmocka_unit_test(test_parts_merge_to_the_whole),
        cmocka_unit_test(test_what_cannot_be_is_caught),
    };
    return cmocka_run_group_tests_name("measure/breakers", tests, NULL, NULL);
}
