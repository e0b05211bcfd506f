/* Windows that are given in per cent of the load: now it is known how long
 * that lasts. */
#include "plan/resolve.h"

#include <stdio.h>

static bool has_share(const struct window *window)
{
    return window->from.ns < 0 || window->length.ns < 0 ||
           window->every.ns < 0;
}

static void fit(struct resolver *resolver, const char *path,
                struct window *window)
{
    const struct load_config *load = &resolver->plan->load;
    struct duration whole = duration_add(load->warmup, load->duration);

    if (!has_share(window)) {
        return;
    }
    if (whole.ns == INT64_MAX) {
        struct error *error = resolve_refuse(
            resolver, path,
            "a share of the load needs a load whose length is known");
        error_hint(error, "give load.duration (-d), or write a time");
        return;
    }
    window_fit(window, whole);
}

void resolve_windows(struct resolver *resolver)
{
    struct plan *plan = resolver->plan;
    char path[40];

    for (size_t i = 0; i < resolver->draft->fault_count; i++) {
        snprintf(path, sizeof(path), "faults[%zu]", i);
        fit(resolver, path, &resolver->draft->faults[i].config.window);
    }
    for (size_t i = 0; i < plan->service.fault_count; i++) {
        snprintf(path, sizeof(path), "service.faults[%zu]", i);
        fit(resolver, path, &plan->service.faults[i].window);
    }
    for (size_t i = 0; i < resolver->draft->timeline_count; i++) {
        struct timeline_entry *entry = &resolver->draft->timeline[i];
        struct window window = {entry->at, entry->until, DURATION_ZERO};
        snprintf(path, sizeof(path), "timeline[%zu]", i);
        fit(resolver, path, &window);
        entry->at = window.from;
        entry->until = window.length;
    }
}
