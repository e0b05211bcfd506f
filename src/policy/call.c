#include "policy/call.h"

#include "base/must.h"
#include "policy/call_inside.h"
#include "policy/walk.h"

#include <stddef.h>
#include <string.h>

static const char *const verdict_names[VERDICT_COUNT] = {
    [VERDICT_ACKED] = "acked",
    [VERDICT_REFUSED] = "refused",
    [VERDICT_AMBIGUOUS] = "ambiguous",
    [VERDICT_SHED] = "shed",
};

static const char *const reason_names[FINISH_REASON_COUNT] = {
    [FINISH_ANSWERED] = "answered",
    [FINISH_ATTEMPTS_EXHAUSTED] = "attempts_exhausted",
    [FINISH_OPERATION_TIMEOUT] = "operation_timeout",
    [FINISH_HINT_REFUSED] = "hint_refused",
    [FINISH_BUDGET_EXHAUSTED] = "budget_exhausted",
    [FINISH_BREAKER_OPEN] = "breaker_open",
    [FINISH_CONCURRENCY_FULL] = "concurrency_full",
    [FINISH_RATE_LIMITED] = "rate_limited",
    [FINISH_THROTTLED] = "throttled",
    [FINISH_ABANDONED] = "abandoned",
};

static const char *const kind_names[ATTEMPT_KIND_COUNT] = {
    [ATTEMPT_FIRST] = "first",
    [ATTEMPT_RETRY] = "retry",
    [ATTEMPT_HEDGE] = "hedge",
    [ATTEMPT_DUPLICATE] = "duplicate",
};

const char *verdict_name(enum verdict verdict)
{
    must((size_t)verdict < VERDICT_COUNT);
    return verdict_names[verdict];
}

const char *finish_reason_name(enum finish_reason reason)
{
    must((size_t)reason < FINISH_REASON_COUNT);
    return reason_names[reason];
}

const char *attempt_kind_name(enum attempt_kind kind)
{
    must((size_t)kind < ATTEMPT_KIND_COUNT);
    return kind_names[kind];
}

/* -- events -- */

static size_t find_flight(const struct call *call, unsigned attempt)
{
    size_t flight = 0;
    while (flight < call->in_flight &&
           call->flights[flight].attempt != attempt) {
        flight++;
    }
    must(flight < call->in_flight);
    return flight;
}

/* The operation's time is over, or the run: nothing new is sent. */
static bool is_closing(const struct call *call, struct instant now,
                       const struct attempt_result *result,
                       const struct policy *policy, enum finish_reason *reason)
{
    if (call->abandoned) {
        *reason = FINISH_ABANDONED;
        return true;
    }
    *reason = FINISH_OPERATION_TIMEOUT;
    return result->outcome == OUTCOME_TIMEOUT && call_is_past(call, now) &&
           call_cuts_attempts(policy);
}

static void on_attempt_done(struct call *call, struct instant now,
                            const struct call_event *event,
                            struct call_env *env, struct actions *actions)
{
    const struct policy *policy = env->policy;
    const struct attempt_result *result = &event->result;
    bool is_ending = result->outcome != OUTCOME_CANCELLED;
    size_t index = find_flight(call, event->attempt);
    bool is_hedge = call->flights[index].kind == ATTEMPT_HEDGE;
    enum finish_reason reason;

    must(call->state == CALL_SENDING || call_is_finished(call));
    struct classification class = classify(&policy->retry.classify, result,
                                           &env->traits, event->attempt);
    call_land(call, index, now, env, result, class.as);
    if (call_is_finished(call)) {
        if (call_has_budget(env) && call->in_flight == 0) {
            budget_release(&env->client->budget, &call->budget);
        }
        return;
    }
    call_note_proof(call, result);
    if (is_ending) {
        call->has_ending = true;
        call->ending = *result;
        call->ending_class = class;
        if (call_has_budget(env) && !call->abandoned) {
            budget_on_ending(&env->client->budget, &policy->budget, now,
                             class.as, &call->budget);
        }
    }
    if (class.as == CLASS_SUCCESS && is_ending) {
        call->won_by_hedge = is_hedge;
        passage_end(&call->passages[LEVEL_TRY], now, env, CLASS_SUCCESS);
        call_finish(call, now, FINISH_ANSWERED, env, actions);
    } else if (is_closing(call, now, result, policy, &reason)) {
        call_stop_walking(call, now, env);
        if (call->in_flight == 0) {
            call_finish(call, now, reason, env, actions);
        }
    } else if (is_ending && call_hedges(env) &&
               policy->hedge.fatal >> class.as & 1) {
        passage_end(&call->passages[LEVEL_TRY], now, env, class.as);
        call_finish(call, now, FINISH_ANSWERED, env, actions);
    } else {
        try_after_failure(call, now, is_ending, env, actions);
    }
}

/* An attempt's time is up. Where that only calls for a hedge, it runs on until
 * the operation's is. */
static void expire_flights(struct call *call, struct instant now,
                           struct call_env *env, struct actions *actions)
{
    const struct hedge_config *config = &env->policy->hedge;
    bool soft = config->max_extra > 0 &&
                config->trigger == HEDGE_ON_ATTEMPT_TIMEOUT &&
                !call_is_finished(call) && !call_is_past(call, now);
    bool hedge_now = false;

