/* Tries of a call: when to send an attempt, when to hedge it, and whether to
 * try again. */
#include "policy/call_inside.h"

#include "base/must.h"
#include "policy/layers.h"

/* A try that the client refused itself is not asked for again at the same
 * instant, at which nothing can have changed. */
#define REFUSED_WAIT_MIN duration_ms(1)

static enum finish_reason reason_of(enum layer layer)
{
    switch (layer) {
    case LAYER_BREAKER:
        return FINISH_BREAKER_OPEN;
    case LAYER_CONCURRENCY:
        return FINISH_CONCURRENCY_FULL;
    case LAYER_RATE_LIMIT:
        return FINISH_RATE_LIMITED;
    case LAYER_THROTTLE:
        return FINISH_THROTTLED;
    case LAYER_OPERATION_TIMEOUT:
    case LAYER_RETRY:
    case LAYER_HEDGE:
    case LAYER_ATTEMPT_TIMEOUT:
        break;
    }
    must_never("only four layers refuse");
    return FINISH_ABANDONED;
}

void try_begin(struct call *call, struct instant now, struct call_env *env)
{
    call_leave_backoff(call, now);
    if (call->tries == 0) {
        if (call_has_budget(env)) {
            budget_on_start(&env->client->budget, &env->policy->budget, now,
                            &call->budget);
        }
        if (call_hedges(env)) {
            budget_on_start(&env->client->hedge_budget,
                            &env->policy->hedge.budget, now,
                            &call->hedge_budget);
        }
    }
    call->retries = call->tries++;
    call->hedges_left = env->policy->hedge.max_extra;
    call->has_ending = false;
    layers_begin(call, LEVEL_TRY,
                 call->retries ? ATTEMPT_RETRY : ATTEMPT_FIRST);
}

/* Sleeps until the retry is due, as far as the deadline rule lets it. */
static void back_off(struct call *call, struct instant now,
                     struct duration wait, struct call_env *env,
                     struct actions *actions)
{
    enum deadline_rule rule = env->policy->timeout.deadline_rule;
    struct instant retry_at = instant_add(now, wait);
    bool too_late = call_is_past(call, retry_at);

    if (call_is_past(call, now) ||
        (too_late && rule == DEADLINE_REFUSE_IF_WAIT_EXCEEDS)) {
        call_finish(call, now, FINISH_OPERATION_TIMEOUT, env, actions);
        return;
    }
    if (call->state != CALL_BACKING_OFF) {
        call_move_to(call, CALL_BACKING_OFF);
    }
    call->backoff_since = now;
    call->retry_at = retry_at;
    if (wait.ns > 0) {
        return;
    }
    if (call->is_doomed) {
        call_finish(call, now, FINISH_BUDGET_EXHAUSTED, env, actions);
        return;
    }
    try_begin(call, now, env);
    try_go_on(call, now, env, actions);
}

static bool limit_reached(const struct call *call, const struct call_env *env,
                          int rule)
{
    const struct retry_config *retry = &env->policy->retry;
    bool ignore_limit = false;

    if (retry->max_request_bytes &&
        env->traits.body_bytes > retry->max_request_bytes) {
        return true;
    }
    if (rule >= 0) {
        const struct classify_rule *matched = &retry->classify.rules[rule];
        if (matched->max_retries &&
            call->rule_retries[rule] >= matched->max_retries) {
            return true;
        }
        ignore_limit = matched->ignore_limit;
    }
    unsigned used = call->tries;
    if (env->policy->hedge.counts_as_retry) {
        used += call->hedges;
    }
    return retry->max_attempts && used >= retry->max_attempts && !ignore_limit;
}

/* Asks the retry budget, and keeps count of its answers. */
static bool can_afford_retry(struct call *call, struct instant now,
                             enum outcome_class class, struct call_env *env)
{
    if (!call_budget_covers(env, BUDGET_COVERS_RETRY)) {
        return true;
    }
    bool granted = budget_take(&env->client->budget, &env->policy->budget, now,
                               class, &call->budget);
    call->retries_granted += granted;
    call->retries_denied += !granted;
    return granted;
}

