#include "policy/budget.h"

#include "base/must.h"
#include "base/rng.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct instant at_ms(int64_t ms)
{
    return (struct instant){ms * NS_PER_MS};
}

/* -- the quota of the AWS SDKs -- */

static struct budget_config aws(double transient, double timeout)
{
    struct budget_config config;
    budget_config_init(&config);
    config.type = BUDGET_TOKEN_BUCKET;
    config.capacity = 500;
    config.initial = 500;
    config.cost[CLASS_TRANSIENT] = transient;
    config.cost[CLASS_THROTTLE] = 5;
    config.cost[CLASS_TIMEOUT] = timeout;
    config.deposit_first_success = 1;
    config.refund_last_cost = true;
    return config;
}

/* One operation of so many attempts that all fail in one way; the retries
 * that it got. */
static unsigned failing(struct budget *budget,
                        const struct budget_config *config, struct instant now,
                        enum outcome_class class, unsigned attempts)
{
    struct budget_use use;
    unsigned retries = 0;
    budget_on_start(budget, config, now, &use);
    for (;;) {
        budget_on_send(budget, config, &use, retries > 0);
        budget_on_done(budget, config, &use, retries > 0);
        budget_on_ending(budget, config, now, class, &use);
        if (retries + 1 == attempts ||
            !budget_take(budget, config, now, class, &use)) {
            break;
        }
        retries++;
    }
    budget_release(budget, &use);
    return retries;
}

static void succeeding(struct budget *budget,
                       const struct budget_config *config, struct instant now)
{
    struct budget_use use;
    budget_on_start(budget, config, now, &use);
    budget_on_send(budget, config, &use, false);
    budget_on_done(budget, config, &use, false);
    budget_on_ending(budget, config, now, CLASS_SUCCESS, &use);
    budget_release(budget, &use);
}

static unsigned failing_until_empty(const struct budget_config *config,
                                    enum outcome_class class)
{
    struct budget budget;
    budget_init(&budget, config);
    unsigned retries = 0;
    for (int operation = 0; operation < 300; operation++) {
        retries += failing(&budget, config, at_ms(operation), class, 3);
    }
    return retries;
}

/* 500 tokens, three attempts: 35 retries at 14, 100 at 5, 50 at 10. */
static void test_aws_quota_arithmetic(void **state)
{
    (void)state;
    struct budget_config config = aws(14, 14);
    assert_int_equal(failing_until_empty(&config, CLASS_TRANSIENT), 35);
    assert_int_equal(failing_until_empty(&config, CLASS_THROTTLE), 100);
    config = aws(5, 10);
    assert_int_equal(failing_until_empty(&config, CLASS_TRANSIENT), 100);
    assert_int_equal(failing_until_empty(&config, CLASS_TIMEOUT), 50);
    config.cost[CLASS_THROTTLE] = 0; /* the legacy mode of Java */
    assert_int_equal(failing_until_empty(&config, CLASS_THROTTLE), 600);
}

static void test_aws_deposits_and_refunds(void **state)
{
    (void)state;
    struct budget_config config = aws(14, 14);
    struct budget_use use;
    struct budget budget;
    struct instant now = at_ms(0);
    budget_init(&budget, &config);

    succeeding(&budget, &config, now); /* it is full */
    assert_true(budget_level(&budget, &config, now) == 500);

    /* Two retries cost 28; the success after them gives back the last 14,
     * and nothing for being a success. */
    budget_on_start(&budget, &config, now, &use);
    assert_true(budget_take(&budget, &config, now, CLASS_TRANSIENT, &use));
    assert_true(budget_take(&budget, &config, now, CLASS_TRANSIENT, &use));
    assert_true(budget_level(&budget, &config, now) == 472);
    budget_on_ending(&budget, &config, now, CLASS_SUCCESS, &use);
    assert_true(budget_level(&budget, &config, now) == 486);

    /* A failure gives back nothing. */
    assert_int_equal(failing(&budget, &config, now, CLASS_TRANSIENT, 2), 1);
    assert_true(budget_level(&budget, &config, now) == 472);
    succeeding(&budget, &config, now);
    assert_true(budget_level(&budget, &config, now) == 473);

    /* 473 are 33 retries and 11 tokens; three successes buy one more. */
    unsigned retries = 0;
    while (failing(&budget, &config, now, CLASS_TRANSIENT, 2)) {
        retries++;
    }
    assert_int_equal(retries, 33);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(failing(&budget, &config, now, CLASS_TRANSIENT, 2),
                         0);
        succeeding(&budget, &config, now);
    }
    assert_int_equal(failing(&budget, &config, now, CLASS_TRANSIENT, 2), 1);
    assert_true(budget_level(&budget, &config, now) == 0);
}

