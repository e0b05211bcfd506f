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
                       const char *name, const struct window *window,
                       bool has_opened)
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
                          has_opened && window->from.ns < timeline->end.ns);
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
            add_window(timeline, "stage", load->stages[i].name, &window, true);
        }
        window.from = duration_add(window.from, window.length);
    }
}

/* When an entry really began and ended. */
static void add_entry(const struct timeline *timeline,
                      const struct timeline_entry *entry,
                      const struct timeline_event *event)
{
    bool was_reached = event && event->begin.word != TIMELINE_NOT_REACHED;
    struct window window = {entry->at, DURATION_FOREVER, DURATION_ZERO};

    if (was_reached) {
        window.from = event->begin.from;
    }
    if (was_reached && !timeline_has_end(entry)) {
        window.length.ns = event->begin.until.ns - window.from.ns;
    } else if (was_reached && event->end.word != TIMELINE_NOT_REACHED) {
        window.length.ns = event->end.until.ns - window.from.ns;
    }
    add_window(timeline, "timeline", entry->name, &window, was_reached);
}

cJSON *document_windows(const struct result *result, const struct plan *plan,
                        bool has_service, const struct timeline_event *events)
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
        add_window(&timeline, "fault", fault_name(fault->kind), &fault->window,
                   true);
    }
    for (size_t i = 0; has_service && i < plan->service.fault_count; i++) {
        const struct service_fault_config *fault = &plan->service.faults[i];
        add_window(&timeline, "service_fault",
                   choice_name(choice_service_fault, (int)fault->kind),
                   &fault->window, true);
    }
    for (size_t i = 0; i < plan->timeline_count; i++) {
        add_entry(&timeline, &plan->timeline[i], events ? &events[i] : NULL);
    }
    return timeline.windows;
}
