/* tally_part: what a tally has counted so far, taken out of it in parts; see
 * tally.h. */
#include "base/must.h"
#include "measure/due.h"
#include "measure/herd.h"
#include "measure/series.h"
#include "measure/tally.h"

#include <stddef.h>
#include <string.h>

/* Both end when the first one does. */
static void share_end(struct panel *panel, struct panel *part)
{
    panel->until = part->until;
}

static void swap_panels(const struct tally *tally, struct panel **panels,
                        struct panel **parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        /* Each total was swapped as a whole, and is where it was. */
        if (panels[i] != &tally->total) {
            struct panel *panel = panels[i];
            panels[i] = parts[i];
            parts[i] = panel;
            share_end(panels[i], parts[i]);
        }
    }
}

void tally_hand_over(struct tally *tally, struct tally *part)
{
    struct tally old = *tally;

    must(part->total.started + part->total.attempts + part->sent == 0);
    must(part->config.requests == tally->config.requests);
    must(part->config.stages == tally->config.stages);
    *tally = *part;
    *part = old;
    part->requests = tally->requests;
    part->stages = tally->stages;
    tally->config = old.config;
    tally->requests = old.requests;
    tally->stages = old.stages;
    tally->failures = old.failures;
    share_end(&tally->total, &part->total);
    swap_panels(tally, tally->requests, part->requests,
                tally->config.requests);
    swap_panels(tally, tally->stages, part->stages, tally->config.stages);
}

void tally_forget_failures(struct tally *tally)
{
    tally->failures.count = 0;
    tally->failures.omitted = 0;
}

static void reset_panel(struct panel *panel)
{
    struct instant until = panel->until;

    memset(panel, 0, offsetof(struct panel, hist));
    panel->until = until;
    for (size_t i = 0; i < HISTOGRAM_COUNT; i++) {
        hist_reset(&panel->hist[i]);
        hist_reset(&panel->least[i]);
    }
}

static void reset_panels(const struct tally *tally,
                         struct panel *const *panels, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (panels[i] != &tally->total) {
            reset_panel(panels[i]);
        }
    }
}

void tally_reset(struct tally *tally)
{
    reset_panel(&tally->total);
    reset_panels(tally, tally->requests, tally->config.requests);
    reset_panels(tally, tally->stages, tally->config.stages);
    tally->sent = 0;
    memset(tally->faults, 0, sizeof(tally->faults));
    tally_forget_failures(tally);
    tally->extremes = (struct extremes){
#define LOWEST(group, member, form, id, better, when, amount, label, \
               sentence) \
    .id = -1,
#define HIGHEST LOWEST
#include "measure/figure.def"
    };
    breakers_init(&tally->breakers, (struct instant){tally->config.warmup.ns});
    tally->clients = (struct client_tally){0};
    tally->workers = (struct worker_tally){.waiting = NOT_MEASURED,
                                           .waiting_max = NOT_MEASURED};
    hist_reset(&tally->schedule_lag);
    series_reset(tally->series);
    herd_reset(tally->herd);
    if (tally->due) {
        due_reset(tally->due);
    }
}
