#include "host/attempts.h"

#include "base/must.h"
#include "host/judge.h"
#include "host/lateness.h"
#include "host/worker_inside.h"
#include "plan/join.h"

/* Attempts answered before the engine and the clock get a turn: one that is
 * lost before sending may be followed by the next at once, without end. */
enum { SETTLE_BATCH_MAX = 256 };

static void notify_sent(struct worker *worker, struct attempt *attempt,
                        struct instant now);

/* Asking for a transfer, and giving it back. */

/* What its call takes for the send. A call that is in the middle of a step
 * hears of it after that. */
static void attempt_is_sent(struct worker *worker, struct attempt *attempt,
                            struct instant now)
{
    if (!attempt->operation) {
        return;
    }
    if (attempt->operation == worker->stepping) {
        attempt->sent_is_pending = true;
        worker->has_pending_sent = true;
    } else {
        notify_sent(worker, attempt, now);
    }
}

/* Nobody else is told who is calling. */
static void sign(struct worker *worker, const struct attempt *attempt,
                 struct message *message)
{
    if (worker->authenticator.sessions &&
        !(attempt->hop && attempt->hop->elsewhere)) {
        authenticator_sign(&worker->authenticator, attempt->client,
                           redirects_url(&worker->redirects, attempt),
                           &worker->messages, attempt->transfer->index,
                           message);
    }
}

/* Gives its transfer its request. */
static void attempt_begin(struct worker *worker, struct attempt *attempt,
                          struct instant now)
{
    struct operation *operation = attempt->operation;
    struct transfer_order order;

    if (operation) {
        picker_renew_key(&worker->picker, attempt->number,
                         run_clock_unix_ms(&worker->clock, now),
                         &operation->planned);
    }
    record_begun(&worker->recorder, attempt);
    inject_order(attempt, &order);
    message_fill(&worker->messages, attempt->transfer->index,
                 attempt_planned(attempt), attempt->number, &order.message);
    redirects_aim(&worker->messages, attempt, &order.message);
    sign(worker, attempt, &order.message);
    if (!engine_begin(worker->engine, attempt->transfer, &order)) {
        ended_put(&worker->ended, attempt, OUTCOME_NO_SOCKET);
        return;
    }
    inject_begun(&worker->injector, attempt, now);
}

/* It is let in by the gate. */
static void attempt_enter(struct worker *worker, struct attempt *attempt,
                          struct instant now)
{
    struct operation *operation = attempt->operation;

    attempt->transfer = engine_take(worker->engine, attempt->pool, attempt);
    attempt->queue = instant_since(now, attempt->asked);
    if (operation) {
        operation->progress.queue =
            duration_add(operation->progress.queue, attempt->queue);
    }
    if (!inject_delays(&worker->injector, attempt, now)) {
        attempt_begin(worker, attempt, now);
    }
    if (!attempt->is_ended) {
        attempt_is_sent(worker, attempt, now);
    }
}

static void attempt_ask(struct worker *worker, struct attempt *attempt,
                        struct instant now)
{
    attempt->asked = now;
    if (gate_enter(&worker->gates[attempt->pool], &attempt->waiter)) {
        attempt_enter(worker, attempt, now);
    }
}

/* Gives up the transfer, or the place in the queue for one, to the next
 * waiter. */
static void attempt_leave(struct worker *worker, struct attempt *attempt,
                          struct instant now)
{
    struct gate *gate = &worker->gates[attempt->pool];

    attempt->number = 0;
    if (!attempt->transfer) {
        gate_abandon(gate, &attempt->waiter);
        return;
    }
    engine_give_back(worker->engine, attempt->transfer);
    attempt->transfer = NULL;
    struct gate_waiter *next = gate_leave(gate);
    if (next) {
        attempt_enter(worker, (struct attempt *)(void *)next, now);
    }
}

/* How attempts end. */

/* What is known of one that got no answer. */
static struct attempt_result unanswered(const struct attempt *attempt,
                                        enum outcome outcome)
{
    struct attempt_result result = {.outcome = outcome};
    if (attempt_was_sent(attempt)) {
        result.sent = true;
        result.reused = attempt->transfer->facts.is_reused;
    }
    return result;
}

