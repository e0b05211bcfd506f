/*
 * attempts: performs what the calls of a worker ask for.
 *
 * Two rules keep the order of things simple. Flights that end without libcurl
 * (cancelled, lost before sending, not sendable) are put in a list and
 * answered after the step that ended them, so that a call is never entered
 * twice at once. And a flight's wire goes back before the next waiter of the
 * gate gets it.
 */
#include "transport/worker_inside.h"

#include "base/must.h"

#include <string.h>

/* Flights answered before the sockets and the clock get a turn: an attempt
 * that is lost before sending may be followed by the next at once, without
 * end. */
enum { SETTLE_BATCH_MAX = 256 };

static void fill_subject(const struct worker *worker,
                         const struct operation *operation, unsigned attempt,
                         struct template_subject *subject)
{
    if (operation->letter) {
        *subject = letters_subject(worker->plan, operation->letter, attempt);
        return;
    }
    *subject =
        plan_subject(worker->plan, operation->number, attempt,
                     worker->client_base + operation->client);
    subject->key = operation->key;
    subject->key_length = operation->key_length;
}

static void fill_key(struct worker *worker, struct operation *operation,
                     unsigned attempt)
{
    const struct plan *plan = worker->plan;
    const struct key_config *config = &plan->policy.key;
    struct template_subject subject;

    operation->key_length = 0;
    operation->key[0] = '\0';
    if (config->kind == KEY_TEMPLATE) {
        fill_subject(worker, operation, attempt, &subject);
        operation->key_length =
            template_fill(&plan->key_template, &subject, operation->key,
                          sizeof(operation->key));
        return;
    }
    struct key_subject who = {
        .run = plan->run,
        .operation = operation->number,
        .attempt = attempt,
        .unix_ms = clock_unix_ms(),
    };
    const struct planned_request *request =
        &plan->requests[operation->request];
    if (config->kind == KEY_HASH && request->has_body) {
        fill_subject(worker, operation, attempt, &subject);
        who.body_length = template_fill(&request->body, &subject,
                                        worker->scratch, worker->scratch_size);
        who.body = worker->scratch;
    }
    operation->key_length =
        key_render(config, &who, operation->key, sizeof(operation->key));
}

static void fill_join(struct worker *worker, struct operation *operation)
{
    struct template_subject subject;

    fill_subject(worker, operation, 1, &subject);
    operation->join = letters_join(worker->plan, &subject);
}

void flight_put_ended(struct worker *worker, struct flight *flight,
                      enum outcome outcome)
{
    must(!flight->is_ended);
    flight->is_ended = true;
    flight->outcome = outcome;
    flight->next_ended = NULL;
    *worker->ended_tail = flight;
    worker->ended_tail = &flight->next_ended;
}

static void take_ended(struct worker *worker, const struct flight *flight)
{
    struct flight **at = &worker->ended;
    while (*at != flight) {
        must(*at);
        at = &(*at)->next_ended;
    }
    (*at)->is_ended = false;
    if (worker->ended_tail == &(*at)->next_ended) {
        worker->ended_tail = at;
    }
    *at = (*at)->next_ended;
}

/* Gives the flight a wire and the wire its request. */
static void flight_begin(struct worker *worker, struct flight *flight,
                         struct instant now)
{
    struct operation *operation = flight->operation;
    struct template_subject subject;
    if (flight->kind == ATTEMPT_DUPLICATE) {
        copy_begin(worker, flight, now);
        return;
    }
    struct wire *wire = wire_take(flight->pool);
    must(wire);

