#include "plan/policy_part.h"

#include "base/json.h"
#include "base/must.h"

const char *policy_part_section(size_t index)
{
    static const char *const sections[] = {
        "breaker", "concurrency", "headers", "hedge",        "idempotency",
        "order",   "rate_limit",  "retry",   "retry_budget", "throttle",
    };
    return index < array_length(sections) ? sections[index] : NULL;
}

static void copy_member(cJSON *to, const cJSON *from, const char *name)
{
    const cJSON *member = json_get(from, name);

    if (member) {
        cJSON *copy = cJSON_Duplicate(member, true);
        must(copy);
        cJSON_AddItemToObject(to, name, copy);
    }
}

cJSON *policy_part(const cJSON *profile)
{
    cJSON *part = cJSON_CreateObject();
    const char *section;

    must(part);
    copy_member(part, profile, "kind");
    copy_member(part, profile, "timeout");
    for (size_t i = 0; (section = policy_part_section(i)); i++) {
        copy_member(part, profile, section);
    }
    return part;
}
