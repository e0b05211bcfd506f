/* What a client carries: its queues, its limits, and that it starts full. */
#include "base/must.h"
#include "policy/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void calls_leave_a_queue_in_order(void **state)
{
    (void)state;
    struct policy policy;
    struct client client;
    static struct call calls[3];
    policy_init(&policy);
    client_init(&client, &policy, 1, 0);
    for (size_t i = 0; i < 3; i++) {
        call_init(&calls[i], &policy, (struct instant){0});
        call_queue_push(&client.ready, &calls[i]);
    }
    assert_ptr_equal(client_next_ready(&client), &calls[0]);
    assert_ptr_equal(client_next_ready(&client), &calls[1]);
    assert_ptr_equal(client_next_ready(&client), &calls[2]);
    assert_null(client_next_ready(&client));
    assert_null(calls[1].queue);
}

/* From the front, the middle and the back, and from no queue at all. */
static void a_call_may_leave_from_anywhere(void **state)
{
    (void)state;
    struct policy policy;
    struct client client;
    static struct call calls[4];
    policy_init(&policy);
    for (size_t gone = 0; gone < 4; gone++) {
        client_init(&client, &policy, 1, 0);
        for (size_t i = 0; i < 4; i++) {
            call_init(&calls[i], &policy, (struct instant){0});
            call_queue_push(&client.ready, &calls[i]);
        }
        call_queue_leave(&calls[gone]);
        call_queue_leave(&calls[gone]);
        for (size_t i = 0; i < 4; i++) {
            if (i != gone) {
                assert_ptr_equal(client_next_ready(&client), &calls[i]);
            }
        }
        assert_null(client_next_ready(&client));
        call_queue_push(&client.ready, &calls[gone]);
        assert_ptr_equal(client_next_ready(&client), &calls[gone]);
    }
}

static void each_pool_has_its_limit(void **state)
{
    (void)state;
    struct policy policy;
    struct client client;
    policy_init(&policy);
    policy.concurrency.enabled = true;
    policy.concurrency.common.limit = 7;
    policy.concurrency.tier_count = 1;
    policy.concurrency.tiers[0] = (struct pool_config){.tier = 2, .limit = 3};
    client_init(&client, &policy, 1, 0);
    assert_int_equal(client_limit(&client, &policy, 0), 7);
    assert_int_equal(client_limit(&client, &policy, 1), 3);

    policy.concurrency.is_adaptive = true;
    adaptive_config_init(&policy.concurrency.adaptive, ADAPTIVE_GRADIENT2);
    client_init(&client, &policy, 1, 0);
    assert_int_equal(client_limit(&client, &policy, 0), 20);
    assert_int_equal(client_limit(&client, &policy, 1), 3);
}

static void it_starts_full(void **state)
{
    (void)state;
    struct policy policy;
    struct client client;
    policy_init(&policy);
    policy.budget.type = BUDGET_TOKEN_BUCKET;
    policy.budget.capacity = policy.budget.initial = 500;
    policy.rate_limit.type = RATE_LIMIT_BUCKET;
    policy.rate_limit.rate_per_s = 1;
    policy.rate_limit.burst = 2;
    policy.breaker.condition_count = 1;
    policy.breaker.any_of[0].type = TRIP_CONSECUTIVE;
    policy.breaker.any_of[0].count = 1;
    policy.breaker.half_open_calls = 1;
    memset(&client, 0xa5, sizeof(client)); /* whatever was there before */
    client_init(&client, &policy, 1, 0);
    struct instant now = {0};
    struct duration wait;
    assert_true(budget_level(&client.budget, &policy.budget, now) == 500);
    for (int i = 0; i < 2; i++) {
        assert_true(rate_limit_take(&client.rate_limit, &policy.rate_limit,
                                    now, &wait));
        assert_int_equal(wait.ns, 0);
    }
    assert_int_equal(client.breaker.state, BREAKER_CLOSED);
    assert_int_equal(client.change_count, 0);
    assert_null(client_next_ready(&client));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_leave_a_queue_in_order),
        cmocka_unit_test(a_call_may_leave_from_anywhere),
        cmocka_unit_test(each_pool_has_its_limit),
        cmocka_unit_test(it_starts_full),
    };
    return cmocka_run_group_tests_name("policy/client", tests, NULL, NULL);
}
