#include "policy/call_inside.h"

#include "base/must.h"
#include "policy/walk.h"

#define TO(state) (1u << CALL_##state)

/* The closed table of transitions: from each state, the states that may
 * follow. */
static const unsigned followers[] = {
    [CALL_WAITING] = TO(SENDING) | TO(BACKING_OFF) | TO(SHED),
    [CALL_SENDING] = TO(BACKING_OFF) | TO(ACKED) | TO(REFUSED) | TO(AMBIGUOUS),
    [CALL_BACKING_OFF] =
        TO(SENDING) | TO(ACKED) | TO(REFUSED) | TO(AMBIGUOUS) | TO(SHED),
    [CALL_ACKED] = 0,
    [CALL_REFUSED] = 0,
    [CALL_AMBIGUOUS] = 0,
    [CALL_SHED] = 0,
};

static const enum call_state state_of_verdict[VERDICT_COUNT] = {
    [VERDICT_ACKED] = CALL_ACKED,
    [VERDICT_REFUSED] = CALL_REFUSED,
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

/* What a walk that waits waits for. */
static struct instant walk_wakes(const struct call *call, bool cuts)
{
    struct instant next = INSTANT_NEVER;
    if (call->wait == WAIT_NONE || call->is_granted) {
        return next;
    }
    next = call->wait_until;
    if (call->level == LEVEL_ATTEMPT) {
        next = instant_min(next, call->passages[LEVEL_ATTEMPT].deadline);
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
        if (!call->flights[i].is_cancelled) {
            next = instant_min(next, call->flights[i].deadline);
        }
    }
    if (call_is_finished(call) || call->abandoned) {
        return next;
    }
    if (call_is_walking(call)) {
        return instant_min(next, walk_wakes(call, cuts));
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

void call_cancel(struct flight_state *flight, enum outcome outcome,
                 struct actions *actions)
{
    flight->is_cancelled = true;
    struct action *action = call_append(actions, ACTION_CANCEL);
    action->attempt = flight->attempt;
    action->outcome = outcome;
}

static enum verdict judge(const struct call *call, const struct call_env *env)
{
    if (call->attempts == 0) {
        return VERDICT_SHED;
    }
    if (call->any_done) {
        return VERDICT_ACKED;
    }
    bool one_key =
        env->policy->key.scope == KEY_SCOPE_OPERATION && env->traits.has_key;
    if (!call->any_unknown || (call->last_rejected && one_key)) {
        return VERDICT_REFUSED;
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
void call_land(struct call *call, size_t index, struct instant now,
               struct call_env *env, const struct attempt_result *result,
               enum outcome_class class)
{
    struct client *client = env->client;
    const struct policy *policy = env->policy;
    struct flight_state flight = call->flights[index];
    bool given_up = result->outcome == OUTCOME_CANCELLED;

    call->in_flight--;
    call->flights[index] = call->flights[call->in_flight];
    if (call_has_budget(env)) {
        budget_on_done(&client->budget, &policy->budget, &call->budget,
                       flight.is_budgeted);
    }
    /* How long an attempt took until it lost is the least that it would have
     * taken; leaving it out would make the rest look quicker than it is. */
    if (flight.opens_try && call_hedges(env) && !call->abandoned &&
        policy->hedge.trigger == HEDGE_ON_QUANTILE &&
        (result->sent || given_up)) {
        latency_add(&client->latency, &policy->hedge.latency, now,
                    instant_since(now, flight.sent));
    }
    if (given_up || result->outcome == OUTCOME_NO_SOCKET) {
        passage_forget(&flight.passage, now, env);
        return;
    }
    if (policy->rate_limit.type == RATE_LIMIT_CUBIC) {
        rate_limit_on_answer(&client->rate_limit, &policy->rate_limit, now,
                             class == CLASS_THROTTLE);
    }
    passage_end(&flight.passage, now, env, class);
}

void call_note_proof(struct call *call, const struct attempt_result *result)
{
    switch (outcome_certainty(result->outcome, result->sent)) {
    case CERTAINTY_DONE:
        call->any_done = true;
        break;
    case CERTAINTY_UNKNOWN:
        call->any_unknown = true;
        call->last_rejected = false;
        break;
    case CERTAINTY_NOT_DONE:
        if (result->outcome == OUTCOME_REJECTED) {
            call->last_rejected = true;
        }
        break;
    }
}

/* Gives up what is in flight, all of it or what need not go on. */
static void drop_flights(struct call *call, struct instant now, bool go_on,
                         struct call_env *env, struct actions *actions)
{
    struct attempt_result given_up = {.outcome = OUTCOME_CANCELLED,
                                      .sent = true};
    for (size_t i = call->in_flight; i-- > 0 && !go_on;) {
        if (!call->flights[i].is_cancelled) {
            call_cancel(&call->flights[i], OUTCOME_CANCELLED, actions);
            call_land(call, i, now, env, &given_up, CLASS_FATAL);
            call_note_proof(call, &given_up);
        }
    }
}

void call_stop_walking(struct call *call, struct instant now,
                       struct call_env *env)
{
    if (call_is_walking(call)) {
        walk_stop_waiting(call, now, env);
        passage_forget(&call->passages[call->level], now, env);
        call->level = LEVEL_COUNT;
    }
}

/* What the layers outside retry are told of the operation. */
static void end_operation(struct call *call, struct instant now,
                          enum finish_reason reason, struct call_env *env)
{
    struct passage *passage = &call->passages[LEVEL_OPERATION];
    bool is_through = call->tries > 0;

    if (is_through && call->any_done) {
        passage_end(passage, now, env, CLASS_SUCCESS);
    } else if (is_through && reason == FINISH_OPERATION_TIMEOUT) {
        passage_end(passage, now, env, CLASS_TIMEOUT);
    } else if (is_through && reason != FINISH_ABANDONED && call->has_ending) {
        passage_end(passage, now, env, call->ending_class.as);
    } else {
        passage_forget(passage, now, env);
    }
}

void call_finish(struct call *call, struct instant now,
                 enum finish_reason reason, struct call_env *env,
                 struct actions *actions)
{
    bool go_on = call->any_done && !env->policy->hedge.cancel_losers;

    call_leave_backoff(call, now);
    call_stop_walking(call, now, env);
    passage_forget(&call->passages[LEVEL_TRY], now, env);
    drop_flights(call, now, go_on, env, actions);
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
