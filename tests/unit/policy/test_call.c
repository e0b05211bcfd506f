/* call: what the traces in tests/sim do not show: misuse, wakes that come too
 * early or too late, ends of time, what the steps leave alone. */
#include "policy/call.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../expect_bug.h"

struct fixture {
    struct policy policy;
    struct client client;
    struct call_env env;
    struct call call;
    struct actions actions;
};

static struct instant at_ms(int64_t ms)
{
    return (struct instant){ms * NS_PER_MS};
}

/* Three attempts, 100 ms apart, 1 s each, 5 s in all. */
static void set_up(struct fixture *f)
{
    const char *problem = NULL;
    policy_init(&f->policy);
    f->policy.retry.max_attempts = 3;
    f->policy.timeout.attempt = duration_s(1);
    f->policy.timeout.operation = duration_s(5);
    assert_true(classify_expand(&f->policy.retry.classify, "reset",
                                &problem));
    assert_true(classify_expand(&f->policy.retry.classify, "timeout",
                                &problem));
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        f->policy.retry.backoff[i].type = BACKOFF_CONSTANT;
        f->policy.retry.backoff[i].initial = duration_ms(100);
    }
    client_init(&f->client, &f->policy, 1, 0);
    f->env = (struct call_env){.policy = &f->policy, .client = &f->client,
                               .traits = {.method = METHOD_GET}};
    memset(&f->call, 0xa5, sizeof(f->call)); /* slots are used again */
    memset(&f->actions, 0xa5, sizeof(f->actions));
    call_init(&f->call, &f->policy, at_ms(0));
}

static void feed(struct fixture *f, int64_t ms, enum call_event_kind kind)
{
    call_step(&f->call, at_ms(ms), &(struct call_event){.kind = kind},
              &f->env, &f->actions);
}

static void end(struct fixture *f, int64_t ms, unsigned attempt,
                enum outcome outcome)
{
    struct call_event event = {
        .kind = EVENT_ATTEMPT_DONE, .attempt = attempt,
        .result = {.outcome = outcome, .sent = true}};
    call_step(&f->call, at_ms(ms), &event, &f->env, &f->actions);
}

static void expect_wake(const struct fixture *f, size_t index, int64_t ms)
{
    assert_true(index < f->actions.count);
    assert_int_equal(f->actions.list[index].kind, ACTION_WAKE_AT);
    assert_int_equal(f->actions.list[index].at.ns, at_ms(ms).ns);
}

static void test_early_wakes(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    feed(&f, 0, EVENT_WOKE);
    assert_int_equal(f.actions.count, 0);
    assert_int_equal(f.call.state, CALL_WAITING);

    feed(&f, 0, EVENT_STARTED);
    assert_int_equal(f.actions.count, 2);
    expect_wake(&f, 1, 1000);
    feed(&f, 999, EVENT_WOKE); /* spent a moment early: set again */
    assert_int_equal(f.actions.count, 1);
    expect_wake(&f, 0, 1000);

    end(&f, 999, 1, OUTCOME_RESET);
    assert_int_equal(f.actions.count, 1);
    expect_wake(&f, 0, 1099);
    feed(&f, 1098, EVENT_WOKE);
    assert_int_equal(f.actions.count, 1);
    expect_wake(&f, 0, 1099);
    assert_int_equal(f.call.state, CALL_BACKING_OFF);

    feed(&f, 1150, EVENT_WOKE); /* late: sent at once */
    assert_int_equal(f.actions.count, 2);
    assert_int_equal(f.actions.list[0].kind, ACTION_SEND);
    assert_int_equal(f.actions.list[0].attempt, 2);
    assert_int_equal(f.actions.list[0].attempt_kind, ATTEMPT_RETRY);
    expect_wake(&f, 1, 2150);
    assert_int_equal(f.call.backoff_total.ns, duration_ms(151).ns);
}

/* An answer may be told after the deadline, before the timer was looked at:
 * it counts, and the timer that is still set does no harm. */
