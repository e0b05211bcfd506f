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
    assert_true(classify_expand(&f->policy.retry.classify, "reset", &problem));
    assert_true(
        classify_expand(&f->policy.retry.classify, "timeout", &problem));
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        f->policy.retry.backoff[i].type = BACKOFF_CONSTANT;
        f->policy.retry.backoff[i].initial = duration_ms(100);
    }
    client_init(&f->client, &f->policy, 1, 0);
    f->env = (struct call_env){.policy = &f->policy,
                               .client = &f->client,
                               .traits = {.method = METHOD_GET}};
    memset(&f->call, 0xa5, sizeof(f->call)); /* slots are used again */
    memset(&f->actions, 0xa5, sizeof(f->actions));
    call_init(&f->call, &f->policy, at_ms(0));
}

/* The timer as it stands after both. */
static void merge(struct actions *to, const struct actions *from)
{
    for (size_t i = 0; i < from->count; i++) {
        if (to->count > 0 && from->list[i].kind == ACTION_WAKE_AT &&
            to->list[to->count - 1].kind == ACTION_WAKE_AT) {
            to->count--;
        }
        to->list[to->count++] = from->list[i];
    }
}

/* A connection is free: what is to be sent is sent at once. */
static void send_now(struct fixture *f, int64_t ms)
{
    for (size_t i = 0; i < f->actions.count; i++) {
        struct call_event sent = {.kind = EVENT_SENT,
                                  .attempt = f->actions.list[i].attempt};
        struct actions follow;
        if (f->actions.list[i].kind == ACTION_SEND) {
            call_step(&f->call, at_ms(ms), &sent, &f->env, &follow);
            merge(&f->actions, &follow);
        }
    }
}

/* The actions of the step and nothing else. */
static void feed_only(struct fixture *f, int64_t ms, enum call_event_kind kind,
                      unsigned attempt)
{
    struct call_event event = {.kind = kind, .attempt = attempt};
    call_step(&f->call, at_ms(ms), &event, &f->env, &f->actions);
}

static void feed(struct fixture *f, int64_t ms, enum call_event_kind kind)
{
    feed_only(f, ms, kind, 0);
    send_now(f, ms);
}

