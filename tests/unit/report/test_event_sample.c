/* So many of a second are drawn, each as likely as any other; the order does
 * not matter, and a larger draw holds a smaller one. */
#include "report/event_sample.h"

#include "base/must.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { OPERATIONS = 1000, DRAWN = 50 };

/* Operations 0 to 999 in one second, forth or back. */
static struct event_sample *offer(uint64_t per_second, uint64_t seed,
                                  bool backwards, bool offends)
{
    struct event_sample *sample = event_sample_new(per_second, seed);

    for (uint64_t i = 0; i < OPERATIONS; i++) {
        event_sample_offer(sample, 3, backwards ? OPERATIONS - 1 - i : i,
                           offends);
    }
    return sample;
}

static void so_many_are_drawn_in_any_order(void **state)
{
    struct event_sample *forth = offer(DRAWN, 7, false, false);
    struct event_sample *back = offer(DRAWN, 7, true, false);
    struct event_sample *more = offer(2 * DRAWN, 7, false, false);
    size_t count = 0;

    (void)state;
    for (uint64_t i = 0; i < OPERATIONS; i++) {
        bool is_in = event_sample_takes(forth, 3, i, false);
        count += is_in;
        assert_int_equal(event_sample_takes(back, 3, i, false), is_in);
        assert_true(!is_in || event_sample_takes(more, 3, i, false));
    }
    assert_int_equal(count, DRAWN);
    assert_true(event_sample_stands_for(forth, 3, false) ==
                (double)OPERATIONS / DRAWN);
    event_sample_free(forth);
    event_sample_free(back);
    event_sample_free(more);
}

static void those_that_went_wrong_are_drawn_by_themselves(void **state)
{
    struct event_sample *sample = offer(DRAWN, 7, false, true);
    size_t count = 0;

    (void)state;
    for (uint64_t i = 0; i < OPERATIONS; i++) {
        event_sample_offer(sample, 3, OPERATIONS + i, false);
    }
    for (uint64_t i = 0; i < OPERATIONS; i++) {
        count += event_sample_takes(sample, 3, i, true);
    }
    assert_int_equal(count, DRAWN * EVENT_SAMPLE_OFFENDERS);
    assert_true(event_sample_stands_for(sample, 3, true) == 2);
    assert_true(event_sample_stands_for(sample, 3, false) == 20);
    event_sample_free(sample);
}

static void few_are_all_taken(void **state)
{
    struct event_sample *sample = event_sample_new(DRAWN, 1);

    (void)state;
    for (uint64_t second = 0; second < 200; second++) {
        event_sample_offer(sample, second, second, second % 2 == 0);
    }
    for (uint64_t second = 0; second < 200; second++) {
        assert_true(
            event_sample_takes(sample, second, second, second % 2 == 0));
        assert_true(event_sample_stands_for(sample, second, second % 2 == 0) ==
                    1);
    }
    event_sample_free(sample);
}

/* How often each is drawn, over 2,000 seeds: binomial, so chi-squared over
 * the operations has as many degrees of freedom, less one. */
static void each_is_as_likely(void **state)
{
    enum { SEEDS = 2000 };
    static unsigned drawn[OPERATIONS];
    double share = (double)DRAWN / OPERATIONS, chi = 0;

    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct event_sample *sample = offer(DRAWN, seed, false, false);
        for (uint64_t i = 0; i < OPERATIONS; i++) {
            drawn[i] += event_sample_takes(sample, 3, i, false);
        }
        event_sample_free(sample);
    }
    for (size_t i = 0; i < OPERATIONS; i++) {
        double off = drawn[i] - SEEDS * share;
        chi += off * off / (SEEDS * share * (1 - share));
    }
    /* 999 degrees of freedom: within 5 standard deviations (44.7 each). The
     * seeds are these, so it is one number. */
    assert_true(fabs(chi - 999) < 224);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_are_drawn_in_any_order),
        cmocka_unit_test(those_that_went_wrong_are_drawn_by_themselves),
        cmocka_unit_test(few_are_all_taken),
        cmocka_unit_test(each_is_as_likely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
