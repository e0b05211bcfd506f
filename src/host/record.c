#include "host/record.h"

#include "base/mask.h"
#include "base/must.h"

#include <string.h>

static bool has_one_key(const struct recorder *recorder,
                        const struct operation *operation)
{
    return operation->planned.has_key &&
           recorder->plan->policy.key.scope == KEY_SCOPE_OPERATION;
}

/* Whether what answers to this request say is recorded at all. */
static bool wants_answers(const struct recorder *recorder, uint16_t request)
{
    return recorder->logs.answers &&
           recorder->plan->requests[request].config.effect == YES;
}

static struct fact new_fact(const struct fact_scope *scope,
                            enum fact_kind kind, struct instant at)
{
    /* An initializer need not clear more of a union than its first member. */
    struct fact fact;

    memset(&fact, 0, sizeof(fact));
    fact.kind = kind;
    fact.warmup = scope->warmup;
    fact.request = scope->request;
    fact.stage = scope->stage;
    fact.at = at;
    return fact;
}

void record_dropped(struct recorder *recorder, const struct fact_scope *scope,
                    struct instant intended, struct instant now)
{
    struct fact fact = new_fact(scope, FACT_DROPPED, now);
    fact.dropped.intended = intended;
    tally_take(&recorder->tally, &fact);
}

void record_started(struct recorder *recorder,
                    const struct operation *operation, struct instant now)
{
    struct fact fact = new_fact(&operation->scope, FACT_STARTED, now);
    fact.started.intended = operation->intended;
    tally_take(&recorder->tally, &fact);
}

void record_begun(struct recorder *recorder, const struct attempt *attempt)
{
    journal_entry_begun(&recorder->journal, attempt);
}

static struct instant sent_at(const struct recorder *recorder,
                              const struct attempt *attempt)
{
    return run_clock_of(recorder->clock, attempt->transfer->facts.sent);
}

void record_sent(struct recorder *recorder, const struct attempt *attempt)
{
    struct fact fact =
        new_fact(&attempt->scope, FACT_SENT, sent_at(recorder, attempt));
    fact.sent.kind = attempt->kind;
    tally_take(&recorder->tally, &fact);
}

/* Attempts. */

static void record_fault(struct recorder *recorder,
                         const struct attempt *attempt,
                         const struct attempt_ending *ending)
{
    struct fact fact = new_fact(&attempt->scope, FACT_FAULT, ending->at);
    fact.fault.fault = (uint8_t)attempt->fault->kind;
    fact.fault.delivered = ending->delivered;
    tally_take(&recorder->tally, &fact);
}

static void fill_transfer(const struct recorder *recorder,
                          const struct attempt *attempt,
                          const struct attempt_ending *ending,
                          struct fact *fact)
{
    const struct transfer_facts *facts = &attempt->transfer->facts;

    fact->done.queue = attempt->queue;
    fact->done.connect = facts->connect;
    fact->done.dns = facts->dns;
    fact->done.tcp = facts->tcp;
    fact->done.tls = facts->tls;
    fact->done.resend_refused = facts->resend_refused;
    fact->done.interim = facts->interim;
    fact->done.spoke_http2 = facts->protocol == HTTP_2;
    fact->done.unreadable = fact->done.status > 0 &&
                            !answer_is_readable(&attempt->transfer->answer);
    if (!facts->is_sent) {
        return;
    }
    fact->done.bytes_sent = facts->bytes_sent;
    fact->done.bytes_received = facts->bytes_received;
    fact->done.closed_connection =
        ending->result.outcome == OUTCOME_CANCELLED && facts->is_running &&
        recorder->plan->target.http != HTTP_2;
    fact->done.latency = duration_max(
        instant_since(ending->at, sent_at(recorder, attempt)), DURATION_ZERO);
    fact->done.late = ending->late;
    fact->done.connect_late = facts->connect_late;
    if (facts->is_answered) {
        fact->done.first_byte = instant_since(facts->first_byte, facts->sent);
        fact->done.first_byte_late =
            duration_add(facts->sent_late, facts->first_byte_late);
    }
}

