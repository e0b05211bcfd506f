#include "report/document_errors.h"

#include "report/member.h"

cJSON *document_errors(const struct result *result, struct duration warmup)
{
    const struct failures *failures = &result->tally->failures;
    cJSON *errors = cJSON_CreateArray();
    uint8_t order[FAILURES_MAX];
    size_t count = failures_rank(failures, order);

    for (size_t i = 0; i < count; i++) {
        const struct failure_kind *kind = &failures->kinds[order[i]];
        cJSON *object = cJSON_CreateObject();
        char shown[FAILURE_SHOWN_MAX];

        failure_show(kind, shown);
        cJSON_AddStringToObject(object, "outcome",
                                outcome_name(kind->outcome));
        member_measured(object, "status",
                        kind->status > 0 ? (double)kind->status : -1);
        member_text(object, "text", shown);
        member_count(object, "count", kind->count);
        member_us(object, "first_us",
                  (kind->first.ns - warmup.ns) / NS_PER_US);
        member_us(object, "last_us", (kind->last.ns - warmup.ns) / NS_PER_US);
        cJSON_AddItemToArray(errors, object);
    }
    return errors;
}
