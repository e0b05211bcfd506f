#include "policy/call.h"

#include "base/must.h"

#include <string.h>

#define TO(state) (1u << CALL_##state)

/* The closed table of transitions: from each state, the states that may
 * follow. */
static const unsigned followers[] = {
    [CALL_WAITING] = TO(SENDING) | TO(SHED),
    [CALL_SENDING] =
        TO(BACKING_OFF) | TO(ACKED) | TO(REFUSED) | TO(AMBIGUOUS),
    [CALL_BACKING_OFF] =
        TO(SENDING) | TO(ACKED) | TO(REFUSED) | TO(AMBIGUOUS),
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

static void move_to(struct call *call, enum call_state state)
{
    must(followers[call->state] >> state & 1u);
    call->state = state;
}

static struct action *append(struct actions *actions, enum action_kind kind)
{
    must(actions->count < CALL_ACTIONS_MAX);
    struct action *action = &actions->list[actions->count++];
    action->kind = kind;
    return action;
}

/* Asks for the one timer, unless the host has it so already. */
static void arm(struct call *call, struct instant at, struct actions *actions)
{
    if (call->timer.ns == at.ns) {
        return;
    }
    call->timer = at;
    append(actions, ACTION_WAKE_AT)->at = at;
}

static bool cuts_attempts(const struct policy *policy)
{
    return policy->timeout.deadline_rule != DEADLINE_CHECK_BETWEEN;
}

static bool is_past(const struct call *call, struct instant now)
{
    return !instant_before(now, call->operation_deadline) &&
           call->operation_deadline.ns != INSTANT_NEVER.ns;
}

/* The earliest deadline of the attempts that still run. */
static struct instant next_deadline(const struct call *call)
{
    struct instant next = INSTANT_NEVER;
    for (size_t i = 0; i < call->in_flight; i++) {
        if (!call->flights[i].is_cancelled) {
            next = instant_min(next, call->flights[i].deadline);
        }
    }
    return next;
}

static bool has_budget(const struct call_env *env)
{
    return env->policy->budget.type != BUDGET_NONE;
}

static void cancel(struct call *call, size_t flight, enum outcome outcome,
                   struct actions *actions)
{
    call->flights[flight].is_cancelled = true;
    struct action *action = append(actions, ACTION_CANCEL);
    action->attempt = call->flights[flight].attempt;
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
    bool one_key = env->policy->key.scope == KEY_SCOPE_OPERATION &&
                   env->traits.has_key;
    if (!call->any_unknown || (call->last_rejected && one_key)) {
        return VERDICT_REFUSED;
    }
    return VERDICT_AMBIGUOUS;
}

static void leave_backoff(struct call *call, struct instant now)
{
    if (call->state == CALL_BACKING_OFF) {
        call->backoff_total = duration_add(
            call->backoff_total, instant_since(now, call->backoff_since));
    }
}

static void finish(struct call *call, struct instant now,
                   enum finish_reason reason, const struct call_env *env,
                   struct actions *actions)
{
    leave_backoff(call, now);
    if (has_budget(env)) {
        budget_release(&env->client->budget, &call->budget);
    }
    enum verdict verdict = judge(call, env);
    move_to(call, state_of_verdict[verdict]);
    struct action *action = append(actions, ACTION_FINISH);
    action->verdict = verdict;
    action->reason = reason;
}

static void send_attempt(struct call *call, struct instant now,
                         const struct call_env *env, struct actions *actions)
{
    const struct policy *policy = env->policy;
    bool is_retry = call->attempts > 0;

    leave_backoff(call, now);
    move_to(call, CALL_SENDING);
    call->attempts++;
    call->retries += is_retry;

    if (has_budget(env)) {
        budget_on_send(&env->client->budget, &policy->budget, &call->budget,
                       is_retry);
    }
    must(call->in_flight < CALL_IN_FLIGHT_MAX);
    struct instant deadline = instant_add(now, policy->timeout.attempt);
    if (cuts_attempts(policy)) {
        deadline = instant_min(deadline, call->operation_deadline);
    }
    call->flights[call->in_flight].attempt = call->attempts;
    call->flights[call->in_flight].deadline = deadline;
    call->flights[call->in_flight].is_cancelled = false;
    call->in_flight++;

    struct action *action = append(actions, ACTION_SEND);
    action->attempt = call->attempts;
    action->attempt_kind = is_retry ? ATTEMPT_RETRY : ATTEMPT_FIRST;
    arm(call, next_deadline(call), actions);
}

/* Takes an attempt that has ended out of those in flight. */
static void land(struct call *call, unsigned attempt)
{
    size_t flight = 0;
    while (flight < call->in_flight &&
           call->flights[flight].attempt != attempt) {
        flight++;
    }
    must(flight < call->in_flight);
    call->in_flight--;
    call->flights[flight] = call->flights[call->in_flight];
}

static void note_proof(struct call *call, const struct attempt_result *result)
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

static bool limit_reached(const struct call *call,
                          const struct retry_config *retry, int rule)
{
    bool ignore_limit = false;
    if (rule >= 0) {
        const struct classify_rule *matched = &retry->classify.rules[rule];
        if (matched->max_retries &&
            call->rule_retries[rule] >= matched->max_retries) {
            return true;
        }
        ignore_limit = matched->ignore_limit;
    }
    return retry->max_attempts && call->attempts >= retry->max_attempts &&
           !ignore_limit;
}

/* Sleeps until the retry is due, as far as the deadline rule lets it. */
static void back_off(struct call *call, struct instant now,
                     struct duration wait, const struct call_env *env,
                     struct actions *actions)
{
    enum deadline_rule rule = env->policy->timeout.deadline_rule;
    struct instant retry_at = instant_add(now, wait);
    bool too_late = is_past(call, retry_at);

    if (is_past(call, now) ||
        (too_late && rule == DEADLINE_REFUSE_IF_WAIT_EXCEEDS)) {
        finish(call, now, FINISH_OPERATION_TIMEOUT, env, actions);
        return;
    }
    move_to(call, CALL_BACKING_OFF);
    call->backoff_since = now;
    call->retry_at = retry_at;
    if (wait.ns <= 0) {
        send_attempt(call, now, env, actions);
        return;
    }
    if (rule == DEADLINE_CUT_ATTEMPT) {
        retry_at = instant_min(retry_at, call->operation_deadline);
    }
    arm(call, retry_at, actions);
}

/* After a failure that the policy may retry. */
static void consider_retry(struct call *call, struct instant now,
                           const struct attempt_result *result,
                           struct classification class, struct call_env *env,
                           struct actions *actions)
{
    const struct retry_config *retry = &env->policy->retry;

    if (limit_reached(call, retry, class.rule)) {
        finish(call, now, FINISH_ATTEMPTS_EXHAUSTED, env, actions);
        return;
    }
    if (has_budget(env) &&
        !budget_take(&env->client->budget, &env->policy->budget, now, class.as,
                     &call->budget)) {
        finish(call, now, FINISH_BUDGET_EXHAUSTED, env, actions);
        return;
    }
    double u_mult = rng_unit(&env->client->jitter);
    double u_add = rng_unit(&env->client->jitter);
    struct duration wait =
        backoff_delay(&retry->backoff[class.as], &call->backoff,
                      call->retries - call->backoff.origin, u_mult, u_add);
    switch (hint_combine(&retry->hint, result, u_mult, &wait)) {
    case HINT_DECISION_NO_RETRY:
        finish(call, now, FINISH_HINT_REFUSED, env, actions);
        return;
    case HINT_DECISION_WAIT_AND_RESET:
        backoff_restart(&call->backoff, call->retries + 1);
        break;
    case HINT_DECISION_WAIT:
        break;
    }
    if (class.rule >= 0 && call->rule_retries[class.rule] < UINT16_MAX) {
        call->rule_retries[class.rule]++;
    }
    back_off(call, now, wait, env, actions);
}

static void on_attempt_done(struct call *call, struct instant now,
                            const struct call_event *event,
                            struct call_env *env, struct actions *actions)
{
    const struct policy *policy = env->policy;
    const struct attempt_result *result = &event->result;

    must(call->state == CALL_SENDING);
    land(call, event->attempt);
    if (has_budget(env)) {
        budget_on_done(&env->client->budget, &policy->budget, &call->budget,
                       event->attempt > 1);
    }
    note_proof(call, result);
    if (call->in_flight > 0) {
        return; /* others still run; with one attempt at a time, never */
    }

    struct classification class = classify(&policy->retry.classify, result,
                                           &env->traits, event->attempt);
    if (has_budget(env) && !call->abandoned) {
        budget_on_ending(&env->client->budget, &policy->budget, now, class.as,
                         &call->budget);
    }
    if (class.as == CLASS_SUCCESS) {
        finish(call, now, FINISH_ANSWERED, env, actions);
    } else if (call->abandoned) {
        finish(call, now, FINISH_ABANDONED, env, actions);
    } else if (result->outcome == OUTCOME_TIMEOUT && is_past(call, now) &&
               cuts_attempts(policy)) {
        finish(call, now, FINISH_OPERATION_TIMEOUT, env, actions);
    } else if (class.as == CLASS_FATAL) {
        finish(call, now, FINISH_ANSWERED, env, actions);
    } else {
        consider_retry(call, now, result, class, env, actions);
    }
}

static void on_woke(struct call *call, struct instant now,
                    const struct call_env *env, struct actions *actions)
{
    call->timer = INSTANT_NEVER; /* spent; what is still to come is set anew */

    if (call->state == CALL_SENDING) {
        for (size_t i = 0; i < call->in_flight; i++) {
            if (!call->flights[i].is_cancelled &&
                !instant_before(now, call->flights[i].deadline)) {
                cancel(call, i, OUTCOME_TIMEOUT, actions);
            }
        }
        arm(call, next_deadline(call), actions);
        return;
    }
    if (call->state != CALL_BACKING_OFF) {
        return;
    }
    bool cut = cuts_attempts(env->policy);
    bool due = !instant_before(now, call->retry_at);
    if (is_past(call, now) && (due || cut)) {
        finish(call, now, FINISH_OPERATION_TIMEOUT, env, actions);
    } else if (due) {
        send_attempt(call, now, env, actions);
    } else {
        arm(call,
            cut ? instant_min(call->retry_at, call->operation_deadline)
                : call->retry_at,
            actions);
    }
}

static void on_abandoned(struct call *call, struct instant now,
                         const struct call_env *env, struct actions *actions)
{
    call->abandoned = true;
    if (call->state != CALL_SENDING) {
        finish(call, now, FINISH_ABANDONED, env, actions);
        return;
    }
    for (size_t i = 0; i < call->in_flight; i++) {
        if (!call->flights[i].is_cancelled) {
            cancel(call, i, OUTCOME_CANCELLED, actions);
        }
    }
    arm(call, INSTANT_NEVER, actions);
}

void call_init(struct call *call, const struct policy *policy,
               struct instant intended)
{
    must(policy->retry.classify.count <= CLASSIFY_RULES_MAX);
    call->state = CALL_WAITING;
    call->intended = intended;
    call->last_event = (struct instant){INT64_MIN};
    call->operation_deadline =
        instant_add(intended, policy->timeout.operation);
    call->attempts = 0;
    call->retries = 0;
    memset(call->rule_retries, 0,
           policy->retry.classify.count * sizeof(call->rule_retries[0]));
    backoff_restart(&call->backoff, 0);
    call->budget = (struct budget_use){0};
    call->backoff_total = DURATION_ZERO;
    call->backoff_since = INSTANT_NEVER;
    call->in_flight = 0;
    call->timer = INSTANT_NEVER;
    call->retry_at = INSTANT_NEVER;
    call->abandoned = false;
    call->any_done = false;
    call->any_unknown = false;
    call->last_rejected = false;
}

void call_step(struct call *call, struct instant now,
               const struct call_event *event, struct call_env *env,
               struct actions *actions)
{
    must(!call_is_finished(call));
    must(!instant_before(now, call->last_event));
    call->last_event = now;
    actions->count = 0;

    switch (event->kind) {
    case EVENT_STARTED:
        must(call->state == CALL_WAITING);
        if (is_past(call, now)) {
            finish(call, now, FINISH_OPERATION_TIMEOUT, env, actions);
            break;
        }
        if (has_budget(env)) {
            budget_on_start(&env->client->budget, &env->policy->budget, now,
                            &call->budget);
        }
        send_attempt(call, now, env, actions);
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
}