    flight->wire = wire;
    wire->owner = flight;
    wire->attempt = flight->attempt;
    wire->kind = flight->kind;
    wire->fault = flight->fault;
    wire->queue = instant_since(now, flight->asked);
    operation->queue = duration_add(operation->queue, wire->queue);
    if (flight->attempt > 1 && !operation->letter &&
        worker->plan->requests[operation->request].traits.has_key &&
        worker->plan->policy.key.scope == KEY_SCOPE_ATTEMPT) {
        fill_key(worker, operation, flight->attempt);
    }
    fill_subject(worker, operation, flight->attempt, &subject);
    evidence_sent(worker, flight);
    if (!wire_send(wire, operation->request, operation->letter, &subject)) {
        flight_put_ended(worker, flight, OUTCOME_NO_SOCKET);
        return;
    }
    strike_begun(worker, flight, &subject);
}

void flight_ask(struct worker *worker, struct flight *flight,
                struct instant now)
{
    if (gate_enter(&flight->pool->gate, &flight->waiter)) {
        flight_begin(worker, flight, now);
    }
}

/* Gives up the wire, or the place in the queue for one, to the next waiter. */
void flight_leave(struct worker *worker, struct flight *flight,
                  struct instant now)
{
    struct wire *wire = flight->wire;
    flight->attempt = 0;
    flight->wire = NULL;
    if (!wire) {
        gate_abandon(&flight->pool->gate, &flight->waiter);
        return;
    }
    wire_give_back(wire);
    struct gate_waiter *next = gate_leave(&flight->pool->gate);
    if (next) {
        flight_begin(worker, (struct flight *)next, now);
    }
}

/* Closes a flight: facts, note, wire, and the gate's next waiter. */
static void flight_end(struct worker *worker, struct flight *flight,
                       const struct attempt_result *result, struct instant now,
                       bool wasted)
{
    worker->attempts++;
    tell_done(worker, flight, result, now, wasted);
    strike_over(worker, flight, result, now);
    flight_leave(worker, flight, now);
}

static void perform_send(struct worker *worker, struct operation *operation,
                         const struct action *action, struct instant now)
{
    struct flight *flight = NULL;
    for (size_t i = 0; i < CALL_IN_FLIGHT_MAX && !flight; i++) {
        if (operation->flights[i].attempt == 0) {
            flight = &operation->flights[i];
        }
    }
    must(flight);
    flight->operation = operation;
    flight->pool = client_pool(worker, operation->client);
    flight->attempt = action->attempt;
    flight->kind = action->attempt_kind;
    flight->wire = NULL;
    flight->asked = now;
    flight->fault =
        fault_draw(&worker->faults, instant_since(now, (struct instant){0}),
                   operation->request);
    if (!strike_keeps(worker, flight, now)) {
        flight_ask(worker, flight, now);
    }
}

struct attempt_result flight_unanswered(const struct flight *flight,
                                        enum outcome outcome)
{
    struct wire *wire = flight->wire;
    struct attempt_result result = {.outcome = outcome};
    if (wire && wire_was_sent(wire)) {
        wire_read_connection(wire);
        result.sent = true;
        result.reused = wire->reused;
    }
    return result;
}

/* A cancelled flight of a call that goes on is answered after this step; one
 * of a call that finishes in this step is closed at once. */
static void perform_cancel(struct worker *worker, struct operation *operation,
                           const struct action *action, bool finishing,
                           struct instant now)
{
    for (size_t i = 0; i < CALL_IN_FLIGHT_MAX; i++) {
        struct flight *flight = &operation->flights[i];
        if (flight->attempt != action->attempt) {
            continue;
        }
        if (finishing) {
            if (flight->is_ended) {
                take_ended(worker, flight);
            }
            struct attempt_result result =
                flight_unanswered(flight, action->outcome);
            flight_end(worker, flight, &result, now, true);
        } else if (!flight->is_ended) {
            flight_put_ended(worker, flight, action->outcome);
        }
        return;
    }
    must_never("a CANCEL names an attempt in flight");
}

