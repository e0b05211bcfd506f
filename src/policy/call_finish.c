/* What a call keeps: its state and the table of transitions, its timer, the
 * ends of its attempts, and the verdict. */
#include "policy/call_inside.h"

#include "base/must.h"
#include "policy/layers.h"

#define TO(state) (1u << CALL_##state)

/* The closed table of transitions: from each state, the states that may
 * follow. */
static const unsigned followers[] = {
    [CALL_WAITING] = TO(SENDING) | TO(BACKING_OFF) | TO(SHED),
    [CALL_SENDING] = TO(BACKING_OFF) | TO(SUCCEEDED) | TO(REJECTED) |
                     TO(UNANSWERED) | TO(AMBIGUOUS) | TO(SHED),
    [CALL_BACKING_OFF] = TO(SENDING) | TO(SUCCEEDED) | TO(REJECTED) |
                         TO(UNANSWERED) | TO(AMBIGUOUS) | TO(SHED),
    [CALL_SUCCEEDED] = 0,
    [CALL_REJECTED] = 0,
    [CALL_UNANSWERED] = 0,
    [CALL_AMBIGUOUS] = 0,
    [CALL_SHED] = 0,
};

static const enum call_state state_of_verdict[VERDICT_COUNT] = {
    [VERDICT_SUCCEEDED] = CALL_SUCCEEDED,
    [VERDICT_REJECTED] = CALL_REJECTED,
    [VERDICT_UNANSWERED] = CALL_UNANSWERED,
    [VERDICT_AMBIGUOUS] = CALL_AMBIGUOUS,
    [VERDICT_SHED] = CALL_SHED,
};

void call_move_to(struct call *call, enum call_state state)
{
    must(followers[call->state] >> state & 1u);
    call->state = state;
}

struct action *call_append(struct actions *actions, enum action_kind kind)
{
    must(actions->count < CALL_ACTIONS_MAX);
    struct action *action = &actions->list[actions->count++];
    action->kind = kind;
    return action;
}

/* -- the one timer -- */

/* When a call that waits for a limit must be woken. */
static struct instant layers_wake(const struct call *call, bool cuts)
{
    struct instant next = INSTANT_NEVER;
    if (call->asking.wait == WAIT_NONE || call->asking.wait == WAIT_GRANTED) {
        return next;
    }
    next = call->asking.until;
    if (call->asking.level == LEVEL_ATTEMPT) {
        next = instant_min(next, call->holds[LEVEL_ATTEMPT].deadline);
    }
    return cuts ? instant_min(next, call->operation_deadline) : next;
}

/* When the call must be woken, whatever the service does. */
static struct instant next_wake(const struct call *call,
                                const struct policy *policy)
{
    struct instant next = INSTANT_NEVER;
    bool cuts = call_cuts_attempts(policy);

    for (size_t i = 0; i < call->in_flight; i++) {
        if (!call->running[i].is_cancelled) {
            next = instant_min(next, call->running[i].deadline);
        }
    }
    if (call_is_finished(call) || call->sends_no_more) {
        return next;
    }
    if (call_is_asking(call)) {
        return instant_min(next, layers_wake(call, cuts));
    }
    if (call->state == CALL_SENDING) {
        return instant_min(next, call->hedge_at);
    }
    if (call->state == CALL_BACKING_OFF) {
        next = instant_min(next, call->retry_at);
        return cuts ? instant_min(next, call->operation_deadline) : next;
    }
    return next;
}

/* Asks for the one timer, unless the host has it so already. */
void call_arm(struct call *call, const struct policy *policy,
              struct actions *actions)
{
    struct instant at = next_wake(call, policy);
    if (call->timer.ns != at.ns) {
        call->timer = at;
        call_append(actions, ACTION_WAKE_AT)->at = at;
    }
}

/* -- the end -- */

void call_cancel(struct running_attempt *attempt, enum outcome outcome,
                 struct actions *actions)
{
    attempt->is_cancelled = true;
    struct action *action = call_append(actions, ACTION_CANCEL);
    action->attempt = attempt->number;
    action->outcome = outcome;
}

