#include "run/simulation.h"

#include "effects/ledger_text.h"
#include "model/ledger_page.h"

#include <string.h>

/* Names below .invalid are never resolved. */
static const char url[] = "http://model.invalid";

/* As GET /ledger?by=key asks for it. */
static bool is_by_key(const struct ledger_config *ledger)
{
    const char *query = ledger->url ? strchr(ledger->url, '?') : NULL;
    return query && strstr(query, "by=key");
}

bool simulation_init(struct simulation *simulation, struct plan *plan,
                     const struct virtual_settings *network,
                     struct errors *errors)
{
    if (plan->has_ledger && plan->ledger.columns != LEDGER_HAS_COUNT) {
        struct error *error =
            errors_add(errors, ERROR_CONTRADICTION,
                       "the ledger of a simulation has counts alone");
        error_hint(error, "leave ledger.columns at count");
        return false;
    }
    for (size_t i = 0; i < plan->timeline_count; i++) {
        if (timeline_kind_of(&plan->timeline[i]) != TIMELINE_MARK) {
            struct error *error =
                errors_add(errors, ERROR_CONTRADICTION,
                           "timeline[%zu] is done outside, where time is not "
                           "that of a simulation",
                           i);
            error_hint(error, "mark it only, and use service.faults");
            return false;
        }
    }
    if (!plan->target.url && !plan_set_target(plan, url, errors)) {
        return false;
    }
    plan_lower_threads(plan, 1);
    virtual_model_init(&simulation->model, &plan->service, plan->seed);
    simulation->ledger_is_by_key = is_by_key(&plan->ledger);
    simulation->settings = *network;
    simulation->settings.service = virtual_model_service(&simulation->model);
    return true;
}

void simulation_release(struct simulation *simulation)
{
    virtual_model_release(&simulation->model);
}

static void take(void *context, const struct ledger_entry *entry)
{
    effects_join_take(context, entry);
}

bool simulation_read_ledger(struct simulation *simulation,
                            struct effects_join *join, struct errors *errors)
{
    struct ledger_page page;
    struct ledger_text reader;
    struct str text = STR_INIT;
    bool ok = true;

    virtual_model_end(&simulation->model);
    ledger_page_begin(&page, &simulation->model.orders.effects,
                      simulation->ledger_is_by_key, false);
    ledger_text_begin(&reader, LEDGER_LINES, LEDGER_HAS_COUNT, take, join);
    while (ok && !page.is_over) {
        enum { PIECE = 64 * 1024 };
        str_reset(&text);
        (void)ledger_page_write(&page, &text, PIECE);
        ok = ledger_text_feed(&reader, text.text, text.length, errors);
    }
    str_release(&text);
    return ok && ledger_text_end(&reader, errors);
}
