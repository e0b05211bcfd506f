#include "report/document_recovery.h"

#include "base/must.h"
#include "base/str.h"
#include "report/member.h"

#include <string.h>

static bool is_named_before(const struct trigger *triggers, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(triggers[i].name, triggers[index].name) == 0) {
            return true;
        }
    }
    return false;
}

/* The names of its triggers, each once. */
static void add_names(cJSON *object, const struct trigger *triggers,
                      size_t count)
{
    struct str names = STR_INIT;

    for (size_t i = 0; i < count; i++) {
        if (!is_named_before(triggers, i)) {
            str_append(&names, names.length > 0 ? ", " : "");
            str_append(&names, triggers[i].name);
        }
    }
    cJSON_AddStringToObject(object, "after", names.text);
    str_release(&names);
}

/* -1 where it was not measured, or has no end. */
static int64_t us_of(struct duration duration)
{
    return duration.ns < 0 || duration.ns == INT64_MAX
               ? -1
               : duration.ns / NS_PER_US;
}

static cJSON *one(const struct result *result, const struct recovery *recovery)
{
    cJSON *object = cJSON_CreateObject();
    bool is_known = !recovery_word_problem(recovery->word);

    add_names(object, &result->triggers[recovery->first], recovery->count);
    member_count(object, "triggers", recovery->count);
    /* One that began in the warm-up did so before the measured time. */
    int64_t from_us = recovery->from.ns / NS_PER_US;
    int64_t until_us = recovery->until.ns / NS_PER_US;
    cJSON_AddNumberToObject(object, "from_us", (double)from_us);
    cJSON_AddNumberToObject(object, "until_us", (double)until_us);
    cJSON_AddStringToObject(object, "outcome", recovery_word(recovery->word));
    member_measured(object, "baseline_goodput_per_s", recovery->goodput_per_s);
    member_measured(object, "baseline_share", recovery->share);
    member_us(object, "in_time_us", us_of(recovery->in_time));
    member_measured(object, "depth", recovery->depth);
    member_us(object, "time_to_recover_us", us_of(recovery->back));
    if (is_known) {
        cJSON_AddBoolToObject(object, "metastable",
                              recovery->word == RECOVERY_NEVER);
    } else {
        cJSON_AddNullToObject(object, "metastable");
    }
    member_us(object, "window_us", us_of(recovery->window));
    member_us(object, "watched_us", us_of(recovery->watched));
    return object;
}

cJSON *document_recovery(const struct result *result)
{
    cJSON *list = cJSON_CreateArray();

    must(list);
    for (size_t i = 0; i < result->recoveries.count; i++) {
        cJSON_AddItemToArray(list, one(result, &result->recoveries.all[i]));
    }
    return list;
}
