/*
 * exhaust: two calls of one client, under every layer that can make them wait,
 * refuse them or send beside them: every sequence of events to a fixed depth,
 * against what must hold whatever happens.
 *
 * The host here is as awkward as the contract allows: an answer may come from
 * any attempt in flight, a cancelled attempt is answered after other events of
 * the same instant, timers go off early and late. A world is plain data, but
 * for the queues of its client, whose pointers are moved along when it is
 * copied. Nothing of the code is known here but its contract.
 */
#include "base/must.h"
#include "policy/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { CALLS = 2, DEPTH_MAX = 10, LATE_MS = 1000 };

/* One attempt, as the host knows it. */
struct sent {
    unsigned attempt; /* 0: free */
    bool is_sent;     /* it has left the queue for a connection */
    bool is_cancelled;
    enum outcome cancelled_as;
};

struct caller {
    struct call call;
    struct instant timer;
    struct sent sent[CALL_IN_FLIGHT_MAX];
    unsigned in_flight, cancelled; /* cancelled: of those in flight */
    unsigned sends, hedges, answered, dropped;
    bool is_over, tried, yes, unknown, rejected_last;
    bool finished;
    enum verdict verdict;
};

struct world {
    struct instant now;
    struct caller callers[CALLS];
    struct client client; /* last: only what is used of it is copied */
};

enum act {
    ACT_START,
    ACT_SENT,
    ACT_OK,
    ACT_RESET,
    ACT_REJECTED,
    ACT_OK_NEWEST,
    ACT_RESET_NEWEST,
    ACT_CANCELLED,
    ACT_WAKE_NOW,
    ACT_WAKE_IN_TIME,
    ACT_WAKE_LATE,
    ACT_LOAD_OVER,
    ACT_ABANDON,
    ACT_COUNT
};

static const char *const act_names[ACT_COUNT] = {
    "start",     "sent",         "ok",        "reset", "rejected",
    "ok_newest", "reset_newest", "cancelled", "wake",  "wake_in_time",
    "wake_late", "load_over",    "abandon"};

static const struct policy *policy;
static size_t world_size;
static unsigned depth;
static bool sends_at_once; /* a connection is always free */
static unsigned path[DEPTH_MAX];
static unsigned path_length;
static uint64_t steps;
static uint64_t reasons[FINISH_REASON_COUNT];
static uint64_t hedges_won, granted, lingered;

static void complain(const char *condition, int line)
{
    char text[400] = "";
    for (unsigned i = 0; i < path_length; i++) {
        size_t length = strlen(text);
        snprintf(text + length, sizeof(text) - length, " %u:%s",
                 path[i] / ACT_COUNT, act_names[path[i] % ACT_COUNT]);
    }
    fail_msg("line %d: %s does not hold after:%s", line, condition, text);
}