/* The wait before the next try; false: the server's hint forbids one. */
static bool next_wait(struct call *call, const struct attempt_result *result,
                      struct classification class, struct call_env *env,
                      struct duration *wait)
{
    const struct retry_config *retry = &env->policy->retry;
    double u_mult = rng_unit(&env->client->jitter);
    double u_add = rng_unit(&env->client->jitter);

    *wait = backoff_delay(&retry->backoff[class.as], &call->backoff,
                          call->retries - call->backoff.origin, u_mult, u_add);
    if (result->refused_by) {
        *wait = duration_max(*wait, REFUSED_WAIT_MIN);
        return true;
    }
    switch (hint_combine(&retry->hint, result, u_mult, wait)) {
    case HINT_DECISION_NO_RETRY:
        return false;
    case HINT_DECISION_WAIT_AND_RESET:
        backoff_restart(&call->backoff, call->retries + 1);
        break;
    case HINT_DECISION_WAIT:
        break;
    }
    return true;
}

/* After a failure that the policy may retry; `reason` is why the call ends
 * when its tries are used up. */
static void consider_retry(struct call *call, struct instant now,
                           const struct attempt_result *result,
                           struct classification class,
                           enum finish_reason reason, struct call_env *env,
                           struct actions *actions)
{
    struct duration wait;

    if (limit_reached(call, env, class.rule)) {
        call_finish(call, now, reason, env, actions);
        return;
    }
    if (call->sends_no_more) {
        call_finish(call, now, FINISH_ABANDONED, env, actions);
        return;
    }
    if (!can_afford_retry(call, now, class.as, env)) {
        if (env->policy->retry.on_budget_empty == BROKE_FAIL) {
            call_finish(call, now, FINISH_BUDGET_EXHAUSTED, env, actions);
            return;
        }
        call->is_doomed = true;
    }
    if (!next_wait(call, result, class, env, &wait)) {
        call_finish(call, now, FINISH_HINT_REFUSED, env, actions);
        return;
    }
    if (class.rule >= 0 && call->rule_retries[class.rule] < UINT16_MAX) {
        call->rule_retries[class.rule]++;
    }
    back_off(call, now, wait, env, actions);
}

/* Nothing of the try is left; its last ending stands for it. */
static void end_try(struct call *call, struct instant now,
                    struct call_env *env, struct actions *actions)
{
    struct classification class = call->ending_class;

    must(call->in_flight == 0 && !call_is_asking(call) && call->has_ending);
    call->hedge_at = INSTANT_NEVER;
    bool is_ours = call->ending.outcome == OUTCOME_NO_SOCKET;
    if (is_ours) {
        layer_hold_forget(&call->holds[LEVEL_TRY], now, env);
    } else {
        layer_hold_end(&call->holds[LEVEL_TRY], now, env, class.as);
    }
    if (class.as == CLASS_FATAL) {
        call_finish(call, now, is_ours ? FINISH_NO_SOCKET : FINISH_ANSWERED,
                    env, actions);
    } else {
        consider_retry(call, now, &call->ending, class,
                       is_ours ? FINISH_NO_SOCKET : FINISH_ATTEMPTS_EXHAUSTED,
                       env, actions);
    }
}

/* The client itself did not let a try go, or a hedge. */
static void refuse(struct call *call, struct instant now,
                   const struct attempt_result *result,
                   enum finish_reason reason, struct call_env *env,
                   struct actions *actions)
{
    bool whole = call->asking.level == LEVEL_OPERATION;
    bool hedge = call->asking.kind == ATTEMPT_HEDGE;

    call_stop_asking(call, now, env);
    if (whole) {
        call_finish(call, now, reason, env, actions);
        return;
    }
    if (hedge) {
        call->hedges_left = 0;
        call->hedge_at = INSTANT_NEVER;
        if (call->in_flight == 0) {
            end_try(call, now, env, actions);
        }
        return;
    }
    layer_hold_forget(&call->holds[LEVEL_TRY], now, env);
    struct classification class = classify(&env->policy->retry.classify,
                                           result, &env->traits, call->tries);
    if (class.as == CLASS_FATAL || class.as == CLASS_SUCCESS) {
        call_finish(call, now, reason, env, actions);
    } else {
        consider_retry(call, now, result, class, reason, env, actions);
    }
}