static void test_answer_past_deadline(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    feed(&f, 0, EVENT_STARTED);
    end(&f, 1200, 1, OUTCOME_OK);
    assert_int_equal(f.actions.count, 1);
    assert_int_equal(f.actions.list[0].kind, ACTION_FINISH);
    assert_int_equal(f.actions.list[0].verdict, VERDICT_ACKED);
    assert_int_equal(f.actions.list[0].reason, FINISH_ANSWERED);
    assert_true(call_is_finished(&f.call));
}

/* A second wake, or an abandonment, while a CANCEL is out asks for nothing
 * more; an answer that won the race against the CANCEL is believed. */
static void test_awaiting_a_cancelled_attempt(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    feed(&f, 0, EVENT_STARTED);
    feed(&f, 1000, EVENT_WOKE);
    assert_int_equal(f.actions.count, 1);
    assert_int_equal(f.actions.list[0].kind, ACTION_CANCEL);
    assert_int_equal(f.actions.list[0].outcome, OUTCOME_TIMEOUT);
    feed(&f, 1000, EVENT_WOKE);
    assert_int_equal(f.actions.count, 0);
    feed(&f, 1000, EVENT_ABANDONED);
    assert_int_equal(f.actions.count, 0);
    feed(&f, 1000, EVENT_ABANDONED);
    assert_int_equal(f.actions.count, 0);
    end(&f, 1000, 1, OUTCOME_OK);
    assert_int_equal(f.actions.count, 1);
    assert_int_equal(f.actions.list[0].verdict, VERDICT_ACKED);
    assert_int_equal(f.actions.list[0].reason, FINISH_ANSWERED);
}

static void test_abandoned_after_timeout(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    feed(&f, 0, EVENT_STARTED);
    feed(&f, 1000, EVENT_WOKE);
    feed(&f, 1000, EVENT_ABANDONED);
    end(&f, 1000, 1, OUTCOME_TIMEOUT); /* would be retried, but no more */
    assert_int_equal(f.actions.count, 1);
    assert_int_equal(f.actions.list[0].kind, ACTION_FINISH);
    assert_int_equal(f.actions.list[0].reason, FINISH_ABANDONED);
    assert_int_equal(f.actions.list[0].verdict, VERDICT_AMBIGUOUS);
}

/* A wait without end and no operation timeout: nothing to wake for. */
static void test_endless_wait(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    f.policy.timeout.operation = DURATION_FOREVER;
    f.policy.timeout.attempt = DURATION_FOREVER;
    f.policy.retry.backoff[CLASS_TRANSIENT].initial = DURATION_FOREVER;
    call_init(&f.call, &f.policy, at_ms(0));
    feed(&f, 0, EVENT_STARTED);
    assert_int_equal(f.actions.count, 1);
    end(&f, 10, 1, OUTCOME_RESET);
    assert_int_equal(f.actions.count, 0);
    assert_int_equal(f.call.state, CALL_BACKING_OFF);
    feed(&f, 99999999, EVENT_WOKE);
    assert_int_equal(f.actions.count, 0);
    feed(&f, 99999999, EVENT_ABANDONED);
    assert_int_equal(f.actions.list[0].reason, FINISH_ABANDONED);
}

/* Success may be what a rule says it is; the verdict is by proof. */
static void test_success_by_rule(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    f.policy.retry.classify.rules[0].outcomes = 1u << OUTCOME_REJECTED;
    f.policy.retry.classify.rules[0].as = CLASS_SUCCESS;
    feed(&f, 0, EVENT_STARTED);
    end(&f, 10, 1, OUTCOME_REJECTED);
    assert_int_equal(f.actions.list[0].verdict, VERDICT_REFUSED);
    assert_int_equal(f.actions.list[0].reason, FINISH_ANSWERED);
}

/* A retry after a yes stays acked, however it ends. */
static void test_a_yes_stays_a_yes(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    f.policy.retry.classify.rules[0].outcomes = 1u << OUTCOME_OK;
    feed(&f, 0, EVENT_STARTED);
    end(&f, 10, 1, OUTCOME_OK);
    expect_wake(&f, 0, 110);
    feed(&f, 110, EVENT_WOKE);
    end(&f, 120, 2, OUTCOME_RESET);
    assert_int_equal(f.actions.list[0].verdict, VERDICT_ACKED);
}

