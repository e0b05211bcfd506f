#include "cli/compare_all.h"

#include "base/json.h"
#include "base/json_print.h"
#include "base/must.h"
#include "base/units.h"
#include "cli/many.h"
#include "cli/start.h"
#include "cli/variants.h"
#include "engine/clock.h"
#include "plan/catalogue.h"
#include "plan/single_attempts.h"
#include "plan/triggers.h"
#include "report/file.h"
#include "report/github.h"
#include "run/elimination_document.h"

#include <curl/curl.h>
#include <string.h>

enum { ROUNDS_MOST = 60, GATES_MAX = 32 };

/* Where the strategies are: a folder of the library, which anybody may add to
 * ($SQUALL_PROFILES). */
static const char folder[] = "strategies/";

struct eliminating {
    const struct invocation *invocation;
    struct errors errors;
    struct arena arena;
    struct interrupt *interrupt;
    struct outputs outputs;
    struct variants named;
    size_t words; /* of these, named on the command line */
    struct paired_variant variants[VARIANTS_MAX];
    cJSON *profiles[VARIANTS_MAX]; /* each without what is common */
    struct duration a_round;       /* its loads; forever: not known */
    bool has_target;               /* a service that goes on */
    bool has_trigger; /* something ends that the service recovers from */
    struct elimination_options options;
    struct knockout_gate gates[GATES_MAX];
    struct elimination_info info;
};

/* Those of the library after those of the command line. */
static bool take_variants(struct eliminating *eliminating)
{
    static const char *const pattern = folder;
    struct variants *named = &eliminating->named;
    struct catalogue catalogue = {0};
    bool ok = variants_take(named, eliminating->invocation,
                            &eliminating->arena, &eliminating->errors) &&
              catalogue_read(&catalogue, &pattern, 1, &eliminating->errors);

    eliminating->words = named->count;
    for (size_t i = 0; ok && i < catalogue.count; i++) {
        const char *name = catalogue.entries[i].name;
        size_t skipped = strlen(folder);
        if (strncmp(name, folder, skipped) == 0 &&
            !variants_has(named, name + skipped)) {
            char *own = arena_strndup(&eliminating->arena, name, strlen(name));
            ok = variants_add(named, eliminating->invocation, own + skipped,
                              own, &eliminating->arena, &eliminating->errors);
        }
    }
    catalogue_release(&catalogue);
    return ok;
}

/* What the profiles of a variant say by themselves. */
static cJSON *read_profile(struct eliminating *eliminating, size_t index)
{
    struct plan_input own = variants_own_input(&eliminating->named,
                                               eliminating->invocation, index);
    struct plan *plan = plan_read(&own, &eliminating->errors);
    cJSON *profile = plan ? cJSON_Duplicate(plan->written, true) : NULL;

    plan_free(plan);
    return profile;
}

static void take_plan(struct eliminating *eliminating, const struct plan *plan,
                      size_t index)
{
    struct paired_options *paired = &eliminating->options.paired;
    size_t own = paired->variant_count++;

    eliminating->variants[own] =
        (struct paired_variant){.name = eliminating->named.names[index],
                                .input = eliminating->named.inputs[index]};
    eliminating->profiles[own] = read_profile(eliminating, index);
    eliminating->a_round =
        duration_add(eliminating->a_round,
                     duration_add(plan->load.warmup, plan->load.duration));
    eliminating->has_target |= plan->target.url != NULL;
    eliminating->has_trigger |= plan_has_trigger(plan, !plan->target.url);
}

/* Every plan is read once before anything is sent, up to one that is wrong:
 * most often that is of what is common to all. What breaks the promise of
 * keys is nothing to suggest to anybody, unless it was asked for by name. */
static bool check_plans(struct eliminating *eliminating)
{
    bool good = true;

    for (size_t i = 0; good && i < eliminating->named.count; i++) {
        struct plan_input input = eliminating->named.inputs[i];
        input.has_seed = true;
        struct plan *plan = plan_read(&input, &eliminating->errors);
        good = plan != NULL;
        if (plan && i >= eliminating->words && plan_breaks_keys(plan)) {
            start_note(eliminating->invocation,
                       "%s is left out: it gives every attempt a key of its "
                       "own",
                       eliminating->named.names[i]);
        } else if (plan) {
            take_plan(eliminating, plan, i);
        }
        plan_free(plan);
    }
    return good &&
           (eliminating->options.paired.variant_count >= 2 ||
            many_refuse(&eliminating->errors, "name them: squall compare A B",
                        "--all: there are not two strategies"));
}

