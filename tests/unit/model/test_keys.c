/* The key store in each of its modes. Time is a number here. */
#include "model/keys.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct hash128 one = {1, 1}, other = {2, 2};

static struct instant at_ms(int64_t ms)
{
    return (struct instant){ms * NS_PER_MS};
}

static enum key_claim claim(struct key_store *store, const char *key,
                            struct hash128 payload, int64_t ms,
                            struct key_ticket *ticket)
{
    struct key_answer answer;
    const struct key_request request = {
        .key = key, .payload = payload, .answer_max = 16};
    return keys_claim(store, &request, at_ms(ms), ticket, &answer);
}

/* "k" at another endpoint or of another caller, at 0 ms. */
static enum key_claim claim_as(struct key_store *store, unsigned kind,
                               const char *caller, struct key_ticket *ticket)
{
    struct key_answer answer;
    const struct key_request request = {
        .kind = kind,
        .key = "k",
        .caller =
            caller ? hash_bytes(caller, strlen(caller)) : (struct hash128){0},
        .payload = one,
        .answer_max = 16};
    return keys_claim(store, &request, at_ms(0), ticket, &answer);
}

static void assert_replays(struct key_store *store, const char *key,
                           int64_t ms, uint16_t status, const char *body)
{
    struct key_ticket ticket;
    struct key_answer answer;
    const struct key_request request = {.key = key, .payload = one};
    assert_int_equal(keys_claim(store, &request, at_ms(ms), &ticket, &answer),
                     KEY_REPLAY);
    assert_int_equal(answer.status, status);
    assert_string_equal(answer.body, body);
}

/* What the second of two that overlap is answered, what one that comes after
 * is answered, and what another payload is answered. */
static void modes_handle_repeated_keys(void **state)
{
    static const struct {
        enum key_mode mode;
        enum key_claim overlapping, after, other_payload;
    } rows[] = {
        {KEYS_NONE, KEY_RUN, KEY_RUN, KEY_RUN},
        {KEYS_ATOMIC, KEY_IN_FLIGHT, KEY_REPLAY, KEY_MISMATCH},
        {KEYS_RACY, KEY_RUN, KEY_REPLAY, KEY_MISMATCH},
        {KEYS_FORGETFUL, KEY_IN_FLIGHT, KEY_REPLAY, KEY_MISMATCH},
        {KEYS_REPLAY_ERRORS, KEY_IN_FLIGHT, KEY_REPLAY, KEY_MISMATCH},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct key_store store;
        struct key_ticket first, second;
        keys_init(&store, rows[i].mode, duration_s(1), 0, 10000);
        assert_int_equal(claim(&store, "k", one, 0, &first), KEY_RUN);
        assert_int_equal(claim(&store, "k", one, 1, &second),
                         rows[i].overlapping);
        keys_finish(&store, &first, 201, "first", false, at_ms(10));
        if (rows[i].overlapping == KEY_RUN) {
            keys_finish(&store, &second, 201, "second", false, at_ms(11));
        }
        assert_int_equal(claim(&store, "k", one, 20, &second), rows[i].after);
        assert_int_equal(claim(&store, "k", other, 20, &second),
                         rows[i].other_payload);
        if (rows[i].after == KEY_REPLAY) {
            assert_replays(&store, "k", 21, 201, "first");
        }
        keys_release_all(&store);
    }
}

static void errors_are_kept_by_one_mode_only(void **state)
{
    (void)state;
    for (int kept = 0; kept < 2; kept++) {
        struct key_store store;
        struct key_ticket ticket;
        keys_init(&store, kept ? KEYS_REPLAY_ERRORS : KEYS_ATOMIC,
                  DURATION_ZERO, 0, 10000);
        assert_int_equal(claim(&store, "k", one, 0, &ticket), KEY_RUN);
        keys_finish(&store, &ticket, 500, "no", true, at_ms(1));
        if (kept) {
            assert_replays(&store, "k", 2, 500, "no");
        } else {
            assert_int_equal(claim(&store, "k", one, 2, &ticket), KEY_RUN);
            keys_release(&store, &ticket);
        }
        keys_release_all(&store);
    }
}