static void note_failed(struct worker *worker, const struct attempt *attempt,
                        const struct attempt_ending *ending)
{
    struct failed_exchange *failed = failed_exchanges_next(
        &worker->failed, ending->result.outcome, ending->wasted);

    if (!failed) {
        return;
    }
    failed->at = ending->at;
    failed->operation = attempt_planned(attempt)->number;
    failed->attempt = attempt->number;
    failed->kind = attempt->kind;
    failed->outcome = ending->result.outcome;
    failed->injected = ending->injected;
    if (attempt->transfer && attempt->transfer->transcript) {
        failed->said = *attempt->transfer->transcript;
    } else {
        transcript_begin(&failed->said);
    }
}

/* Closes an attempt: facts, note, fault, transfer, and the gate's next
 * waiter. */
static void attempt_end(struct worker *worker, struct attempt *attempt,
                        const struct attempt_result *result,
                        struct instant now, bool wasted)
{
    struct attempt_ending ending = {
        .result = *result,
        .at = now,
        .late = lateness_of(worker, attempt),
        .after_late =
            attempt->operation && attempt->operation->progress.is_cut_short,
        .wasted = wasted,
    };

    ending.injected =
        inject_happened(&worker->injector, attempt, result, &ending.delivered);
    worker->counts.attempts++;
    if (worker->failed.max > 0) {
        note_failed(worker, attempt, &ending);
    }
    record_done(&worker->recorder, attempt, &ending);
    inject_over(&worker->injector, attempt, result, now);
    attempt_leave(worker, attempt, now);
}

static void release_kept(struct worker *worker, struct kept_operation *kept)
{
    if (kept && kept_release(kept)) {
        record_kept(&worker->recorder, kept);
        kept_free(&worker->duplicates, kept);
    }
}

static void forget_duplicate(struct worker *worker,
                             struct duplicate *duplicate)
{
    worker->duplicates.out--;
    release_kept(worker, duplicate->kept);
    duplicate_free(&worker->duplicates, duplicate);
}

/* Steps of calls. */

static void perform_send(struct worker *worker, struct operation *operation,
                         const struct action *action, struct instant now)
{
    struct attempt *attempt = operation->attempts;
    const struct attempt *end = attempt + CALL_IN_FLIGHT_MAX;

    while (attempt < end && attempt->number != 0) {
        attempt++;
    }
    must(attempt < end);
    *attempt = (struct attempt){
        .operation = operation,
        /* whose connections its client uses: its own, or everybody's */
        .pool = worker->engine->shape.pools > 1 ? operation->client : 0,
        .client = operation->client,
        .asked = now,
        .scope = operation->scope,
        .number = action->attempt,
        .kind = action->attempt_kind,
    };
    if (action->attempt_kind == ATTEMPT_REDIRECT ||
        action->attempt_kind == ATTEMPT_AUTH) {
        size_t first = (size_t)(operation - worker->operations);
        size_t slot = (size_t)(attempt - operation->attempts);
        attempt->hop = redirects_take(&worker->redirects,
                                      first * CALL_IN_FLIGHT_MAX + slot);
    }
    if (inject_asked(&worker->injector, attempt, now)) {
        attempt_is_sent(worker, attempt, now); /* and lost on its way */
    } else {
        attempt_ask(worker, attempt, now);
    }
}

/* One that ends in the queue for a transfer must not be let in meanwhile. */
static void put_ended(struct worker *worker, struct attempt *attempt,
                      enum outcome outcome)
{
    if (!attempt->transfer) {
        gate_abandon(&worker->gates[attempt->pool], &attempt->waiter);
    }
    ended_put(&worker->ended, attempt, outcome);
}

/* A cancelled attempt of a call that goes on is answered after this step; one
 * of a call that finishes in this step is closed at once. */
