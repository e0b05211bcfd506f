/* squall compare: the same traffic under several client policies. */
#include "run/experiment.h"

#include "base/must.h"
#include "base/units.h"
#include "cli/compare_all.h"
#include "cli/compare_saved.h"
#include "cli/many.h"
#include "cli/start.h"
#include "cli/variants.h"
#include "engine/clock.h"
#include "compare/rounds.h"
#include "compare/signed_rank.h"
#include "plan/triggers.h"
#include "report/github.h"
#include "run/experiment_document.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROUNDS_MOST = 60, GATES_MAX = 32 };

_Static_assert((int)VARIANTS_MAX <= (int)PAIRED_VARIANTS_MAX,
               "all variants find room");

struct comparing {
    const struct invocation *invocation;
    struct errors errors;
    struct arena arena;
    struct interrupt *interrupt;
    struct outputs outputs;
    struct variants named;
    struct paired_variant variants[VARIANTS_MAX];
    struct duration a_round; /* its loads; forever: not known */
    bool has_target;         /* a service that goes on from run to run */
    bool has_trigger; /* something ends that the service recovers from */
    struct experiment_options options;
    struct gate gates[GATES_MAX];
    size_t gate_count;
    struct experiment_info info;
};

static bool take_words(struct comparing *comparing)
{
    struct variants *variants = &comparing->named;

    if (!variants_take(variants, comparing->invocation, &comparing->arena,
                       &comparing->errors)) {
        return false;
    }
    for (size_t i = 0; i < variants->count; i++) {
        comparing->variants[i] = (struct paired_variant){
            .name = variants->names[i], .input = variants->inputs[i]};
    }
    comparing->options.paired.variant_count = variants->count;
    return variants->count >= 2 ||
           many_refuse(&comparing->errors,
                       "squall compare immediate full-jitter -p brownout",
                       "name at least two variants");
}

static bool find_baseline(struct comparing *comparing)
{
    const char *name = comparing->invocation->baseline;

    for (size_t i = 0; name && i < comparing->options.paired.variant_count;
         i++) {
        if (strcmp(comparing->named.names[i], name) == 0) {
            comparing->options.paired.baseline = i;
            return true;
        }
    }
    return !name || many_refuse(&comparing->errors,
                                "write it as the variant was written",
                                "--baseline: \"%s\" is no variant", name);
}

static bool read_looks(struct comparing *comparing)
{
    const struct invocation *invocation = comparing->invocation;
    struct experiment_options *options = &comparing->options;

    options->looks.most = ROUNDS_MOST;
    return many_read_rounds(invocation, &options->looks.fixed,
                            &comparing->errors) &&
           many_read_budget(invocation, &options->paired.trials.budget,
                            &comparing->errors);
}

/* A gate names what is judged; so does --judge. Without them the measures
 * that are judged by themselves are. */
static void choose_judged(struct comparing *comparing)
{
    const struct invocation *invocation = comparing->invocation;
    bool is_named = invocation->judge || invocation->fail_if.count > 0 ||
                    invocation->fail_unless.count > 0;

    for (size_t i = 0; !is_named && i < COMPARED_COUNT; i++) {
        switch (compared_measure((enum compared)i)->by_default) {
        case COMPARED_JUDGED:
            comparing->options.is_judged[i] = true;
            break;
        case COMPARED_WITH_TRIGGER:
            comparing->options.is_judged[i] = comparing->has_trigger;
            break;
        case COMPARED_DESCRIBED:
            break;
        }
    }
}

static bool judge_named(struct comparing *comparing, const char *list)
{
    enum compared measures[COMPARED_COUNT];
    size_t count;

    if (!many_read_judge(list, measures, &count, &comparing->errors)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        comparing->options.is_judged[measures[i]] = true;
    }
    return true;
}

static bool add_gates(struct comparing *comparing, const struct words *words,
                      bool is_demand)
{
    const char *option = is_demand ? "--fail-unless" : "--fail-if";
    char problem[200];

    for (size_t i = 0; i < words->count; i++) {
        struct gate *gate = &comparing->gates[comparing->gate_count];
        if (comparing->gate_count == GATES_MAX) {
            return many_refuse(&comparing->errors,
                               "one for each question is enough",
                               "more than %d gates", GATES_MAX);
        }
        if (!gate_parse(gate, words->items[i], is_demand,
                        comparing->named.names,
                        comparing->options.paired.variant_count, problem,
                        sizeof problem)) {
            return many_refuse(&comparing->errors,
                               "such as 'p99 worse|undecided'", "%s: %s",
                               option, problem);
        }
        if (gate->variant == comparing->options.paired.baseline) {
            return many_refuse(&comparing->errors, "name another variant",
                               "%s: \"%s\" is the baseline itself", option,
                               comparing->named.names[gate->variant]);
        }
        comparing->options.is_judged[gate->measure] = true;
        comparing->gate_count++;
    }
    return true;
}

/* With too few rounds no word but "undecided" is possible: a gate would pass
 * whatever happens. */