static void keys_are_forgotten_in_time(void **state)
{
    struct key_store store;
    struct key_ticket a, b;
    (void)state;
    keys_init(&store, KEYS_FORGETFUL, duration_ms(100), 0, 10000);
    assert_int_equal(claim(&store, "a", one, 0, &a), KEY_RUN);
    assert_int_equal(claim(&store, "b", one, 0, &b), KEY_RUN);
    keys_finish(&store, &b, 201, "b", false, at_ms(50));
    keys_finish(&store, &a, 201, "a", false, at_ms(60));
    assert_replays(&store, "b", 149, 201, "b");
    assert_int_equal(claim(&store, "b", one, 150, &b), KEY_RUN);
    assert_replays(&store, "a", 159, 201, "a");
    assert_int_equal(claim(&store, "a", one, 160, &a), KEY_RUN);
    /* What runs is never forgotten. */
    assert_int_equal(claim(&store, "a", one, 100000, &a), KEY_IN_FLIGHT);
    assert_int_equal(keys_count(&store), 2);
    keys_release_all(&store);
}

static void a_released_key_is_free(void **state)
{
    struct key_store store;
    struct key_ticket ticket;
    (void)state;
    keys_init(&store, KEYS_ATOMIC, DURATION_ZERO, 0, 10000);
    assert_int_equal(claim(&store, "k", one, 0, &ticket), KEY_RUN);
    keys_release(&store, &ticket);
    assert_int_equal(keys_count(&store), 0);
    assert_int_equal(claim(&store, "k", other, 1, &ticket), KEY_RUN);
    keys_release_all(&store);
}

static void a_reset_voids_claims(void **state)
{
    struct key_store store;
    struct key_ticket before, after;
    (void)state;
    keys_init(&store, KEYS_ATOMIC, DURATION_ZERO, 0, 10000);
    assert_int_equal(claim(&store, "k", one, 0, &before), KEY_RUN);
    keys_reset(&store);
    assert_int_equal(claim(&store, "k", one, 1, &after), KEY_RUN);
    keys_finish(&store, &before, 201, "before", false, at_ms(2));
    assert_int_equal(claim(&store, "k", one, 3, &before), KEY_IN_FLIGHT);
    keys_finish(&store, &after, 201, "after", false, at_ms(4));
    assert_replays(&store, "k", 5, 201, "after");
    keys_release_all(&store);
}

static void kinds_and_absent_keys_stand_apart(void **state)
{
    struct key_store store;
    struct key_ticket ticket;
    (void)state;
    keys_init(&store, KEYS_ATOMIC, DURATION_ZERO, 0, 10000);
    assert_int_equal(claim_as(&store, 0, NULL, &ticket), KEY_RUN);
    assert_int_equal(claim_as(&store, 1, NULL, &ticket), KEY_RUN);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(claim(&store, NULL, one, 0, &ticket), KEY_RUN);
        keys_finish(&store, &ticket, 201, "x", false, at_ms(1));
    }
    assert_int_equal(keys_count(&store), 2);
    keys_release_all(&store);
}

static void callers_stand_apart_unless_set_otherwise(void **state)
{
    (void)state;
    for (int shared = 0; shared < 2; shared++) {
        struct key_store store;
        struct key_ticket ticket;
        keys_init(&store, KEYS_ATOMIC, DURATION_ZERO,
                  shared ? 1U << KEY_FAULT_ANY_CALLER |
                               1U << KEY_FAULT_ANY_ENDPOINT
                         : 0,
                  10000);
        assert_int_equal(claim_as(&store, 0, "a", &ticket), KEY_RUN);
        keys_finish(&store, &ticket, 201, "x", false, at_ms(1));
        assert_int_equal(claim_as(&store, 0, "a", &ticket), KEY_REPLAY);
        enum key_claim elsewhere = shared ? KEY_REPLAY : KEY_RUN;
        assert_int_equal(claim_as(&store, 0, "b", &ticket), elsewhere);
        assert_int_equal(claim_as(&store, 1, "a", &ticket), elsewhere);
        assert_int_equal(claim_as(&store, 1, NULL, &ticket), elsewhere);
        keys_release_all(&store);
    }
}