static enum verdict judge(const struct call *call, const struct call_env *env)
{
    if (!call->proof.any_tried) {
        return VERDICT_SHED;
    }
    if (call->proof.any_done) {
        return VERDICT_SUCCEEDED;
    }
    if (env->traits.is_safe) {
        return call->proof.any_no ? VERDICT_REJECTED : VERDICT_UNANSWERED;
    }
    bool one_key =
        env->policy->key.scope == KEY_SCOPE_OPERATION && env->traits.has_key;
    if (!call->proof.any_unknown || (call->proof.last_rejected && one_key)) {
        return VERDICT_REJECTED;
    }
    return VERDICT_AMBIGUOUS;
}

void call_leave_backoff(struct call *call, struct instant now)
{
    if (call->state == CALL_BACKING_OFF &&
        call->backoff_since.ns != INSTANT_NEVER.ns) {
        call->backoff_total = duration_add(
            call->backoff_total, instant_since(now, call->backoff_since));
        call->backoff_since = INSTANT_NEVER;
    }
}

/* Takes an attempt that has ended, or was given up, out of those in flight,
 * and lets all learn of it who have a part in it. */
void call_end_attempt(struct call *call, size_t index, struct instant now,
                      struct call_env *env,
                      const struct attempt_result *result,
                      enum outcome_class class)
{
    struct client *client = env->client;
    const struct policy *policy = env->policy;
    struct running_attempt attempt = call->running[index];
    bool given_up = result->outcome == OUTCOME_CANCELLED;

    call->in_flight--;
    call->running[index] = call->running[call->in_flight];
    if (call->in_flight == 0) {
        call_end_own_wait(call, now);
    } else if (attempt.is_sent && !call_is_tried_now(call)) {
        call->own_since = now;
    }
    if (call_has_budget(env)) {
        budget_on_done(&client->budget, &policy->budget, &call->budget,
                       attempt.is_budgeted);
    }
    /* How long an attempt took until it lost is the least that it would have
     * taken; leaving it out would make the rest look quicker than it is. */
    if (attempt.opens_try && call_hedges(env) && !call->sends_no_more &&
        policy->hedge.trigger == HEDGE_ON_QUANTILE && attempt.is_sent &&
        (result->sent || given_up)) {
        latency_estimate_add(&client->latency, &policy->hedge.latency, now,
                             instant_since(now, attempt.sent));
    }
    if (given_up || !attempt.is_sent || result->outcome == OUTCOME_NO_SOCKET) {
        layer_hold_forget(&attempt.hold, now, env);
        return;
    }
    if (policy->rate_limit.type == RATE_LIMIT_CUBIC) {
        rate_limit_on_answer(&client->rate_limit, &policy->rate_limit, now,
                             class == CLASS_THROTTLE);
    }
    layer_hold_end(&attempt.hold, now, env, class);
}

/* Whether an ending is a word of the service, or of the way to it, and not of
 * squall alone. */
static bool is_of_service(const struct attempt_result *result, bool was_sent)
{
    return was_sent && result->outcome != OUTCOME_NO_SOCKET &&
           (result->outcome != OUTCOME_CANCELLED || result->sent);
}

/* A 303 says that it was done, even where it is followed no further. */
static enum certainty certainty_of(const struct attempt_result *result)
{
    return result->outcome == OUTCOME_REDIRECT_LIMIT && result->status == 303
               ? CERTAINTY_UNKNOWN
               : outcome_certainty(result->outcome, result->sent);
}

void call_note_proof(struct call *call, const struct attempt_result *result,
                     bool was_sent, bool became_get)
{
    call->proof.any_tried |= is_of_service(result, was_sent);
    call->proof.any_no |= outcome_is_no(result->outcome);
    switch (certainty_of(result)) {
    case CERTAINTY_DONE:
        call->proof.any_done = true;
        break;
    case CERTAINTY_UNKNOWN:
        call->proof.any_unknown = true;
        call->proof.last_rejected = false;
        break;
    case CERTAINTY_NOT_DONE:
        if (result->outcome == OUTCOME_REJECTED && !became_get) {
            call->proof.last_rejected = true;
        }
        break;
    }
}

