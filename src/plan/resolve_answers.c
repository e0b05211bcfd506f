/* What a run looks for in answers: idempotency.effect_id. */
#include "plan/reader.h"
#include "plan/resolve.h"

#include <string.h>

static const char header_prefix[] = "header:";

void resolve_effect_id(struct resolver *resolver)
{
    static const char path[] = "idempotency.effect_id";
    struct plan *plan = resolver->plan;
    struct effect_id_config *config = &plan->effect_id;
    const char *text = resolver->draft->effect_id;
    const char *problem = NULL;
    size_t skip = sizeof(header_prefix) - 1;

    if (!text) {
        return;
    }
    if (strncmp(text, header_prefix, skip) == 0) {
        config->place = EFFECT_ID_HEADER;
        config->header = text + skip;
        problem =
            value_is_token(config->header) ? NULL : "that is no header's name";
    } else {
        config->place = EFFECT_ID_BODY;
        problem = pointer_compile(&config->pointer, &plan->arena, text);
    }
    if (problem) {
        struct error *error =
            resolve_refuse(resolver, path, "\"%s\": %s", text, problem);
        error_hint(error, "write a JSON pointer such as \"/id\", or "
                          "\"header:Location\"");
        return;
    }
    for (size_t i = 0; i < plan->request_count; i++) {
        if (plan->requests[i].config.effect == YES) {
            return;
        }
    }
    resolve_conflict(resolver, path, "requests",
                     "no request performs an effect that an answer could "
                     "name");
}

bool plan_reads_answers(const struct plan *plan)
{
    bool reads = plan->effect_id.place != EFFECT_ID_NONE;
    for (size_t i = 0; i < plan->request_count; i++) {
        const struct planned_request *request = &plan->requests[i];
        reads |= request->config.expect_json.count > 0 ||
                 (request->traits.has_key && request->config.effect == YES);
    }
    return reads;
}