void try_refused_by(struct call *call, struct instant now, enum layer layer,
                    struct call_env *env, struct actions *actions)
{
    struct attempt_result result = {.refused_by = UINT32_C(1) << layer};
    call->refusals[layer]++;
    refuse(call, now, &result, reason_of(layer), env, actions);
}

/* Its time ran out while it waited for a limit inside the attempt timeout. */
void try_timed_out_waiting(struct call *call, struct instant now,
                           struct call_env *env, struct actions *actions)
{
    struct attempt_result result = {.outcome = OUTCOME_TIMEOUT};
    refuse(call, now, &result, FINISH_ATTEMPTS_EXHAUSTED, env, actions);
}

/* -- sending -- */

static struct instant when_to_hedge(const struct call *call,
                                    struct instant now, struct call_env *env)
{
    const struct hedge_config *hedge = &env->policy->hedge;
    struct duration delay = DURATION_FOREVER;

    if (call->hedges_left == 0) {
        return INSTANT_NEVER;
    }
    switch (hedge->trigger) {
    case HEDGE_ON_DELAY:
        delay = hedge->delay;
        break;
    case HEDGE_ON_QUANTILE:
        delay = latency_estimate_quantile(&env->client->latency,
                                          &hedge->latency, now);
        break;
    case HEDGE_ON_ATTEMPT_TIMEOUT:
        break;
    }
    /* A hedge beside its attempt at the very instant is woken for, too. */
    return instant_add(now, duration_max(delay, (struct duration){1}));
}

static void send_attempt(struct call *call, struct instant now,
                         struct call_env *env, struct actions *actions)
{
    const struct policy *policy = env->policy;
    bool is_hedge = call->asking.kind == ATTEMPT_HEDGE;
    uint32_t paid_by = is_hedge ? BUDGET_COVERS_HEDGE : BUDGET_COVERS_RETRY;

    if (call->state != CALL_SENDING) {
        call_move_to(call, CALL_SENDING);
    }
    must(call->in_flight < CALL_IN_FLIGHT_MAX);
    struct running_attempt *attempt = &call->running[call->in_flight++];
    *attempt = (struct running_attempt){
        .number = call->attempts + 1,
        .kind = call->attempts ? call->asking.kind : ATTEMPT_FIRST,
        .opens_try = !is_hedge,
        .is_budgeted = call->asking.kind != ATTEMPT_FIRST &&
                       call_budget_covers(env, paid_by),
        .sent = INSTANT_NEVER,
        .patience = call_time_left(call->holds[LEVEL_ATTEMPT].deadline, now),
        .deadline = call->operation_deadline,
        .hold = call->holds[LEVEL_ATTEMPT],
    };
    call->holds[LEVEL_ATTEMPT] = (struct layer_hold){0};
    call->asking.level = LEVEL_NONE;
    call->attempts++;
    call->hedges += is_hedge;
    call->hedges_left -= is_hedge;
    if (call->own_since.ns == INSTANT_NEVER.ns && !call_is_tried_now(call)) {
        call->own_since = now;
    }
    if (call_has_budget(env)) {
        budget_on_send(&env->client->budget, &policy->budget, &call->budget,
                       attempt->is_budgeted);
    }
    call->hedge_at = INSTANT_NEVER; /* until it is sent */
    struct action *action = call_append(actions, ACTION_SEND);
    action->attempt = attempt->number;
    action->attempt_kind = attempt->kind;
}

void try_sent(struct call *call, struct instant now,
              struct running_attempt *attempt, struct call_env *env)
{
    attempt->is_sent = true;
    if (attempt->goes_on) {
        call_sent_hop(attempt, now);
    } else {
        attempt->sent = now;
        attempt->hold.since = now;
    }
    attempt->deadline = instant_add(now, attempt->patience);
    if (call_cuts_attempts(env->policy)) {
        attempt->deadline =
            instant_min(attempt->deadline, call->operation_deadline);
    }
    call_end_own_wait(call, now);
    if (!call_is_finished(call) && !attempt->goes_on) {
        call->hedge_at = when_to_hedge(call, now, env);
    }
}

