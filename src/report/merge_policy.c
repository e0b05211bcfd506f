/* What the clients' policies of several runs did; a layer that one run has and
 * another has not is that of the runs that have it. */
#include "report/merge_inside.h"

#include "base/must.h"
#include "measure/breakers.h"
#include "report/member.h"
#include "report/text_part.h"

#include <math.h>
#include <stdio.h>

static const struct {
    const char *member;
    enum figure_group group;
} blocks[] = {
    {"retry_budget", FIGURES_BUDGET},     {"breaker", FIGURES_BREAKER},
    {"concurrency", FIGURES_CONCURRENCY}, {"rate_limit", FIGURES_RATE_LIMIT},
    {"throttle", FIGURES_THROTTLE},       {"hedge", FIGURES_HEDGE},
};

/* On the clock of the result; clients of one run after those of another. */
static void add_transitions(const struct merging *merging, cJSON *breaker)
{
    cJSON *list = cJSON_AddArrayToObject(breaker, "transitions");
    double omitted = 0, first_client = 0;
    int room = BREAKER_NOTES_MAX;
    const cJSON *transition;

    for (size_t i = 0; i < merging->count; i++) {
        const cJSON *document = merging->inputs[i].document;
        double left =
            text_number(document, "policy.breaker.transitions_omitted");
        double clients = text_number(document, "profile.load.clients");
        omitted += isnan(left) ? 0 : left;
        cJSON_ArrayForEach(transition,
                           text_find(document, "policy.breaker.transitions"))
        {
            if (room-- <= 0) {
                omitted++;
                continue;
            }
            cJSON *copy = cJSON_Duplicate(transition, true);
            cJSON *at = cJSON_GetObjectItemCaseSensitive(copy, "at_us");
            cJSON *client = cJSON_GetObjectItemCaseSensitive(copy, "client");
            if (cJSON_IsNumber(at)) {
                merge_raise(at, merge_offset_us(merging, i));
            }
            merge_raise(client, first_client);
            cJSON_AddItemToArray(list, copy);
        }
        first_client += isnan(clients) ? 1 : clients;
    }
    member_measured(breaker, "transitions_omitted", omitted);
}

static void add_block(struct merging *merging, cJSON *policy, size_t block,
                      const struct merge_places *places)
{
    const char *type = NULL;
    bool any = false;
    char path[64];

    for (size_t i = 0; i < merging->count; i++) {
        snprintf(path, sizeof(path), "policy.%s", blocks[block].member);
        const cJSON *one = text_find(places->objects[i], path);
        any |= cJSON_IsObject(one);
        type = type ? type : text_string(one, "type");
    }
    if (!any) {
        cJSON_AddNullToObject(policy, blocks[block].member);
        return;
    }
    cJSON *part = cJSON_AddObjectToObject(policy, blocks[block].member);
    if (type) {
        cJSON_AddStringToObject(part, "type", type);
    }
    merge_group(merging, part, blocks[block].group, places);
    if (blocks[block].group == FIGURES_BREAKER) {
        add_transitions(merging, part);
    }
}

cJSON *merge_policy(struct merging *merging, const struct merge_places *places)
{
    cJSON *policy = cJSON_CreateObject();

    for (size_t i = 0; i < array_length(blocks); i++) {
        add_block(merging, policy, i, places);
    }
    cJSON_AddItemToObject(
        policy, "limit_wait",
        merge_distribution(merging, "policy.limit_wait", 0, places));
    return policy;
}