/* -- gRFC A6: maxTokens 10, tokenRatio 0.1 -- */

static struct budget_config grpc(void)
{
    struct budget_config config;
    budget_config_init(&config);
    config.type = BUDGET_TOKEN_BUCKET;
    config.capacity = 10;
    config.initial = 10;
    config.charge_on = CHARGE_FAILURE;
    config.cost[CLASS_TRANSIENT] = 1;
    config.allow_above = 5;
    config.deposit_success = 0.1;
    return config;
}

static void test_grpc_throttle(void **state)
{
    (void)state;
    struct budget_config config = grpc();
    struct budget budget;
    struct instant now = at_ms(0);
    budget_init(&budget, &config);

    /* 10 to 5 in five failures; the fifth is already not retried. */
    for (int failure = 1; failure <= 5; failure++) {
        struct budget_use use;
        budget_on_start(&budget, &config, now, &use);
        budget_on_ending(&budget, &config, now, CLASS_TRANSIENT, &use);
        assert_true(budget_level(&budget, &config, now) == 10 - failure);
        assert_int_equal(
            budget_take(&budget, &config, now, CLASS_TRANSIENT, &use),
            failure < 5);
    }
    /* Charged on, down to nothing and no further. */
    for (int i = 0; i < 7; i++) {
        failing(&budget, &config, now, CLASS_TRANSIENT, 1);
    }
    assert_true(budget_level(&budget, &config, now) == 0);

    /* Sixty successes are exactly 6: a failure leaves 5, which is not above
     * 5. One success more, and it is. */
    for (int i = 0; i < 60; i++) {
        succeeding(&budget, &config, now);
    }
    assert_true(budget_level(&budget, &config, now) == 6.0);
    assert_int_equal(failing(&budget, &config, now, CLASS_TRANSIENT, 2), 0);
    for (int i = 0; i < 11; i++) {
        succeeding(&budget, &config, now);
    }
    assert_int_equal(failing(&budget, &config, now, CLASS_TRANSIENT, 2), 1);

    for (int i = 0; i < 1000; i++) {
        succeeding(&budget, &config, now);
    }
    assert_true(budget_level(&budget, &config, now) == 10);
    /* What is not retryable is not charged. */
    failing(&budget, &config, now, CLASS_FATAL, 1);
    assert_true(budget_level(&budget, &config, now) == 10);
}

/* -- ratios over a window: Linkerd and Finagle -- */

static struct budget_config linkerd(double min_per_sec)
{
    struct budget_config config;
    budget_config_init(&config);
    config.type = BUDGET_RATIO_WINDOW;
    config.ratio = 0.2;
    config.window = duration_s(10);
    config.slots = 10;
    config.min_per_sec = min_per_sec;
    config.deposit_when = DEPOSIT_NOT_RETRIED;
    return config;
}

static unsigned take_all(struct budget *budget,
                         const struct budget_config *config,
                         struct instant now)
{
    struct budget_use use = {.limit = UINT_MAX};
    unsigned retries = 0;
    while (budget_take(budget, config, now, CLASS_TRANSIENT, &use)) {
        retries++;
    }
    return retries;
}

