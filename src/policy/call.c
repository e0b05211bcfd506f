#include "policy/call.h"

#include "base/must.h"
#include "policy/call_inside.h"
#include "policy/layers.h"

#include <stddef.h>
#include <string.h>

/* -- events -- */

/* in_flight: it is not among them. */
static size_t find_running(const struct call *call, unsigned number)
{
    size_t index = 0;
    while (index < call->in_flight && call->running[index].number != number) {
        index++;
    }
    return index;
}

/* The operation's time is over, or the attempt was given up because the load
 * or the run is: nothing new is sent. */
static bool is_closing(const struct call *call, struct instant now,
                       const struct attempt_result *result, bool was_sent,
                       const struct policy *policy, enum finish_reason *reason)
{
    if (call->sends_no_more && result->outcome == OUTCOME_CANCELLED) {
        *reason = FINISH_ABANDONED;
        return true;
    }
    if (!was_sent && call_is_past(call, now)) {
        *reason =
            call->has_ending ? FINISH_OPERATION_TIMEOUT : FINISH_NO_CONNECTION;
        return result->outcome == OUTCOME_CANCELLED;
    }
    *reason = FINISH_OPERATION_TIMEOUT;
    return result->outcome == OUTCOME_TIMEOUT && call_is_past(call, now) &&
           call_cuts_attempts(policy);
}

/* One that is sent when the operation's time is over need not be. */
static void on_sent(struct call *call, struct instant now, unsigned number,
                    struct call_env *env, struct actions *actions)
{
    size_t index = find_running(call, number);
    struct running_attempt *attempt;

    if (index == call->in_flight || call->running[index].is_cancelled) {
        return;
    }
    attempt = &call->running[index];
    must(!attempt->is_sent);
    if (call_is_past(call, now) && !call_is_finished(call)) {
        call_cancel(attempt, OUTCOME_CANCELLED, actions);
    } else {
        try_sent(call, now, attempt, env);
    }
}

/* The attempt, as long as it may go on with another; NULL: it may not. */
static const struct running_attempt *may_continue(const struct call *call,
                                                  struct instant now,
                                                  unsigned number)
{
    size_t index = find_running(call, number);

    return call_is_finished(call) || call_is_past(call, now) ||
                   index == call->in_flight ||
                   call->running[index].is_cancelled
               ? NULL
               : &call->running[index];
}

enum call_follow call_follows(const struct call *call, struct instant now,
                              unsigned number, const struct policy *policy)
{
    const struct running_attempt *attempt = may_continue(call, now, number);

    if (policy->redirects == 0 || !attempt) {
        return CALL_FOLLOWS_NOT;
    }
    return attempt->hops < policy->redirects ? CALL_FOLLOWS
                                             : CALL_FOLLOWED_ALL;
}

bool call_answers(const struct call *call, struct instant now, unsigned number,
                  const struct policy *policy)
{
    const struct running_attempt *attempt = may_continue(call, now, number);

    return policy->answers_challenges && attempt && !attempt->has_answered;
}

/* That a POST was answered with "see there" may mean that it was done. */
static void note_hop(struct call *call, struct running_attempt *attempt,
                     bool as_get)
{
    attempt->kind = ATTEMPT_REDIRECT;
    attempt->hops++;
    attempt->has_answered = false;
    if (as_get) {
        call->proof.any_unknown = true;
        call->proof.last_rejected = false;
        attempt->became_get = true;
    }
}

