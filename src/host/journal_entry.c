#include "host/journal_entry.h"

#include "base/must.h"

#include <string.h>

static bool key_is_per_attempt(const struct journal_entries *entries)
{
    return entries->plan->policy.key.scope == KEY_SCOPE_ATTEMPT;
}

void journal_entry_begin(struct journal_entries *entries,
                         struct journal_part *part, size_t transfers,
                         struct arena *arena)
{
    entries->part = part;
    if (part && key_is_per_attempt(entries)) {
        entries->keys = arena_array(arena, transfers, sizeof(*entries->keys));
    }
}

void journal_entry_begun(struct journal_entries *entries,
                         const struct attempt *attempt)
{
    if (entries->keys) {
        const struct planned_operation *planned = attempt_planned(attempt);
        struct attempt_key *key = &entries->keys[attempt->transfer->index];
        key->length = planned->key_length;
        memcpy(key->text, planned->key, planned->key_length);
    }
}

/* An attempt that got no connection carried no key of its own. A duplicate has
 * none but its own. */
static struct event_key key_of(const struct journal_entries *entries,
                               const struct attempt *attempt)
{
    if (!key_is_per_attempt(entries) || !attempt->operation) {
        const struct planned_operation *planned = attempt_planned(attempt);
        return (struct event_key){planned->key, planned->key_length};
    }
    if (!attempt->transfer) {
        return (struct event_key){NULL, 0};
    }
    const struct attempt_key *key = &entries->keys[attempt->transfer->index];
    return (struct event_key){key->text, key->length};
}

/* What of an attempt does not depend on whose it is. */
static struct event_attempt describe(const struct journal_entries *entries,
                                     const struct attempt *attempt,
                                     const struct fact *done)
{
    struct event_attempt event = {
        .asked = attempt->asked,
        .sent = EVENT_NEVER,
        .first_byte = EVENT_NEVER,
        .done = done->at,
        .number = attempt->number,
        .request = done->request,
        .status = done->done.status,
        .kind = (uint8_t)done->done.kind,
        .outcome = (uint8_t)done->done.outcome,
        .error = done->done.text_hash,
        .fault = -1,
        .was_sent = done->done.was_sent,
        .wasted = done->done.wasted,
    };

    must(done->kind == FACT_DONE);
    if (attempt_was_sent(attempt)) {
        const struct transfer_facts *facts = &attempt->transfer->facts;
        event.sent = run_clock_of(entries->clock, facts->sent);
        if (facts->is_answered) {
            event.first_byte = run_clock_of(entries->clock, facts->first_byte);
        }
    }
    return event;
}

static uint64_t *chain_of(struct operation *operation)
{
    return operation->progress.kept ? &operation->progress.kept->chain
                                    : &operation->progress.chain;
}

/* Without an operation, it is counted in what is kept of it. */
static void duplicate_done(struct journal_entries *entries,
                           const struct attempt *attempt,
                           struct event_attempt *event)
{
    struct kept_operation *kept = duplicate_of(attempt)->kept;
    struct event_key key = key_of(entries, attempt);

    if (!kept) {
        return;
    }
    event->operation = kept->event.operation;
    event->client = kept->event.client;
    event->intended = kept->event.intended;
    kept->event.attempts++;
    kept->event.on_wire += event->was_sent;
    journal_attempt(entries->part, event, &key, &kept->chain);
}

void journal_entry_done(struct journal_entries *entries,
                        const struct attempt *attempt, const struct fact *done,
                        int8_t fault, bool delivered)
{
    struct operation *operation = attempt->operation;

    if (!entries->part) {
        return;
    }
    struct event_attempt event = describe(entries, attempt, done);
    if (!operation) {
        duplicate_done(entries, attempt, &event);
        return;
    }
    struct event_key key = key_of(entries, attempt);
    event.operation = operation->planned.number;
    event.client = entries->client_base + operation->client;
    event.intended = operation->intended;
    event.fault = fault;
    event.delivered = delivered;
    operation->progress.in_journal++;
    journal_attempt(entries->part, &event, &key, chain_of(operation));
}

static struct event_operation describe_operation(
    const struct journal_entries *entries, const struct operation *operation)
{
    const struct operation_progress *progress = &operation->progress;
    return (struct event_operation){
        .operation = operation->planned.number,
        .client = entries->client_base + operation->client,
        .intended = operation->intended,
        .verdict_at = progress->verdict_at,
        .attempts = progress->in_journal,
        .on_wire = progress->on_wire,
        .request = operation->scope.request,
        .stage = operation->scope.stage,
        .verdict = (uint8_t)progress->verdict,
        .reason = (uint8_t)progress->reason,
        .warmup = operation->scope.warmup,
    };
}

void journal_entry_over(struct journal_entries *entries,
                        struct operation *operation)
{
    struct kept_operation *kept = operation->progress.kept;

    if (!entries->part) {
        return;
    }
    struct event_operation event = describe_operation(entries, operation);
    struct event_key key = {operation->planned.key,
                            operation->planned.key_length};
    if (key_is_per_attempt(entries) && event.on_wire > 0) {
        key.length = 0; /* it has none that is its own */
    }
    if (!kept) {
        journal_operation(entries->part, &event, &key, chain_of(operation));
        return;
    }
    event.attempts += kept->event.attempts;
    event.on_wire += kept->event.on_wire;
    kept->event = event;
    kept->key_length = key.length;
    memcpy(kept->key, key.text, key.length);
}

void journal_entry_keep(struct journal_entries *entries,
                        const struct operation *operation)
{
    struct kept_operation *kept = operation->progress.kept;

    kept->chain = operation->progress.chain;
    kept->event = (struct event_operation){
        .operation = operation->planned.number,
        .client = entries->client_base + operation->client,
        .intended = operation->intended,
    };
}

void journal_entry_kept(struct journal_entries *entries,
                        struct kept_operation *kept)
{
    struct event_key key = {kept->key, kept->key_length};

    if (entries->part) {
        journal_operation(entries->part, &kept->event, &key, &kept->chain);
    }
}
