#include "report/document_policy.h"

#include "plan/choice.h"
#include "report/figures.h"
#include "report/member.h"

static void add_budget(cJSON *policy, const struct result *result,
                       const struct plan *plan)
{
    const struct tally *tally = result->tally;
    if (plan->policy.budget.type == BUDGET_NONE) {
        cJSON_AddNullToObject(policy, "retry_budget");
        return;
    }
    cJSON *budget = cJSON_AddObjectToObject(policy, "retry_budget");
    cJSON_AddStringToObject(
        budget, "type",
        choice_name(choice_budget_type, (int)plan->policy.budget.type));
    member_count(budget, "granted", tally->budget.granted);
    member_count(budget, "denied",
                 tally->total.reasons[FINISH_BUDGET_EXHAUSTED]);
    member_measured(budget, "level_min", tally->budget.level_min);
    member_measured(budget, "level_end", result->policy.budget_level_end);
}

static void add_transitions(cJSON *breaker, const struct breakers *breakers)
{
    cJSON *list = cJSON_AddArrayToObject(breaker, "transitions");
    for (size_t i = 0; i < breakers->note_count; i++) {
        const struct breaker_note *note = &breakers->notes[i];
        cJSON *object = cJSON_CreateObject();
        member_us(object, "at_us",
                  instant_since(note->at, breakers->origin).ns / NS_PER_US);
        member_count(object, "client", note->client);
        cJSON_AddStringToObject(
            object, "from",
            breaker_state_name((enum breaker_state)note->from));
        cJSON_AddStringToObject(
            object, "to", breaker_state_name((enum breaker_state)note->to));
        cJSON_AddItemToArray(list, object);
    }
    member_count(breaker, "transitions_omitted", breakers_omitted(breakers));
}

static void add_breaker(cJSON *policy, const struct result *result)
{
    const struct tally *tally = result->tally;
    const struct breakers *breakers = &tally->breakers;
    cJSON *breaker = cJSON_AddObjectToObject(policy, "breaker");

    member_count(breaker, "opened", breakers->opened);
    member_count(breaker, "half_opened", breakers->half_opened);
    member_count(breaker, "closed", breakers->closed);
    member_count(breaker, "not_permitted",
                 tally->total.refusals[LAYER_BREAKER]);
    member_us(breaker, "open_us", result->policy.breaker_open.ns / NS_PER_US);
    member_count(breaker, "clients_open_at_end", (uint64_t)breakers->open);
    add_transitions(breaker, breakers);
}

static void add_concurrency(cJSON *policy, const struct result *result)
{
    const struct tally *tally = result->tally;
    const struct limit_tally *limit = &tally->limit;
    const struct client_tally *clients = &tally->clients;
    cJSON *concurrency = cJSON_AddObjectToObject(policy, "concurrency");
    bool ended = limit->count > 0;
    bool told = clients->count > 0;

    member_measured(concurrency, "limit_min", ended ? (double)limit->min : -1);
    member_measured(concurrency, "limit_max", ended ? (double)limit->max : -1);
    member_measured(concurrency, "limit_end", result->policy.limit_end);
    member_count(concurrency, "rejected",
                 tally->total.refusals[LAYER_CONCURRENCY]);
    member_count(concurrency, "queued", tally->total.place_waits);
    member_measured(concurrency, "running_max",
                    told ? (double)clients->running_max : -1);
    member_measured(concurrency, "queued_max",
                    told ? (double)clients->queued_max : -1);
}

static void add_rate_limit(cJSON *policy, const struct result *result)
{
    const struct panel *total = &result->tally->total;
    cJSON *limit = cJSON_AddObjectToObject(policy, "rate_limit");
    member_count(limit, "waited", total->rate_waits);
    member_count(limit, "refused", total->refusals[LAYER_RATE_LIMIT]);
}

static void add_throttle(cJSON *policy, const struct result *result)
{
    const struct panel *total = &result->tally->total;
    cJSON *throttle = cJSON_AddObjectToObject(policy, "throttle");
    member_count(throttle, "refused", total->refusals[LAYER_THROTTLE]);
}

static void add_hedge(cJSON *policy, const struct result *result)
{
    const struct panel *total = &result->tally->total;
    cJSON *hedge = cJSON_AddObjectToObject(policy, "hedge");
    member_count(hedge, "sent", total->kinds[ATTEMPT_HEDGE]);
    member_measured(hedge, "share", result->total.hedge_share);
    member_count(hedge, "won", total->hedges_won);
    member_count(hedge, "cancelled", total->hedge_losers);
    member_count(hedge, "connections_closed", total->loser_connections);
    member_count(hedge, "denied", total->hedges_denied);
}

static const struct {
    enum layer layer;
    const char *member;
    void (*add)(cJSON *policy, const struct result *result);
} blocks[] = {
    {LAYER_BREAKER, "breaker", add_breaker},
    {LAYER_CONCURRENCY, "concurrency", add_concurrency},
    {LAYER_RATE_LIMIT, "rate_limit", add_rate_limit},
    {LAYER_THROTTLE, "throttle", add_throttle},
    {LAYER_HEDGE, "hedge", add_hedge},
};

cJSON *document_policy(const struct result *result, const struct plan *plan)
{
    const struct tally *tally = result->tally;
    cJSON *policy = cJSON_CreateObject();

    add_budget(policy, result, plan);
    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
        if (tally_has(tally, blocks[i].layer)) {
            blocks[i].add(policy, result);
        } else {
            cJSON_AddNullToObject(policy, blocks[i].member);
        }
    }
    bool waits = tally_has(tally, LAYER_CONCURRENCY) ||
                 tally_has(tally, LAYER_RATE_LIMIT);
    cJSON_AddItemToObject(
        policy, "limit_wait",
        waits ? figures_distribution(&tally->total.hist[HISTOGRAM_LIMIT_WAIT])
              : cJSON_CreateNull());
    return policy;
}
