/* When what an engine reports can have happened, against hand-made loops. */
#include "engine/look.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct instant us(int64_t at)
{
    return (struct instant){at * NS_PER_US};
}

/* Begins to look, would sleep until, comes back. */
static void look(struct look *look, int64_t from, int64_t until, int64_t back)
{
    look_end(look, us(from), us(until), us(back));
}

static void assert_late(const struct look *look, int64_t now, int64_t late)
{
    assert_int_equal(look_lateness(look, us(now)).ns, late * NS_PER_US);
}

static void an_event_that_ends_a_sleep_came_just_now(void **state)
{
    struct look l = {0};
    (void)state;
    look(&l, 1000, 2000, 1700);
    assert_late(&l, 1700, 0);
    /* It waits for others that came with it. */
    assert_late(&l, 1790, 90);
    assert_int_equal(look_take_away(&l).longest.ns, 0);
}

static void what_came_during_work_may_be_as_old_as_the_work(void **state)
{
    struct look l = {0};
    (void)state;
    look(&l, 1000, 2000, 1700);
    /* 300 us of work, and no sleep. */
    look(&l, 2000, 3000, 2010);
    assert_late(&l, 2010, 310);
    assert_int_equal(look_take_away(&l).longest.ns, 300 * NS_PER_US);
    assert_int_equal(look_take_away(&l).longest.ns, 0);
}

static void of_a_sleep_that_was_too_long_nothing_is_known(void **state)
{
    struct look l = {0};
    (void)state;
    look(&l, 1000, 2000, 1700);
    look(&l, 1750, 2750, 502750);
    assert_late(&l, 502750, 502750 - 1700);
    assert_int_equal(look_take_away(&l).longest.ns, 500050 * NS_PER_US);
    /* Nor of what the next one finds at once. */
    struct look next = l;
    look(&next, 502800, 503800, 502810);
    assert_late(&next, 502810, 502810 - 1750);
    look(&next, 502900, 503900, 503500);
    assert_late(&next, 503500, 0);
    /* If it sleeps, nothing was there. */
    look(&l, 502800, 503800, 503500);
    assert_late(&l, 503500, 0);
    assert_int_equal(look_take_away(&l).longest.ns, 50 * NS_PER_US);
}

/* Each look finds what had come before it. */
static void one_that_always_oversleeps_is_late_by_one_sleep(void **state)
{
    struct look l = {0};
    (void)state;
    look(&l, 1000, 2000, 1700);
    for (int64_t at = 10000; at < 98000; at += 8000) {
        look(&l, at, at + 1000, at + 7900);
    }
    look(&l, 98000, 99000, 98010);
    assert_late(&l, 98010, 8010);
}

static void a_sleep_until_long_ago_is_no_sleep(void **state)
{
    struct look l = {0};
    (void)state;
    look(&l, 1000, 1000, 1000);
    look(&l, 1100, 0, 1105);
    assert_late(&l, 1105, 105);
    assert_int_equal(look_take_away(&l).longest.ns, 105 * NS_PER_US);
}

static void what_is_left_keeps_its_age(void **state)
{
    struct look l = {0};
    (void)state;
    look(&l, 1000, 2000, 1000);
    look(&l, 9000, 9000, 9005);
    look_leaves_some(&l);
    look(&l, 9100, 9100, 9110);
    assert_late(&l, 9110, 8110);
    /* All was reported now. */
    look(&l, 9120, 9900, 9600);
    assert_late(&l, 9600, 0);
}

static void patience_grows_with_the_age_of_the_youngest_request(void **state)
{
    struct look l = {0};
    (void)state;
    look(&l, 1000, 2000, 1500);
    l.is_active = true;
    look(&l, 1600, 2000, 1900);
    assert_int_equal(look_patience(&l, us(1900)).ns, NS_PER_MS);
    assert_int_equal(look_patience(&l, us(321600)).ns, 10 * NS_PER_MS);
    look(&l, 321600, 331600, 331600);
    assert_int_equal(look_patience(&l, us(331600)).ns, 330000000 / 32);
}

static void assert_read(const struct look *look, int64_t at)
{
    assert_int_equal(look_read(look).ns, us(at).ns);
}

/* What came by then was reported: what was there when it began to look, and
 * all that came in a sleep which found nothing. */
static void a_look_reads_what_was_there_when_it_began(void **state)
{
    struct look l = {.partial_max = 2};
    (void)state;
    assert_read(&l, 0);
    look(&l, 1000, 2000, 1700);
    assert_read(&l, 1000);
    look(&l, 1800, 2500, 2600);
    look_found_nothing(&l, us(2500));
    assert_read(&l, 2500);
    look(&l, 2700, 2600, 2701); /* did not sleep */
    look_found_nothing(&l, us(2600));
    assert_read(&l, 2700);
}

static void what_is_left_is_not_read(void **state)
{
    struct look l = {.partial_max = 2};
    (void)state;
    look(&l, 1000, 2000, 1700);
    look(&l, 9000, 9000, 9005);
    look_leaves_some(&l);
    assert_read(&l, 1000);
    look_left_nothing(&l);
    assert_read(&l, 9000);
    look(&l, 9100, 9100, 9105);
    look_leaves_some(&l);
    look(&l, 9200, 9200, 9205);
    assert_read(&l, 9200);
}

/* A service that always has more to say than a look reports holds up no
 * timer: looks that have come round are one. */
static void looks_come_round(void **state)
{
    struct look l = {.partial_max = 2};
    int64_t read = 0;
    (void)state;
    for (int64_t at = 1000; at < 20000; at += 1000) {
        look(&l, at, at, at + 1);
        look_leaves_some(&l);
        int64_t now = look_read(&l).ns / NS_PER_US;
        assert_true(now >= read);
        assert_true(at <= 6000 || at - now <= 6000);
        assert_true(now == 0 || at - now >= 3000); /* three and this one */
        read = now;
    }
    assert_true(read > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_that_ends_a_sleep_came_just_now),
        cmocka_unit_test(what_came_during_work_may_be_as_old_as_the_work),
        cmocka_unit_test(of_a_sleep_that_was_too_long_nothing_is_known),
        cmocka_unit_test(one_that_always_oversleeps_is_late_by_one_sleep),
        cmocka_unit_test(a_sleep_until_long_ago_is_no_sleep),
        cmocka_unit_test(what_is_left_keeps_its_age),
        cmocka_unit_test(a_look_reads_what_was_there_when_it_began),
        cmocka_unit_test(what_is_left_is_not_read),
        cmocka_unit_test(looks_come_round),
        cmocka_unit_test(patience_grows_with_the_age_of_the_youngest_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