/* 20 % over 10 s: of 1000 endings in 10 s, 200, and 10 a second more. */
static void test_linkerd_budget(void **state)
{
    (void)state;
    for (int min_per_sec = 0; min_per_sec <= 10; min_per_sec += 10) {
        struct budget_config config = linkerd(min_per_sec);
        struct budget budget;
        budget_init(&budget, &config);
        for (int i = 0; i < 1000; i++) {
            succeeding(&budget, &config, at_ms(10 * i));
        }
        unsigned reserve = (unsigned)min_per_sec * 10;
        assert_int_equal(take_all(&budget, &config, at_ms(9990)),
                         200 + reserve);
        /* A second later a tenth of the deposits has gone, and nothing of
         * what was taken: there is a debt until that goes too. */
        assert_int_equal(take_all(&budget, &config, at_ms(10990)), 0);
        assert_int_equal(take_all(&budget, &config, at_ms(18999)), 0);
        assert_int_equal(take_all(&budget, &config, at_ms(19000)), reserve);
    }
}

/* Steady: 100 endings a second and no end of demand get 20 + 10 retries a
 * second, in the mean of any window. */
static void test_linkerd_steady_state(void **state)
{
    (void)state;
    struct budget_config config = linkerd(10);
    struct budget budget;
    unsigned retries = 0;
    budget_init(&budget, &config);
    for (int i = 0; i < 6000; i++) {
        struct instant now = at_ms(10 * i);
        succeeding(&budget, &config, now);
        unsigned taken = take_all(&budget, &config, now);
        retries += i >= 2000 ? taken : 0;
    }
    assert_int_equal(retries, 40 * 30);
}

static void test_what_is_deposited(void **state)
{
    (void)state;
    static const struct {
        enum budget_deposit when;
        double success, fatal, transient;
    } rows[] = {
        {DEPOSIT_SUCCESS, 0.2, 0, 0},
        {DEPOSIT_NOT_RETRIED, 0.2, 0.2, 0},
        {DEPOSIT_REQUEST, 0.2, 0.2, 0.2},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        static const enum outcome_class classes[] = {
            CLASS_SUCCESS, CLASS_FATAL, CLASS_TRANSIENT};
        const double expected[] = {rows[i].success, rows[i].fatal,
                                   rows[i].transient};
        for (size_t c = 0; c < array_length(classes); c++) {
            struct budget_config config = linkerd(0);
            config.deposit_when = rows[i].when;
            struct budget budget;
            budget_init(&budget, &config);
            failing(&budget, &config, at_ms(1), classes[c], 1);
            assert_true(budget_level(&budget, &config, at_ms(1)) ==
                        expected[c]);
        }
    }
}

/* Finagle: one request requeues at most a fifth of the balance it found. */
static void test_share_of_one_request(void **state)
{
    (void)state;
    struct budget_config config = linkerd(10);
    config.max_share_per_request = 0.2;
    struct budget budget;
    budget_init(&budget, &config);
    static const unsigned granted[] = {20, 16, 13, 11, 8};
    for (size_t i = 0; i < array_length(granted); i++) {
        assert_int_equal(
            failing(&budget, &config, at_ms(0), CLASS_TRANSIENT, 1000),
            granted[i]);
    }
    assert_true(budget_level(&budget, &config, at_ms(0)) == 32);
}

/* Against a list of everything that ever happened. */
static void test_window_oracle(void **state)
{
    (void)state;
    enum { EVENTS = 4000 };
    static int64_t slot_of[EVENTS], amount_of[EVENTS];
    const uint64_t seed = 20220228;
    struct rng rng = rng_stream(seed, RNG_MIX, 0);
    print_message("seed %" PRIu64 "\n", seed);
    for (unsigned slots = 1; slots <= BUDGET_SLOTS_MAX; slots += 7) {
        struct budget_config config = linkerd(2);
        config.window = duration_ms(100 * slots);
        config.slots = slots;
        config.ratio = 0.3;
        config.deposit_when = DEPOSIT_SUCCESS;
        int64_t reserve = 200000 * slots; /* 2/s * 0.1 s a slot */
        struct budget budget;
        budget_init(&budget, &config);
        int64_t ms = 5;
        int count = 0;
        for (int i = 0; i < EVENTS; i++) {
            ms += (int64_t)rng_below(&rng, rng_below(&rng, 20) ? 60 : 9000);
            struct budget_use use = {.limit = UINT_MAX};
            int64_t balance = reserve;
            for (int e = 0; e < count; e++) {
                balance += slot_of[e] > ms / 100 - slots ? amount_of[e] : 0;
            }
            slot_of[count] = ms / 100;
            if (rng_below(&rng, 2)) {
                budget_on_ending(&budget, &config, at_ms(ms), CLASS_SUCCESS,
                                 &use);
                amount_of[count++] = 300000;
            } else {
                bool got = budget_take(&budget, &config, at_ms(ms),
                                       CLASS_TIMEOUT, &use);
                assert_int_equal(got, balance >= BUDGET_UNIT);
                amount_of[count] = -BUDGET_UNIT;
                count += got;
            }
        }
    }
}