/* Gives up what is in flight, all of it or what need not go on. */
static void cancel_running(struct call *call, struct instant now, bool go_on,
                           struct call_env *env, struct actions *actions)
{
    for (size_t i = call->in_flight; i-- > 0 && !go_on;) {
        bool was_sent = call->running[i].is_sent;
        bool became_get = call->running[i].became_get;
        struct attempt_result given_up = {.outcome = OUTCOME_CANCELLED,
                                          .sent = was_sent};
        if (!call->running[i].is_cancelled) {
            call_cancel(&call->running[i], OUTCOME_CANCELLED, actions);
            call_end_attempt(call, i, now, env, &given_up, CLASS_FATAL);
            call_note_proof(call, &given_up, was_sent, became_get);
        }
    }
}

void call_stop_asking(struct call *call, struct instant now,
                      struct call_env *env)
{
    if (call_is_asking(call)) {
        layers_stop_waiting(call, now, env);
        layer_hold_forget(&call->holds[call->asking.level], now, env);
        call->asking.level = LEVEL_NONE;
    }
}

static void leave_out(struct layer_hold *hold, struct duration wait)
{
    if (hold->since.ns != INSTANT_NEVER.ns) {
        hold->since = instant_add(hold->since, wait);
    }
}

void call_sent_hop(struct running_attempt *attempt, struct instant now)
{
    struct duration wait = instant_since(now, attempt->hop);

    leave_out(&attempt->hold, wait);
    attempt->sent = instant_add(attempt->sent, wait);
}

void call_end_own_wait(struct call *call, struct instant now)
{
    if (call->own_since.ns != INSTANT_NEVER.ns) {
        struct duration wait = instant_since(now, call->own_since);
        leave_out(&call->holds[LEVEL_TRY], wait);
        leave_out(&call->holds[LEVEL_OPERATION], wait);
        call->own_since = INSTANT_NEVER;
    }
}

/* Whether the way in which an operation ends says nothing of the service. */
static bool ended_by_squall(const struct call *call, enum finish_reason reason)
{
    return reason == FINISH_ABANDONED || reason == FINISH_NO_CONNECTION ||
           (call->has_ending && call->ending.outcome == OUTCOME_NO_SOCKET);
}

/* What the layers outside retry learn of the operation. */
static void end_operation(struct call *call, struct instant now,
                          enum finish_reason reason, struct call_env *env)
{
    struct layer_hold *hold = &call->holds[LEVEL_OPERATION];
    bool is_through = call->tries > 0;

    if (is_through && call->proof.any_done) {
        layer_hold_end(hold, now, env, CLASS_SUCCESS);
    } else if (ended_by_squall(call, reason)) {
        layer_hold_forget(hold, now, env);
    } else if (is_through && reason == FINISH_OPERATION_TIMEOUT) {
        layer_hold_end(hold, now, env, CLASS_TIMEOUT);
    } else if (is_through && call->has_ending) {
        layer_hold_end(hold, now, env, call->ending_class.as);
    } else {
        layer_hold_forget(hold, now, env);
    }
}

void call_finish(struct call *call, struct instant now,
                 enum finish_reason reason, struct call_env *env,
                 struct actions *actions)
{
    bool go_on = call->proof.any_done && !env->policy->hedge.cancel_losers;

    call_leave_backoff(call, now);
    call_stop_asking(call, now, env);
    layer_hold_forget(&call->holds[LEVEL_TRY], now, env);
    cancel_running(call, now, go_on, env, actions);
    end_operation(call, now, reason, env);
    if (call_has_budget(env) && call->in_flight == 0) {
        budget_release(&env->client->budget, &call->budget);
    }
    enum verdict verdict = judge(call, env);
    call_move_to(call, state_of_verdict[verdict]);
    if (call->in_flight > 0) {
        call_arm(call, env->policy, actions); /* those that go on */
    }
    struct action *action = call_append(actions, ACTION_FINISH);
    action->verdict = verdict;
    action->reason = reason;
}