static bool can_fire(struct comparing *comparing)
{
    const struct experiment_options *options = &comparing->options;
    struct comparison_input input = {.variants =
                                         options->paired.variant_count};

    memcpy(input.is_judged, options->is_judged, sizeof input.is_judged);
    size_t family = comparison_family(&input);
    size_t least = rounds_least(looks_last_level(&options->looks) /
                                (double)(family ? family : 1));
    if (options->looks.fixed == 0 || options->looks.fixed >= least) {
        return true;
    }
    if (comparing->gate_count > 0) {
        char hint[80];
        snprintf(hint, sizeof hint, "make at least %zu", least);
        return many_refuse(
            &comparing->errors, hint,
            "no gate can fire with %zu rounds: nothing shows in so "
            "few",
            options->looks.fixed);
    }
    start_note(comparing->invocation,
               "%zu rounds show no difference, however large: it takes at "
               "least %zu",
               options->looks.fixed, least);
    return true;
}

/* Every plan is read once before anything is sent. */
static bool check_plans(struct comparing *comparing)
{
    bool good = true;

    for (size_t i = 0; i < comparing->options.paired.variant_count; i++) {
        struct plan_input input = comparing->variants[i].input;
        input.has_seed = true;
        struct plan *plan = plan_read(&input, &comparing->errors);
        good = good && plan;
        if (plan) {
            comparing->a_round = duration_add(
                comparing->a_round,
                duration_add(plan->load.warmup, plan->load.duration));
            comparing->has_target |= plan->target.url != NULL;
            comparing->has_trigger |=
                plan_has_trigger(plan, !plan->target.url);
            plan_free(plan);
        }
    }
    return good;
}

static bool read_options(struct comparing *comparing)
{
    const struct invocation *invocation = comparing->invocation;

    if (!take_words(comparing) || !check_plans(comparing)) {
        return false;
    }
    choose_judged(comparing);
    return find_baseline(comparing) && read_looks(comparing) &&
           many_check_reset(invocation, comparing->has_target,
                            &comparing->errors) &&
           (!invocation->judge || judge_named(comparing, invocation->judge)) &&
           add_gates(comparing, &invocation->fail_if, false) &&
           add_gates(comparing, &invocation->fail_unless, true) &&
           can_fire(comparing);
}

static void on_progress(void *context, const struct paired_progress *now)
{
    const struct comparing *comparing = context;

    many_show_round(comparing->invocation, comparing->options.looks.fixed > 0,
                    now);
}

static bool prepare(struct comparing *comparing)
{
    const struct invocation *invocation = comparing->invocation;
    struct experiment_options *options = &comparing->options;

    options->paired.variants = comparing->variants;
    options->paired.trials = many_trials(invocation, comparing->interrupt);
    options->paired.progress = on_progress;
    options->paired.context = comparing;
    return read_options(comparing) &&
           start_outputs(invocation, NULL, &comparing->outputs,
                         &comparing->errors) &&
           outputs_check(&comparing->outputs, &comparing->errors);
}

/* How long it takes, before it starts. */
static void announce(const struct comparing *comparing)
{
    const struct experiment_options *options = &comparing->options;
    struct comparison_input input = {.variants =
                                         options->paired.variant_count};
    struct str takes = STR_INIT;

    memcpy(input.is_judged, options->is_judged, sizeof input.is_judged);
    size_t rounds = looks_first(&options->looks, comparison_family(&input));
    if (comparing->a_round.ns < INT64_MAX / SIGNED_RANK_MAX) {
        str_append(&takes, ", ");
        units_format_duration(&takes, (struct duration){comparing->a_round.ns *
                                                        (int64_t)rounds});
        str_append(&takes, " of load");
    }
    start_note(comparing->invocation, "%s%zu rounds of %zu runs%s",
               options->looks.fixed ? "" : "at least ", rounds,
               options->paired.variant_count, takes.text ? takes.text : "");
    str_release(&takes);
}

static int show(struct comparing *comparing,
                const struct experiment *experiment)
{
    cJSON *document =
        experiment_document(experiment, &comparing->options, &comparing->info);
    bool ok =
        outputs_write(&comparing->outputs, document, NULL, &comparing->errors);

    github_annotate(document);
    cJSON_Delete(document);
    return ok ? experiment_status(experiment, &comparing->info)
              : errors_exit_status(&comparing->errors);
}

static int compare(struct comparing *comparing)
{
    struct experiment experiment;

    comparing->info = (struct experiment_info){
        .started_unix_ms = clock_unix_ms(),
        .argc = comparing->invocation->argc,
        .argv = comparing->invocation->argv,
        .libcurl = curl_version(),
        .target = comparing->named.url,
        .gate_count = comparing->gate_count,
        .gates = comparing->gates,
    };
    announce(comparing);
    return experiment_make(&experiment, &comparing->arena, &comparing->options,
                           &comparing->errors)
               ? show(comparing, &experiment)
               : errors_exit_status(&comparing->errors);
}

int command_compare(const struct invocation *invocation)
{
    struct comparing comparing = {.invocation = invocation,
                                  .arena = ARENA_INIT};

    if (compare_saved_is_meant(invocation)) {
        return compare_saved(invocation);
    }
    if (invocation->all) {
        return compare_all(invocation);
    }

    comparing.interrupt = interrupt_begin(&comparing.errors);
    int status = comparing.interrupt && prepare(&comparing)
                     ? compare(&comparing)
                     : errors_exit_status(&comparing.errors);
    errors_print(&comparing.errors, stderr);
    if (comparing.interrupt) {
        interrupt_end(comparing.interrupt);
    }
    arena_release(&comparing.arena);
    return status;
}