/* What is lost before sending asks for no connection. */
static struct duration wait_without_transfer(
    const struct attempt *attempt, const struct attempt_ending *ending)
{
    bool asked = !attempt->fault || attempt->fault->kind != FAULT_LOST_REQUEST;
    return asked ? instant_since(ending->at, attempt->asked) : NOT_MEASURED;
}

static struct fact done_fact(const struct recorder *recorder,
                             const struct attempt *attempt,
                             const struct attempt_ending *ending)
{
    const struct attempt_result *result = &ending->result;
    struct fact fact = new_fact(&attempt->scope, FACT_DONE, ending->at);

    fact.done.kind = attempt->kind;
    fact.done.outcome = result->outcome;
    fact.done.status = result->status;
    fact.done.was_sent = result->sent;
    fact.done.wasted = ending->wasted;
    fact.done.after_late = ending->after_late;
    fact.done.latency = NOT_MEASURED;
    fact.done.first_byte = NOT_MEASURED;
    fact.done.connect = NOT_MEASURED;
    if (attempt->transfer) {
        fill_transfer(recorder, attempt, ending, &fact);
    } else {
        fact.done.queue = wait_without_transfer(attempt, ending);
        fact.done.in_queue = true;
    }
    return fact;
}

/* A service may say what it was sent, secrets too: they are masked before the
 * text becomes a kind of failure, while its bytes are those that came. */
static const char *mask_start(const struct answer *answer,
                              char room[ANSWER_START_MAX], size_t *length)
{
    if (*length == 0 || !mask_has_values()) {
        return answer->start;
    }
    memcpy(room, answer->start, *length);
    *length = mask_values_in_place(room, *length, *length == ANSWER_START_MAX);
    return room;
}

/* What was said of a failure: which fault it was; else, where a whole answer
 * came, the start of its body, perhaps in the room; else the engine's words.
 */
static void fill_text(const struct attempt *attempt,
                      const struct attempt_ending *ending,
                      char room[ANSWER_START_MAX], struct fact *fact)
{
    const struct transfer *transfer = attempt->transfer;
    const char *text = "";
    size_t length = 0;

    if (ending->injected) {
        text = fault_name(attempt->fault->kind);
        length = strlen(text);
    } else if (transfer && ending->result.status != 0) {
        length = transfer->answer.start_length;
        text = mask_start(&transfer->answer, room, &length);
    } else if (transfer && transfer->facts.error) {
        text = transfer->facts.error;
        length = strlen(text);
    }
    fact->done.text = text;
    fact->done.text_length = length;
    fact->done.text_hash = failure_hash(text, length);
}

static int8_t fault_of(const struct attempt *attempt,
                       const struct attempt_ending *ending)
{
    return ending->injected ? (int8_t)attempt->fault->kind : (int8_t)-1;
}

static void note_attempt(const struct recorder *recorder,
                         const struct attempt *attempt,
                         const struct attempt_ending *ending)
{
    struct operation *operation = attempt->operation;
    struct duration sent = NOT_MEASURED;

    if (operation->progress.note_count == ATTEMPT_NOTES_MAX) {
        return;
    }
    if (attempt_was_sent(attempt)) {
        sent = instant_since(sent_at(recorder, attempt), operation->intended);
    }
    operation->notes[operation->progress.note_count++] = (struct attempt_note){
        .sent = sent,
        .done = instant_since(ending->at, operation->intended),
        .status = ending->result.status,
        .number = attempt->number < UINT16_MAX ? (uint16_t)attempt->number
                                               : UINT16_MAX,
        .outcome = (uint8_t)ending->result.outcome,
        .kind = (uint8_t)attempt->kind,
        .fault = fault_of(attempt, ending),
        .named = attempt->transfer ? attempt->transfer->answer.named : 0,
    };
}