/* A hedge waits, and what it was to be sent beside has ended. */
static void rest_if_idle(struct call *call)
{
    if (call->state == CALL_SENDING && call->in_flight == 0) {
        call_move_to(call, CALL_BACKING_OFF);
    }
}

/* Asks the layers, level by level, until an attempt is sent, something must
 * be waited for, or a layer refuses. */
void try_go_on(struct call *call, struct instant now, struct call_env *env,
               struct actions *actions)
{
    enum layer by;

    for (;;) {
        switch (layers_ask(call, now, env, &by)) {
        case LAYERS_WAIT:
            rest_if_idle(call);
            return;
        case LAYERS_REFUSED:
            try_refused_by(call, now, by, env, actions);
            return;
        case LAYERS_LATE:
            call_finish(call, now, FINISH_OPERATION_TIMEOUT, env, actions);
            return;
        case LAYERS_PASSED:
            break;
        }
        switch (call->asking.level) {
        case LEVEL_OPERATION:
            try_begin(call, now, env);
            break;
        case LEVEL_TRY:
            layers_begin(call, LEVEL_ATTEMPT, call->asking.kind);
            break;
        case LEVEL_ATTEMPT:
            send_attempt(call, now, env, actions);
            return;
        case LEVEL_NONE:
            must_never("there is a level to ask");
        }
    }
}

/* -- hedging -- */

static bool may_hedge(const struct call *call, struct instant now,
                      const struct call_env *env)
{
    unsigned limit = env->policy->retry.max_attempts;
    if (call->hedges_left == 0 || call->sends_no_more ||
        call_is_asking(call) || call_is_past(call, now)) {
        return false;
    }
    return !(env->policy->hedge.counts_as_retry && limit &&
             call->tries + call->hedges >= limit);
}

static bool can_afford_hedge(struct call *call, struct instant now,
                             struct call_env *env)
{
    const struct policy *policy = env->policy;
    struct client *client = env->client;

    if (policy->hedge.budget.type != BUDGET_NONE &&
        !budget_take(&client->hedge_budget, &policy->hedge.budget, now,
                     CLASS_TRANSIENT, &call->hedge_budget)) {
        return false;
    }
    if (!call_budget_covers(env, BUDGET_COVERS_HEDGE)) {
        return true;
    }
    bool granted = budget_take(&client->budget, &policy->budget, now,
                               CLASS_TRANSIENT, &call->budget);
    call->hedges_granted += granted;
    return granted;
}

/* Sends a hedge, or begins to wait for the limits that it must pass. */
void try_hedge(struct call *call, struct instant now, struct call_env *env,
               struct actions *actions)
{
    call->hedge_at = INSTANT_NEVER;
    if (!may_hedge(call, now, env)) {
        return;
    }
    if (!can_afford_hedge(call, now, env)) {
        call->hedges_denied++;
        call->hedges_left = 0;
        return;
    }
    layers_begin(call, LEVEL_ATTEMPT, ATTEMPT_HEDGE);
    try_go_on(call, now, env, actions);
}

/* An attempt of a call that hedges has failed, and the call goes on. */
void try_after_failure(struct call *call, struct instant now, bool is_ending,
                       struct call_env *env, struct actions *actions)
{
    if (is_ending && call_hedges(env)) {
        switch (env->policy->hedge.on_failure) {
        case HEDGE_FAILURE_NEXT_NOW:
            try_hedge(call, now, env, actions);
            break;
        case HEDGE_FAILURE_IGNORE:
            break;
        case HEDGE_FAILURE_CANCEL_ALL:
            call->hedges_left = 0;
            call->hedge_at = INSTANT_NEVER;
            call_stop_asking(call, now, env);
            for (size_t i = 0; i < call->in_flight; i++) {
                if (!call->running[i].is_cancelled) {
                    call_cancel(&call->running[i], OUTCOME_CANCELLED, actions);
                }
            }
            break;
        }
    }
    if (call_is_finished(call)) {
        return;
    }
    if (call_is_asking(call)) {
        rest_if_idle(call);
    } else if (call->in_flight == 0) {
        end_try(call, now, env, actions);
    }
}