/* What --judge names first weighs most. */
static bool choose_criteria(struct eliminating *eliminating)
{
    struct knockout_rules *rules = &eliminating->options.rules;
    const char *judge = eliminating->invocation->judge;

    if (judge) {
        return many_read_judge(judge, rules->criteria, &rules->criterion_count,
                               &eliminating->errors);
    }
    knockout_criteria(rules, eliminating->has_trigger);
    return true;
}

static bool add_gates(struct eliminating *eliminating,
                      const struct words *words, bool is_demand)
{
    struct elimination_info *info = &eliminating->info;
    const char *names[VARIANTS_MAX];
    size_t count = eliminating->options.paired.variant_count;
    char problem[300];

    for (size_t v = 0; v < count; v++) {
        names[v] = eliminating->variants[v].name;
    }
    for (size_t i = 0; i < words->count; i++) {
        if (info->gate_count == GATES_MAX) {
            return many_refuse(&eliminating->errors,
                               "one for each question is enough",
                               "more than %d gates", GATES_MAX);
        }
        if (!knockout_gate_parse(&eliminating->gates[info->gate_count++],
                                 words->items[i], is_demand, names, count,
                                 problem, sizeof problem)) {
            return many_refuse(
                &eliminating->errors, "such as 'budgeted dropped'", "%s: %s",
                is_demand ? "--fail-unless" : "--fail-if", problem);
        }
    }
    return true;
}

/* With too few rounds nobody can be dropped: gates would have nothing to hold
 * against. */
static bool can_drop(struct eliminating *eliminating)
{
    const struct knockout_rules *rules = &eliminating->options.rules;
    size_t least = knockout_least(rules);
    char hint[80];

    if (rules->fixed == 0 || rules->fixed >= least) {
        return true;
    }
    if (eliminating->info.gate_count == 0) {
        start_note(eliminating->invocation,
                   "%zu rounds drop nobody, however bad: it takes at least "
                   "%zu",
                   rules->fixed, least);
        return true;
    }
    snprintf(hint, sizeof hint, "make at least %zu", least);
    return many_refuse(&eliminating->errors, hint,
                       "no gate can fire with %zu rounds: nobody is dropped "
                       "in so few",
                       rules->fixed);
}

static bool read_options(struct eliminating *eliminating)
{
    const struct invocation *invocation = eliminating->invocation;
    struct elimination_options *options = &eliminating->options;
    struct errors *errors = &eliminating->errors;

    options->rules.most = ROUNDS_MOST;
    if (invocation->baseline) {
        return many_refuse(errors, "leave it out",
                           "--baseline: with --all each is held against each");
    }
    if (!many_read_rounds(invocation, &options->rules.fixed, errors) ||
        !take_variants(eliminating) || !check_plans(eliminating)) {
        return false;
    }
    options->rules.variant_count = options->paired.variant_count;
    return choose_criteria(eliminating) &&
           many_read_budget(invocation, &options->paired.trials.budget,
                            errors) &&
           many_check_reset(invocation, eliminating->has_target, errors) &&
           add_gates(eliminating, &invocation->fail_if, false) &&
           add_gates(eliminating, &invocation->fail_unless, true) &&
           can_drop(eliminating);
}

static void on_progress(void *context, const struct paired_progress *now)
{
    const struct eliminating *eliminating = context;

    many_show_round(eliminating->invocation,
                    eliminating->options.rules.fixed > 0, now);
}

/* The file of the suggested profile. */
static const char *suggestion_path(const struct eliminating *eliminating)
{
    return eliminating->invocation->outputs[WRITER_json];
}

/* -o is the suggested profile here, and the report has an option of its own.
 */
static bool begin_outputs(struct eliminating *eliminating)
{
    const char *path = suggestion_path(eliminating);
    struct invocation invocation = *eliminating->invocation;
    struct outputs *outputs = &eliminating->outputs;
    struct errors *errors = &eliminating->errors;

    invocation.outputs[WRITER_json] = NULL;
    if (!start_outputs(&invocation, NULL, outputs, errors) ||
        !outputs_check(outputs, errors)) {
        return false;
    }
    for (size_t i = 0; path && i < outputs->count; i++) {
        if (file_is_same(path, outputs->items[i].path)) {
            return many_refuse(errors, "name another for one of them",
                               "%s is to be two files at once", path);
        }
    }
    if (path && strcmp(path, "-") == 0) {
        return many_refuse(errors, "name a file",
                           "-o: standard output is the report's");
    }
    return !path || file_can_write(path, "the suggested profile", errors);
}