/* A rejection does not speak for an unknown ending that came after it. */
static void test_unknown_after_rejected(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    f.policy.key.scope = KEY_SCOPE_OPERATION;
    f.env.traits.has_key = true;
    f.policy.retry.classify.rules[0].outcomes |= 1u << OUTCOME_REJECTED;
    feed(&f, 0, EVENT_STARTED);
    end(&f, 10, 1, OUTCOME_REJECTED);
    feed(&f, 110, EVENT_WOKE);
    end(&f, 120, 2, OUTCOME_TRUNCATED);
    feed(&f, 220, EVENT_WOKE);
    end(&f, 230, 3, OUTCOME_SERVER_ERROR);
    assert_int_equal(f.actions.list[0].verdict, VERDICT_AMBIGUOUS);
}

static enum finish_reason reason_of_timeout(enum deadline_rule rule)
{
    struct fixture f;
    set_up(&f);
    f.policy.retry.classify.count = 0; /* a timeout is not retried */
    f.policy.timeout.operation = duration_ms(500);
    f.policy.timeout.deadline_rule = rule;
    call_init(&f.call, &f.policy, at_ms(0));
    feed(&f, 0, EVENT_STARTED);
    int64_t due = f.actions.list[1].at.ns / NS_PER_MS;
    feed(&f, due, EVENT_WOKE);
    end(&f, due, 1, OUTCOME_TIMEOUT);
    assert_int_equal(f.actions.list[0].kind, ACTION_FINISH);
    return f.actions.list[0].reason;
}

/* Who is cut by the operation timeout has that for a reason, even where a
 * timeout is not retried; who is not cut by it has not. */
static void test_reason_of_a_cut(void **state)
{
    (void)state;
    assert_int_equal(reason_of_timeout(DEADLINE_CUT_ATTEMPT),
                     FINISH_OPERATION_TIMEOUT);
    assert_int_equal(reason_of_timeout(DEADLINE_REFUSE_IF_WAIT_EXCEEDS),
                     FINISH_OPERATION_TIMEOUT);
    assert_int_equal(reason_of_timeout(DEADLINE_CHECK_BETWEEN),
                     FINISH_ANSWERED);
}

/* set_up leaves garbage in the slot, as an earlier call does. */
static void test_slots_are_used_again(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    f.policy.retry.classify.rules[0].max_retries = 1;
    f.policy.retry.backoff[CLASS_TRANSIENT].type = BACKOFF_DECORRELATED;
    feed(&f, 0, EVENT_STARTED);
    end(&f, 0, 1, OUTCOME_RESET);
    assert_int_equal(f.actions.count, 1);
    assert_int_equal(f.actions.list[0].kind, ACTION_WAKE_AT);
    assert_in_range(f.actions.list[0].at.ns, 100 * NS_PER_MS,
                    300 * NS_PER_MS);
}

static void test_backoff_total_counts_what_was_waited(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    feed(&f, 0, EVENT_STARTED);
    end(&f, 10, 1, OUTCOME_RESET);
    feed(&f, 110, EVENT_WOKE);
    end(&f, 120, 2, OUTCOME_RESET);
    feed(&f, 150, EVENT_ABANDONED);
    assert_int_equal(f.call.backoff_total.ns, duration_ms(130).ns);
}

/* The stream moves by two draws a retry, and only then. */
static void test_draws(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    struct rng counted = f.client.jitter;
    feed(&f, 0, EVENT_STARTED);
    assert_memory_equal(&f.client.jitter, &counted, sizeof(counted));
    end(&f, 1, 1, OUTCOME_RESET);
    rng_next(&counted);
    rng_next(&counted);
    feed(&f, 101, EVENT_WOKE);
    end(&f, 102, 2, OUTCOME_REJECTED);
    assert_memory_equal(&f.client.jitter, &counted, sizeof(counted));
}

