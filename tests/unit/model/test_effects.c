/* The target's own ledger, against a count made by hand and by a slow one. */
#include "model/effects.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_next(struct effects_cursor *cursor, const char *id,
                        uint64_t count)
{
    const char *found;
    uint64_t found_count;
    bool torn;
    assert_true(service_effects_next(cursor, &found, &found_count, &torn));
    assert_string_equal(found, id);
    assert_int_equal(found_count, count);
}

static void assert_end(struct effects_cursor *cursor, bool torn)
{
    const char *found;
    uint64_t count;
    bool was_torn;
    assert_false(service_effects_next(cursor, &found, &count, &was_torn));
    assert_int_equal(was_torn, torn);
}

static void effects_go_by_order_by_key_or_by_themselves(void **state)
{
    struct service_effects effects;
    struct effects_cursor cursor;
    (void)state;
    service_effects_init(&effects, 1000);
    assert_int_equal(
        service_effects_perform(&effects, EFFECT_ORDER, "a", "k1"), 1);
    assert_int_equal(
        service_effects_perform(&effects, EFFECT_ORDER, "a", "k2"), 2);
    assert_int_equal(
        service_effects_perform(&effects, EFFECT_ORDER, NULL, "k1"), 3);
    assert_int_equal(
        service_effects_perform(&effects, EFFECT_REFUND, NULL, NULL), 1);
    assert_int_equal(effects.performed, 4);

    service_effects_walk(&cursor, &effects, false);
    assert_next(&cursor, "a", 2);
    assert_next(&cursor, "k1", 1);
    assert_next(&cursor, "ref_1", 1);
    assert_end(&cursor, false);
    service_effects_walk(&cursor, &effects, true);
    assert_next(&cursor, "k1", 2);
    assert_next(&cursor, "k2", 1);
    assert_end(&cursor, false);
    assert_int_equal(service_effects_of_order(&effects, "a"), 2);
    assert_int_equal(service_effects_of_key(&effects, "k2"), 1);
    assert_int_equal(service_effects_of_key(&effects, "a"), 0);
    service_effects_release(&effects);
}

static void a_walk_sees_what_was_there(void **state)
{
    struct service_effects effects;
    struct effects_cursor cursor;
    (void)state;
    service_effects_init(&effects, 1000);
    service_effects_perform(&effects, EFFECT_ORDER, "a", NULL);
    service_effects_walk(&cursor, &effects, false);
    service_effects_perform(&effects, EFFECT_ORDER, "b", NULL);
    assert_next(&cursor, "a", 1);
    assert_end(&cursor, false);
    service_effects_walk(&cursor, &effects, false);
    service_effects_reset(&effects);
    assert_end(&cursor, true);
    assert_int_equal(effects.performed, 0);
    assert_int_equal(
        service_effects_perform(&effects, EFFECT_ORDER, "a", NULL), 3);
    service_effects_release(&effects);
}

/* What has no room is not done, and is not counted anywhere. */
static void a_full_ledger_performs_nothing(void **state)
{
    struct service_effects effects;
    (void)state;
    service_effects_init(&effects, 2);
    assert_int_equal(service_effects_perform(&effects, EFFECT_ORDER, "a", "k"),
                     1);
    assert_int_equal(
        service_effects_perform(&effects, EFFECT_ORDER, "b", NULL), 2);
    assert_false(service_effects_has_room(&effects));
    assert_int_equal(
        service_effects_perform(&effects, EFFECT_ORDER, "c", NULL), 0);
    assert_int_equal(service_effects_of_order(&effects, "c"), 0);
    assert_int_equal(effects.performed, 2);
    service_effects_reset(&effects);
    assert_int_equal(
        service_effects_perform(&effects, EFFECT_ORDER, "c", NULL), 3);
    service_effects_release(&effects);
}

static void many_are_counted_like_by_hand(void **state)
{
    enum { IDS = 300, EFFECTS = 20000, SEED = 7 };
    struct rng rng = rng_stream(SEED, RNG_MIX, 0);
    struct service_effects effects;
    uint64_t expected[IDS] = {0};
    char id[16];
    (void)state;
    service_effects_init(&effects, 1000);
    for (int i = 0; i < EFFECTS; i++) {
        uint64_t n = rng_below(&rng, IDS);
        snprintf(id, sizeof(id), "op-%u", (unsigned)n);
        service_effects_perform(&effects, EFFECT_ORDER, id, NULL);
        expected[n]++;
    }
    for (unsigned n = 0; n < IDS; n++) {
        snprintf(id, sizeof(id), "op-%u", n);
        assert_int_equal(service_effects_of_order(&effects, id), expected[n]);
    }
    service_effects_release(&effects);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(effects_go_by_order_by_key_or_by_themselves),
        cmocka_unit_test(a_walk_sees_what_was_there),
        cmocka_unit_test(a_full_ledger_performs_nothing),
        cmocka_unit_test(many_are_counted_like_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
