/*
 * evidence: tells the journal what attempts.c did.
 *
 * The key of an attempt is the operation's, unless each has its own: then it
 * is noted with the wire that carries it, since another attempt's key may be
 * in the operation's place by the time that this one ends.
 */
#include "transport/worker_inside.h"

#include "base/must.h"

#include <string.h>

static bool key_is_per_attempt(const struct worker *worker)
{
    return worker->plan->policy.key.scope == KEY_SCOPE_ATTEMPT;
}

void evidence_begin(struct worker *worker, struct journal_part *part)
{
    worker->journal = part;
    if (part && key_is_per_attempt(worker)) {
        worker->wire_keys =
            arena_array(&worker->arena, worker->wires.slot_count,
                        sizeof(*worker->wire_keys));
    }
}

void evidence_sent(struct worker *worker, const struct flight *flight)
{
    if (worker->wire_keys) {
        const struct operation *operation = flight->operation;
        struct wire_key *key =
            &worker->wire_keys[flight->wire - worker->wires.slots];
        key->length = operation->key_length;
        memcpy(key->text, operation->key, operation->key_length);
    }
}

/* An attempt that got no connection carried no key of its own. */
static struct event_key key_of(const struct worker *worker,
                               const struct flight *flight)
{
    const struct operation *operation = flight->operation;

    if (!key_is_per_attempt(worker)) {
        return (struct event_key){operation->key, operation->key_length};
    }
    if (!flight->wire) {
        return (struct event_key){NULL, 0};
    }
    const struct wire_key *key =
        &worker->wire_keys[flight->wire - worker->wires.slots];
    return (struct event_key){key->text, key->length};
}

/* What of an attempt does not depend on whose it is. */
static struct event_attempt describe(const struct worker *worker,
                                     const struct flight *flight,
                                     const struct fact *done)
{
    const struct wire *wire = flight->wire;
    struct event_attempt attempt = {
        .asked = flight->asked,
        .sent = EVENT_NEVER,
        .first_byte = EVENT_NEVER,
        .done = done->at,
        .number = flight->attempt,
        .request = done->request,
        .status = done->done.status,
        .kind = (uint8_t)done->done.kind,
        .outcome = (uint8_t)done->done.outcome,
        .fault = -1,
        .was_sent = done->done.was_sent,
        .wasted = done->done.wasted,
    };

    must(done->kind == FACT_DONE);
    if (wire && wire_was_sent(wire)) {
        attempt.sent = to_run_clock(worker, wire->sent);
        if (wire->answered) {
            attempt.first_byte = to_run_clock(worker, wire->first_byte);
        }
    }
    return attempt;
}

static uint64_t *chain_of(struct operation *operation)
{
    return operation->copied ? &operation->copied->chain : &operation->chain;
}

void evidence_attempt(struct worker *worker, const struct flight *flight,
                      const struct fact *done, bool struck, bool delivered)
{
    struct operation *operation = flight->operation;

    if (!worker->journal) {
        return;
    }
    struct event_attempt attempt = describe(worker, flight, done);
    struct event_key key = key_of(worker, flight);
    attempt.operation = operation->number;
    attempt.client = worker->client_base + operation->client;
    attempt.intended = operation->intended;
    attempt.fault = struck ? (int8_t)flight->fault->kind : (int8_t)-1;
    attempt.delivered = delivered;
    operation->attempts_told++;
    journal_attempt(worker->journal, &attempt, &key, chain_of(operation));
}

void evidence_copied(const struct worker *worker,
                     const struct operation *operation, struct copied *copied)
{
    copied->chain = operation->chain;
    copied->event = (struct event_operation){
        .operation = operation->number,
        .client = worker->client_base + operation->client,
        .intended = operation->intended,
    };
}

void evidence_copy(struct worker *worker, const struct flight *flight,
                   struct copied *copied, const struct fact *done,
                   const struct event_key *key)
{
    if (!worker->journal) {
        return;
    }
    struct event_attempt attempt = describe(worker, flight, done);
    attempt.operation = copied->event.operation;
    attempt.client = copied->event.client;
    attempt.intended = copied->event.intended;
    copied->event.attempts++;
    copied->event.on_wire += attempt.was_sent;
    journal_attempt(worker->journal, &attempt, key, &copied->chain);
}

void evidence_copied_over(struct worker *worker, struct copied *copied)
{
    struct event_key key = {copied->key, copied->key_length};

    if (worker->journal) {
        journal_operation(worker->journal, &copied->event, &key,
                          &copied->chain);
    }
}

void evidence_verdict(struct operation *operation,
                      const struct action *action, struct instant now)
{
    operation->verdict = action->verdict;
    operation->reason = (uint8_t)action->reason;
    operation->verdict_at = now;
}

void evidence_operation(struct worker *worker, struct operation *operation)
{
    if (!worker->journal) {
        return;
    }
    struct event_operation event = {
        .operation = operation->number,
        .client = worker->client_base + operation->client,
        .intended = operation->intended,
        .verdict_at = operation->verdict_at,
        .attempts = operation->attempts_told,
        .on_wire = operation->on_wire,
        .request = operation->request,
        .stage = operation->stage,
        .verdict = (uint8_t)operation->verdict,
        .reason = operation->reason,
        .warmup = operation->warmup,
    };
    struct event_key key = {operation->key, operation->key_length};
    if (key_is_per_attempt(worker) && operation->on_wire > 0) {
        key.length = 0; /* it has none that is its own */
    }
    struct copied *copied = operation->copied;
    if (copied) {
        event.attempts += copied->event.attempts;
        event.on_wire += copied->event.on_wire;
        copied->event = event;
        copied->key_length = key.length;
        memcpy(copied->key, key.text, key.length);
        return;
    }
    journal_operation(worker->journal, &event, &key, &operation->chain);
}
