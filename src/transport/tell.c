/*
 * tell: what happened to operations and their attempts, as facts for measure.
 * Nothing here decides what happens next.
 */
#include "transport/worker_inside.h"

#include "base/must.h"

#include <string.h>

bool operation_has_key(const struct worker *worker,
                       const struct operation *operation)
{
    return operation->letter
               ? operation->letter->key != NULL
               : worker->plan->requests[operation->request].traits.has_key;
}

static bool has_one_key(const struct worker *worker,
                        const struct operation *operation)
{
    return operation_has_key(worker, operation) &&
           worker->plan->policy.key.scope == KEY_SCOPE_OPERATION;
}

static struct fact new_fact(const struct operation *operation,
                            enum fact_kind kind, struct instant at)
{
    return (struct fact){
        .kind = kind,
        .warmup = operation->warmup,
        .request = operation->request,
        .stage = operation->stage,
        .at = at,
    };
}

void tell_started(struct worker *worker, const struct operation *operation,
                  struct instant now)
{
    struct fact fact = new_fact(operation, FACT_STARTED, now);
    fact.started.intended = operation->intended;
    tally_take(&worker->tally, &fact);
}

void tell_sent(struct worker *worker, const struct flight *flight)
{
    struct fact fact = new_fact(flight->operation, FACT_SENT,
                                to_run_clock(worker, flight->wire->sent));
    fact.sent.kind = flight->kind;
    tally_take(&worker->tally, &fact);
}

static void tell_fault(struct worker *worker, const struct flight *flight,
                       bool delivered, struct instant now)
{
    must(flight->fault);
    struct fact fact = new_fact(flight->operation, FACT_FAULT, now);
    fact.fault.fault = (uint8_t)flight->fault->kind;
    fact.fault.delivered = delivered;
    tally_take(&worker->tally, &fact);
}

static void note_attempt(struct operation *operation,
                         const struct flight *flight,
                         const struct attempt_result *result,
                         struct duration sent, struct instant now, bool struck)
{
    if (operation->note_count == ATTEMPT_NOTES_MAX) {
        return;
    }
    operation->notes[operation->note_count++] = (struct attempt_note){
        .sent = sent,
        .done = instant_since(now, operation->intended),
        .status = result->status,
        .number = flight->attempt < UINT16_MAX ? (uint16_t)flight->attempt
                                               : UINT16_MAX,
        .outcome = (uint8_t)result->outcome,
        .kind = (uint8_t)flight->kind,
        .fault = struck ? (int8_t)flight->fault->kind : (int8_t)-1,
        .named = flight->wire ? flight->wire->answer.named : 0,
    };
}

void flight_fill_done(const struct worker *worker, const struct flight *flight,
                      const struct attempt_result *result, struct instant now,
                      struct fact *fact)
{
    struct wire *wire = flight->wire;

    fact->done.kind = flight->kind;
    fact->done.outcome = result->outcome;
    fact->done.status = result->status;
    fact->done.was_sent = result->sent;
    fact->done.latency = NOT_MEASURED;
    fact->done.first_byte = NOT_MEASURED;
    fact->done.connect = NOT_MEASURED;
    /* What is lost before sending, or still delayed, asks for no
     * connection. */
    bool queued = !flight->is_held && (!flight->fault || flight->fault->kind !=
                                                         FAULT_LOST_REQUEST);
    fact->done.queue =
        queued ? instant_since(now, flight->asked) : NOT_MEASURED;
    if (!wire) {
        return;
    }
    wire_read_connection(wire);
    fact->done.queue = wire->queue;
    fact->done.connect = wire->connect;
    fact->done.resend_refused = wire->resend_refused;
    if (!wire_was_sent(wire)) {
        return;
    }
    fact->done.closed_connection = result->outcome == OUTCOME_CANCELLED &&
                                   wire->on_multi &&
                                   worker->plan->target.http != HTTP_2;
    fact->done.latency = duration_max(
        instant_since(now, to_run_clock(worker, wire->sent)), DURATION_ZERO);
    if (wire->answered) {
        fact->done.first_byte = instant_since(wire->first_byte, wire->sent);
    }
}

void tell_done(struct worker *worker, struct flight *flight,
               const struct attempt_result *result, struct instant now,
               bool wasted)
{
    struct operation *operation = flight->operation;
    struct fact fact = new_fact(operation, FACT_DONE, now);
    if (result->status != 0) {
        operation->seen->busy = result->outcome == OUTCOME_BUSY;
    }
    struct duration sent = NOT_MEASURED;
    bool delivered;
    bool struck = strike_happened(flight, result, &delivered);

    flight_fill_done(worker, flight, result, now, &fact);
    fact.done.wasted = wasted;
    if (flight->wire && wire_was_sent(flight->wire)) {
        sent = instant_since(to_run_clock(worker, flight->wire->sent),
                             operation->intended);
    }
    /* A copy is counted by itself. */
    if (struck && !flight->was_copied) {
        tell_fault(worker, flight, delivered, now);
    }
    tally_take(&worker->tally, &fact);
    note_attempt(operation, flight, result, sent, now, struck);
    evidence_attempt(worker, flight, &fact, struck, delivered);
}

/* What the client's own policy did for an operation that ends. */
static void fill_layers(const struct worker *worker,
                        const struct operation *operation, struct instant now,
                        struct fact *fact)
{
    const struct policy *policy = &worker->plan->policy;
    const struct call *call = &operation->call;
    struct client *client = &worker->clients[operation->client];

