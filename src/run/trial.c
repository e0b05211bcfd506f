#include "run/trial.h"

#include "run/reset.h"

#include <stdio.h>

/* Those that ask whether the service is at rest have numbers beyond those of
 * all others. */
static const uint64_t probes_from = UINT64_C(1) << 32;

struct trials trials_begin(const struct trial_options *options,
                           const struct plan_input *at_rest)
{
    return (struct trials){.options = options,
                           .at_rest = at_rest,
                           .probe = options->first_run + probes_from};
}

bool trials_stopped(const struct trials *trials)
{
    const atomic_uint *stops = trials->options->stops;
    return stops && atomic_load(stops) > 0;
}

static enum trial_use use_of(struct trials *trials,
                             const struct result *result)
{
    if (!result->complete || trials_stopped(trials)) {
        return TRIAL_STOPPED;
    }
    if (result->verdict != RUN_INVALID) {
        return TRIAL_COUNTS;
    }
    snprintf(trials->problem, sizeof trials->problem, "%s",
             result->problem[0] ? result->problem
             : result->generator.warning_count > 0
                 ? result->generator.warnings[0]
                 : "its figures cannot be trusted");
    return TRIAL_IS_VOID;
}

/* A service that goes on from run to run is brought to where it was. */
static enum trial_use make_ready(struct trials *trials,
                                 const struct plan *plan,
                                 const struct run_options *options,
                                 struct errors *errors)
{
    const struct trial_options *asked = trials->options;

    if (!plan->target.url || asked->simulation) {
        return TRIAL_COUNTS;
    }
    if (asked->reset && !reset_service(asked->reset, plan, asked->stops,
                                       asked->give_up, errors)) {
        return trials_stopped(trials) ? TRIAL_STOPPED : TRIAL_FAILED;
    }
    switch (health_await(&trials->health, trials->at_rest, options,
                         &trials->probe, trials->problem,
                         sizeof trials->problem, errors)) {
    case HEALTH_GOOD:
        return TRIAL_COUNTS;
    case HEALTH_BAD:
        return TRIAL_HAS_NO_GROUND;
    case HEALTH_STOPPED:
        return TRIAL_STOPPED;
    case HEALTH_FAILED:
        break;
    }
    return trials_stopped(trials) ? TRIAL_STOPPED : TRIAL_FAILED;
}

static enum trial_use make_run(struct trials *trials,
                               const struct trial *trial, struct plan *plan,
                               const struct run_options *options,
                               struct errors *errors)
{
    if (trial->prepare) {
        trial->prepare(trial->context, plan);
    }
    struct run *run = run_make(plan, options, errors);
    if (!run) {
        return trials_stopped(trials) ? TRIAL_STOPPED : TRIAL_FAILED;
    }
    trial->take(trial->context, run_result(run));
    enum trial_use use = use_of(trials, run_result(run));
    run_free(run);
    return use;
}

enum trial_use trial_make(struct trials *trials, const struct trial *trial,
                          struct errors *errors)
{
    const struct trial_options *asked = trials->options;
    struct plan_input input = *trial->input;
    struct run_options options = {
        .simulation = asked->simulation,
        .observer = asked->observer,
        .stops = asked->stops,
        .give_up = asked->give_up,
    };

    input.has_seed = true;
    input.seed = trial->seed;
    input.run = trial->run;
    struct plan *plan = plan_read(&input, errors);
    if (plan) {
        plan->abort_count = 0; /* what ends early says nothing of a rate */
    }
    if (!plan) {
        return TRIAL_FAILED;
    }
    enum trial_use use = make_ready(trials, plan, &options, errors);
    if (use == TRIAL_COUNTS) {
        use = make_run(trials, trial, plan, &options, errors);
    }
    plan_free(plan);
    return use;
}