    for (size_t i = 0; i < call->in_flight; i++) {
        struct flight_state *flight = &call->flights[i];
        if (flight->is_cancelled || instant_before(now, flight->deadline)) {
            continue;
        }
        if (soft) {
            flight->deadline = call->operation_deadline;
            hedge_now = true;
        } else {
            call_cancel(flight, OUTCOME_TIMEOUT, actions);
        }
    }
    if (hedge_now) {
        try_hedge(call, now, env, actions);
    }
}

/* It is too late for what the call waits with. */
static void late_waiting(struct call *call, struct instant now,
                         struct call_env *env, struct actions *actions)
{
    if (call->in_flight == 0) {
        call_finish(call, now, FINISH_OPERATION_TIMEOUT, env, actions);
        return;
    }
    must(call->pending == ATTEMPT_HEDGE);
    call_stop_walking(call, now, env);
    call->hedges_left = 0;
    call->hedge_at = INSTANT_NEVER;
}

/* Woken while it waits for a limit of its client. */
static void on_woke_waiting(struct call *call, struct instant now,
                            struct call_env *env, struct actions *actions)
{
    const struct policy *policy = env->policy;

    if (call_is_past(call, now) && call_cuts_attempts(policy)) {
        late_waiting(call, now, env, actions);
    } else if (call->is_granted || (call->wait == WAIT_RATE &&
                                    !instant_before(now, call->wait_until))) {
        walk_wait_is_over(call, now);
        if (call_is_past(call, now)) {
            late_waiting(call, now, env, actions);
        } else {
            try_go_on(call, now, env, actions);
        }
    } else if (call->wait == WAIT_PLACE &&
               !instant_before(now, call->wait_until)) {
        try_refused_by(call, now, LAYER_CONCURRENCY, env, actions);
    } else if (call->level == LEVEL_ATTEMPT &&
               !instant_before(now, call->passages[LEVEL_ATTEMPT].deadline)) {
        try_timed_out_waiting(call, now, env, actions);
    }
}

static void on_woke_backing_off(struct call *call, struct instant now,
                                struct call_env *env, struct actions *actions)
{
    bool is_due = !instant_before(now, call->retry_at);

    if (call_is_past(call, now) &&
        (is_due || call_cuts_attempts(env->policy))) {
        call_finish(call, now, FINISH_OPERATION_TIMEOUT, env, actions);
    } else if (is_due && call->is_doomed) {
        call_finish(call, now, FINISH_BUDGET_EXHAUSTED, env, actions);
    } else if (is_due) {
        try_begin(call, now, env);
        try_go_on(call, now, env, actions);
    }
}

static void on_woke(struct call *call, struct instant now,
                    struct call_env *env, struct actions *actions)
{
    call->timer = INSTANT_NEVER; /* spent; what is still to come is set anew */
    expire_flights(call, now, env, actions);
    if (call_is_finished(call)) {
        return;
    }
    if (call_is_walking(call)) {
        on_woke_waiting(call, now, env, actions);
    } else if (call->state == CALL_BACKING_OFF) {
        on_woke_backing_off(call, now, env, actions);
    } else if (call->state == CALL_SENDING &&
               !instant_before(now, call->hedge_at)) {
        try_hedge(call, now, env, actions);
    }
}

static void on_abandoned(struct call *call, struct instant now,
                         struct call_env *env, struct actions *actions)
{
    call->abandoned = true;
    if (!call_is_finished(call) && call->in_flight == 0) {
        call_finish(call, now, FINISH_ABANDONED, env, actions);
        return;
    }
    call_stop_walking(call, now, env);
    for (size_t i = 0; i < call->in_flight; i++) {
        if (!call->flights[i].is_cancelled) {
            call_cancel(&call->flights[i], OUTCOME_CANCELLED, actions);
        }
    }
}

void call_init(struct call *call, const struct policy *policy,
               struct instant intended)
{
    must(policy->retry.classify.count <= CLASSIFY_RULES_MAX);
    /* Flights are filled when they are sent; the rest starts as nothing. */
    memset(call, 0, offsetof(struct call, flights));
    memset(call->passages, 0, sizeof(*call) - offsetof(struct call, passages));
    call->state = CALL_WAITING;
    call->intended = intended;
    call->last_event = (struct instant){INT64_MIN};
    call->operation_deadline = INSTANT_NEVER;
    backoff_restart(&call->backoff, 0);
    call->backoff_since = INSTANT_NEVER;
    call->level = LEVEL_COUNT;
    call->timer = INSTANT_NEVER;
    call->retry_at = INSTANT_NEVER;
    call->hedge_at = INSTANT_NEVER;
}

void call_step(struct call *call, struct instant now,
               const struct call_event *event, struct call_env *env,
               struct actions *actions)
{
    must(!call_is_over(call));
    must(!instant_before(now, call->last_event));
    call->last_event = now;
    actions->count = 0;

    switch (event->kind) {
    case EVENT_STARTED:
        must(call->state == CALL_WAITING && !call_is_walking(call));
        walk_begin(call, LEVEL_OPERATION, ATTEMPT_FIRST);
        try_go_on(call, now, env, actions);
        break;
    case EVENT_ATTEMPT_DONE:
        on_attempt_done(call, now, event, env, actions);
        break;
    case EVENT_WOKE:
        on_woke(call, now, env, actions);
        break;
    case EVENT_ABANDONED:
        on_abandoned(call, now, env, actions);
        break;
    }
    if (!call_is_finished(call) || actions->count == 0 ||
        actions->list[actions->count - 1].kind != ACTION_FINISH) {
        call_arm(call, env->policy, actions);
    }
}