static void a_failure_can_wedge_its_key(void **state)
{
    struct key_store store;
    struct key_ticket ticket;
    (void)state;
    keys_init(&store, KEYS_ATOMIC, DURATION_ZERO,
              1U << KEY_FAULT_STUCK_AFTER_ERROR, 10000);
    assert_int_equal(claim(&store, "k", one, 0, &ticket), KEY_RUN);
    keys_finish(&store, &ticket, 500, "no", true, at_ms(1));
    assert_int_equal(claim(&store, "k", one, 1000000, &ticket), KEY_IN_FLIGHT);
    keys_release_all(&store);
}

static void a_conflict_can_be_stored(void **state)
{
    struct key_store store;
    struct key_ticket ticket, second;
    (void)state;
    keys_init(&store, KEYS_ATOMIC, DURATION_ZERO,
              1U << KEY_FAULT_STORED_CONFLICT, 10000);
    assert_int_equal(claim(&store, "k", one, 0, &ticket), KEY_RUN);
    assert_int_equal(claim(&store, "k", one, 0, &second), KEY_IN_FLIGHT);
    keys_note_conflict(&store, &second);
    keys_finish(&store, &ticket, 201, "x", false, at_ms(1));
    assert_int_equal(claim(&store, "k", one, 2, &second), KEY_IN_FLIGHT);
    keys_release_all(&store);
}

/* After the key has expired nobody claims it: all that come run. */
static void an_expired_key_can_be_open_to_all(void **state)
{
    struct key_store store;
    struct key_ticket first, second;
    (void)state;
    keys_init(&store, KEYS_FORGETFUL, duration_ms(10),
              1U << KEY_FAULT_RACY_EXPIRY, 10000);
    assert_int_equal(claim(&store, "k", one, 0, &first), KEY_RUN);
    keys_finish(&store, &first, 201, "x", false, at_ms(0));
    assert_int_equal(claim(&store, "k", one, 9, &first), KEY_REPLAY);
    assert_int_equal(claim(&store, "k", one, 10, &first), KEY_RUN);
    assert_int_equal(claim(&store, "k", one, 10, &second), KEY_RUN);
    keys_finish(&store, &first, 201, "y", false, at_ms(11));
    keys_finish(&store, &second, 201, "z", false, at_ms(11));
    keys_release_all(&store);
}

static void what_fails_once_works_then(void **state)
{
    struct key_store store;
    struct key_ticket ticket;
    (void)state;
    keys_init(&store, KEYS_NONE, DURATION_ZERO, 0, 10000);
    (void)claim(&store, "k", one, 0, &ticket);
    assert_true(keys_fails_first(&store, &ticket));
    (void)claim(&store, "k", one, 1, &ticket);
    assert_false(keys_fails_first(&store, &ticket));
    (void)claim(&store, NULL, one, 1, &ticket);
    assert_true(keys_fails_first(&store, &ticket));
    assert_true(keys_fails_first(&store, &ticket));
    keys_release_all(&store);
}

static void whoever_waits_is_known(void **state)
{
    struct key_store store;
    struct key_ticket first, second;
    int holder;
    (void)state;
    keys_init(&store, KEYS_ATOMIC, DURATION_ZERO, 1U << KEY_FAULT_ATTACH,
              10000);
    assert_int_equal(claim(&store, "k", one, 0, &first), KEY_RUN);
    keys_hold(&store, &first, &holder);
    assert_int_equal(claim(&store, "k", one, 1, &second), KEY_IN_FLIGHT);
    assert_ptr_equal(second.holder, &holder);
    keys_hold(&store, &first, NULL);
    assert_int_equal(claim(&store, "k", one, 1, &second), KEY_IN_FLIGHT);
    assert_null(second.holder);
    keys_release_all(&store);
}

