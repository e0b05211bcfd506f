#include "report/document_windows.h"

#include "base/must.h"
#include "plan/choice.h"
#include "report/member.h"

/* What windows are told by: the clock of the series, which starts when the
 * warm-up is over. */
struct timeline {
    cJSON *windows;
    struct duration zero; /* since the start of load */
    struct duration end;  /* of the load */
};

static void add_window(const struct timeline *timeline, const char *kind,
                       const char *name, const struct window *window)
{
    cJSON *object = cJSON_CreateObject();
    bool ends = window->length.ns != INT64_MAX;
    int64_t zero = timeline->zero.ns;
    int64_t from_us = (window->from.ns - zero) / NS_PER_US;
    int64_t until_us =
        (duration_add(window->from, window->length).ns - zero) / NS_PER_US;

    cJSON_AddStringToObject(object, "kind", kind);
    cJSON_AddStringToObject(object, "name", name);
    /* A window that opens in the warm-up is a negative one. */
    cJSON_AddNumberToObject(object, "from_us", (double)from_us);
    if (ends) {
        cJSON_AddNumberToObject(object, "until_us", (double)until_us);
    } else {
        cJSON_AddNullToObject(object, "until_us");
    }
    member_us(object, "every_us",
              window->every.ns > 0 ? window->every.ns / NS_PER_US : -1);
    cJSON_AddBoolToObject(object, "opened",
                          window->from.ns < timeline->end.ns);
    cJSON_AddItemToArray(timeline->windows, object);
}

static void add_stages(const struct timeline *timeline,
                       const struct load_config *load)
{
    struct window window = {DURATION_ZERO, DURATION_ZERO, DURATION_ZERO};

    if (load->model != LOAD_OPEN) {
        return;
    }
    for (size_t i = 0; i < load->stage_count; i++) {
        window.length = load->stages[i].length;
        /* Nothing of the warm-up is in the series. */
        if (i > 0 || !load->first_stage_is_warmup) {
            add_window(timeline, "stage", load->stages[i].name, &window);
        }
        window.from = duration_add(window.from, window.length);
    }
}

cJSON *document_windows(const struct result *result, const struct plan *plan,
                        bool has_service)
{
    struct timeline timeline = {
        .windows = cJSON_CreateArray(),
        .zero = plan->load.warmup,
        .end = duration_add(plan->load.warmup, result->measured),
    };

    must(timeline.windows);
    add_stages(&timeline, &plan->load);
    for (size_t i = 0; i < plan->fault_count; i++) {
        const struct fault_config *fault = &plan->faults[i];
        add_window(&timeline, "fault", fault_name(fault->kind),
                   &fault->window);
    }
    for (size_t i = 0; has_service && i < plan->service.fault_count; i++) {
        const struct service_fault_config *fault = &plan->service.faults[i];
        add_window(&timeline, "service_fault",
                   choice_name(choice_service_fault, (int)fault->kind),
                   &fault->window);
    }
    return timeline.windows;
}
