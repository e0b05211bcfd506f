#include "report/document_policy.h"

#include "base/must.h"
#include "plan/choice.h"
#include "report/figures.h"
#include "report/member.h"

static void add_budget(cJSON *policy, const struct figure_view *view,
                       const struct plan *plan)
{
    if (plan->policy.budget.type == BUDGET_NONE) {
        cJSON_AddNullToObject(policy, "retry_budget");
        return;
    }
    cJSON *budget = cJSON_AddObjectToObject(policy, "retry_budget");
    cJSON_AddStringToObject(
        budget, "type",
        choice_name(choice_budget_type, (int)plan->policy.budget.type));
    figures_add_group(budget, FIGURES_BUDGET, view);
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

static const struct {
    const char *member;
    enum figure_group group;
} blocks[] = {
    {"breaker", FIGURES_BREAKER},       {"concurrency", FIGURES_CONCURRENCY},
    {"rate_limit", FIGURES_RATE_LIMIT}, {"throttle", FIGURES_THROTTLE},
    {"hedge", FIGURES_HEDGE},
};

static void add_block(cJSON *policy, const char *member,
                      enum figure_group group, const struct figure_view *view)
{
    const struct tally *tally = view->result->tally;
    if (!figure_is_on(tally->config.layers, group)) {
        cJSON_AddNullToObject(policy, member);
        return;
    }
    cJSON *block = cJSON_AddObjectToObject(policy, member);
    figures_add_group(block, group, view);
    if (group == FIGURES_BREAKER) {
        add_transitions(block, &tally->breakers);
    }
}

cJSON *document_policy(const struct figure_view *view, const struct plan *plan)
{
    const struct tally *tally = view->result->tally;
    cJSON *policy = cJSON_CreateObject();

    add_budget(policy, view, plan);
    for (size_t i = 0; i < array_length(blocks); i++) {
        add_block(policy, blocks[i].member, blocks[i].group, view);
    }
    bool waits = tally_has(tally, LAYER_CONCURRENCY) ||
                 tally_has(tally, LAYER_RATE_LIMIT);
    cJSON_AddItemToObject(
        policy, "limit_wait",
        waits ? figures_distribution(&tally->total.hist[HISTOGRAM_LIMIT_WAIT])
              : cJSON_CreateNull());
    return policy;
}