static void perform_cancel(struct worker *worker, struct operation *operation,
                           const struct action *action, bool finishing,
                           struct instant now)
{
    for (size_t i = 0; i < CALL_IN_FLIGHT_MAX; i++) {
        struct attempt *attempt = &operation->attempts[i];
        if (attempt->number != action->attempt) {
            continue;
        }
        if (finishing) {
            if (attempt->is_ended) {
                ended_take(&worker->ended, attempt);
            }
            struct attempt_result result =
                unanswered(attempt, action->outcome);
            attempt_end(worker, attempt, &result, now, true);
        } else if (!attempt->is_ended) {
            put_ended(worker, attempt, action->outcome);
        }
        return;
    }
    must_never("a CANCEL names an attempt in flight");
}

static void perform_finish(struct worker *worker, struct operation *operation,
                           const struct action *action, struct instant now)
{
    operation->progress.is_cut_short |=
        lateness_cuts_operation(worker, operation, action->reason, now);
    record_finished(&worker->recorder, operation, action, now);
    worker->counts.finished++;
    worker->counts.succeeded += action->verdict == VERDICT_SUCCEEDED;
    worker->counts.missed +=
        lateness_is_miss(worker, operation, action->verdict, now);
    worker->last_verdict = now;
    snapshots_add(&worker->snapshots, instant_since(now, operation->intended),
                  action->verdict == VERDICT_SUCCEEDED);

    if (worker->plan->load.model == LOAD_CLOSED) {
        users_answered(&worker->users, operation->user, now);
    }
    inject_finished(&worker->injector, operation, now);
    /* An attempt that lost before it got a connection needs none. */
    for (size_t i = 0; i < CALL_IN_FLIGHT_MAX; i++) {
        struct attempt *attempt = &operation->attempts[i];
        if (attempt->number && !attempt->transfer && !attempt->is_ended) {
            put_ended(worker, attempt, OUTCOME_CANCELLED);
        }
    }
}

/* Nothing of the operation is left: its slot is free. */
static void release_slot(struct worker *worker, struct operation *operation)
{
    record_over(&worker->recorder, operation);
    release_kept(worker, operation->progress.kept);
    heap_remove(&worker->timers, &operation->timer);
    operation->active = false;
    operation->next = worker->free;
    worker->free = operation;
    worker->counts.in_flight--;
}

static void perform(struct worker *worker, struct operation *operation,
                    const struct actions *actions, struct instant now)
{
    bool finishing = actions->count > 0 &&
                     actions->list[actions->count - 1].kind == ACTION_FINISH;

    for (size_t i = 0; i < actions->count; i++) {
        const struct action *action = &actions->list[i];
        switch (action->kind) {
        case ACTION_SEND:
            perform_send(worker, operation, action, now);
            break;
        case ACTION_CANCEL:
            perform_cancel(worker, operation, action, finishing, now);
            break;
        case ACTION_WAKE_AT:
            if (action->at.ns == INT64_MAX) {
                heap_remove(&worker->timers, &operation->timer);
            } else {
                heap_set(&worker->timers, &operation->timer, action->at);
            }
            break;
        case ACTION_FINISH:
            perform_finish(worker, operation, action, now);
            break;
        }
    }
}

static void feed(struct worker *worker, struct operation *operation,
                 const struct call_event *event, struct instant now)
{
    struct actions actions;
    struct call_env env = {
        .policy = &worker->plan->policy,
        .client = &worker->clients[operation->client],
        .traits = worker->plan->requests[operation->scope.request].traits,
    };
    env.traits.has_key = operation->planned.has_key;
    call_step(&operation->call, now, event, &env, &actions);
    operation->progress.waits |= (uint8_t)(1u << operation->call.asking.wait);
    if (env.client->change_count > 0) {
        record_breaker(&worker->recorder, operation->client);
    }
    perform(worker, operation, &actions, now);
}

/* All that may follow of it is a timer, or that the attempt is given up. */
static void notify_sent(struct worker *worker, struct attempt *attempt,
                        struct instant now)
{
    struct operation *operation = attempt->operation;
    struct call_event event = {.kind = EVENT_SENT, .attempt = attempt->number};

    attempt->sent_is_pending = false;
    if (!call_is_over(&operation->call)) {
        feed(worker, operation, &event, now);
    }
}

