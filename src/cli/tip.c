/* squall tip: the smallest trigger from which a service does not come back. */
#include "run/tip.h"

#include "base/units.h"
#include "cli/many.h"
#include "cli/start.h"
#include "cli/variants.h"
#include "engine/clock.h"
#include "plan/triggers.h"
#include "report/github.h"
#include "run/tip_document.h"

#include <curl/curl.h>
#include <math.h>
#include <stdlib.h>

enum { GATES_MAX = 32 };

_Static_assert((int)VARIANTS_MAX <= (int)TIP_VARIANTS_MAX,
               "all variants find room");

struct tipping {
    const struct invocation *invocation;
    struct errors errors;
    struct arena arena;
    struct interrupt *interrupt;
    struct outputs outputs;
    struct variants named;
    struct tip_variant variants[VARIANTS_MAX];
    struct tip_options options;
    struct tip_gate gates[GATES_MAX];
    struct tip_info info;
};

/* The load is open: a trigger outlives callers who wait. */
static bool take_variants(struct tipping *tipping)
{
    struct variants *variants = &tipping->named;
    struct tip_options *options = &tipping->options;

    if (!variants_take(variants, tipping->invocation, &tipping->arena,
                       &tipping->errors)) {
        return false;
    }
    if (variants->count == 0) {
        variants->names[0] = "as given";
        variants->inputs[0] = tipping->invocation->input;
        variants->inputs[0].url = variants->url;
        variants->count = 1;
    }
    for (size_t i = 0; i < variants->count; i++) {
        tipping->variants[i] = (struct tip_variant){
            .name = variants->names[i], .input = variants->inputs[i]};
    }
    options->variants = tipping->variants;
    options->variant_count = variants->count;
    return true;
}

static bool read_trigger(struct tipping *tipping)
{
    const char *name = tipping->invocation->trigger;
    enum tip_trigger trigger = TIP_OUTAGE;

    if (name && !tip_trigger_find(name, &trigger)) {
        return many_refuse(&tipping->errors, "write outage, drop or spike",
                           "--trigger: \"%s\" is no trigger", name);
    }
    tipping->options.trigger = trigger;
    return true;
}

static bool read_time(const char *text, const char *option, int64_t otherwise,
                      struct duration *time, struct errors *errors)
{
    const char *problem = "it is not above 0";

    *time = (struct duration){otherwise};
    if (text &&
        (!units_parse_duration(text, time, &problem) || time->ns <= 0)) {
        return many_refuse(errors, "write a time, such as 10s",
                           "%s: \"%s\": %s", option, text, problem);
    }
    return true;
}

static bool read_size(struct tipping *tipping, const char *text,
                      const char *option, double otherwise, double *size)
{
    const struct tip_trigger_row *row =
        &tip_triggers[tipping->options.trigger];
    struct errors *errors = &tipping->errors;
    const char *problem;

    *size = otherwise;
    if (text &&
        !tip_gate_size_of(tipping->options.trigger)(text, size, &problem)) {
        return many_refuse(errors,
                           row->unit == TIP_SECONDS
                               ? "write a time, such as 10s"
                               : "write how many times, such as 3",
                           "%s: \"%s\": %s", option, text, problem);
    }
    if (*size < row->least || *size > 10 * row->most) {
        return many_refuse(errors, "choose one between them",
                           "%s: the size of a trigger is between %g and %g",
                           option, row->least, 10 * row->most);
    }
    return true;
}

static bool check_plan(struct tipping *tipping, const struct plan *plan,
                       const char *name)
{
    const struct tip_trigger_row *row =
        &tip_triggers[tipping->options.trigger];
    struct errors *errors = &tipping->errors;

    if (plan->load.model != LOAD_OPEN || plan->load.rate_per_s <= 0) {
        return many_refuse(errors, "add --rate 300/s, say",
                           "%s: a trigger outlives itself in an open load, "
                           "and there is no rate",
                           name);
    }
    if (plan->load.stage_count - plan->load.first_stage_is_warmup > 1) {
        return many_refuse(errors, "leave load.stages out",
                           "%s: load.stages: the load is the same before and "
                           "after the trigger",
                           name);
    }
    if (plan_has_trigger(plan, !plan->target.url)) {
        return many_refuse(errors, "leave it out",
                           "%s has a trigger of its own", name);
    }
    if (row->of_service && plan->target.url) {
        return many_refuse(errors, "write --trigger spike, or no URL",
                           "--trigger %s: only the embedded target can be "
                           "told to",
                           row->name);
    }
    if (plan->service.fault_count == SERVICE_FAULTS_MAX) {
        return many_refuse(errors, "leave one out",
                           "%s: service.faults has no room for the trigger",
                           name);
    }
    return true;
}

/* Every plan is read once before anything is sent. */
static bool check_plans(struct tipping *tipping)
{
    bool good = true;

    for (size_t i = 0; i < tipping->options.variant_count; i++) {
        struct plan_input input = tipping->variants[i].input;
        input.has_seed = true;
        struct plan *plan = plan_read(&input, &tipping->errors);
        good = good && plan &&
               check_plan(tipping, plan, tipping->variants[i].name);
        if (plan) {
            tipping->info.rate_per_s = plan->load.rate_per_s;
            plan_free(plan);
        }
    }
    return good;
}

