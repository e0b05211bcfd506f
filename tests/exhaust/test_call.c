/*
 * exhaust: every sequence of events to a fixed depth through call_step, under
 * several policies, against what must hold whatever happens.
 *
 * Time steps onto the points where decisions turn: the events are fed at the
 * same instant, 1 ns before the timer, at the timer, and past the operation
 * deadline. A call is plain data, so a branch is a copy. The model beside it
 * keeps its own count of what the actions said; it knows the contract and
 * nothing of the code.
 */
#include "base/must.h"
#include "policy/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Where an attempt is sent at once, its SENT is no step of its own. */
enum { DEPTH = 9 };

static bool sends_at_once;

/* What the host knows. */
struct model {
    struct call call;
    struct client client;
    struct instant now;
    struct instant timer;
    unsigned sent;      /* SENDs so far */
    unsigned answered;  /* ATTEMPT_DONEs so far */
    unsigned in_flight; /* the attempt, 0: none */
    bool is_sent;       /* it has left the queue for a connection */
    bool tried;         /* one was, and what ended it was not squall's own */
    bool cancelled;     /* a CANCEL is out for it */
    enum outcome cancelled_as;
    unsigned wakes_asked; /* in this step */
    unsigned finishes;
    bool is_over; /* nothing may be sent any more */
    bool abandoned;
    bool yes, no, unknown, rejected_last; /* proof so far */
    enum verdict verdict;
};

enum move {
    MOVE_START,
    MOVE_SENT,
    MOVE_NO_SOCKET, /* nor did it leave this machine */
    MOVE_OK,
    MOVE_RESET,
    MOVE_REJECTED,
    MOVE_NOT_CONNECTED,
    MOVE_THROTTLED_WITH_HINT,
    MOVE_WAKE_NOW,   /* whether or not it is due */
    MOVE_WAKE_EARLY, /* 1 ns before the timer */
    MOVE_WAKE_IN_TIME,
    MOVE_WAKE_LATE, /* past the operation deadline, if there is one */
    MOVE_LOAD_OVER,
    MOVE_ABANDON,
    MOVE_COUNT
};

static const char *const move_names[MOVE_COUNT] = {
    "start",        "sent",          "no_socket", "ok",       "reset",
    "rejected",     "not_connected", "throttled", "wake_now", "wake_early",
    "wake_in_time", "wake_late",     "load_over", "abandon"};

static const struct policy *policy;
static struct request_traits traits;
static enum move path[DEPTH];
static size_t path_length;
static uint64_t steps;
static uint64_t finished_by[FINISH_REASON_COUNT];
static uint64_t verdicts[VERDICT_COUNT];

static void complain(const char *condition, int line)
{
    char text[400] = "";
    for (size_t i = 0; i < path_length; i++) {
        size_t length = strlen(text);
        snprintf(text + length, sizeof(text) - length, " %s",
                 move_names[path[i]]);
    }
    fail_msg("line %d: %s does not hold after:%s", line, condition, text);
}