static void notify_pending(struct worker *worker, struct operation *operation,
                           struct instant now)
{
    worker->has_pending_sent = false;
    for (size_t i = 0; i < CALL_IN_FLIGHT_MAX; i++) {
        struct attempt *attempt = &operation->attempts[i];
        if (attempt->number && attempt->sent_is_pending) {
            notify_sent(worker, attempt, now);
        }
    }
}

static void step_one(struct worker *worker, struct operation *operation,
                     const struct call_event *event, struct instant now)
{
    lateness_add_event(worker, operation);
    worker->stepping = operation;
    feed(worker, operation, event, now);
    worker->stepping = NULL;
    if (worker->has_pending_sent) {
        notify_pending(worker, operation, now);
    }
    if (call_is_over(&operation->call)) {
        release_slot(worker, operation);
    }
}

/* One step of a call, and of those calls of its client whose turn it brought:
 * they waited for a place that is free now, and may be too late for it. */
static void step(struct worker *worker, struct operation *operation,
                 const struct call_event *event, struct instant now)
{
    const struct call_event turn = {
        .kind = worker->sends_no_more ? EVENT_LOAD_OVER : EVENT_WOKE};
    struct client *client = &worker->clients[operation->client];
    struct call *ready;

    step_one(worker, operation, event, now);
    while ((ready = client_next_ready(client))) {
        step_one(worker, operation_of_call(ready), &turn, now);
    }
}

/* The end of every attempt: of an operation, whose call takes a step, or of
 * nobody's. */
static void attempt_answer(struct worker *worker, struct attempt *attempt,
                           const struct attempt_result *result,
                           struct instant now)
{
    struct operation *operation = attempt->operation;
    struct call_event event = {.kind = EVENT_ATTEMPT_DONE,
                               .attempt = attempt->number,
                               .result = *result};
    if (!operation) {
        attempt_end(worker, attempt, result, now, true);
        forget_duplicate(worker, duplicate_of(attempt));
        return;
    }
    bool cut_short = lateness_cuts_short(attempt, result->outcome, now);
    lateness_note(worker, operation, attempt, now);
    attempt_end(worker, attempt, result, now,
                call_is_finished(&operation->call));
    operation->progress.is_cut_short |= cut_short;
    step(worker, operation, &event, now);
}

static void settle(struct worker *worker, struct instant now)
{
    for (int i = 0; worker->ended.first && i < SETTLE_BATCH_MAX; i++) {
        struct attempt *attempt = worker->ended.first;
        ended_take(&worker->ended, attempt);
        struct attempt_result result = unanswered(attempt, attempt->outcome);
        attempt_answer(worker, attempt, &result, now);
    }
}

static void operation_step(struct worker *worker, struct operation *operation,
                           const struct call_event *event, struct instant now)
{
    step(worker, operation, event, now);
    settle(worker, now);
}

void operation_wake(struct worker *worker, struct operation *operation,
                    struct instant now)
{
    static const struct call_event woke = {.kind = EVENT_WOKE};

    lateness_begin_event(worker, instant_since(now, operation->timer.at));
    operation_step(worker, operation, &woke, now);
}

void attempts_turn(struct worker *worker, struct instant now,
                   struct instant by)
{
    struct attempt *attempt;

    lateness_begin_event(worker, DURATION_ZERO);
    settle(worker, now);
    lateness_begin_event(
        worker,
        duration_max(instant_since(now, heap_next(&worker->injector.timers)),
                     DURATION_ZERO));
    while ((attempt = inject_due(&worker->injector, by))) {
        if (attempt->transfer) {
            lateness_add_event(worker, attempt->operation);
            /* Its delay was no wait for its connection. */
            attempt->asked = (struct instant){now.ns - attempt->queue.ns};
            attempt_begin(worker, attempt, now);
        } else {
            attempt_ask(worker, attempt, now);
        }
    }
    settle(worker, now);
}

/* It was asked for and has not begun: it waits for a connection, or is held by
 * its fault. One that is lost before sending waits for nothing but its end. */