/* Another attempt takes the place of one that goes on. */
static void go_on(struct call *call, struct instant now,
                  struct running_attempt *attempt,
                  const struct attempt_result *result, struct actions *actions)
{
    must(attempt->is_sent && !attempt->is_cancelled);
    call->proof.any_tried = true;
    if (result->outcome == OUTCOME_FOLLOWED) {
        note_hop(call, attempt, result->as_get);
    } else {
        attempt->kind = ATTEMPT_AUTH;
        attempt->has_answered = true;
    }
    attempt->patience = call_time_left(attempt->deadline, now);
    attempt->deadline = call->operation_deadline;
    attempt->is_sent = false;
    attempt->goes_on = true;
    attempt->hop = now;
    attempt->number = ++call->attempts;
    if (call->own_since.ns == INSTANT_NEVER.ns && !call_is_tried_now(call)) {
        call->own_since = now;
    }
    struct action *action = call_append(actions, ACTION_SEND);
    action->attempt = attempt->number;
    action->attempt_kind = attempt->kind;
}

static void on_attempt_done(struct call *call, struct instant now,
                            const struct call_event *event,
                            struct call_env *env, struct actions *actions)
{
    const struct policy *policy = env->policy;
    const struct attempt_result *result = &event->result;
    bool is_ending = result->outcome != OUTCOME_CANCELLED;
    size_t index = find_running(call, event->attempt);
    must(index < call->in_flight);
    if (outcome_goes_on(result->outcome)) {
        go_on(call, now, &call->running[index], result, actions);
        return;
    }
    bool is_hedge = !call->running[index].opens_try;
    bool was_sent = call->running[index].is_sent;
    bool became_get = call->running[index].became_get;
    enum finish_reason reason;

    must(call->state == CALL_SENDING || call_is_finished(call));
    must(was_sent || !is_ending || result->outcome == OUTCOME_NO_SOCKET);
    struct classification class = classify(&policy->retry.classify, result,
                                           &env->traits, event->attempt);
    call_end_attempt(call, index, now, env, result, class.as);
    if (call_is_finished(call)) {
        if (call_has_budget(env) && call->in_flight == 0) {
            budget_release(&env->client->budget, &call->budget);
        }
        return;
    }
    call_note_proof(call, result, was_sent, became_get);
    if (is_ending) {
        call->has_ending = true;
        call->ending = *result;
        call->ending_class = class;
        if (call_has_budget(env) && !call->sends_no_more &&
            result->outcome != OUTCOME_NO_SOCKET) {
            budget_on_ending(&env->client->budget, &policy->budget, now,
                             class.as, &call->budget);
        }
    }
    if (class.as == CLASS_SUCCESS && is_ending) {
        call->won_by_hedge = is_hedge;
        layer_hold_end(&call->holds[LEVEL_TRY], now, env, CLASS_SUCCESS);
        call_finish(call, now, FINISH_ANSWERED, env, actions);
    } else if (is_closing(call, now, result, was_sent, policy, &reason)) {
        call_stop_asking(call, now, env);
        if (call->in_flight == 0) {
            call_finish(call, now, reason, env, actions);
        }
    } else if (is_ending && call_hedges(env) &&
               policy->hedge.fatal >> class.as & 1) {
        layer_hold_end(&call->holds[LEVEL_TRY], now, env, class.as);
        call_finish(call, now, FINISH_ANSWERED, env, actions);
    } else {
        try_after_failure(call, now, is_ending, env, actions);
    }
}

/* An attempt's time is up. Where that only calls for a hedge, it runs on until
 * the operation's is. */
static void expire_attempts(struct call *call, struct instant now,
                            struct call_env *env, struct actions *actions)
{
    const struct hedge_config *config = &env->policy->hedge;
    bool soft = config->max_extra > 0 &&
                config->trigger == HEDGE_ON_ATTEMPT_TIMEOUT &&
                !call_is_finished(call) && !call_is_past(call, now);
    bool hedge_now = false;