void record_done(struct recorder *recorder, const struct attempt *attempt,
                 const struct attempt_ending *ending)
{
    struct operation *operation = attempt->operation;
    struct fact fact = done_fact(recorder, attempt, ending);
    char room[ANSWER_START_MAX];

    if (fact.done.outcome != OUTCOME_OK) {
        fill_text(attempt, ending, room, &fact);
    }
    /* What was duplicated is counted with its duplicate. */
    if (ending->injected && !attempt->was_duplicated) {
        record_fault(recorder, attempt, ending);
    }
    tally_take(&recorder->tally, &fact);
    if (operation) {
        if (ending->result.status != 0) {
            operation->seen->busy = ending->result.outcome == OUTCOME_BUSY;
        }
        operation->progress.status = ending->result.status;
        note_attempt(recorder, attempt, ending);
    }
    journal_entry_done(&recorder->journal, attempt, &fact,
                       fault_of(attempt, ending), ending->delivered);
}

/* Operations. */

/* What the client's own policy did for an operation that ends. */
static void fill_layers(const struct recorder *recorder,
                        const struct operation *operation, struct instant now,
                        struct fact *fact)
{
    const struct policy *policy = &recorder->plan->policy;
    const struct call *call = &operation->call;
    struct client *client = &recorder->clients[operation->client];

    if (policy->budget.type != BUDGET_NONE) {
        double level = budget_level(&client->budget, &policy->budget, now);
        fact->finished.has_budget = true;
        fact->finished.retries_granted = call->retries_granted;
        fact->finished.retries_denied = call->retries_denied;
        fact->finished.hedges_granted = call->hedges_granted;
        fact->finished.budget_level = level > 0 ? level : 0;
    }
    if (recorder->tally.config.layers == 0) {
        return;
    }
    memcpy(fact->finished.refusals, call->refusals, sizeof(call->refusals));
    fact->finished.hedges = call->hedges;
    fact->finished.hedges_denied = call->hedges_denied;
    fact->finished.won_by_hedge = call->won_by_hedge;
    fact->finished.waited_rate = operation->progress.waits >> WAIT_RATE & 1u;
    fact->finished.waited_place = operation->progress.waits >> WAIT_PLACE & 1u;
    fact->finished.limit_wait = call->limit_wait;
    if (policy->concurrency.enabled) {
        fact->finished.limit = client_limit(client, policy, 0);
    }
}

/* What was known before of an operation that is sent again, and how it ended
 * now. */
static void fill_repeated(const struct recorder *recorder,
                          const struct operation *operation,
                          const struct action *action, struct fact *fact)
{
    const struct earlier_runs *earlier = &operation->planned.earlier;

    fact->finished.was_before = true;
    fact->finished.verdict_before = earlier->verdict;
    fact->finished.attempts_before = earlier->attempts;
    fact->finished.one_key = earlier->one_key;
    fact->finished.rejects_all =
        earlier->one_key && operation->call.proof.last_rejected;
    recorder->endings[operation->planned.place] = (struct operation_ending){
        .started = true,
        .verdict = (uint8_t)action->verdict,
        .reason = (uint8_t)action->reason,
        .rejects_all = fact->finished.rejects_all,
        .attempts = operation->progress.on_wire,
    };
}