#define holds(condition) \
    ((condition) ? (void)0 : complain(#condition, __LINE__))

/* -- copying -- */

static void *moved(void *pointer, const struct world *from, struct world *to)
{
    if (!pointer) {
        return NULL;
    }
    ptrdiff_t offset = (char *)pointer - (const char *)from;
    must(offset >= 0 && (size_t)offset < sizeof(*from));
    return (char *)to + offset;
}

static void move_queue(struct call_queue *queue, const struct world *from,
                       struct world *to)
{
    queue->head = moved(queue->head, from, to);
    queue->tail = moved(queue->tail, from, to);
}

static void copy_world(const struct world *from, struct world *to)
{
    memcpy(to, from, world_size);
    move_queue(&to->client.queues[0], from, to);
    move_queue(&to->client.ready, from, to);
    for (size_t i = 0; i < CALLS; i++) {
        struct call *call = &to->callers[i].call;
        call->queue = moved(call->queue, from, to);
        call->queue_next = moved(call->queue_next, from, to);
        call->queue_previous = moved(call->queue_previous, from, to);
    }
}

/* -- what must hold -- */

static bool is_cut(const struct world *world, const struct caller *caller)
{
    return world->now.ns >= caller->call.operation_deadline.ns &&
           caller->call.operation_deadline.ns != INSTANT_NEVER.ns;
}

static enum verdict expected_verdict(const struct caller *caller)
{
    if (!caller->tried) {
        return VERDICT_SHED;
    }
    if (caller->yes) {
        return VERDICT_SUCCEEDED;
    }
    return caller->unknown ? VERDICT_AMBIGUOUS : VERDICT_REJECTED;
}

static unsigned sends_max(void)
{
    unsigned tries = policy->retry.max_attempts;
    unsigned extra = policy->hedge.max_extra;
    return policy->hedge.counts_as_retry ? tries : tries * (1 + extra);
}

static void note_send(struct world *world, struct caller *caller,
                      const struct action *action)
{
    size_t free = 0;
    while (free < CALL_IN_FLIGHT_MAX && caller->sent[free].attempt) {
        free++;
    }
    holds(free < CALL_IN_FLIGHT_MAX);
    holds(!caller->finished && !caller->is_over);
    holds(!is_cut(world, caller));
    holds(action->attempt == caller->sends + 1);
    holds((action->attempt_kind == ATTEMPT_FIRST) == (caller->sends == 0));
    holds(action->attempt_kind != ATTEMPT_RETRY || caller->in_flight == 0);
    holds(action->attempt_kind != ATTEMPT_HEDGE || policy->hedge.max_extra);
    caller->sends++;
    caller->hedges += action->attempt_kind == ATTEMPT_HEDGE;
    holds(caller->sends <= sends_max());
    caller->sent[free].attempt = action->attempt;
    caller->sent[free].is_sent = false;
    caller->sent[free].is_cancelled = false;
    caller->in_flight++;
    holds(caller->in_flight <= 1 + policy->hedge.max_extra);
}

static void note_cancel(struct caller *caller, const struct action *action)
{
    for (size_t i = 0; i < CALL_IN_FLIGHT_MAX; i++) {
        struct sent *sent = &caller->sent[i];
        if (sent->attempt == action->attempt) {
            holds(!sent->is_cancelled);
            holds(sent->is_sent || action->outcome == OUTCOME_CANCELLED);
            sent->is_cancelled = true;
            sent->cancelled_as = action->outcome;
            caller->cancelled++;
            return;
        }
    }
    complain("a CANCEL names an attempt in flight", __LINE__);
}

/* What this very step cancelled is dropped by a FINISH. */
static void drop(struct caller *caller, const struct actions *actions)
{
    for (size_t i = 0; i < actions->count; i++) {
        for (size_t k = 0; k < CALL_IN_FLIGHT_MAX; k++) {
            if (actions->list[i].kind == ACTION_CANCEL &&
                caller->sent[k].attempt == actions->list[i].attempt) {
                caller->sent[k].attempt = 0;
                caller->in_flight--;
                caller->cancelled--;
                caller->dropped++;
                caller->tried |= caller->sent[k].is_sent;
                caller->unknown |= caller->sent[k].is_sent;
            }
        }
    }
}

static void note_actions(struct world *world, struct caller *caller,
                         const struct actions *actions)
{
    unsigned wakes = 0;
    holds(actions->count <= CALL_ACTIONS_MAX);
    for (size_t i = 0; i < actions->count; i++) {
        const struct action *action = &actions->list[i];
        switch (action->kind) {
        case ACTION_SEND:
            note_send(world, caller, action);
            break;
        case ACTION_CANCEL:
            note_cancel(caller, action);
            break;
        case ACTION_WAKE_AT:
            holds(++wakes == 1);
            holds(action->at.ns > world->now.ns);
            caller->timer = action->at;
            break;
        case ACTION_FINISH:
            holds(!caller->finished);
            holds(i == actions->count - 1);
            drop(caller, actions);
            holds(action->verdict == expected_verdict(caller));
            caller->finished = true;
            caller->verdict = action->verdict;
            lingered += caller->in_flight > 0;
            hedges_won += caller->call.won_by_hedge;
            reasons[action->reason]++;
            break;
        }
    }
}

/* Nobody who waits is forgotten, and nobody waits for nothing. */
static void check_caller(const struct world *world,
                         const struct caller *caller)
{
    const struct call *call = &caller->call;
    bool is_settled = caller->cancelled == 0;

    holds(call->in_flight == caller->in_flight);
    holds(call->attempts == caller->sends);
    holds(call->hedges == caller->hedges);
    holds(call_is_finished(call) == caller->finished);
    holds(call_is_over(call) == (caller->finished && !caller->in_flight));
    holds(caller->finished ||
          (call->state == CALL_SENDING) == (caller->in_flight > 0));
    holds(call->asking.wait != WAIT_PLACE || call->queue);
    if (!caller->finished && !caller->is_over && is_settled &&
        call->last_event.ns != INT64_MIN && caller->in_flight == 0 &&
        call->asking.wait != WAIT_PLACE && call->asking.wait != WAIT_GRANTED) {
        holds(caller->timer.ns != INSTANT_NEVER.ns);
    }
    if (!caller->finished && is_settled && caller->in_flight > 0 &&
        policy->timeout.operation.ns != INT64_MAX && !is_cut(world, caller)) {
        holds(caller->timer.ns <= call->operation_deadline.ns);
    }
}

/* What the client has lent out is what its calls hold. */
static void check_client(const struct world *world)
{
    const struct client *client = &world->client;
    unsigned in_flight = 0, open = 0;
    for (size_t i = 0; i < CALLS; i++) {
        const struct caller *caller = &world->callers[i];
        in_flight += caller->in_flight;
        open += !call_is_over(&caller->call);
        check_caller(world, caller);
    }
    holds(client->ready.head == NULL);
    if (policy->concurrency.enabled) {
        const struct concurrency *pool = &client->pools[0];
        holds(pool->running <= policy->concurrency.common.limit);
        holds(pool->queued <= policy->concurrency.common.queue);
        holds((pool->queued == 0) == (client->queues[0].head == NULL));
        holds(open > 0 || (pool->running == 0 && pool->queued == 0));
        /* Work-conserving: nobody stands before a free place. */
        holds(pool->queued == 0 ||
              pool->running == policy->concurrency.common.limit);
    }
    if (policy->budget.type != BUDGET_NONE) {
        holds(client->budget.in_flight == in_flight);
        holds(open > 0 || client->budget.held == 0);
        holds(client->budget.tokens >= 0);
    }
    if (policy->breaker.condition_count) {
        const struct breaker *breaker = &client->breaker;
        holds(breaker->given >= breaker->done);
        holds(breaker->given <= policy->breaker.half_open_calls);
        /* A probe that will not come back would keep it half open. */
        holds(open > 0 || breaker->state != BREAKER_HALF_OPEN ||
              breaker->given == breaker->done);
    }
}

/* -- the host -- */

static void step_one(struct world *world, struct caller *caller,
                     const struct call_event *event)
{
    struct call_env env = {
        policy, &world->client, {.method = METHOD_POST, .tier = 1}};
    struct actions actions;
    call_step(&caller->call, world->now, event, &env, &actions);
    steps++;
    note_actions(world, caller, &actions);
    world->client.change_count = 0;
}

/* The one that waits longest is sent. */
static bool send_one(struct world *world, struct caller *caller)
{
    struct sent *first = NULL;
    for (size_t i = 0; i < CALL_IN_FLIGHT_MAX; i++) {
        struct sent *sent = &caller->sent[i];
        if (sent->attempt && !sent->is_sent && !sent->is_cancelled &&
            (!first || sent->attempt < first->attempt)) {
            first = sent;
        }
    }
    if (!first) {
        return false;
    }
    struct call_event event = {.kind = EVENT_SENT, .attempt = first->attempt};
    bool is_late = is_cut(world, caller) && !caller->finished;
    first->is_sent = !is_late;
    step_one(world, caller, &event);
    holds(first->is_cancelled == is_late);
    return true;
}

static void send_all(struct world *world)
{
    for (size_t i = 0; i < CALLS && sends_at_once; i++) {
        while (send_one(world, &world->callers[i])) {
            /* nothing waits */
        }
    }
}

static void step(struct world *world, struct caller *caller,
                 const struct call_event *event)
{
    static const struct call_event woke = {.kind = EVENT_WOKE};
    struct call *ready;

    step_one(world, caller, event);
    while ((ready = client_next_ready(&world->client))) {
        granted++;
        step_one(world, (struct caller *)(void *)ready, &woke);
    }
    send_all(world);
    check_client(world);
}

static void answer(struct world *world, struct caller *caller, size_t index,
                   enum outcome outcome, uint16_t status)
{
    struct call_event event = {
        .kind = EVENT_ATTEMPT_DONE,
        .attempt = caller->sent[index].attempt,
        .result = {.outcome = outcome,
                   .status = status,
                   .sent = caller->sent[index].is_sent},
    };
    caller->cancelled -= caller->sent[index].is_cancelled;
    caller->sent[index].attempt = 0;
    caller->in_flight--;
    caller->answered++;
    if (!caller->finished) {
        caller->tried |= event.result.sent;
        caller->yes = caller->yes || outcome == OUTCOME_OK;
        caller->unknown =
            caller->unknown || (event.result.sent && outcome != OUTCOME_OK &&
                                outcome != OUTCOME_REJECTED);
    }
    step(world, caller, &event);
}

/* The attempt that is in flight longest, or shortest, of those that are
 * cancelled or are not; CALL_IN_FLIGHT_MAX when there is none. */
static size_t pick(const struct caller *caller, bool newest, bool cancelled)
{
    size_t best = CALL_IN_FLIGHT_MAX;
    for (size_t i = 0; i < CALL_IN_FLIGHT_MAX; i++) {
        const struct sent *sent = &caller->sent[i];
        if (sent->attempt && sent->is_cancelled == cancelled &&
            (sent->is_sent || cancelled) &&
            (best == CALL_IN_FLIGHT_MAX ||
             (sent->attempt > caller->sent[best].attempt) == newest)) {
            best = i;
        }
    }
    return best;
}

static bool answer_one(struct world *world, struct caller *caller, bool newest,
                       enum outcome outcome, uint16_t status)
{
    size_t index = pick(caller, newest, false);
    if (index == CALL_IN_FLIGHT_MAX || (newest && caller->in_flight < 2)) {
        return false;
    }
    answer(world, caller, index, outcome, status);
    return true;
}

static bool answer_cancelled(struct world *world, struct caller *caller)
{
    size_t index = pick(caller, false, true);
    if (index == CALL_IN_FLIGHT_MAX) {
        return false;
    }
    answer(world, caller, index, caller->sent[index].cancelled_as, 0);
    return true;
}

/* Time goes on only when what is cancelled has been answered, and not past
 * the timers of others. */
static bool may_pass(const struct world *world, const struct caller *caller,
                     struct instant until)
{
    for (size_t i = 0; i < CALLS; i++) {
        const struct caller *other = &world->callers[i];
        if (other->cancelled > 0 ||
            (other != caller && other->timer.ns < until.ns)) {
            return false;
        }
    }
    return true;
}

static bool wake(struct world *world, struct caller *caller,
                 struct instant until)
{
    until = instant_max(until, world->now);
    if (until.ns > world->now.ns && !may_pass(world, caller, until)) {
        return false;
    }
    world->now = until;
    if (until.ns >= caller->timer.ns) {
        caller->timer = INSTANT_NEVER;
    }
    step(world, caller, &(struct call_event){.kind = EVENT_WOKE});
    return true;
}

static bool make(struct world *world, struct caller *caller, enum act act)
{
    bool is_new = caller->call.last_event.ns == INT64_MIN;
    if ((act == ACT_START) != is_new || call_is_over(&caller->call)) {
        return false;
    }
    switch (act) {
    case ACT_START:
        step(world, caller, &(struct call_event){.kind = EVENT_STARTED});
        return true;
    case ACT_SENT:
        if (sends_at_once || !send_one(world, caller)) {
            return false;
        }
        check_client(world);
        return true;
    case ACT_OK:
        return answer_one(world, caller, false, OUTCOME_OK, 200);
    case ACT_RESET:
        return answer_one(world, caller, false, OUTCOME_RESET, 0);
    case ACT_REJECTED:
        return answer_one(world, caller, false, OUTCOME_REJECTED, 422);
    case ACT_OK_NEWEST:
        return answer_one(world, caller, true, OUTCOME_OK, 200);
    case ACT_RESET_NEWEST:
        return answer_one(world, caller, true, OUTCOME_RESET, 0);
    case ACT_CANCELLED:
        return answer_cancelled(world, caller);
    case ACT_WAKE_NOW:
        return wake(world, caller, world->now);
    case ACT_WAKE_IN_TIME:
        return caller->timer.ns != INSTANT_NEVER.ns &&
               wake(world, caller, caller->timer);
    case ACT_WAKE_LATE:
        return wake(world, caller,
                    instant_add(world->now, duration_ms(LATE_MS)));
    case ACT_LOAD_OVER:
        caller->is_over = true;
        step(world, caller, &(struct call_event){.kind = EVENT_LOAD_OVER});
        return true;
    case ACT_ABANDON:
        caller->is_over = true;
        step(world, caller, &(struct call_event){.kind = EVENT_ABANDONED});
        return true;
    case ACT_COUNT:
        break;
    }
    return false;
}

static struct world worlds[DEPTH_MAX + 1];

static void explore(unsigned at)
{
    if (at == depth) {
        return;
    }
    for (unsigned act = 0; act < CALLS * ACT_COUNT; act++) {
        struct world *next = &worlds[at + 1];
        copy_world(&worlds[at], next);
        path[at] = act;
        path_length = at + 1;
        if (make(next, &next->callers[act / ACT_COUNT],
                 (enum act)(act % ACT_COUNT))) {
            explore(at + 1);
        }
    }
}

static void start_exploring(const struct policy *chosen, unsigned how_deep)
{
    struct world *world = &worlds[0];
    policy = chosen;
    depth = how_deep;
    /* The estimates are large, and stand last. */
    bool estimates = policy->hedge.trigger == HEDGE_ON_QUANTILE ||
                     policy->concurrency.is_adaptive;
    world_size =
        estimates ? sizeof(*world) : offsetof(struct world, client.latency);
    memset(world, 0, sizeof(*world));
    client_init(&world->client, policy, 1, 0);
    for (size_t i = 0; i < CALLS; i++) {
        call_init(&world->callers[i].call, policy, world->now);
        world->callers[i].timer = INSTANT_NEVER;
    }
    sends_at_once = true;
    explore(0);
    sends_at_once = false;
    depth = how_deep - 1;
    explore(0);
}

/* -- policies -- */

static void base(struct policy *made)
{
    const char *problem;
    policy_init(made);
    made->retry.max_attempts = 2;
    assert_true(classify_expand(&made->retry.classify, "reset", &problem));
    assert_true(classify_expand(&made->retry.classify, "timeout", &problem));
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        made->retry.backoff[i].type = BACKOFF_CONSTANT;
        made->retry.backoff[i].initial = duration_ms(10);
    }
    made->timeout.attempt = duration_ms(50);
    made->timeout.operation = duration_ms(200);
}

static void move_layer(struct policy *made, enum layer layer, size_t place)
{
    enum layer *list = made->order.list;
    size_t from = 0;
    while (list[from] != layer) {
        from++;
    }
    for (; from > place; from--) {
        list[from] = list[from - 1];
    }
    for (; from < place; from++) {
        list[from] = list[from + 1];
    }
    list[place] = layer;
    enum layer first, second;
    const char *problem;
    assert_true(policy_arrange(made, &first, &second, &problem));
}

static void with_hedges(struct policy *made)
{
    base(made);
    made->hedge.max_extra = 2;
    made->hedge.delay = duration_ms(20);
}

static void with_breaker(struct policy *made)
{
    base(made);
    struct breaker_config *breaker = &made->breaker;
    breaker->condition_count = 1;
    breaker->any_of[0] = (struct breaker_condition){
        .type = TRIP_CONSECUTIVE,
        .count = 2,
        .failures = ~(UINT32_C(1) << CLASS_SUCCESS),
    };
    breaker->open = made->retry.backoff[CLASS_TRANSIENT];
    breaker->open.initial = duration_ms(30);
    breaker->half_open_calls = 1;
}

static void with_places(struct policy *made, unsigned queue)
{
    base(made);
    made->concurrency.enabled = true;
    made->concurrency.common = (struct pool_config){
        .limit = 1, .queue = queue, .max_wait = duration_ms(40)};
}

static void test_hedges(void **state)
{
    struct policy made;
    uint64_t before = steps;
    (void)state;
    for (int failure = HEDGE_FAILURE_NEXT_NOW;
         failure <= HEDGE_FAILURE_CANCEL_ALL; failure++) {
        for (int cancels = 0; cancels < 2; cancels++) {
            with_hedges(&made);
            made.hedge.on_failure = (enum hedge_failure)failure;
            made.hedge.cancel_losers = cancels;
            start_exploring(&made, 7);
        }
    }
    with_hedges(&made);
    made.hedge.trigger = HEDGE_ON_ATTEMPT_TIMEOUT;
    made.hedge.counts_as_retry = true;
    made.retry.max_attempts = 3;
    start_exploring(&made, 7);
    with_hedges(&made);
    made.hedge.trigger = HEDGE_ON_QUANTILE;
    made.hedge.latency.min_samples = 1;
    start_exploring(&made, 5);
    with_hedges(&made);
    made.hedge.budget.type = BUDGET_RATIO_WINDOW;
    made.hedge.budget.ratio = 0.5;
    made.hedge.budget.deposit_when = DEPOSIT_REQUEST;
    made.budget.type = BUDGET_RATIO_INFLIGHT;
    made.budget.min_concurrent = 1;
    start_exploring(&made, 7);
    print_message("%llu steps\n", (unsigned long long)(steps - before));
    assert_true(steps - before > 500000);
    assert_true(hedges_won > 0 && lingered > 0);
}

static void test_breaker(void **state)
{
    struct policy made;
    uint64_t before = steps;
    (void)state;
    with_breaker(&made); /* inside retry */
    start_exploring(&made, 8);
    with_breaker(&made);
    move_layer(&made, LAYER_BREAKER, 0); /* around the operation */
    start_exploring(&made, 8);
    with_breaker(&made);
    move_layer(&made, LAYER_BREAKER, 5); /* around a try and its hedges */
    made.hedge.max_extra = 1;
    made.hedge.delay = duration_ms(20);
    start_exploring(&made, 7);
    print_message("%llu steps\n", (unsigned long long)(steps - before));
    assert_true(steps - before > 500000);
    assert_true(reasons[FINISH_BREAKER_OPEN] > 0);
}

static void test_places(void **state)
{
    struct policy made;
    uint64_t before = steps;
    (void)state;
    for (unsigned queue = 0; queue < 2; queue++) {
        with_places(&made, queue);
        start_exploring(&made, 9);
        with_places(&made, queue);
        move_layer(&made, LAYER_CONCURRENCY, 7); /* innermost */
        start_exploring(&made, 9);
        made.hedge.max_extra = 1;
        made.hedge.delay = duration_ms(20);
        start_exploring(&made, 8);
    }
    print_message("%llu steps\n", (unsigned long long)(steps - before));
    assert_true(steps - before > 500000);
    assert_true(reasons[FINISH_CONCURRENCY_FULL] > 0 && granted > 0);
}

static void test_rate_limit(void **state)
{
    struct policy made;
    uint64_t before = steps;
    (void)state;
    for (size_t place = 0; place < 8; place += 7) {
        base(&made);
        made.rate_limit.type = RATE_LIMIT_BUCKET;
        made.rate_limit.rate_per_s = 50;
        made.rate_limit.burst = 1;
        made.rate_limit.max_wait = duration_ms(25);
        move_layer(&made, LAYER_RATE_LIMIT, place);
        start_exploring(&made, 9);
    }
    print_message("%llu steps\n", (unsigned long long)(steps - before));
    assert_true(steps - before > 500000);
    assert_true(reasons[FINISH_RATE_LIMITED] > 0);
}

/* All of it at once, and the rest of the deadline rules. */
static void test_all_layers(void **state)
{
    struct policy made;
    uint64_t before = steps;
    (void)state;
    for (int rule = DEADLINE_CUT_ATTEMPT;
         rule <= DEADLINE_REFUSE_IF_WAIT_EXCEEDS; rule++) {
        with_breaker(&made);
        made.timeout.deadline_rule = (enum deadline_rule)rule;
        made.concurrency.enabled = true;
        made.concurrency.common = (struct pool_config){
            .limit = 1, .queue = 1, .max_wait = duration_ms(40)};
        made.rate_limit.type = RATE_LIMIT_BUCKET;
        made.rate_limit.rate_per_s = 20;
        made.rate_limit.burst = 1;
        made.rate_limit.max_wait = DURATION_FOREVER;
        throttle_config_init(&made.throttle);
        made.throttle.k = 1;
        made.hedge.max_extra = 1;
        made.hedge.delay = duration_ms(20);
        made.retry.on_budget_empty = BROKE_SLEEP_THEN_FAIL;
        made.budget.type = BUDGET_TOKEN_BUCKET;
        made.budget.capacity = made.budget.initial = 1;
        made.budget.cost[CLASS_TRANSIENT] = 1;
        made.budget.cost[CLASS_TIMEOUT] = 1;
        start_exploring(&made, 8);
    }
    print_message("%llu steps\n", (unsigned long long)(steps - before));
    assert_true(steps - before > 500000);
    assert_true(reasons[FINISH_THROTTLED] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hedges),     cmocka_unit_test(test_breaker),
        cmocka_unit_test(test_places),     cmocka_unit_test(test_rate_limit),
        cmocka_unit_test(test_all_layers),
    };
    return cmocka_run_group_tests_name("exhaust layers", tests, NULL, NULL);
}