#define holds(condition) \
    ((condition) ? (void)0 : complain(#condition, __LINE__))

/* The closed table of the design, by what a step may turn into what. */
static bool may_follow(enum call_state from, enum call_state to)
{
    switch (from) {
    case CALL_WAITING:
        return to == CALL_WAITING || to == CALL_SENDING || to == CALL_SHED;
    case CALL_SENDING:
    case CALL_BACKING_OFF:
        return to != CALL_WAITING;
    case CALL_SUCCEEDED:
    case CALL_REJECTED:
    case CALL_UNANSWERED:
    case CALL_AMBIGUOUS:
    case CALL_SHED:
        return false;
    }
    return false;
}

/* Said again in the words of the design, from the model's own notes. */
static enum verdict expected_verdict(const struct model *model)
{
    bool one_key = policy->key.scope == KEY_SCOPE_OPERATION && traits.has_key;
    if (!model->tried) {
        return VERDICT_SHED;
    }
    if (model->yes) {
        return VERDICT_SUCCEEDED;
    }
    if (traits.is_safe) {
        return model->no ? VERDICT_REJECTED : VERDICT_UNANSWERED;
    }
    if (!model->unknown) {
        return VERDICT_REJECTED;
    }
    return model->rejected_last && one_key ? VERDICT_REJECTED
                                           : VERDICT_AMBIGUOUS;
}

static unsigned attempts_max(void)
{
    unsigned extra = 0;
    for (size_t i = 0; i < policy->retry.classify.count; i++) {
        if (policy->retry.classify.rules[i].ignore_limit) {
            extra += policy->retry.classify.rules[i].max_retries;
        }
    }
    return policy->retry.max_attempts + extra;
}

static bool is_past_deadline(const struct model *model)
{
    return policy->timeout.operation.ns != INT64_MAX &&
           model->now.ns >= policy->timeout.operation.ns;
}

static void note_action(struct model *model, const struct action *action)
{
    holds(model->finishes == 0); /* FINISH is the last action */
    switch (action->kind) {
    case ACTION_SEND:
        holds(model->in_flight == 0);
        holds(!model->is_over);
        holds(!is_past_deadline(model));
        model->sent++;
        holds(action->attempt == model->sent);
        holds(model->sent <= attempts_max());
        holds(action->attempt_kind ==
              (model->sent == 1 ? ATTEMPT_FIRST : ATTEMPT_RETRY));
        model->in_flight = action->attempt;
        model->is_sent = false;
        model->cancelled = false;
        break;
    case ACTION_CANCEL:
        holds(model->in_flight == action->attempt);
        holds(!model->cancelled);
        holds(action->outcome == (model->abandoned || !model->is_sent
                                      ? OUTCOME_CANCELLED
                                      : OUTCOME_TIMEOUT));
        /* Waiting for a connection is cut by nothing but the operation. */
        holds(model->is_sent || model->abandoned || is_past_deadline(model));
        model->cancelled = true;
        model->cancelled_as = action->outcome;
        break;
    case ACTION_WAKE_AT:
        holds(++model->wakes_asked == 1);
        holds(action->at.ns > model->now.ns);
        model->timer = action->at;
        break;
    case ACTION_FINISH:
        model->finishes++;
        holds(model->sent == model->answered);
        holds(action->verdict == expected_verdict(model));
        holds(action->reason != FINISH_ABANDONED || model->is_over);
        holds((action->reason != FINISH_OPERATION_TIMEOUT &&
               action->reason != FINISH_NO_CONNECTION) ||
              policy->timeout.operation.ns != INT64_MAX);
        holds(action->reason != FINISH_ABANDONED || !model->tried ||
              action->verdict != VERDICT_SHED);
        finished_by[action->reason]++;
        verdicts[action->verdict]++;
        break;
    }
}

static void say_sent(struct model *model);

static void step(struct model *model, const struct call_event *event)
{
    struct call_env env = {policy, &model->client, traits};
    struct actions actions;
    enum call_state before = model->call.state;
    unsigned sent_before = model->sent;

    model->wakes_asked = 0;
    call_step(&model->call, model->now, event, &env, &actions);
    steps++;
    holds(actions.count <= CALL_ACTIONS_MAX);
    for (size_t i = 0; i < actions.count; i++) {
        note_action(model, &actions.list[i]);
    }
    enum call_state after = model->call.state;
    holds(may_follow(before, after));
    holds(call_is_finished(&model->call) == (model->finishes == 1));
    holds((after == CALL_SENDING) == (model->in_flight != 0));
    holds(model->call.in_flight == (model->in_flight != 0));
    holds(model->call.attempts == model->sent);
    holds(model->call.retries == (model->sent ? model->sent - 1 : 0));
    holds(model->call.backoff_total.ns >= 0 &&
          model->call.backoff_total.ns <= model->now.ns);
    holds(!model->is_over || after != CALL_BACKING_OFF);
    holds(!model->is_over || after != CALL_WAITING);
    /* The budget is never overdrawn, and holds nothing for nobody. */
    const struct budget *budget = &model->client.budget;
    if (policy->budget.type != BUDGET_NONE) {
        holds(budget->tokens >= 0 &&
              (double)budget->tokens <= policy->budget.capacity * BUDGET_UNIT);
        holds(budget->in_flight == (model->in_flight != 0));
        holds(budget->held <= 1);
        holds(budget->held == 0 || after == CALL_SENDING ||
              after == CALL_BACKING_OFF);
        holds(model->call.retries <= model->call.budget.taken);
    }
    /* Who waits has something to wait for. */
    holds(after != CALL_BACKING_OFF || model->timer.ns > model->now.ns);
    holds(after != CALL_SENDING || model->cancelled || !model->is_sent ||
          policy->timeout.attempt.ns == INT64_MAX ||
          model->timer.ns != INT64_MAX);
    /* And a deadline that cuts is always watched. */
    holds(call_is_finished(&model->call) || after == CALL_WAITING ||
          model->cancelled || is_past_deadline(model) ||
          (policy->timeout.deadline_rule == DEADLINE_CHECK_BETWEEN &&
           (after != CALL_SENDING || model->is_sent)) ||
          model->timer.ns <= policy->timeout.operation.ns);
    if (sends_at_once && model->sent > sent_before) {
        say_sent(model);
    }
}

static void end_attempt(struct model *model, enum outcome outcome,
                        uint16_t status, bool sent)
{
    struct call_event event = {
        .kind = EVENT_ATTEMPT_DONE,
        .attempt = model->in_flight,
        .result = {.outcome = outcome, .status = status, .sent = sent},
    };
    if (status == 429) {
        event.result.hint = (struct server_hint){HINT_WAIT, {7}};
    }
    bool definite_no =
        !sent || outcome == OUTCOME_REJECTED || outcome == OUTCOME_NO_SOCKET;
    model->tried =
        model->tried || (model->is_sent && outcome != OUTCOME_NO_SOCKET &&
                         (outcome != OUTCOME_CANCELLED || sent));
    if (outcome == OUTCOME_OK) {
        model->yes = true;
    } else if (!definite_no) {
        model->unknown = true;
        model->rejected_last = false;
    } else if (outcome == OUTCOME_REJECTED) {
        model->rejected_last = true;
    }
    model->no |= status >= 300;
    model->answered++;
    model->in_flight = 0;
    step(model, &event);
}

/* What times it starts now; too late for its operation, it is cancelled. */
static void say_sent(struct model *model)
{
    struct call_event event = {.kind = EVENT_SENT,
                               .attempt = model->in_flight};
    bool was_cancelled = model->cancelled;
    bool is_late = is_past_deadline(model);

    model->is_sent = !is_late && !was_cancelled;
    step(model, &event);
    holds(model->cancelled == (was_cancelled || is_late));
    holds(!model->is_sent || policy->timeout.attempt.ns == INT64_MAX ||
          model->timer.ns <= model->now.ns + policy->timeout.attempt.ns);
}

static void wake_at(struct model *model, struct instant at)
{
    model->now = instant_max(model->now, at);
    if (model->now.ns >= model->timer.ns) {
        model->timer = INSTANT_NEVER;
    }
    step(model, &(struct call_event){.kind = EVENT_WOKE});
}

/* False when the move is not allowed here by the contract. */
static bool make(struct model *model, enum move move)
{
    bool has_timer = model->timer.ns != INSTANT_NEVER.ns;
    bool answers = model->in_flight && !model->cancelled && model->is_sent;
    bool waits = model->in_flight && !model->is_sent;

    switch (move) {
    case MOVE_START:
        if (model->call.state != CALL_WAITING) {
            return false;
        }
        step(model, &(struct call_event){.kind = EVENT_STARTED});
        return true;
    case MOVE_SENT:
        if (!waits || sends_at_once) {
            return false;
        }
        say_sent(model);
        return true;
    case MOVE_NO_SOCKET:
        if (!model->in_flight || model->cancelled || sends_at_once) {
            return false;
        }
        end_attempt(model, OUTCOME_NO_SOCKET, 0, false);
        return true;
    case MOVE_OK:
        if (answers) {
            end_attempt(model, OUTCOME_OK, 200, true);
        } else if (model->in_flight && model->is_sent) {
            end_attempt(model, model->cancelled_as, 0, true);
        } else {
            return false;
        }
        return true;
    case MOVE_RESET:
        if (answers) {
            end_attempt(model, OUTCOME_RESET, 0, true);
        }
        return answers;
    case MOVE_REJECTED:
        if (answers) {
            end_attempt(model, OUTCOME_REJECTED, 422, true);
        }
        return answers;
    case MOVE_NOT_CONNECTED:
        if (answers) {
            end_attempt(model, OUTCOME_CONNECT_REFUSED, 0, false);
        } else if (waits && model->is_over && !model->cancelled) {
            end_attempt(model, OUTCOME_CANCELLED, 0, false);
        } else if (model->in_flight && model->cancelled) {
            end_attempt(model, model->cancelled_as, 0, false);
        } else {
            return false;
        }
        return true;
    case MOVE_THROTTLED_WITH_HINT:
        if (answers) {
            end_attempt(model, OUTCOME_THROTTLED, 429, true);
        }
        return answers;
    case MOVE_WAKE_NOW:
        wake_at(model, model->now);
        return true;
    case MOVE_WAKE_EARLY:
        if (has_timer) {
            wake_at(model, (struct instant){model->timer.ns - 1});
        }
        return has_timer;
    case MOVE_WAKE_IN_TIME:
        if (has_timer) {
            wake_at(model, model->timer);
        }
        return has_timer;
    case MOVE_WAKE_LATE:
        wake_at(model, instant_add(model->now, (struct duration){100}));
        return true;
    case MOVE_LOAD_OVER:
        model->is_over = true;
        step(model, &(struct call_event){.kind = EVENT_LOAD_OVER});
        return true;
    case MOVE_ABANDON:
        model->is_over = true;
        model->abandoned = true;
        step(model, &(struct call_event){.kind = EVENT_ABANDONED});
        return true;
    case MOVE_COUNT:
        break;
    }
    return false;
}

static void explore(const struct model *from)
{
    if (path_length == DEPTH || from->finishes) {
        return;
    }
    for (int move = 0; move < MOVE_COUNT; move++) {
        struct model model = *from;
        path[path_length++] = (enum move)move;
        if (make(&model, (enum move)move)) {
            explore(&model);
        }
        path_length--;
    }
}

static void start_exploring_a(struct request_traits request,
                              const struct policy *chosen)
{
    struct model model;
    memset(&model, 0, sizeof(model));
    policy = chosen;
    traits = request;
    model.timer = INSTANT_NEVER;
    client_init(&model.client, policy, 1, 0);
    call_init(&model.call, policy, (struct instant){0});
    path_length = 0;
    sends_at_once = true;
    explore(&model);
    sends_at_once = false;
    explore(&model);
}

static void start_exploring(const struct policy *chosen, bool has_key)
{
    start_exploring_a(
        (struct request_traits){.method = METHOD_POST, .has_key = has_key},
        chosen);
}

/* Small numbers of nanoseconds: waits of 10, timeouts of 20, 55 in all. */
static void base_policy(struct policy *chosen, unsigned attempts)
{
    static const char *const tokens[] = {"connect", "reset", "timeout", "429",
                                         "422"};
    const char *problem = NULL;
    policy_init(chosen);
    chosen->retry.max_attempts = attempts;
    chosen->timeout.attempt = (struct duration){20};
    for (size_t i = 0; i < array_length(tokens); i++) {
        assert_true(
            classify_expand(&chosen->retry.classify, tokens[i], &problem));
    }
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        chosen->retry.backoff[i].type = BACKOFF_EXPONENTIAL;
        chosen->retry.backoff[i].initial = (struct duration){10};
        chosen->retry.backoff[i].jitter.mult_low = 0.5;
    }
    chosen->retry.hint.count = 1;
}

static void expect_explored(uint64_t least)
{
    print_message("%llu steps\n", (unsigned long long)steps);
    assert_true(steps >= least); /* it really branches */
    steps = 0;
}

static void test_deadline_rules(void **state)
{
    (void)state;
    for (int rule = 0; rule <= DEADLINE_REFUSE_IF_WAIT_EXCEEDS; rule++) {
        struct policy chosen;
        base_policy(&chosen, 3);
        chosen.timeout.operation = (struct duration){55};
        chosen.timeout.deadline_rule = (enum deadline_rule)rule;
        start_exploring(&chosen, false);
        expect_explored(100000);
    }
}

static void test_one_key(void **state)
{
    (void)state;
    struct policy chosen;
    base_policy(&chosen, 4);
    chosen.key.scope = KEY_SCOPE_OPERATION;
    start_exploring(&chosen, true);
    expect_explored(100000);
}

static void test_safe_request(void **state)
{
    (void)state;
    struct policy chosen;
    base_policy(&chosen, 3);
    start_exploring_a(
        (struct request_traits){.method = METHOD_GET, .is_safe = true},
        &chosen);
    expect_explored(100000);
}

static void test_no_timers_at_all(void **state)
{
    (void)state;
    struct policy chosen;
    base_policy(&chosen, 3);
    chosen.timeout.attempt = DURATION_FOREVER;
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        chosen.retry.backoff[i].type = BACKOFF_NONE;
    }
    start_exploring(&chosen, true);
    expect_explored(10000);
}