static void test_clients_and_seeds_differ(void **state)
{
    (void)state;
    struct policy policy;
    struct client a, b, c, again;
    policy_init(&policy);
    client_init(&a, &policy, 1, 0);
    client_init(&b, &policy, 1, 1);
    client_init(&c, &policy, 2, 0);
    client_init(&again, &policy, 1, 0);
    assert_memory_equal(&a.jitter, &again.jitter, sizeof(a.jitter));
    assert_memory_not_equal(&a.jitter, &b.jitter, sizeof(a.jitter));
    assert_memory_not_equal(&a.jitter, &c.jitter, sizeof(a.jitter));
}

static void start_twice(struct fixture *f)
{
    feed(f, 20, EVENT_STARTED);
}

static void answer_the_wrong_attempt(struct fixture *f)
{
    end(f, 20, 2, OUTCOME_OK);
}

static void answer_twice(struct fixture *f)
{
    end(f, 20, 1, OUTCOME_RESET);
    end(f, 20, 1, OUTCOME_RESET);
}

static void run_time_backwards(struct fixture *f)
{
    feed(f, 9, EVENT_WOKE);
}

static void feed_a_finished_call(struct fixture *f)
{
    end(f, 20, 1, OUTCOME_OK);
    feed(f, 20, EVENT_WOKE);
}

static void test_misuse_is_a_bug(void **state)
{
    (void)state;
    static void (*const misuses[])(struct fixture *) = {
        start_twice, answer_the_wrong_attempt, answer_twice,
        run_time_backwards, feed_a_finished_call,
    };
    for (volatile size_t i = 0; i < array_length(misuses); i++) {
        static struct fixture f;
        set_up(&f);
        feed(&f, 10, EVENT_STARTED);
        expect_bug(misuses[i](&f));
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(verdict_name(VERDICT_ACKED), "acked");
    assert_string_equal(verdict_name(VERDICT_SHED), "shed");
    for (int i = 0; i < VERDICT_COUNT; i++) {
        assert_non_null(verdict_name((enum verdict)i));
    }
    for (int i = 0; i < FINISH_REASON_COUNT; i++) {
        assert_non_null(finish_reason_name((enum finish_reason)i));
    }
    for (int i = 0; i < ATTEMPT_KIND_COUNT; i++) {
        assert_non_null(attempt_kind_name((enum attempt_kind)i));
    }
}

static void test_everything_is_off_at_first(void **state)
{
    (void)state;
    struct policy policy;
    memset(&policy, 0xa5, sizeof(policy));
    policy_init(&policy);
    assert_int_equal(policy.retry.max_attempts, 1);
    assert_int_equal(policy.retry.classify.count, 0);
    assert_int_equal(policy.retry.hint.count, 0);
    assert_int_equal(policy.timeout.connect.ns, INT64_MAX);
    assert_int_equal(policy.timeout.attempt.ns, INT64_MAX);
    assert_int_equal(policy.timeout.operation.ns, INT64_MAX);
    assert_int_equal(policy.key.scope, KEY_SCOPE_NONE);
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        struct backoff_state backoff = {.previous = DURATION_ZERO};
        assert_int_equal(backoff_delay(&policy.retry.backoff[i], &backoff, 5,
                                       1.0, 1.0).ns, 0);
    }
}

/* One operation after another on one client, all of them failing at once:
 * how many were retried. */
static unsigned retries_of(struct fixture *f, int operations,
                           enum outcome outcome)
{
    unsigned retries = 0;
    for (int i = 0; i < operations; i++) {
        call_init(&f->call, &f->policy, at_ms(10 * i));
        feed(f, 10 * i, EVENT_STARTED);
        while (!call_is_finished(&f->call)) {
            end(f, 10 * i, f->call.attempts, outcome);
        }
        retries += f->call.retries;
    }
    return retries;
}

/* The quota of the AWS SDKs through whole calls: 500 tokens, three attempts;
 * 35 retries at 14 and then none, until successes have paid for more. */