    for (size_t i = 0; i < call->in_flight; i++) {
        struct running_attempt *attempt = &call->running[i];
        if (attempt->is_cancelled || instant_before(now, attempt->deadline)) {
            continue;
        }
        if (!attempt->is_sent) {
            call_cancel(attempt, OUTCOME_CANCELLED, actions);
        } else if (soft) {
            attempt->deadline = call->operation_deadline;
            hedge_now = true;
        } else {
            call_cancel(attempt, OUTCOME_TIMEOUT, actions);
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
    must(call->asking.kind == ATTEMPT_HEDGE);
    call_stop_asking(call, now, env);
    call->hedges_left = 0;
    call->hedge_at = INSTANT_NEVER;
}

/* The wait for a limit of its client is over. */
static bool may_go_on(const struct call *call, struct instant now)
{
    return call->asking.wait == WAIT_GRANTED ||
           (call->asking.wait == WAIT_RATE &&
            !instant_before(now, call->asking.until));
}

/* Woken while it waits for a limit of its client. */
static void on_woke_waiting(struct call *call, struct instant now,
                            struct call_env *env, struct actions *actions)
{
    const struct policy *policy = env->policy;

    if (call_is_past(call, now) && call_cuts_attempts(policy)) {
        late_waiting(call, now, env, actions);
    } else if (may_go_on(call, now)) {
        layers_end_wait(call, now);
        if (call_is_past(call, now)) {
            late_waiting(call, now, env, actions);
        } else {
            try_go_on(call, now, env, actions);
        }
    } else if (call->asking.wait == WAIT_PLACE &&
               !instant_before(now, call->asking.until)) {
        try_refused_by(call, now, LAYER_CONCURRENCY, env, actions);
    } else if (call->asking.level == LEVEL_ATTEMPT &&
               !instant_before(now, call->holds[LEVEL_ATTEMPT].deadline)) {
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
    expire_attempts(call, now, env, actions);
    if (call_is_finished(call)) {
        return;
    }
    if (call_is_asking(call)) {
        on_woke_waiting(call, now, env, actions);
    } else if (call->state == CALL_BACKING_OFF) {
        on_woke_backing_off(call, now, env, actions);
    } else if (call->state == CALL_SENDING &&
               !instant_before(now, call->hedge_at)) {
        try_hedge(call, now, env, actions);
    }
}

/* Whatever it waits with ends; what is in flight goes on. */
static void on_load_over(struct call *call, struct instant now,
                         struct call_env *env, struct actions *actions)
{
    call->sends_no_more = true;
    if (!call_is_finished(call) && call->in_flight == 0) {
        call_finish(call, now, FINISH_ABANDONED, env, actions);
        return;
    }
    call_stop_asking(call, now, env);
}

static void on_abandoned(struct call *call, struct instant now,
                         struct call_env *env, struct actions *actions)
{
    on_load_over(call, now, env, actions);
    for (size_t i = 0; i < call->in_flight; i++) {
        if (!call->running[i].is_cancelled) {
            call_cancel(&call->running[i], OUTCOME_CANCELLED, actions);
        }
    }
}

void call_init(struct call *call, const struct policy *policy,
               struct instant intended)
{
    must(policy->retry.classify.count <= CLASSIFY_RULES_MAX);
    /* Attempts are filled when they are sent; the rest starts as nothing. */
    memset(call, 0, offsetof(struct call, running));
    memset(call->holds, 0, sizeof(*call) - offsetof(struct call, holds));
    call->state = CALL_WAITING;
    call->intended = intended;
    call->last_event = (struct instant){INT64_MIN};
    call->operation_deadline = INSTANT_NEVER;
    backoff_restart(&call->backoff, 0);
    call->backoff_since = INSTANT_NEVER;
    call->own_since = INSTANT_NEVER;
    call->asking.level = LEVEL_NONE;
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
        must(call->state == CALL_WAITING && !call_is_asking(call));
        layers_begin(call, LEVEL_OPERATION, ATTEMPT_FIRST);
        try_go_on(call, now, env, actions);
        break;
    case EVENT_SENT:
        on_sent(call, now, event->attempt, env, actions);
        break;
    case EVENT_ATTEMPT_DONE:
        on_attempt_done(call, now, event, env, actions);
        break;
    case EVENT_WOKE:
        on_woke(call, now, env, actions);
        break;
    case EVENT_LOAD_OVER:
        on_load_over(call, now, env, actions);
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
