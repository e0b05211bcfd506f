#include "plan/triggers.h"

#include "plan/choice.h"

#include <math.h>

struct list {
    struct trigger *triggers;
    size_t count;
    struct duration zero; /* of the measured time, since the start of load */
    struct duration load; /* its length, warm-up included */
};

/* Since the start of load. What is over with the warm-up is none. */
static void add(struct list *list, const char *name, struct duration from,
                struct duration until)
{
    bool ends = until.ns != INT64_MAX;

    if (from.ns >= list->load.ns || until.ns <= list->zero.ns) {
        return;
    }
    if (list->count == TRIGGERS_MAX) {
        list->triggers[TRIGGERS_MAX - 1].until = DURATION_FOREVER;
        return;
    }
    struct trigger *trigger = &list->triggers[list->count++];
    *trigger = (struct trigger){.name = name,
                                .from = {from.ns - list->zero.ns},
                                .until = DURATION_FOREVER};
    if (ends) {
        trigger->until.ns = until.ns - list->zero.ns;
    }
}

static void add_window(struct list *list, const char *name,
                       const struct window *window)
{
    struct duration from = window->from;
    struct duration end;

    for (size_t turn = 0; turn <= TRIGGERS_MAX; turn++) {
        /* The same end as the fault's own. */
        if (!window_find_end(window, from, &end)) {
            return;
        }
        add(list, name, from, end);
        if (window->every.ns == 0 || end.ns == INT64_MAX) {
            return;
        }
        from = duration_add(from, window->every);
    }
}

static double highest(const struct stage_config *stage)
{
    return fmax(stage->from_per_s, stage->rate_per_s);
}

/* From where the rate rises to where it falls. */
static void add_stages(struct list *list, const struct load_config *load)
{
    struct duration start = DURATION_ZERO, from = DURATION_ZERO;
    const struct stage_config *peak = NULL;

    for (size_t i = 0; i < load->stage_count; i++) {
        const struct stage_config *stage = &load->stages[i];
        struct duration end = duration_add(start, stage->length);
        double before = i > 0 ? stage[-1].rate_per_s : highest(stage);
        if (peak && stage->from_per_s < before) {
            add(list, peak->name, from, start);
            peak = NULL;
            before = stage->from_per_s;
        }
        if (!peak && highest(stage) > before) {
            from = start;
            peak = stage;
        } else if (peak && highest(stage) > highest(peak)) {
            peak = stage;
        }
        if (peak && stage->rate_per_s < stage->from_per_s) {
            add(list, peak->name, from, end);
            peak = NULL;
        }
        start = end;
    }
}

static void add_timeline(struct list *list, const struct plan *plan,
                         const struct timeline_event *events)
{
    struct duration from, until;

    for (size_t i = 0; i < plan->timeline_count; i++) {
        const struct timeline_entry *entry = &plan->timeline[i];
        if (timeline_find_trigger(entry, events ? &events[i] : NULL, &from,
                                  &until)) {
            add(list, entry->name, from, until);
        }
    }
}

size_t plan_triggers(const struct plan *plan, bool has_service,
                     struct duration load, const struct timeline_event *events,
                     struct trigger *triggers)
{
    struct list list = {
        .triggers = triggers, .zero = plan->load.warmup, .load = load};

    for (size_t i = 0; i < plan->fault_count; i++) {
        add_window(&list, fault_name(plan->faults[i].kind),
                   &plan->faults[i].window);
    }
    for (size_t i = 0; has_service && i < plan->service.fault_count; i++) {
        const struct service_fault_config *fault = &plan->service.faults[i];
        add_window(&list, choice_name(choice_service_fault, (int)fault->kind),
                   &fault->window);
    }
    if (plan->load.model == LOAD_OPEN) {
        add_stages(&list, &plan->load);
    }
    add_timeline(&list, plan, events);
    return list.count;
}

/* Whether an open load is the same from the end of the warm-up to its end. */
static bool load_is_level(const struct load_config *load)
{
    size_t first = load->first_stage_is_warmup ? 1 : 0;

    if (load->model != LOAD_OPEN || load->arrivals) {
        return !load->arrivals;
    }
    for (size_t i = first; i < load->stage_count; i++) {
        if (load->stages[i].from_per_s != load->stages[first].rate_per_s ||
            load->stages[i].rate_per_s != load->stages[first].rate_per_s) {
            return false;
        }
    }
    return true;
}

bool plan_is_level(const struct plan *plan, bool has_service)
{
    struct trigger triggers[TRIGGERS_MAX];
    struct duration length =
        duration_add(plan->load.warmup, plan->load.duration);

    return load_is_level(&plan->load) &&
           plan_triggers(plan, has_service, length, NULL, triggers) == 0;
}

bool plan_has_trigger(const struct plan *plan, bool has_service)
{
    struct trigger triggers[TRIGGERS_MAX];
    const struct load_config *load = &plan->load;
    struct duration length = duration_add(load->warmup, load->duration);
    size_t count = plan_triggers(plan, has_service, length, NULL, triggers);

    for (size_t i = 0; i < count; i++) {
        if (triggers[i].until.ns < length.ns - load->warmup.ns) {
            return true;
        }
    }
    return false;
}