    if (policy->budget.type != BUDGET_NONE) {
        double level = budget_level(&client->budget, &policy->budget, now);
        fact->finished.has_budget = true;
        fact->finished.retries_granted = call->budget.taken;
        fact->finished.budget_level = level > 0 ? level : 0;
    }
    if (worker->tally.config.layers == 0) {
        return;
    }
    memcpy(fact->finished.refusals, call->refusals, sizeof(call->refusals));
    fact->finished.hedges = (uint16_t)call->hedges;
    fact->finished.hedges_denied = (uint16_t)call->hedges_denied;
    fact->finished.won_by_hedge = call->won_by_hedge;
    fact->finished.waited_rate = operation->waits >> WAIT_RATE & 1u;
    fact->finished.waited_place = operation->waits >> WAIT_PLACE & 1u;
    fact->finished.limit_wait = call->limit_wait;
    if (policy->concurrency.enabled) {
        fact->finished.limit = client_limit(client, policy, 0);
    }
}

/* What was known before of an operation that is sent again, and how it ended
 * now. */
static void fill_letter(const struct worker *worker,
                        const struct operation *operation,
                        const struct action *action, struct fact *fact)
{
    const struct letter *letter = operation->letter;

    fact->finished.was_before = true;
    fact->finished.verdict_before = letter->verdict;
    fact->finished.attempts_before = letter->attempts;
    fact->finished.one_key = letter->one_key;
    fact->finished.speaks_for_all =
        letter->one_key && operation->call.last_rejected;
    worker->options.endings[letter - worker->plan->letters->items] =
        (struct letter_ending){
            .started = true,
            .verdict = (uint8_t)action->verdict,
            .reason = (uint8_t)action->reason,
            .speaks_for_all = fact->finished.speaks_for_all,
            .attempts = operation->on_wire,
        };
}

void tell_finished(struct worker *worker, const struct operation *operation,
                   const struct action *action, struct instant now)
{
    const struct planned_request *request =
        &worker->plan->requests[operation->request];
    struct fact fact = new_fact(operation, FACT_FINISHED, now);
    fact.finished.verdict = action->verdict;
    fact.finished.reason = action->reason;
    fact.finished.intended = operation->intended;
    fact.finished.attempts = operation->on_wire;
    fact.finished.copies = operation->copies;
    fact.finished.backoff = operation->call.backoff_total;
    fact.finished.queue = operation->queue;
    fill_layers(worker, operation, now, &fact);
    fact.finished.operation = operation->number;
    fact.finished.join = operation->join;
    fact.finished.has_effect =
        request->config.effect == YES;
    fact.finished.one_key = has_one_key(worker, operation);
    if (operation->letter) {
        fill_letter(worker, operation, action, &fact);
    }
    fact.finished.note_count = operation->note_count;
    fact.finished.notes = operation->notes;
    tally_take(&worker->tally, &fact);
}

/* What the answers of an operation said, those after its verdict too. */
void tell_answers(struct worker *worker,
                  const struct operation *operation)
{
    if (!answers_are_told(worker, operation->request)) {
        return;
    }
    struct fact fact = new_fact(operation, FACT_ANSWERS, run_now(worker));
    fact.answers.seen = operation->seen;
    fact.answers.operation = operation->number;
    fact.answers.verdict = operation->verdict;
    fact.answers.intended = operation->intended;
    fact.answers.attempts = operation->on_wire + operation->copies;
    fact.answers.has_key = operation_has_key(worker, operation);
    fact.answers.one_key = has_one_key(worker, operation);
    fact.answers.note_count = operation->note_count;
    fact.answers.notes = operation->notes;
    copied_tell(worker, operation, &fact);
}

/* A breaker belongs to a client, whatever step of which call moved it. */
void tell_breaker(struct worker *worker, uint64_t index)
{
    struct client *client = &worker->clients[index];
    for (size_t i = 0; i < client->change_count; i++) {
        const struct breaker_change *change = &client->changes[i];
        struct fact fact = {.kind = FACT_BREAKER, .at = change->at};
        fact.breaker.client = worker->client_base + index;
        fact.breaker.from = change->from;
        fact.breaker.to = change->to;
        tally_take(&worker->tally, &fact);
    }
    client->change_count = 0;
}

void clients_tell(struct worker *worker, struct instant now)
{
    const struct policy *policy = &worker->plan->policy;
    for (uint64_t i = 0; i < worker->client_count; i++) {
        struct client *client = &worker->clients[i];
        struct fact fact = {.kind = FACT_CLIENT, .at = now};
        fact.client.budget_level = -1;
        if (policy->budget.type != BUDGET_NONE) {
            double level =
                budget_level(&client->budget, &policy->budget, now);
            fact.client.budget_level = level > 0 ? level : 0;
        }
        if (policy->concurrency.enabled) {
            fact.client.limit = client_limit(client, policy, 0);
        }
        for (size_t p = 0; p <= policy->concurrency.tier_count; p++) {
            const struct concurrency *pool = &client->pools[p];
            if (pool->running_max > fact.client.running_max) {
                fact.client.running_max = pool->running_max;
            }
            if (pool->queued_max > fact.client.queued_max) {
                fact.client.queued_max = pool->queued_max;
            }
        }
        tally_take(&worker->tally, &fact);
    }
}