void record_finished(struct recorder *recorder, struct operation *operation,
                     const struct action *action, struct instant now)
{
    operation->progress.verdict = action->verdict;
    operation->progress.reason = action->reason;
    operation->progress.verdict_at = now;
    const struct planned_request *request =
        &recorder->plan->requests[operation->scope.request];
    struct fact fact = new_fact(&operation->scope, FACT_FINISHED, now);
    fact.finished.verdict = action->verdict;
    fact.finished.reason = action->reason;
    fact.finished.status = operation->progress.status;
    fact.finished.intended = operation->intended;
    fact.finished.attempts = operation->progress.on_wire;
    fact.finished.duplicates = operation->progress.duplicates;
    fact.finished.backoff = operation->call.backoff_total;
    fact.finished.queue = operation->progress.queue;
    fact.finished.late =
        duration_add(operation->progress.own_late, operation->progress.queue);
    fact.finished.is_cut_short = operation->progress.is_cut_short &&
                                 action->verdict != VERDICT_SUCCEEDED;
    fill_layers(recorder, operation, now, &fact);
    fact.finished.operation = operation->planned.number;
    fact.finished.join = operation->join;
    fact.finished.has_effect = request->config.effect == YES;
    fact.finished.one_key = has_one_key(recorder, operation);
    if (operation->planned.is_repeated) {
        fill_repeated(recorder, operation, action, &fact);
    }
    fact.finished.note_count = operation->progress.note_count;
    fact.finished.notes = operation->notes;
    tally_take(&recorder->tally, &fact);
    effect_logs_take(&recorder->logs, &fact);
}

static void record_answers(struct recorder *recorder,
                           const struct operation *operation)
{
    const struct operation_progress *progress = &operation->progress;
    struct kept_operation *kept = progress->kept;
    struct fact fact = new_fact(&operation->scope, FACT_ANSWERS,
                                run_clock_now(recorder->clock));

    fact.answers.seen = operation->seen;
    fact.answers.operation = operation->planned.number;
    fact.answers.verdict = progress->verdict;
    fact.answers.intended = operation->intended;
    fact.answers.attempts = progress->on_wire + progress->duplicates;
    fact.answers.has_key = operation->planned.has_key;
    fact.answers.one_key = has_one_key(recorder, operation);
    fact.answers.note_count = progress->note_count;
    fact.answers.notes = operation->notes;
    if (!kept) {
        effect_logs_take(&recorder->logs, &fact);
        return;
    }
    kept->has_answers = true;
    memcpy(kept->notes, operation->notes,
           progress->note_count * sizeof(kept->notes[0]));
    kept->fact = fact;
    kept->fact.answers.notes = kept->notes;
}

void record_over(struct recorder *recorder, struct operation *operation)
{
    journal_entry_over(&recorder->journal, operation);
    if (wants_answers(recorder, operation->scope.request)) {
        record_answers(recorder, operation);
    }
}

bool record_is_kept(const struct recorder *recorder,
                    const struct operation *operation)
{
    return recorder->journal.part ||
           wants_answers(recorder, operation->scope.request);
}

void record_keep(struct recorder *recorder, struct operation *operation)
{
    journal_entry_keep(&recorder->journal, operation);
}

void record_kept(struct recorder *recorder, struct kept_operation *kept)
{
    if (kept->has_answers) {
        effect_logs_take(&recorder->logs, &kept->fact);
    }
    journal_entry_kept(&recorder->journal, kept);
}

/* Clients. */

/* A breaker belongs to a client, whatever step of which call moved it. */
void record_breaker(struct recorder *recorder, uint64_t index)
{
    struct client *client = &recorder->clients[index];
    for (size_t i = 0; i < client->change_count; i++) {
        const struct breaker_change *change = &client->changes[i];
        struct fact fact = {.kind = FACT_BREAKER, .at = change->at};
        fact.breaker.client = recorder->client_base + index;
        fact.breaker.from = change->from;
        fact.breaker.to = change->to;
        tally_take(&recorder->tally, &fact);
    }
    client->change_count = 0;
}

void record_clients(struct recorder *recorder, struct instant now)
{
    const struct policy *policy = &recorder->plan->policy;
    for (uint64_t i = 0; i < recorder->client_count; i++) {
        struct client *client = &recorder->clients[i];
        struct fact fact = {.kind = FACT_CLIENT, .at = now};
        fact.client.budget_level = -1;
        if (policy->budget.type != BUDGET_NONE) {
            double level = budget_level(&client->budget, &policy->budget, now);
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
        tally_take(&recorder->tally, &fact);
    }
}