/* At the limit new keys are refused; those that are there go on. */
static void a_full_store_refuses_new_keys(void **state)
{
    struct key_store store;
    struct key_ticket a, b, ticket;
    (void)state;
    keys_init(&store, KEYS_ATOMIC, DURATION_ZERO, 0, 2);
    assert_int_equal(claim(&store, "a", one, 0, &a), KEY_RUN);
    assert_int_equal(claim(&store, "b", one, 0, &b), KEY_RUN);
    assert_int_equal(claim(&store, "c", one, 0, &ticket), KEY_FULL);
    keys_finish(&store, &a, 201, "a", false, at_ms(1));
    assert_replays(&store, "a", 2, 201, "a");
    keys_release(&store, &b);
    assert_int_equal(claim(&store, "c", one, 3, &ticket), KEY_RUN);
    keys_finish(&store, &ticket, 201, "sixteen bytes it", false, at_ms(4));
    assert_replays(&store, "c", 5, 201, "sixteen bytes it");
    keys_release_all(&store);
}

/* What runs for ever takes no more memory than what is held at once. */
static void memory_follows_what_is_held(void **state)
{
    static const enum key_mode modes[] = {KEYS_RACY, KEYS_FORGETFUL};
    (void)state;
    for (size_t m = 0; m < array_length(modes); m++) {
        struct key_store store;
        struct key_ticket ticket, racer;
        size_t used = 0;
        keys_init(&store, modes[m], duration_ms(10), 0, 10000);
        for (int i = 0; i < 5000; i++) {
            const char *key = modes[m] == KEYS_RACY ? "k" : i % 2 ? "a" : "b";
            int64_t ms = (int64_t)i * 20;
            (void)claim(&store, key, one, ms, &ticket);
            (void)claim(&store, key, one, ms, &racer);
            keys_finish(&store, &ticket, 201, "x", false, at_ms(ms));
            keys_finish(&store, &racer, 201, "y", false, at_ms(ms));
            used = i == 10 ? store.arena.used_bytes : used;
        }
        assert_int_equal(store.arena.used_bytes, used);
        assert_int_equal(keys_count(&store), 1);
        keys_release_all(&store);
    }
}

/* Many keys at once, finished in another order than claimed, and forgotten. */
static void many_keys_come_and_go(void **state)
{
    enum { KEYS = 5000, STEP = 1777 };
    static struct key_ticket tickets[KEYS];
    struct key_store store;
    char key[16];
    (void)state;
    keys_init(&store, KEYS_FORGETFUL, duration_ms(KEYS), 0, 10000);
    for (int i = 0; i < KEYS; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        assert_int_equal(claim(&store, key, one, 0, &tickets[i]), KEY_RUN);
    }
    for (int i = 0; i < KEYS; i++) {
        keys_finish(&store, &tickets[i * STEP % KEYS], 201, "x", false,
                    at_ms(i));
    }
    assert_int_equal(keys_count(&store), KEYS);
    struct key_ticket ticket;
    assert_int_equal(claim(&store, "new", one, KEYS + 1000, &ticket), KEY_RUN);
    assert_int_equal(keys_count(&store), KEYS - 1001 + 1);
    keys_release_all(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modes_handle_repeated_keys),
        cmocka_unit_test(errors_are_kept_by_one_mode_only),
        cmocka_unit_test(keys_are_forgotten_in_time),
        cmocka_unit_test(a_released_key_is_free),
        cmocka_unit_test(callers_stand_apart_unless_set_otherwise),
        cmocka_unit_test(a_failure_can_wedge_its_key),
        cmocka_unit_test(a_conflict_can_be_stored),
        cmocka_unit_test(an_expired_key_can_be_open_to_all),
        cmocka_unit_test(what_fails_once_works_then),
        cmocka_unit_test(whoever_waits_is_known),
        cmocka_unit_test(a_reset_voids_claims),
        cmocka_unit_test(kinds_and_absent_keys_stand_apart),
        cmocka_unit_test(a_full_store_refuses_new_keys),
        cmocka_unit_test(memory_follows_what_is_held),
        cmocka_unit_test(many_keys_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
