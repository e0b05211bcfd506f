#include "policy/call.h"

#include "base/must.h"
#include "policy/walk.h"

#include <stddef.h>
#include <string.h>

#define TO(state) (1u << CALL_##state)

/* The closed table of transitions: from each state, the states that may
 * follow. */
static const unsigned followers[] = {
    [CALL_WAITING] = TO(SENDING) | TO(BACKING_OFF) | TO(SHED),
    [CALL_SENDING] =
        TO(BACKING_OFF) | TO(ACKED) | TO(REFUSED) | TO(AMBIGUOUS),
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

static bool cuts_attempts(const struct policy *policy)
{
    return policy->timeout.deadline_rule != DEADLINE_CHECK_BETWEEN;
}

static bool is_past(const struct call *call, struct instant now)
{
    return !instant_before(now, call->operation_deadline) &&
           call->operation_deadline.ns != INSTANT_NEVER.ns;
}

static bool is_walking(const struct call *call)
{
    return call->level != LEVEL_COUNT;
}

static bool has_budget(const struct call_env *env)
{
    return env->policy->budget.type != BUDGET_NONE;
}

static bool covers(const struct call_env *env, uint32_t what)
{
    return has_budget(env) && (env->policy->budget.covers & what);
}

static bool hedges(const struct call_env *env)
{
    return env->policy->hedge.max_extra > 0;
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
    bool cuts = cuts_attempts(policy);

    for (size_t i = 0; i < call->in_flight; i++) {
        if (!call->flights[i].is_cancelled) {
            next = instant_min(next, call->flights[i].deadline);
        }
    }
    if (call_is_finished(call) || call->abandoned) {
        return next;
    }
    if (is_walking(call)) {
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
static void arm(struct call *call, const struct policy *policy,
                struct actions *actions)
{
    struct instant at = next_wake(call, policy);
    if (call->timer.ns != at.ns) {
        call->timer = at;
        append(actions, ACTION_WAKE_AT)->at = at;
    }
}

/* -- the end -- */

static void cancel(struct flight_state *flight, enum outcome outcome,
                   struct actions *actions)
{
    flight->is_cancelled = true;
    struct action *action = append(actions, ACTION_CANCEL);
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
    bool one_key = env->policy->key.scope == KEY_SCOPE_OPERATION &&
                   env->traits.has_key;
    if (!call->any_unknown || (call->last_rejected && one_key)) {
        return VERDICT_REFUSED;
    }
    return VERDICT_AMBIGUOUS;
}

static void leave_backoff(struct call *call, struct instant now)
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
static void land(struct call *call, size_t index, struct instant now,
                 struct call_env *env, const struct attempt_result *result,
                 enum outcome_class class)
{
    struct client *client = env->client;
    const struct policy *policy = env->policy;
    struct flight_state flight = call->flights[index];
    bool given_up = result->outcome == OUTCOME_CANCELLED;

    call->in_flight--;
    call->flights[index] = call->flights[call->in_flight];
    if (has_budget(env)) {
        budget_on_done(&client->budget, &policy->budget, &call->budget,
                       flight.is_budgeted);
    }
    /* How long an attempt took until it lost is the least that it would have
     * taken; leaving it out would make the rest look quicker than it is. */
    if (flight.opens_try && hedges(env) && !call->abandoned &&
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

/* Gives up what is in flight, all of it or what need not go on. */
static void drop_flights(struct call *call, struct instant now, bool go_on,
                         struct call_env *env, struct actions *actions)
{
    struct attempt_result given_up = {.outcome = OUTCOME_CANCELLED,
                                      .sent = true};
    for (size_t i = call->in_flight; i-- > 0 && !go_on;) {
        if (!call->flights[i].is_cancelled) {
            cancel(&call->flights[i], OUTCOME_CANCELLED, actions);
            land(call, i, now, env, &given_up, CLASS_FATAL);
            note_proof(call, &given_up);
        }
    }
}

static void stop_walking(struct call *call, struct instant now,
                         struct call_env *env)
{
    if (is_walking(call)) {
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

static void finish(struct call *call, struct instant now,
                   enum finish_reason reason, struct call_env *env,
                   struct actions *actions)
{
    bool go_on = call->any_done && !env->policy->hedge.cancel_losers;

    leave_backoff(call, now);
    stop_walking(call, now, env);
    passage_forget(&call->passages[LEVEL_TRY], now, env);
    drop_flights(call, now, go_on, env, actions);
    end_operation(call, now, reason, env);
    if (has_budget(env) && call->in_flight == 0) {
        budget_release(&env->client->budget, &call->budget);
    }
    enum verdict verdict = judge(call, env);
    move_to(call, state_of_verdict[verdict]);
    if (call->in_flight > 0) {
        arm(call, env->policy, actions); /* those that go on */
    }
    struct action *action = append(actions, ACTION_FINISH);
    action->verdict = verdict;
    action->reason = reason;
}

/* -- tries -- */

static void go_on(struct call *call, struct instant now, struct call_env *env,
                  struct actions *actions);

static void begin_try(struct call *call, struct instant now,
                      struct call_env *env)
{
    leave_backoff(call, now);
    if (call->tries == 0) {
        if (has_budget(env)) {
            budget_on_start(&env->client->budget, &env->policy->budget, now,
                            &call->budget);
        }
        if (hedges(env)) {
            budget_on_start(&env->client->hedge_budget,
                            &env->policy->hedge.budget, now,
                            &call->hedge_budget);
        }
    }
    call->retries = call->tries++;
    call->hedges_left = env->policy->hedge.max_extra;
    call->has_ending = false;
    walk_begin(call, LEVEL_TRY,
               call->retries ? ATTEMPT_RETRY : ATTEMPT_FIRST);
}

/* Sleeps until the retry is due, as far as the deadline rule lets it. */
static void back_off(struct call *call, struct instant now,
                     struct duration wait, struct call_env *env,
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
    if (call->state != CALL_BACKING_OFF) {
        move_to(call, CALL_BACKING_OFF);
    }
    call->backoff_since = now;
    call->retry_at = retry_at;
    if (wait.ns > 0) {
        return;
    }
    if (call->is_doomed) {
        finish(call, now, FINISH_BUDGET_EXHAUSTED, env, actions);
        return;
    }
    begin_try(call, now, env);
    go_on(call, now, env, actions);
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
    return retry->max_attempts && used >= retry->max_attempts &&
           !ignore_limit;
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
                          call->retries - call->backoff.origin, u_mult,
                          u_add);
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
        finish(call, now, reason, env, actions);
        return;
    }
    if (covers(env, BUDGET_COVERS_RETRY) &&
        !budget_take(&env->client->budget, &env->policy->budget, now, class.as,
                     &call->budget)) {
        if (env->policy->retry.on_budget_empty == BROKE_FAIL) {
            finish(call, now, FINISH_BUDGET_EXHAUSTED, env, actions);
            return;
        }
        call->is_doomed = true;
    }
    if (!next_wait(call, result, class, env, &wait)) {
        finish(call, now, FINISH_HINT_REFUSED, env, actions);
        return;
    }
    if (class.rule >= 0 && call->rule_retries[class.rule] < UINT16_MAX) {
        call->rule_retries[class.rule]++;
    }
    back_off(call, now, wait, env, actions);
}

/* Nothing of the try is left; its last ending speaks for it. */
static void end_try(struct call *call, struct instant now,
                    struct call_env *env, struct actions *actions)
{
    struct classification class = call->ending_class;

    must(call->in_flight == 0 && !is_walking(call) && call->has_ending);
    call->hedge_at = INSTANT_NEVER;
    if (call->ending.outcome == OUTCOME_NO_SOCKET) {
        passage_forget(&call->passages[LEVEL_TRY], now, env);
    } else {
        passage_end(&call->passages[LEVEL_TRY], now, env, class.as);
    }
    if (class.as == CLASS_FATAL) {
        finish(call, now, FINISH_ANSWERED, env, actions);
    } else {
        consider_retry(call, now, &call->ending, class,
                       FINISH_ATTEMPTS_EXHAUSTED, env, actions);
    }
}

/* The client itself did not let a try go, or a hedge. */
static void refuse(struct call *call, struct instant now,
                   const struct attempt_result *result,
                   enum finish_reason reason, struct call_env *env,
                   struct actions *actions)
{
    bool whole = call->level == LEVEL_OPERATION;
    bool hedge = call->pending == ATTEMPT_HEDGE;

    stop_walking(call, now, env);
    if (whole) {
        finish(call, now, reason, env, actions);
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
    passage_forget(&call->passages[LEVEL_TRY], now, env);
    struct classification class =
        classify(&env->policy->retry.classify, result, &env->traits,
                 call->tries);
    if (class.as == CLASS_FATAL || class.as == CLASS_SUCCESS) {
        finish(call, now, reason, env, actions);
    } else {
        consider_retry(call, now, result, class, reason, env, actions);
    }
}

static void refused_by(struct call *call, struct instant now, enum layer layer,
                       struct call_env *env, struct actions *actions)
{
    struct attempt_result result = {.refused_by = UINT32_C(1) << layer};
    call->refusals[layer]++;
    refuse(call, now, &result, reason_of(layer), env, actions);
}

/* Its time ran out while it waited for a limit inside the attempt timeout. */
static void timed_out_waiting(struct call *call, struct instant now,
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
        delay = latency_quantile(&env->client->latency, &hedge->latency, now);
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
    bool is_hedge = call->pending == ATTEMPT_HEDGE;
    uint32_t paid_by = is_hedge ? BUDGET_COVERS_HEDGE : BUDGET_COVERS_RETRY;

    if (call->state != CALL_SENDING) {
        move_to(call, CALL_SENDING);
    }
    must(call->in_flight < CALL_IN_FLIGHT_MAX);
    struct flight_state *flight = &call->flights[call->in_flight++];
    *flight = (struct flight_state){
        .attempt = call->attempts + 1,
        .kind = call->attempts ? call->pending : ATTEMPT_FIRST,
        .opens_try = !is_hedge,
        .is_budgeted =
            call->pending != ATTEMPT_FIRST && covers(env, paid_by),
        .sent = now,
        .deadline = call->passages[LEVEL_ATTEMPT].deadline,
        .passage = call->passages[LEVEL_ATTEMPT],
    };
    call->passages[LEVEL_ATTEMPT] = (struct passage){0};
    call->level = LEVEL_COUNT;
    call->attempts++;
    call->hedges += is_hedge;
    call->hedges_left -= is_hedge;
    if (cuts_attempts(policy)) {
        flight->deadline =
            instant_min(flight->deadline, call->operation_deadline);
    }
    if (has_budget(env)) {
        budget_on_send(&env->client->budget, &policy->budget, &call->budget,
                       flight->is_budgeted);
    }
    call->hedge_at = when_to_hedge(call, now, env);
    struct action *action = append(actions, ACTION_SEND);
    action->attempt = flight->attempt;
    action->attempt_kind = flight->kind;
}

/* A hedge waits, and what it was to be sent beside has ended. */
static void rest_if_idle(struct call *call)
{
    if (call->state == CALL_SENDING && call->in_flight == 0) {
        move_to(call, CALL_BACKING_OFF);
    }
}

/* Walks on through the levels until an attempt is sent, something must be
 * waited for, or a layer refuses. */
static void go_on(struct call *call, struct instant now, struct call_env *env,
                  struct actions *actions)
{
    enum layer by;

    for (;;) {
        switch (walk_on(call, now, env, &by)) {
        case WALK_WAITS:
            rest_if_idle(call);
            return;
        case WALK_REFUSED:
            refused_by(call, now, by, env, actions);
            return;
        case WALK_LATE:
            finish(call, now, FINISH_OPERATION_TIMEOUT, env, actions);
            return;
        case WALK_THROUGH:
            break;
        }
        switch (call->level) {
        case LEVEL_OPERATION:
            begin_try(call, now, env);
            break;
        case LEVEL_TRY:
            walk_begin(call, LEVEL_ATTEMPT, call->pending);
            break;
        case LEVEL_ATTEMPT:
            send_attempt(call, now, env, actions);
            return;
        case LEVEL_COUNT:
            must_never("there is a level to walk");
        }
    }
}

/* -- hedging -- */

static bool may_hedge(const struct call *call, struct instant now,
                      const struct call_env *env)
{
    unsigned limit = env->policy->retry.max_attempts;
    if (call->hedges_left == 0 || call->abandoned || is_walking(call) ||
        is_past(call, now)) {
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
    return !covers(env, BUDGET_COVERS_HEDGE) ||
           budget_take(&client->budget, &policy->budget, now, CLASS_TRANSIENT,
                       &call->budget);
}

/* Sends a hedge, or begins to wait for the limits that it must pass. */
static void hedge(struct call *call, struct instant now, struct call_env *env,
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
    walk_begin(call, LEVEL_ATTEMPT, ATTEMPT_HEDGE);
    go_on(call, now, env, actions);
}

/* An attempt of a call that hedges has failed, and the call goes on. */
static void after_failure(struct call *call, struct instant now,
                          bool is_ending, struct call_env *env,
                          struct actions *actions)
{
    if (is_ending && hedges(env)) {
        switch (env->policy->hedge.on_failure) {
        case HEDGE_FAILURE_NEXT_NOW:
            hedge(call, now, env, actions);
            break;
        case HEDGE_FAILURE_IGNORE:
            break;
        case HEDGE_FAILURE_CANCEL_ALL:
            call->hedges_left = 0;
            call->hedge_at = INSTANT_NEVER;
            stop_walking(call, now, env);
            for (size_t i = 0; i < call->in_flight; i++) {
                if (!call->flights[i].is_cancelled) {
                    cancel(&call->flights[i], OUTCOME_CANCELLED, actions);
                }
            }
            break;
        }
    }
    if (call_is_finished(call)) {
        return;
    }
    if (is_walking(call)) {
        rest_if_idle(call);
    } else if (call->in_flight == 0) {
        end_try(call, now, env, actions);
    }
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
                       const struct policy *policy,
                       enum finish_reason *reason)
{
    if (call->abandoned) {
        *reason = FINISH_ABANDONED;
        return true;
    }
    *reason = FINISH_OPERATION_TIMEOUT;
    return result->outcome == OUTCOME_TIMEOUT && is_past(call, now) &&
           cuts_attempts(policy);
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
    land(call, index, now, env, result, class.as);
    if (call_is_finished(call)) {
        if (has_budget(env) && call->in_flight == 0) {
            budget_release(&env->client->budget, &call->budget);
        }
        return;
    }
    note_proof(call, result);
    if (is_ending) {
        call->has_ending = true;
        call->ending = *result;
        call->ending_class = class;
        if (has_budget(env) && !call->abandoned) {
            budget_on_ending(&env->client->budget, &policy->budget, now,
                             class.as, &call->budget);
        }
    }
    if (class.as == CLASS_SUCCESS && is_ending) {
        call->won_by_hedge = is_hedge;
        passage_end(&call->passages[LEVEL_TRY], now, env, CLASS_SUCCESS);
        finish(call, now, FINISH_ANSWERED, env, actions);
    } else if (is_closing(call, now, result, policy, &reason)) {
        stop_walking(call, now, env);
        if (call->in_flight == 0) {
            finish(call, now, reason, env, actions);
        }
    } else if (is_ending && hedges(env) &&
               policy->hedge.fatal >> class.as & 1) {
        passage_end(&call->passages[LEVEL_TRY], now, env, class.as);
        finish(call, now, FINISH_ANSWERED, env, actions);
    } else {
        after_failure(call, now, is_ending, env, actions);
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
                !call_is_finished(call) && !is_past(call, now);
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
            cancel(flight, OUTCOME_TIMEOUT, actions);
        }
    }
    if (hedge_now) {
        hedge(call, now, env, actions);
    }
}

/* It is too late for what the call waits with. */
static void late_waiting(struct call *call, struct instant now,
                         struct call_env *env, struct actions *actions)
{
    if (call->in_flight == 0) {
        finish(call, now, FINISH_OPERATION_TIMEOUT, env, actions);
        return;
    }
    must(call->pending == ATTEMPT_HEDGE);
    stop_walking(call, now, env);
    call->hedges_left = 0;
    call->hedge_at = INSTANT_NEVER;
}

/* Woken while it waits for a limit of its client. */
static void on_woke_waiting(struct call *call, struct instant now,
                            struct call_env *env, struct actions *actions)
{
    const struct policy *policy = env->policy;

    if (is_past(call, now) && cuts_attempts(policy)) {
        late_waiting(call, now, env, actions);
    } else if (call->is_granted ||
               (call->wait == WAIT_RATE &&
                !instant_before(now, call->wait_until))) {
        walk_wait_is_over(call, now);
        if (is_past(call, now)) {
            late_waiting(call, now, env, actions);
        } else {
            go_on(call, now, env, actions);
        }
    } else if (call->wait == WAIT_PLACE &&
               !instant_before(now, call->wait_until)) {
        refused_by(call, now, LAYER_CONCURRENCY, env, actions);
    } else if (call->level == LEVEL_ATTEMPT &&
               !instant_before(now, call->passages[LEVEL_ATTEMPT].deadline)) {
        timed_out_waiting(call, now, env, actions);
    }
}

static void on_woke_backing_off(struct call *call, struct instant now,
                                struct call_env *env, struct actions *actions)
{
    bool is_due = !instant_before(now, call->retry_at);

    if (is_past(call, now) && (is_due || cuts_attempts(env->policy))) {
        finish(call, now, FINISH_OPERATION_TIMEOUT, env, actions);
    } else if (is_due && call->is_doomed) {
        finish(call, now, FINISH_BUDGET_EXHAUSTED, env, actions);
    } else if (is_due) {
        begin_try(call, now, env);
        go_on(call, now, env, actions);
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
    if (is_walking(call)) {
        on_woke_waiting(call, now, env, actions);
    } else if (call->state == CALL_BACKING_OFF) {
        on_woke_backing_off(call, now, env, actions);
    } else if (call->state == CALL_SENDING &&
               !instant_before(now, call->hedge_at)) {
        hedge(call, now, env, actions);
    }
}

static void on_abandoned(struct call *call, struct instant now,
                         struct call_env *env, struct actions *actions)
{
    call->abandoned = true;
    if (!call_is_finished(call) && call->in_flight == 0) {
        finish(call, now, FINISH_ABANDONED, env, actions);
        return;
    }
    stop_walking(call, now, env);
    for (size_t i = 0; i < call->in_flight; i++) {
        if (!call->flights[i].is_cancelled) {
            cancel(&call->flights[i], OUTCOME_CANCELLED, actions);
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
        must(call->state == CALL_WAITING && !is_walking(call));
        walk_begin(call, LEVEL_OPERATION, ATTEMPT_FIRST);
        go_on(call, now, env, actions);
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
        arm(call, env->policy, actions);
    }
}