static void test_rules_with_limits(void **state)
{
    (void)state;
    struct policy chosen;
    base_policy(&chosen, 2);
    chosen.retry.classify.rules[0].ignore_limit = true;
    chosen.retry.classify.rules[0].max_retries = 2;
    chosen.retry.classify.rules[1].max_retries = 1;
    chosen.retry.hint.max = (struct duration){5};
    chosen.retry.hint.over_max = OVER_NO_RETRY;
    start_exploring(&chosen, false);
    expect_explored(100000);
}

static void test_budgets(void **state)
{
    (void)state;
    for (int type = BUDGET_TOKEN_BUCKET; type <= BUDGET_RATIO_INFLIGHT;
         type++) {
        for (int charge = CHARGE_RETRY; charge <= CHARGE_FAILURE; charge++) {
            struct policy chosen;
            base_policy(&chosen, 4);
            chosen.timeout.operation = (struct duration){55};
            chosen.budget.type = (enum budget_type)type;
            chosen.budget.charge_on = (enum budget_charge)charge;
            chosen.budget.capacity = 3;
            chosen.budget.initial = 3;
            chosen.budget.allow_above = 1;
            chosen.budget.refund_last_cost = true;
            for (size_t i = 0; i < CLASS_COUNT; i++) {
                chosen.budget.cost[i] = 1;
            }
            chosen.budget.min_per_sec = 0.2; /* two in ten seconds */
            chosen.budget.min_concurrent = 1;
            start_exploring(&chosen, false);
            expect_explored(100000);
        }
    }
}

/* The exploration would prove nothing if it never came to some endings. */
static void test_every_ending_was_reached(void **state)
{
    (void)state;
    for (size_t i = 0; i < FINISH_REASON_COUNT; i++) {
        bool by_layer = i >= FINISH_BREAKER_OPEN && i <= FINISH_THROTTLED;
        assert_true(by_layer || finished_by[i] > 0);
    }
    for (size_t i = 0; i < VERDICT_COUNT; i++) {
        assert_true(verdicts[i] > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deadline_rules),
        cmocka_unit_test(test_one_key),
        cmocka_unit_test(test_safe_request),
        cmocka_unit_test(test_no_timers_at_all),
        cmocka_unit_test(test_rules_with_limits),
        cmocka_unit_test(test_budgets),
        cmocka_unit_test(test_every_ending_was_reached),
    };
    return cmocka_run_group_tests_name("exhaust call", tests, NULL, NULL);
}