static void perform_finish(struct worker *worker, struct operation *operation,
                           const struct action *action, struct instant now)
{
    tell_finished(worker, operation, action, now);
    evidence_verdict(operation, action, now);

    worker->finished++;
    worker->last_verdict = now;
    worker->acked += action->verdict == VERDICT_ACKED;
    worker->recent[recent_bin(instant_since(now, operation->intended))]++;

    if (worker->plan->load.model == LOAD_CLOSED) {
        worker_user_ready(worker, operation->user, now);
    }
    strike_finished(worker, operation, now);
    /* An attempt that lost before it got a connection needs none. */
    for (size_t i = 0; i < CALL_IN_FLIGHT_MAX; i++) {
        struct flight *flight = &operation->flights[i];
        if (flight->attempt && !flight->wire && !flight->is_ended) {
            flight_put_ended(worker, flight, OUTCOME_CANCELLED);
        }
    }
}

/* Nothing of the operation is left: its slot is free. */
static void release_slot(struct worker *worker, struct operation *operation)
{
    evidence_operation(worker, operation);
    tell_answers(worker, operation);
    copied_over(worker, operation);
    heap_remove(&worker->timers, &operation->timer);
    operation->active = false;
    operation->next = worker->free;
    worker->free = operation;
    worker->active--;
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

static void step_one(struct worker *worker, struct operation *operation,
                     const struct call_event *event, struct instant now)
{
    struct actions actions;
    struct call_env env = {
        .policy = &worker->plan->policy,
        .client = &worker->clients[operation->client],
        .traits = worker->plan->requests[operation->request].traits,
    };
    env.traits.has_key = operation_has_key(worker, operation);
    call_step(&operation->call, now, event, &env, &actions);
    operation->waits |= (uint8_t)(1u << operation->call.wait);
    if (env.client->change_count > 0) {
        tell_breaker(worker, operation->client);
    }
    perform(worker, operation, &actions, now);
    if (call_is_over(&operation->call)) {
        release_slot(worker, operation);
    }
}

/* One step of a call, and of those calls of its client whose turn it brought:
 * they waited for a place that is free now. */
static void step(struct worker *worker, struct operation *operation,
                 const struct call_event *event, struct instant now)
{
    static const struct call_event woke = {.kind = EVENT_WOKE};
    struct client *client = &worker->clients[operation->client];
    struct call *ready;

    step_one(worker, operation, event, now);
    while ((ready = client_next_ready(client))) {
        step_one(worker, operation_of_call(ready), &woke, now);
    }
}

void flight_answer(struct worker *worker, struct flight *flight,
                   const struct attempt_result *result, struct instant now)
{
    struct operation *operation = flight->operation;
    struct call_event event = {.kind = EVENT_ATTEMPT_DONE,
                               .attempt = flight->attempt,
                               .result = *result};
    flight_end(worker, flight, result, now,
               call_is_finished(&operation->call));
    step(worker, operation, &event, now);
}

void flights_settle(struct worker *worker, struct instant now)
{
    for (int i = 0; worker->ended && i < SETTLE_BATCH_MAX; i++) {
        struct flight *flight = worker->ended;
        take_ended(worker, flight);
        struct attempt_result result =
            flight_unanswered(flight, flight->outcome);
        flight_answer(worker, flight, &result, now);
    }
}

void operation_step(struct worker *worker, struct operation *operation,
                    const struct call_event *event, struct instant now)
{
    step(worker, operation, event, now);
    flights_settle(worker, now);
}

/* A connection of the closed model serves one client, as long as there are
 * enough: clients that outnumber connections take turns on them. */
static bool users_are_clients(const struct worker *worker)
{
    const struct loop_shape *shape = &worker->loop.shape;
    return worker->plan->load.model == LOAD_CLOSED &&
           worker->client_count <= shape->transfers / shape->unit;
}

/* Who the operation is: the next of the run, or the next letter, which keeps
 * the number and the key that it had. */
static void identify(struct worker *worker, struct operation *operation,
                     uint64_t turn)
{
    const struct plan *plan = worker->plan;
    uint64_t number = turn * worker->options.count + worker->options.index;

    operation->key_length = 0;
    operation->key[0] = '\0';
    operation->number = number;
    operation->letter = NULL;
    if (!plan->letters) {
        operation->request =
            (uint16_t)mix_pick(&worker->mix, &worker->mix_rng);
        if (plan->requests[operation->request].traits.has_key) {
            fill_key(worker, operation, 1);
        }
        return;
    }
    must(number < plan->letters->count);
    const struct letter *letter = &plan->letters->items[number];
    operation->letter = letter;
    operation->number = letter->number;
    operation->request = letter->request;
    if (letter->key) {
        operation->key_length = letter->key_length;
        memcpy(operation->key, letter->key, letter->key_length + 1);
    }
}

void operation_start(struct worker *worker, struct instant now,
                     struct instant intended, uint16_t stage, uint64_t user)
{
    const struct plan *plan = worker->plan;
    struct operation *operation = worker->free;
    must(operation);
    worker->free = operation->next;
    uint64_t turn = worker->started++;
    worker->active++;

    operation->active = true;
    operation->warmup = intended.ns < plan->load.warmup.ns;
    operation->stage = stage;
    operation->user = user;
    operation->client =
        (users_are_clients(worker) ? user : turn) % worker->client_count;
    operation->intended = intended;
    operation->queue = DURATION_ZERO;
    operation->waits = 0;
    operation->on_wire = 0;
    operation->copies = 0;
    operation->copied = NULL;
    operation->note_count = 0;
    operation->chain = 0;
    operation->attempts_told = 0;
    operation->seen = &operation->own_seen;
    answers_seen_begin(operation->seen);
    identify(worker, operation, turn);
    if (plan->has_ledger) {
        fill_join(worker, operation);
    }
    tell_started(worker, operation, now);

    call_init(&operation->call, &plan->policy, intended);
    struct call_event event = {.kind = EVENT_STARTED};
    operation_step(worker, operation, &event, now);
}

void flight_on_done(void *context, CURL *easy, CURLcode code)
{
    struct worker *worker = context;
    struct instant now = run_now(worker);
    char *private = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
    struct wire *wire = (struct wire *)(void *)private;
    struct flight *flight = wire->owner;
    bool lost = wire->answered && flight->fault &&
                flight->fault->kind == FAULT_LOST_RESPONSE;
    struct attempt_result result;

    if (flight->is_ended) {
        return; /* its ending is settled, and waits to be told */
    }
    if (wire->set->shares_by_hand && cleartext_goes_on(wire)) {
        return;
    }
    wire_result(wire, code, &result);
    bool is_copy = flight->kind == ATTEMPT_DUPLICATE;
    struct answers_seen *seen =
        is_copy ? copy_seen(flight) : flight->operation->seen;
    if (result.outcome == OUTCOME_OK && wire->set->reads_answers && seen) {
        answers_seen_add(seen, &wire->answer, worker->plan, result.status,
                         lost || is_copy);
    }
    if (is_copy) {
        copy_done(worker, flight, &result, now);
    } else if (!strike_keeps_answer(worker, flight, now)) {
        flight_answer(worker, flight, &result, now);
        flights_settle(worker, now);
    }
}

void flight_on_slow(void *context, struct wire *wire, struct instant until)
{
    struct worker *worker = context;
    struct flight *flight = wire->owner;

    heap_set(&worker->strikes.timers, &flight->strike,
             to_run_clock(worker, until));
    loop_hurry(&worker->loop);
}

void flight_on_sent(void *context, struct wire *wire)
{
    struct worker *worker = context;
    struct flight *flight = wire->owner;
    if (flight->kind == ATTEMPT_DUPLICATE) {
        copy_sent(worker, flight);
        return;
    }
    tell_sent(worker, flight);
    flight->operation->on_wire++;
    worker->on_wire++;
    strike_sent(worker, flight);
}