/* -- retries in flight: Envoy -- */

static struct budget_config envoy(double ratio)
{
    struct budget_config config;
    budget_config_init(&config);
    config.type = BUDGET_RATIO_INFLIGHT;
    config.ratio = ratio;
    config.min_concurrent = 3;
    return config;
}

/* max_retries 3: a retry counts from being scheduled until it ends. */
static void test_envoy_three_concurrent(void **state)
{
    (void)state;
    struct budget_config config = envoy(0);
    struct budget budget;
    struct budget_use uses[10];
    struct instant now = at_ms(0);
    budget_init(&budget, &config);

    for (int i = 0; i < 10; i++) {
        budget_on_start(&budget, &config, now, &uses[i]);
        budget_on_send(&budget, &config, &uses[i], false);
    }
    for (int i = 0; i < 10; i++) {
        budget_on_done(&budget, &config, &uses[i], false);
        assert_int_equal(
            budget_take(&budget, &config, now, CLASS_TRANSIENT, &uses[i]),
            i < 3);
    }
    budget_on_send(&budget, &config, &uses[0], true);
    assert_false(
        budget_take(&budget, &config, now, CLASS_TRANSIENT, &uses[3]));
    budget_on_done(&budget, &config, &uses[0], true);
    assert_true(budget_take(&budget, &config, now, CLASS_TRANSIENT, &uses[3]));
    /* One gives up in its backoff. */
    assert_false(
        budget_take(&budget, &config, now, CLASS_TRANSIENT, &uses[4]));
    budget_release(&budget, &uses[1]);
    assert_true(budget_take(&budget, &config, now, CLASS_TRANSIENT, &uses[4]));
    assert_true(budget_level(&budget, &config, now) == 0);
}

static void test_envoy_ratio(void **state)
{
    (void)state;
    struct budget_config config = envoy(0.2);
    struct budget budget;
    struct budget_use first, use;
    struct instant now = at_ms(0);
    budget_init(&budget, &config);
    budget_on_start(&budget, &config, now, &first);
    for (int i = 0; i < 100; i++) {
        budget_on_send(&budget, &config, &first, false);
    }
    /* A fifth of the attempts in flight; a retry that is sent is one. */
    budget_on_start(&budget, &config, now, &use);
    unsigned granted = 0;
    while (budget_take(&budget, &config, now, CLASS_TRANSIENT, &use)) {
        granted++;
    }
    assert_int_equal(granted, 20);
    for (int i = 0; i < 5; i++) {
        budget_on_send(&budget, &config, &use, true);
    }
    assert_true(budget_take(&budget, &config, now, CLASS_TRANSIENT, &use));
    assert_false(budget_take(&budget, &config, now, CLASS_TRANSIENT, &use));
    for (int i = 0; i < 95; i++) {
        budget_on_done(&budget, &config, &first, false);
    }
    assert_true(budget_level(&budget, &config, now) == 3 - 21);
    budget_release(&budget, &use);
    assert_true(budget_level(&budget, &config, now) == 3);

    /* Not held in backoff: any number may wait, three may be sent. */
    config.holds_during_backoff = false;
    config.ratio = 0;
    budget_init(&budget, &config);
    budget_on_start(&budget, &config, now, &use);
    for (int i = 0; i < 3; i++) {
        assert_true(budget_take(&budget, &config, now, CLASS_TRANSIENT, &use));
        budget_on_send(&budget, &config, &use, true);
    }
    assert_false(budget_take(&budget, &config, now, CLASS_TRANSIENT, &use));
    budget_on_done(&budget, &config, &use, true);
    assert_true(budget_take(&budget, &config, now, CLASS_TRANSIENT, &use));
    assert_true(budget_take(&budget, &config, now, CLASS_TRANSIENT, &use));
}