static bool prepare(struct eliminating *eliminating)
{
    struct paired_options *paired = &eliminating->options.paired;

    paired->variants = eliminating->variants;
    paired->trials =
        many_trials(eliminating->invocation, eliminating->interrupt);
    paired->progress = on_progress;
    paired->context = eliminating;
    return read_options(eliminating) && begin_outputs(eliminating);
}

static void append_load(struct str *out, const struct eliminating *eliminating,
                        size_t rounds)
{
    if (eliminating->a_round.ns < INT64_MAX / ROUNDS_MOST) {
        str_append(out, ", ");
        units_format_duration(
            out, (struct duration){eliminating->a_round.ns * (int64_t)rounds});
        str_append(out, " of load");
    }
}

/* How long it takes, before it starts. */
static void announce(const struct eliminating *eliminating)
{
    const struct knockout_rules *rules = &eliminating->options.rules;
    size_t first = knockout_first(rules), last = knockout_last(rules);
    struct str takes = STR_INIT;

    append_load(&takes, eliminating, first);
    if (last > first) {
        str_printf(&takes, "; then fewer, at most %zu rounds", last);
        append_load(&takes, eliminating, last);
    }
    start_note(eliminating->invocation, "%zu rounds of %zu runs%s", first,
               rules->variant_count, takes.text ? takes.text : "");
    str_release(&takes);
}

/* Beside the report, which has the profile too. */
static bool write_suggestion(struct eliminating *eliminating,
                             const cJSON *document)
{
    const char *path = suggestion_path(eliminating);
    const cJSON *profile =
        json_get(json_get(document, "suggestion"), "profile");
    struct file_writer file;

    if (!path) {
        return true;
    }
    if (!profile) {
        start_note(eliminating->invocation,
                   "%s is not written: it did not end, and nothing is "
                   "suggested",
                   path);
        return true;
    }
    file_begin(&file, path, "the suggested profile");
    json_print(&file.buffer, profile, false);
    str_append_char(&file.buffer, '\n');
    return file_end(&file, &eliminating->errors);
}

static int show(struct eliminating *eliminating,
                const struct elimination *elimination)
{
    cJSON *document = elimination_document(elimination, &eliminating->options,
                                           &eliminating->info);
    bool ok = outputs_write(&eliminating->outputs, document, NULL,
                            &eliminating->errors);

    ok = write_suggestion(eliminating, document) && ok;
    github_annotate(document);
    cJSON_Delete(document);
    return ok ? elimination_status(elimination, &eliminating->info)
              : errors_exit_status(&eliminating->errors);
}

static int eliminate(struct eliminating *eliminating)
{
    struct elimination_info *info = &eliminating->info;
    struct elimination *elimination =
        arena_alloc(&eliminating->arena, sizeof *elimination);

    info->started_unix_ms = clock_unix_ms();
    info->argc = eliminating->invocation->argc;
    info->argv = eliminating->invocation->argv;
    info->libcurl = curl_version();
    info->target = eliminating->named.url;
    info->profiles = (const cJSON *const *)eliminating->profiles;
    info->gates = eliminating->gates;
    announce(eliminating);
    return elimination_make(elimination, &eliminating->arena,
                            &eliminating->options, &eliminating->errors)
               ? show(eliminating, elimination)
               : errors_exit_status(&eliminating->errors);
}

int compare_all(const struct invocation *invocation)
{
    struct eliminating eliminating = {.invocation = invocation,
                                      .arena = ARENA_INIT};

    eliminating.interrupt = interrupt_begin(&eliminating.errors);
    int status = eliminating.interrupt && prepare(&eliminating)
                     ? eliminate(&eliminating)
                     : errors_exit_status(&eliminating.errors);
    errors_print(&eliminating.errors, stderr);
    if (eliminating.interrupt) {
        interrupt_end(eliminating.interrupt);
    }
    for (size_t v = 0; v < VARIANTS_MAX; v++) {
        cJSON_Delete(eliminating.profiles[v]);
    }
    arena_release(&eliminating.arena);
    return status;
}
