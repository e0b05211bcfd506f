#include "cli/foresee.h"

#include "base/units.h"
#include "cli/start.h"
#include "plan/triggers.h"
#include "run/baseline.h"

static void on_note(void *context, const char *text)
{
    start_note(context, "%s", text);
}

static bool read_noise(const char *text, double *noise, struct errors *errors)
{
    const char *problem = "it is not above 0 and below 100%";

    *noise = 0;
    if (text && (!units_parse_ratio(text, noise, &problem) ||
                 !(*noise > 0 && *noise < 1))) {
        struct error *error = errors_add(errors, ERROR_USAGE,
                                         "--noise: \"%s\": %s", text, problem);
        error_hint(error, "write a share, such as 5%%");
        return false;
    }
    return true;
}

static bool apply_baseline(const struct invocation *invocation,
                           struct plan *plan, struct errors *errors)
{
    struct run_observer observer = {.context = (void *)(uintptr_t)invocation,
                                    .note = on_note};
    bool is_wanted = baseline_is_wanted(plan);
    double noise;

    if (!read_noise(invocation->noise, &noise, errors)) {
        return false;
    }
    if (is_wanted && !invocation->baseline) {
        struct error *error =
            errors_add(errors, ERROR_USAGE,
                       "an SLO compares with a baseline, and there is none");
        error_hint(error,
                   "--baseline FILE names the report of an earlier run");
        return false;
    }
    if (!is_wanted && (invocation->baseline || invocation->noise)) {
        start_note(invocation,
                   "no SLO compares with a baseline, such as \"p99 <= 1.1 * "
                   "baseline\": %s changes nothing",
                   invocation->baseline ? "--baseline" : "--noise");
        return true;
    }
    return !is_wanted || baseline_apply(plan, invocation->baseline, noise,
                                        &observer, errors);
}

static struct slo_ground ground_of(const struct plan *plan,
                                   const struct invocation *invocation)
{
    bool has_service = !plan->target.url;

    return (struct slo_ground){
        .oracle = plan->has_ledger || has_service           ? ORACLE_LEDGER
                  : plan->effect_id.place != EFFECT_ID_NONE ? ORACLE_EFFECT_ID
                                                            : ORACLE_NONE,
        .layers = policy_layers(&plan->policy),
        .open_model = plan->load.model == LOAD_OPEN,
        .has_trigger = plan_has_trigger(plan, has_service),
        .has_baseline = invocation->baseline != NULL,
        .measured = plan->load.duration,
    };
}

static void note_terms(const struct invocation *invocation,
                       const struct slo *slo, const char *what,
                       const struct slo_ground *ground)
{
    struct slo_ground with_ledger = *ground;

    with_ledger.oracle = ORACLE_LEDGER;
    for (size_t i = 0; i < slo->term_count; i++) {
        const char *why = slo_why_unseen(&slo->terms[i], ground);
        char text[SLO_TEXT_MAX];
        slo_term_text(slo, i, text);
        if (why) {
            start_note(invocation, "%s \"%s\" will not be measured: %s%s",
                       what, text, why,
                       slo_why_unseen(&slo->terms[i], &with_ledger)
                           ? ""
                           : "; squall-profile(5) has the section \"ledger\"");
        }
    }
}

bool foresee(const struct invocation *invocation, struct plan *plan,
             struct errors *errors)
{
    if (!apply_baseline(invocation, plan, errors)) {
        return false;
    }
    struct slo_ground ground = ground_of(plan, invocation);
    for (size_t i = 0; i < plan->slo_count; i++) {
        note_terms(invocation, &plan->slos[i], "the SLO", &ground);
    }
    for (size_t i = 0; i < plan->abort_count; i++) {
        note_terms(invocation, &plan->aborts[i].when, "the condition",
                   &ground);
    }
    return true;
}