static void test_quota_over_operations(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        f.policy.retry.backoff[i].type = BACKOFF_NONE;
        f.policy.budget.cost[i] = 14;
    }
    f.policy.timeout.operation = DURATION_FOREVER;
    f.policy.budget.type = BUDGET_TOKEN_BUCKET;
    f.policy.budget.capacity = 500;
    f.policy.budget.initial = 500;
    f.policy.budget.deposit_first_success = 1;
    f.policy.budget.refund_last_cost = true;
    client_init(&f.client, &f.policy, 1, 0);

    assert_int_equal(retries_of(&f, 120, OUTCOME_RESET), 35);
    assert_int_equal(f.actions.list[0].kind, ACTION_FINISH);
    assert_int_equal(f.actions.list[0].reason, FINISH_BUDGET_EXHAUSTED);
    assert_int_equal(f.actions.list[0].verdict, VERDICT_AMBIGUOUS);
    assert_int_equal(retries_of(&f, 120, OUTCOME_RESET), 0);
    assert_int_equal(retries_of(&f, 4, OUTCOME_OK), 0); /* 10 + 4 */
    assert_int_equal(retries_of(&f, 2, OUTCOME_RESET), 1);

    /* State is a client's own. */
    client_init(&f.client, &f.policy, 1, 1);
    assert_int_equal(retries_of(&f, 120, OUTCOME_RESET), 35);
    /* Pre-2026, and a timeout. */
    f.policy.budget.cost[CLASS_TRANSIENT] = 5;
    f.policy.budget.cost[CLASS_TIMEOUT] = 10;
    client_init(&f.client, &f.policy, 1, 2);
    assert_int_equal(retries_of(&f, 120, OUTCOME_RESET), 100);
    client_init(&f.client, &f.policy, 1, 3);
    assert_int_equal(retries_of(&f, 120, OUTCOME_TIMEOUT), 50);
}

/* Envoy's three: calls side by side on one client. A retry is held while it
 * waits, and free again when its call gives up. */
static void test_three_retries_at_once(void **state)
{
    (void)state;
    struct fixture f;
    struct call calls[5];
    set_up(&f);
    f.policy.budget.type = BUDGET_RATIO_INFLIGHT;
    f.policy.budget.min_concurrent = 3;
    client_init(&f.client, &f.policy, 1, 0);
    for (size_t i = 0; i < array_length(calls); i++) {
        call_init(&f.call, &f.policy, at_ms(0));
        feed(&f, 0, EVENT_STARTED);
        end(&f, 10, 1, OUTCOME_RESET);
        calls[i] = f.call;
        assert_int_equal(f.call.state,
                         i < 3 ? CALL_BACKING_OFF : CALL_AMBIGUOUS);
    }
    f.call = calls[0];
    feed(&f, 20, EVENT_ABANDONED);
    f.call = calls[1];
    feed(&f, 110, EVENT_WOKE);
    end(&f, 120, 2, OUTCOME_OK);
    assert_int_equal(f.client.budget.held, 1);
    f.call = calls[2];
    feed(&f, 110, EVENT_WOKE);
    assert_int_equal(f.client.budget.held, 1);
    end(&f, 120, 2, OUTCOME_RESET); /* its place is taken by itself */
    assert_int_equal(f.call.state, CALL_BACKING_OFF);
    assert_int_equal(f.client.budget.held, 1);
    assert_int_equal(f.client.budget.in_flight, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_early_wakes),
        cmocka_unit_test(test_answer_past_deadline),
        cmocka_unit_test(test_awaiting_a_cancelled_attempt),
        cmocka_unit_test(test_abandoned_after_timeout),
        cmocka_unit_test(test_endless_wait),
        cmocka_unit_test(test_success_by_rule),
        cmocka_unit_test(test_a_yes_stays_a_yes),
        cmocka_unit_test(test_unknown_after_rejected),
        cmocka_unit_test(test_reason_of_a_cut),
        cmocka_unit_test(test_slots_are_used_again),
        cmocka_unit_test(test_backoff_total_counts_what_was_waited),
        cmocka_unit_test(test_draws),
        cmocka_unit_test(test_clients_and_seeds_differ),
        cmocka_unit_test(test_misuse_is_a_bug),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_everything_is_off_at_first),
        cmocka_unit_test(test_quota_over_operations),
        cmocka_unit_test(test_three_retries_at_once),
    };
    return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