static bool read_search(struct tipping *tipping)
{
    const struct invocation *invocation = tipping->invocation;
    const struct tip_trigger_row *row =
        &tip_triggers[tipping->options.trigger];
    struct tip_options *options = &tipping->options;
    struct errors *errors = &tipping->errors;
    const char *precision = invocation->precision;
    const char *problem = "it is not above 0";

    options->precision = 0.2;
    if (precision &&
        (!units_parse_ratio(precision, &options->precision, &problem) ||
         options->precision <= 0)) {
        return many_refuse(errors, "write a share, such as 20%",
                           "--precision: \"%s\": %s", precision, problem);
    }
    if (!read_size(tipping, invocation->start_size, "--start-size", row->start,
                   &options->start) ||
        !read_size(tipping, invocation->max_size, "--max-size", row->most,
                   &options->most)) {
        return false;
    }
    return options->start <= options->most ||
           many_refuse(errors, "lower it, or raise --max-size",
                       "--start-size is above --max-size");
}

static bool add_gates(struct tipping *tipping, const struct words *words,
                      bool is_demand)
{
    struct tip_info *info = &tipping->info;
    bool is_time = tip_triggers[tipping->options.trigger].unit == TIP_SECONDS;
    char problem[200];

    for (size_t i = 0; i < words->count; i++) {
        if (info->gate_count == GATES_MAX) {
            return many_refuse(&tipping->errors,
                               "one for each question is enough",
                               "more than %d gates", GATES_MAX);
        }
        if (!tip_gate_parse(&tipping->gates[info->gate_count++],
                            words->items[i], is_demand,
                            tipping->options.trigger, tipping->named.names,
                            tipping->named.count, problem, sizeof problem)) {
            return many_refuse(
                &tipping->errors,
                is_time ? "such as 'back_up_to < 1s'"
                        : "such as 'back_up_to < 3'",
                "%s: %s", is_demand ? "--fail-unless" : "--fail-if", problem);
        }
    }
    info->gates = tipping->gates;
    return true;
}

static bool read_options(struct tipping *tipping)
{
    const struct invocation *invocation = tipping->invocation;
    struct tip_options *options = &tipping->options;
    struct errors *errors = &tipping->errors;

    if (!take_variants(tipping) || !read_trigger(tipping) ||
        !read_time(invocation->before, "--before", 10 * NS_PER_S,
                   &options->before, errors) ||
        !read_time(invocation->length, "--length", 2 * NS_PER_S,
                   &options->length, errors) ||
        !read_time(invocation->after, "--after", 20 * NS_PER_S,
                   &options->after, errors) ||
        !read_search(tipping) || !check_plans(tipping)) {
        return false;
    }
    options->trials.budget =
        (struct duration){tip_run_time(options).ns * (int64_t)tip_runs_most() *
                          (int64_t)options->variant_count};
    return many_read_budget(invocation, &options->trials.budget, errors) &&
           many_check_reset(invocation, tipping->named.url != NULL, errors) &&
           add_gates(tipping, &invocation->fail_if, false) &&
           add_gates(tipping, &invocation->fail_unless, true);
}

static void on_progress(void *context, const struct tip_progress *now)
{
    const struct tipping *tipping = context;
    struct str size = STR_INIT;

    tip_append_size(&size, tipping->options.trigger, now->size);
    start_note(tipping->invocation, "%s: run %zu, at most %zu: %s %s",
               now->variant, now->runs + 1, now->most,
               tip_triggers[tipping->options.trigger].name, size.text);
    str_release(&size);
}

static bool prepare(struct tipping *tipping)
{
    const struct invocation *invocation = tipping->invocation;
    struct tip_options *options = &tipping->options;

    options->trials = many_trials(invocation, tipping->interrupt);
    options->progress = on_progress;
    options->context = tipping;
    return read_options(tipping) &&
           start_outputs(invocation, NULL, &tipping->outputs,
                         &tipping->errors) &&
           outputs_check(&tipping->outputs, &tipping->errors);
}

/* How long it takes, before it starts. */
static void announce(const struct tipping *tipping)
{
    const struct tip_options *options = &tipping->options;
    struct duration usual = {
        tip_run_time(options).ns *
        (int64_t)(tip_runs_usual() * options->variant_count)};
    struct str takes = STR_INIT;

    str_printf(&takes, "about %zu runs for each of %zu policies: about ",
               tip_runs_usual(), options->variant_count);
    units_format_duration(&takes, duration_min(usual, options->trials.budget));
    str_append(&takes, ", at most ");
    units_format_duration(&takes, options->trials.budget);
    start_note(tipping->invocation, "%s", takes.text);
    str_release(&takes);
}

static int show(struct tipping *tipping, const struct tip *tip)
{
    cJSON *document = tip_document(tip, &tipping->options, &tipping->info);
    bool ok =
        outputs_write(&tipping->outputs, document, NULL, &tipping->errors);

    github_annotate(document);
    cJSON_Delete(document);
    return ok ? tip_status(tip, &tipping->info)
              : errors_exit_status(&tipping->errors);
}

static int search(struct tipping *tipping)
{
    struct tip_info *info = &tipping->info;
    struct tip tip;

    info->started_unix_ms = clock_unix_ms();
    info->argc = tipping->invocation->argc;
    info->argv = tipping->invocation->argv;
    info->libcurl = curl_version();
    info->target = tipping->named.url;
    announce(tipping);
    return tip_make(&tip, &tipping->arena, &tipping->options, &tipping->errors)
               ? show(tipping, &tip)
               : errors_exit_status(&tipping->errors);
}

int command_tip(const struct invocation *invocation)
{
    struct tipping tipping = {.invocation = invocation, .arena = ARENA_INIT};

    tipping.interrupt = interrupt_begin(&tipping.errors);
    int status = tipping.interrupt && prepare(&tipping)
                     ? search(&tipping)
                     : errors_exit_status(&tipping.errors);
    errors_print(&tipping.errors, stderr);
    if (tipping.interrupt) {
        interrupt_end(tipping.interrupt);
    }
    arena_release(&tipping.arena);
    return status;
}