static bool waits_to_begin(const struct attempt *attempt)
{
    return attempt->number && (!attempt->transfer || attempt->is_held) &&
           !attempt->is_ended &&
           !(attempt->fault && attempt->fault->kind == FAULT_LOST_REQUEST);
}

/* The queues for connections go first: what ends next must not let those in
 * that are to end too. */
static void leave_queue(struct worker *worker, struct attempt *attempt)
{
    if (waits_to_begin(attempt)) {
        gate_abandon(&worker->gates[attempt->pool], &attempt->waiter);
    }
}

static void operations_leave_queues(struct worker *worker)
{
    for (uint64_t i = 0; i < worker->operation_count; i++) {
        for (size_t a = 0; a < CALL_IN_FLIGHT_MAX; a++) {
            leave_queue(worker, &worker->operations[i].attempts[a]);
        }
    }
}

static void step_all(struct worker *worker, enum call_event_kind kind,
                     struct instant now)
{
    struct call_event event = {.kind = kind};

    for (uint64_t i = 0; i < worker->operation_count; i++) {
        if (worker->operations[i].active) {
            step(worker, &worker->operations[i], &event, now);
        }
    }
}

void attempts_close(struct worker *worker, struct instant now)
{
    struct operation *operations = worker->operations;

    lateness_begin_event(worker, DURATION_ZERO);
    worker->sends_no_more = true;
    operations_leave_queues(worker);
    step_all(worker, EVENT_LOAD_OVER, now);
    for (uint64_t i = 0; i < worker->operation_count; i++) {
        for (size_t a = 0; a < CALL_IN_FLIGHT_MAX; a++) {
            if (waits_to_begin(&operations[i].attempts[a])) {
                ended_put(&worker->ended, &operations[i].attempts[a],
                          OUTCOME_CANCELLED);
            }
        }
    }
    settle(worker, now);
}

/* One that was tried ends, another is forgotten. */
static void abandon_duplicate(struct worker *worker,
                              struct duplicate *duplicate, struct instant now)
{
    struct attempt *attempt = &duplicate->attempt;
    enum outcome outcome = OUTCOME_CANCELLED;

    if (attempt->is_ended) {
        ended_take(&worker->ended, attempt);
        outcome = attempt->outcome;
    }
    if (attempt->transfer) {
        struct attempt_result result = unanswered(attempt, outcome);
        attempt_answer(worker, attempt, &result, now);
    } else {
        heap_remove(&worker->injector.timers, &attempt->timer);
        attempt_leave(worker, attempt, now);
        forget_duplicate(worker, duplicate);
    }
}

void attempts_abandon(struct worker *worker, struct instant now)
{
    struct duplicates *duplicates = &worker->duplicates;

    lateness_begin_event(worker, DURATION_ZERO);
    operations_leave_queues(worker);
    for (size_t i = 0; i < duplicates->high; i++) {
        if (duplicates->items[i].is_out) {
            leave_queue(worker, &duplicates->items[i].attempt);
        }
    }
    step_all(worker, EVENT_ABANDONED, now);
    settle(worker, now);
    for (size_t i = 0; i < duplicates->high; i++) {
        struct duplicate *duplicate = &duplicates->items[i];
        if (duplicate->attempt.number != 0 && duplicate->is_out) {
            abandon_duplicate(worker, duplicate, now);
        }
    }
}

/* Operations. */

/* A connection of the closed model serves one client, as long as there are
 * enough: clients that outnumber connections take turns on them. */
static bool users_are_clients(const struct worker *worker)
{
    const struct engine_shape *shape = &worker->engine->shape;
    return worker->plan->load.model == LOAD_CLOSED &&
           worker->client_count <= shape->transfers / shape->unit;
}

static void identify(struct worker *worker, struct operation *operation,
                     uint64_t turn, struct instant now)
{
    uint64_t by = users_are_clients(worker) ? operation->user : turn;

    operation->client = by % worker->client_count;
    picker_next(&worker->picker, turn, worker->client_base + operation->client,
                run_clock_unix_ms(&worker->clock, now), &operation->planned);
    operation->scope.request = operation->planned.request;
    if (worker->plan->has_ledger) {
        struct template_subject subject =
            planned_operation_subject(worker->plan, &operation->planned, 1);
        operation->join = join_id(worker->plan, &subject);
    }
}