/* -- the "adaptive" client of Brooker, Fixing retries with token buckets and
 *    circuit breakers (2022) -- */

static struct budget_config adaptive(void)
{
    struct budget_config config;
    budget_config_init(&config);
    config.type = BUDGET_TOKEN_BUCKET;
    config.capacity = 5;
    config.initial = 5;
    config.cost[CLASS_TRANSIENT] = 1;
    config.allow_above = 1;
    config.deposit_request = 0.1;
    return config;
}

/* A dead service: 4 retries at once, one more at the second call (1.1 is
 * above 1), and one every ten calls. */
static void test_adaptive_when_all_fails(void **state)
{
    (void)state;
    struct budget_config config = adaptive();
    struct budget budget;
    unsigned retries = 0;
    budget_init(&budget, &config);
    for (int i = 0; i < 1000; i++) {
        retries += failing(&budget, &config, at_ms(i), CLASS_TRANSIENT, 1000);
    }
    assert_int_equal(retries, 4 + 100);
}

/* The published grid: 100 clients of 1000 calls, each attempt failing with
 * probability p. The tolerance is that of the reference, 0.005. */
static void test_adaptive_published(void **state)
{
    (void)state;
    static const double grid[][3] = {
        /* p, load, success */
        {0.01, 1.010, 1.0000}, {0.05, 1.053, 0.9997}, {0.1, 1.094, 0.985},
        {0.2, 1.1035, 0.882},  {0.5, 1.104, 0.552},
    };
    const uint64_t seed = 20220228;
    print_message("seed %" PRIu64 "\n", seed);
    for (size_t i = 0; i < array_length(grid); i++) {
        struct budget_config config = adaptive();
        struct rng rng = rng_stream(seed, RNG_SERVICE_FAULT, i);
        int attempts = 0, good = 0;
        for (int client = 0; client < 100; client++) {
            struct budget budget;
            budget_init(&budget, &config);
            for (int call = 0; call < 1000; call++) {
                struct instant now = at_ms(100 * call);
                struct budget_use use;
                bool failed;
                budget_on_start(&budget, &config, now, &use);
                do {
                    attempts++;
                    failed = rng_unit(&rng) < grid[i][0];
                } while (failed && budget_take(&budget, &config, now,
                                               CLASS_TRANSIENT, &use));
                good += !failed;
            }
        }
        if (fabs(attempts / 1e5 - grid[i][1]) > 0.005 ||
            fabs(good / 1e5 - grid[i][2]) > 0.005) {
            fail_msg("p=%g: load %g, success %g", grid[i][0], attempts / 1e5,
                     good / 1e5);
        }
    }
}

static void test_none(void **state)
{
    (void)state;
    struct budget_config config;
    struct budget budget;
    budget_config_init(&config);
    budget_init(&budget, &config);
    assert_int_equal(
        failing(&budget, &config, at_ms(0), CLASS_TRANSIENT, 1000), 999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aws_quota_arithmetic),
        cmocka_unit_test(test_aws_deposits_and_refunds),
        cmocka_unit_test(test_grpc_throttle),
        cmocka_unit_test(test_linkerd_budget),
        cmocka_unit_test(test_linkerd_steady_state),
        cmocka_unit_test(test_what_is_deposited),
        cmocka_unit_test(test_share_of_one_request),
        cmocka_unit_test(test_window_oracle),
        cmocka_unit_test(test_envoy_three_concurrent),
        cmocka_unit_test(test_envoy_ratio),
        cmocka_unit_test(test_adaptive_when_all_fails),
        cmocka_unit_test(test_adaptive_published),
        cmocka_unit_test(test_none),
    };
    return cmocka_run_group_tests_name("policy/budget", tests, NULL, NULL);
}