static void end(struct fixture *f, int64_t ms, unsigned attempt,
                enum outcome outcome)
{
    struct call_event event = {.kind = EVENT_ATTEMPT_DONE,
                               .attempt = attempt,
                               .result = {.outcome = outcome, .sent = true}};
    call_step(&f->call, at_ms(ms), &event, &f->env, &f->actions);
    send_now(f, ms);
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

/* An answer may be fed after the deadline, before the timer was looked at:
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
    assert_int_equal(f.actions.list[0].verdict, VERDICT_SUCCEEDED);
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
    assert_int_equal(f.actions.list[0].verdict, VERDICT_SUCCEEDED);
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
    assert_int_equal(f.actions.list[0].verdict, VERDICT_REJECTED);
    assert_int_equal(f.actions.list[0].reason, FINISH_ANSWERED);
}

/* A retry after a yes stays succeeded, however it ends. */
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
    assert_int_equal(f.actions.list[0].verdict, VERDICT_SUCCEEDED);
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

/* A safe request has nothing to be ambiguous about: an answer that says no
 * rejects, whatever its status and whatever came after it. */
static void test_safe_requests(void **state)
{
    (void)state;
    static const struct {
        enum outcome first, last;
        enum verdict verdict;
    } rows[] = {
        {OUTCOME_RESET, OUTCOME_OK, VERDICT_SUCCEEDED},
        {OUTCOME_RESET, OUTCOME_RESET, VERDICT_UNANSWERED},
        {OUTCOME_RESET, OUTCOME_TRUNCATED, VERDICT_UNANSWERED},
        {OUTCOME_RESET, OUTCOME_CONNECT_REFUSED, VERDICT_UNANSWERED},
        {OUTCOME_TIMEOUT, OUTCOME_PROTOCOL, VERDICT_UNANSWERED},
        {OUTCOME_RESET, OUTCOME_UNEXPECTED, VERDICT_REJECTED},
        {OUTCOME_RESET, OUTCOME_REJECTED, VERDICT_REJECTED},
        {OUTCOME_RESET, OUTCOME_BUSY, VERDICT_REJECTED},
        {OUTCOME_RESET, OUTCOME_THROTTLED, VERDICT_REJECTED},
        {OUTCOME_RESET, OUTCOME_SERVER_ERROR, VERDICT_REJECTED},
        {OUTCOME_SERVER_ERROR, OUTCOME_TIMEOUT, VERDICT_REJECTED},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct fixture f;
        set_up(&f);
        f.env.traits.is_safe = true;
        f.policy.retry.max_attempts = 2;
        f.policy.retry.classify.rules[0].outcomes = ~(1u << OUTCOME_OK);
        feed(&f, 0, EVENT_STARTED);
        end(&f, 10, 1, rows[i].first);
        feed(&f, 110, EVENT_WOKE);
        end(&f, 120, 2, rows[i].last);
        assert_int_equal(f.actions.list[0].kind, ACTION_FINISH);
        assert_int_equal(f.actions.list[0].verdict, rows[i].verdict);
    }
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
    assert_in_range(f.actions.list[0].at.ns, 100 * NS_PER_MS, 300 * NS_PER_MS);
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
        start_twice,        answer_the_wrong_attempt, answer_twice,
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
    assert_string_equal(verdict_name(VERDICT_SUCCEEDED), "succeeded");
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
        assert_int_equal(
            backoff_delay(&policy.retry.backoff[i], &backoff, 5, 1.0, 1.0).ns,
            0);
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

/* -- waiting for a connection -- */

static void sent(struct fixture *f, int64_t ms, unsigned attempt)
{
    feed_only(f, ms, EVENT_SENT, attempt);
}

static void expect_cancel(const struct fixture *f, size_t index,
                          enum outcome outcome)
{
    assert_true(index < f->actions.count);
    assert_int_equal(f->actions.list[index].kind, ACTION_CANCEL);
    assert_int_equal(f->actions.list[index].outcome, outcome);
}

/* 1 s for an attempt, of which it waits 4 s for a connection. */
static void test_timeout_runs_from_the_send(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    feed_only(&f, 0, EVENT_STARTED, 0);
    expect_wake(&f, 1, 5000); /* of the operation, and no other */
    feed_only(&f, 2000, EVENT_WOKE, 0);
    expect_wake(&f, 0, 5000);
    sent(&f, 3900, 1);
    expect_wake(&f, 0, 4900);
    feed_only(&f, 4900, EVENT_WOKE, 0);
    expect_cancel(&f, 0, OUTCOME_TIMEOUT);
}

/* An end that comes before the send is squall's own. */
static void test_never_sent_is_shed(void **state)
{
    struct attempt_result unsent = {.outcome = OUTCOME_CANCELLED};
    struct call_event done = {
        .kind = EVENT_ATTEMPT_DONE, .attempt = 1, .result = unsent};
    (void)state;

    for (int rule = 0; rule <= DEADLINE_REFUSE_IF_WAIT_EXCEEDS; rule++) {
        struct fixture f;
        set_up(&f);
        f.policy.timeout.deadline_rule = (enum deadline_rule)rule;
        feed_only(&f, 0, EVENT_STARTED, 0);
        feed_only(&f, 5000, EVENT_WOKE, 0);
        expect_cancel(&f, 0, OUTCOME_CANCELLED);
        call_step(&f.call, at_ms(5000), &done, &f.env, &f.actions);
        assert_int_equal(f.actions.count, 1);
        assert_int_equal(f.actions.list[0].verdict, VERDICT_SHED);
        assert_int_equal(f.actions.list[0].reason, FINISH_NO_CONNECTION);
    }
}

/* What was tried before stands, and the wait for its retry says nothing. */
static void test_retry_never_sent(void **state)
{
    struct call_event done = {.kind = EVENT_ATTEMPT_DONE,
                              .attempt = 2,
                              .result = {.outcome = OUTCOME_CANCELLED}};
    (void)state;
    struct fixture f;
    set_up(&f);
    feed(&f, 0, EVENT_STARTED);
    end(&f, 10, 1, OUTCOME_RESET);
    feed_only(&f, 110, EVENT_WOKE, 0);
    feed_only(&f, 5000, EVENT_WOKE, 0);
    expect_cancel(&f, 0, OUTCOME_CANCELLED);
    call_step(&f.call, at_ms(5000), &done, &f.env, &f.actions);
    assert_int_equal(f.actions.list[0].verdict, VERDICT_AMBIGUOUS);
    assert_int_equal(f.actions.list[0].reason, FINISH_NO_CONNECTION);
}

/* Its turn comes when its operation is over: it is not sent any more. */
static void test_sent_too_late(void **state)
{
    struct call_event done = {.kind = EVENT_ATTEMPT_DONE,
                              .attempt = 1,
                              .result = {.outcome = OUTCOME_CANCELLED}};
    (void)state;
    struct fixture f;
    set_up(&f);
    f.policy.timeout.deadline_rule = DEADLINE_CHECK_BETWEEN;
    feed_only(&f, 0, EVENT_STARTED, 0);
    sent(&f, 5000, 1);
    expect_cancel(&f, 0, OUTCOME_CANCELLED);
    sent(&f, 5000, 1); /* said again: harmless */
    assert_int_equal(f.actions.count, 0);
    call_step(&f.call, at_ms(5000), &done, &f.env, &f.actions);
    assert_int_equal(f.actions.list[0].verdict, VERDICT_SHED);
}

/* This machine could not: nobody else hears of it, and no budget pays. */
static void test_no_socket_is_shed(void **state)
{
    struct call_event done = {.kind = EVENT_ATTEMPT_DONE,
                              .attempt = 1,
                              .result = {.outcome = OUTCOME_NO_SOCKET}};
    (void)state;
    struct fixture f;
    set_up(&f);
    feed_only(&f, 0, EVENT_STARTED, 0);
    call_step(&f.call, at_ms(1), &done, &f.env, &f.actions);
    assert_int_equal(f.actions.count, 1);
    assert_int_equal(f.actions.list[0].verdict, VERDICT_SHED);
    assert_int_equal(f.actions.list[0].reason, FINISH_NO_SOCKET);
}

/* 50 ms after the send, and not beside what waits itself. */
static void test_hedge_runs_from_the_send(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    f.policy.hedge.max_extra = 2;
    f.policy.hedge.delay = duration_ms(50);
    feed_only(&f, 0, EVENT_STARTED, 0);
    feed_only(&f, 300, EVENT_WOKE, 0);
    assert_int_equal(f.call.attempts, 1);
    sent(&f, 400, 1);
    expect_wake(&f, 0, 450);
    feed_only(&f, 450, EVENT_WOKE, 0);
    assert_int_equal(f.call.attempts, 2);
    expect_wake(&f, 1, 1400); /* no third one while the second waits */
    sent(&f, 600, 2);
    expect_wake(&f, 0, 650);
}

/* A call that took 60 ms of 300 is not one of more than 100. */
static void slow_breaker(struct fixture *f, size_t place)
{
    enum layer *list = f->policy.order.list, first, second;
    const char *problem;

    set_up(f);
    f->policy.breaker.condition_count = 1;
    f->policy.breaker.any_of[0] = (struct breaker_condition){
        .type = TRIP_SLOW,
        .window_type = WINDOW_COUNT,
        .size = 1,
        .min_calls = 1,
        .rate = 1,
        .slow = duration_ms(100),
    };
    f->policy.breaker.half_open_calls = 1;
    for (size_t i = LAYER_COUNT - 1; i > 0; i--) {
        if (list[i] == LAYER_BREAKER) {
            list[i] = list[i - 1];
            list[i - 1] = LAYER_BREAKER;
        }
    }
    must(list[0] == LAYER_BREAKER);
    for (size_t i = 0; i < place; i++) {
        list[i] = list[i + 1];
        list[i + 1] = LAYER_BREAKER;
    }
    assert_true(policy_arrange(&f->policy, &first, &second, &problem));
    client_init(&f->client, &f->policy, 1, 0);
    call_init(&f->call, &f->policy, at_ms(0));
}

static void test_breaker_times_from_the_send(void **state)
{
    (void)state;
    for (size_t place = 0; place < LAYER_COUNT; place++) {
        for (int64_t wait_ms = 0; wait_ms < 1000; wait_ms += 240) {
            struct fixture f;
            slow_breaker(&f, place);
            feed_only(&f, 0, EVENT_STARTED, 0);
            sent(&f, wait_ms, 1);
            end(&f, wait_ms + 60, 1, OUTCOME_OK);
            assert_int_equal(f.client.breaker.state, BREAKER_CLOSED);

            slow_breaker(&f, place);
            feed_only(&f, 0, EVENT_STARTED, 0);
            sent(&f, wait_ms, 1);
            end(&f, wait_ms + 120, 1, OUTCOME_OK);
            assert_int_equal(f.client.breaker.state, BREAKER_OPEN);
        }
    }
}

/* Around the operation: 60 ms with the service, 40 ms of them before a retry
 * that waits 300 ms for its connection, and 10 ms of backoff. */
static void test_breaker_leaves_out_waits_of_retries(void **state)
{
    (void)state;
    struct fixture f;
    slow_breaker(&f, 0);
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        f.policy.retry.backoff[i].initial = duration_ms(10);
    }
    feed(&f, 0, EVENT_STARTED);
    end(&f, 40, 1, OUTCOME_RESET);
    feed_only(&f, 50, EVENT_WOKE, 0);
    sent(&f, 350, 2);
    end(&f, 370, 2, OUTCOME_OK);
    assert_int_equal(f.client.breaker.state, BREAKER_CLOSED);
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
        cmocka_unit_test(test_safe_requests),
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
        cmocka_unit_test(test_timeout_runs_from_the_send),
        cmocka_unit_test(test_never_sent_is_shed),
        cmocka_unit_test(test_retry_never_sent),
        cmocka_unit_test(test_sent_too_late),
        cmocka_unit_test(test_no_socket_is_shed),
        cmocka_unit_test(test_hedge_runs_from_the_send),
        cmocka_unit_test(test_breaker_times_from_the_send),
        cmocka_unit_test(test_breaker_leaves_out_waits_of_retries),
    };
    return cmocka_run_group_tests_name("policy/call", tests, NULL, NULL);
}