void operation_start(struct worker *worker, struct instant now,
                     struct instant intended, uint16_t stage, uint64_t user)
{
    static const struct call_event started = {.kind = EVENT_STARTED};
    const struct plan *plan = worker->plan;
    struct operation *operation = worker->free;
    must(operation);
    worker->free = operation->next;
    worker->counts.in_flight++;
    worker->last_start = now;

    operation->active = true;
    operation->user = user;
    operation->intended = intended;
    operation->scope = (struct fact_scope){
        .warmup = intended.ns < plan->load.warmup.ns,
        .stage = stage,
    };
    operation->progress = (struct operation_progress){0};
    operation->seen = &operation->own_seen;
    answers_seen_begin(operation->seen);
    identify(worker, operation, worker->counts.started++, now);
    record_started(&worker->recorder, operation, now);

    lateness_begin_event(worker, instant_since(now, intended));
    watch_start(&worker->watch, worker->late);
    call_init(&operation->call, &plan->policy, intended);
    operation_step(worker, operation, &started, now);
}

/* What the engine calls. */

/* Where what an answer says is collected; NULL: nowhere. */
static struct answers_seen *answers_of(const struct attempt *attempt)
{
    if (attempt->operation) {
        return attempt->operation->seen;
    }
    struct kept_operation *kept = duplicate_of(attempt)->kept;
    return kept ? &kept->seen : NULL;
}

/* An answer that a fault throws away names its effect all the same, and so
 * does one to a duplicate; but no caller gets it. */
static void read_body(const struct worker *worker,
                      const struct attempt *attempt,
                      const struct attempt_result *result)
{
    struct answers_seen *seen = answers_of(attempt);
    bool thrown_away =
        !attempt->operation ||
        (attempt->fault && attempt->fault->kind == FAULT_LOST_RESPONSE);

    if (result->outcome == OUTCOME_OK && worker->engine->reads_answers &&
        seen) {
        answers_seen_add(seen, &attempt->transfer->answer, worker->plan,
                         result->status, thrown_away);
    }
}

static void on_done(void *context, struct transfer *transfer,
                    enum outcome outcome)
{
    struct worker *worker = context;
    struct instant now = run_clock_now(&worker->clock);
    struct attempt *attempt = transfer->owner;

    if (attempt->is_ended) {
        return; /* its ending is settled, and waits for its turn */
    }
    lateness_begin_event(
        worker, look_lateness(&worker->engine->look,
                              run_clock_to_engine(&worker->clock, now)));
    struct attempt_result result =
        judge_attempt(worker, attempt, outcome, now);
    read_body(worker, attempt, &result);
    if (!inject_keeps_answer(&worker->injector, attempt, now)) {
        attempt_answer(worker, attempt, &result, now);
    }
    settle(worker, now);
}

/* What is known of the operation goes to what is kept of it, if anything. */
static struct kept_operation *keep(struct worker *worker,
                                   struct operation *operation)
{
    if (!record_is_kept(&worker->recorder, operation)) {
        return NULL;
    }
    if (!operation->progress.kept) {
        kept_take(&worker->duplicates, operation);
        record_keep(&worker->recorder, operation);
    }
    must(operation->progress.kept);
    operation->progress.kept->holders++;
    return operation->progress.kept;
}

static void on_sent(void *context, struct transfer *transfer)
{
    struct worker *worker = context;
    struct attempt *attempt = transfer->owner;

    record_sent(&worker->recorder, attempt);
    worker->counts.on_wire++;
    if (attempt->operation) {
        attempt->operation->progress.on_wire++;
        if (attempt->duplicate) {
            attempt->duplicate->kept = keep(worker, attempt->operation);
        }
    }
    inject_sent(&worker->injector, attempt);
}

struct engine_callbacks attempts_callbacks(struct worker *worker)
{
    return (struct engine_callbacks){
        .context = worker,
        .on_sent = on_sent,
        .on_done = on_done,
    };
}
