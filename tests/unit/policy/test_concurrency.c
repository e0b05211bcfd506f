#include "policy/concurrency.h"

#include "base/must.h"
#include "base/rng.h"
#include "../../expect_bug.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_limit_and_queue(void **state)
{
    (void)state;
    struct concurrency c = {0};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(concurrency_enter(&c, 2, 3), CONCURRENCY_RUNNING);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(concurrency_enter(&c, 2, 3), CONCURRENCY_QUEUED);
    }
    assert_int_equal(concurrency_enter(&c, 2, 3), CONCURRENCY_REJECTED);
    assert_false(concurrency_next(&c, 2));
    concurrency_leave(&c);
    /* The place is for the queue, not for who comes now. */
    assert_int_equal(concurrency_enter(&c, 2, 3), CONCURRENCY_REJECTED);
    assert_true(concurrency_next(&c, 2));
    assert_false(concurrency_next(&c, 2));
    concurrency_give_up(&c);
    assert_int_equal(c.queued, 1);

    /* A lower limit stops nobody; a higher one lets them in. */
    assert_false(concurrency_next(&c, 1));
    assert_int_equal(c.running, 2);
    assert_true(concurrency_next(&c, 5));
    assert_int_equal(concurrency_enter(&c, 5, 3), CONCURRENCY_RUNNING);
    assert_int_equal(c.running_max, 4);
    assert_int_equal(c.queued_max, 3);
    assert_int_equal(c.rejected, 2);
}

static void test_no_queue(void **state)
{
    (void)state;
    struct concurrency c = {0};
    assert_int_equal(concurrency_enter(&c, 1, 0), CONCURRENCY_RUNNING);
    assert_int_equal(concurrency_enter(&c, 1, 0), CONCURRENCY_REJECTED);
    concurrency_leave(&c);
    assert_int_equal(concurrency_enter(&c, 1, 0), CONCURRENCY_RUNNING);
}

/* Whatever happens: entered = running + queued + left + given up + rejected,
 * and nobody waits while there is room. */
static void test_conservation(void **state)
{
    (void)state;
    const uint64_t seed = 1974;
    struct rng rng = rng_stream(seed, RNG_MIX, 0);
    print_message("seed %" PRIu64 "\n", seed);
    struct concurrency c = {0};
    uint64_t entered = 0, left = 0, gave_up = 0;
    unsigned limit = 5;
    for (int i = 0; i < 100000; i++) {
        switch (rng_below(&rng, 5)) {
        case 0:
        case 4:
            entered++;
            concurrency_enter(&c, limit, 7);
            break;
        case 1:
            if (c.running > 0) {
                concurrency_leave(&c);
                left++;
            }
            break;
        case 2:
            if (c.queued > 0) {
                concurrency_give_up(&c);
                gave_up++;
            }
            break;
        case 3:
            limit = (unsigned)rng_below(&rng, 10);
            break;
        }
        unsigned before = c.running;
        while (concurrency_next(&c, limit)) {
        }
        assert_int_equal(entered,
                         c.running + c.queued + left + gave_up + c.rejected);
        assert_true(c.queued <= 7 && c.running <= 9);
        assert_true(c.queued == 0 || c.running >= limit);
        assert_true(c.running == before || c.running <= limit);
    }
    assert_true(c.rejected > 1000 && gave_up > 1000);
}

static void test_bugs(void **state)
{
    (void)state;
    struct concurrency c = {0};
    expect_bug(concurrency_leave(&c));
    expect_bug(concurrency_give_up(&c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limit_and_queue),
        cmocka_unit_test(test_no_queue),
        cmocka_unit_test(test_conservation),
        cmocka_unit_test(test_bugs),
    };
    return cmocka_run_group_tests_name("policy/concurrency", tests, NULL,
                                       NULL);
}
