#include "run/reconcile.h"

#include "base/unicode.h"
#include "effects/answers.h"
#include "engine/clock.h"
#include "ledger/ledger.h"
#include "plan/dead_letters.h"

#include <stdio.h>

enum { SETTLING_NOTE_S = 2 };

bool reconcile_prepare(struct reconciliation *reconciliation,
                       struct errors *errors)
{
    const struct plan *plan = reconciliation->plan;
    return !plan->has_ledger || reconciliation->simulation ||
           ledger_probe(plan, &reconciliation->baseline,
                        reconciliation->give_up, errors);
}

/* Who is notified that a ledger settles late, and when they last were. */
struct settling {
    const struct run_observer *observer;
    struct instant noted;
};

static void note_settling(void *context, const struct ledger_progress *reached)
{
    struct settling *settling = context;
    struct instant now = clock_now();

    if (instant_since(now, settling->noted).ns < SETTLING_NOTE_S * NS_PER_S) {
        return;
    }
    settling->noted = now;
    if (reached->missing > 0) {
        observer_note(settling->observer,
                      "waiting for the effects of %llu operations that "
                      "succeeded (ledger.patience)",
                      (unsigned long long)reached->missing);
        return;
    }
    observer_note(settling->observer,
                  "the ledger still changes: reading %u, %llu effects of this "
                  "run, %lld s left (ledger.timeout)",
                  reached->readings, (unsigned long long)reached->own,
                  (long long)(reached->left.ns / NS_PER_S));
}

static struct effects_join *make_join(struct reconciliation *reconciliation,
                                      struct fleet *fleet)
{
    const struct plan *plan = reconciliation->plan;
    size_t count;
    struct operation_log **logs = fleet_effects_logs(fleet, &count);
    struct effects_join *join = effects_join_new(logs, count);

    /* What the first run did is not to be taken off. */
    if (!dead_letters_of(plan)) {
        effects_join_use_baseline(join, &reconciliation->baseline);
    }
    if (ledger_has_time(plan->ledger.columns)) {
        effects_join_use_times(join, fleet_origin_unix_ns(fleet));
    }
    return join;
}

static void set_unverified(struct effect_figures *effects, const char *problem)
{
    effects->oracle = ORACLE_UNVERIFIED;
    snprintf(effects->problem, sizeof(effects->problem), "%.*s",
             (int)sizeof(effects->problem) - 1, problem);
    utf8_mend(effects->problem);
}

static bool read_ledger(struct reconciliation *reconciliation,
                        struct errors *errors)
{
    struct settling settling = {reconciliation->observer, clock_now()};
    struct ledger_options options = {
        .stop = reconciliation->give_up,
        .on_reading = note_settling,
        .user = &settling,
    };
    if (reconciliation->simulation) {
        return simulation_read_ledger(reconciliation->simulation,
                                      reconciliation->join, errors);
    }
    return ledger_read(reconciliation->plan, reconciliation->join, &options,
                       errors);
}

static void join_ledger(struct reconciliation *reconciliation,
                        struct errors *errors)
{
    struct effect_figures *effects = &reconciliation->effects;

    struct instant from = clock_now();
    if (!read_ledger(reconciliation, errors)) {
        set_unverified(effects, errors_last_text(errors));
        return;
    }
    effects_join_finish(reconciliation->join, effects);
    if (!reconciliation->simulation) {
        effects->looked = instant_since(clock_now(), from);
    }
    if (effects->oracle == ORACLE_UNVERIFIED) {
        errors_add(errors, ERROR_NO_LEDGER, "%s", effects->problem);
    }
}

/* Where there is no ledger, answers are the oracle. */
static void take_answers(struct effect_figures *effects,
                         const struct plan *plan, struct fleet *fleet,
                         struct archive *archive)
{
    size_t count;
    struct answers_log **logs = fleet_answers_logs(fleet, &count);

    answers_merge(logs, count, &effects->answers, archive_flag, archive);
    if (!plan->has_ledger) {
        answers_judge(logs, count, effects);
    }
}

void reconcile(struct reconciliation *reconciliation, struct fleet *fleet,
               struct archive *archive, struct errors *errors)
{
    const struct plan *plan = reconciliation->plan;

    reconciliation->effects =
        (struct effect_figures){.oracle = ORACLE_NONE, .looked = NOT_MEASURED};
    if (plan->has_ledger) {
        reconciliation->join = make_join(reconciliation, fleet);
        archive_observe(archive, reconciliation->join);
        join_ledger(reconciliation, errors);
    }
    take_answers(&reconciliation->effects, plan, fleet, archive);
}

void reconcile_release(struct reconciliation *reconciliation)
{
    effects_join_free(reconciliation->join);
    baseline_release(&reconciliation->baseline);
    reconciliation->join = NULL;
}
