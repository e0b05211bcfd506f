/* squall capacity: the highest rate at which a service meets its SLOs. */
#include "run/capacity.h"

#include "base/must.h"
#include "base/units.h"
#include "cli/many.h"
#include "cli/start.h"
#include "engine/clock.h"
#include "plan/single_attempts.h"
#include "report/github.h"
#include "run/capacity_document.h"

#include <curl/curl.h>
#include <math.h>
#include <stdlib.h>

enum { GATES_MAX = 32 };

/* A run has so many operations at least, or it would say nothing. */
static const double operations_least = 10;

struct searching {
    const struct invocation *invocation;
    struct errors errors;
    struct arena arena;
    struct interrupt *interrupt;
    struct outputs outputs;
    struct plan *plan; /* read once: what all runs have in common */
    struct capacity_options options;
    struct bound_gate gates[GATES_MAX];
    struct capacity_info info;
    struct duration a_run;
};

/* The load is open, whatever the profile says; the rest only where it says
 * nothing. */
static void open_the_load(struct searching *searching)
{
    static const char *const defaults[] = {"load.rate|load.stages=100/s",
                                           "load.arrival=poisson",
                                           "load.warmup=2s"};
    const struct plan_input *given = &searching->invocation->input;
    struct plan_input *input = &searching->options.input;
    size_t count = given->fallback_count;
    const char **sets =
        arena_array(&searching->arena, given->set_count + 1, sizeof *sets);
    const char **fallbacks = arena_array(
        &searching->arena, count + array_length(defaults), sizeof *fallbacks);

    for (size_t i = 0; i < given->set_count; i++) {
        sets[i] = given->sets[i];
    }
    sets[given->set_count] = "load.model=open";
    for (size_t i = 0; i < count; i++) {
        fallbacks[i] = given->fallbacks[i];
    }
    for (size_t i = 0; i < array_length(defaults); i++) {
        fallbacks[count++] = defaults[i];
    }
    *input = *given;
    input->sets = sets;
    input->set_count = given->set_count + 1;
    input->fallbacks = fallbacks;
    input->fallback_count = count;
}

static bool read_number(const char *text, const char *option,
                        const char *example,
                        bool (*parse)(const char *text, double *value,
                                      const char **problem),
                        double *value, struct errors *errors)
{
    const char *problem = "it is not above 0";

    if (text && (!parse(text, value, &problem) || !(*value > 0))) {
        return many_refuse(errors, example, "%s: \"%s\": %s", option, text,
                           problem);
    }
    return true;
}

/* What the plan must be for a search to make sense. */
static bool check_plan(struct searching *searching)
{
    const struct plan *plan = searching->plan;
    struct errors *errors = &searching->errors;
    size_t stages = plan->load.stage_count - plan->load.first_stage_is_warmup;

    if (plan->slo_count == 0) {
        return many_refuse(errors, "add --slo 'p99 < 100ms', say",
                           "a capacity is the rate up to which SLOs are met, "
                           "and there is none");
    }
    if (stages > 1) {
        return many_refuse(errors, "leave load.stages out",
                           "load.stages: the search gives each run one rate");
    }
    if (plan->load.operations > 0 || plan->load.duration.ns == INT64_MAX) {
        return many_refuse(errors, "say how long a run takes: -d 10s",
                           "load.operations: runs of a number of operations "
                           "are shorter the higher the rate");
    }
    if (searching->options.start_per_s > searching->options.most_per_s) {
        return many_refuse(errors, "lower --rate, or raise --max-rate",
                           "the search begins at %g/s, above --max-rate",
                           searching->options.start_per_s);
    }
    return true;
}

static bool add_gates(struct searching *searching, const struct words *words,
                      bool is_demand)
{
    struct errors *errors = &searching->errors;
    char problem[200];

    for (size_t i = 0; i < words->count; i++) {
        struct bound_gate *gate =
            &searching->gates[searching->info.gate_count];
        if (searching->info.gate_count == GATES_MAX) {
            return many_refuse(errors, "one for each question is enough",
                               "more than %d gates", GATES_MAX);
        }
        if (!bound_parse(&gate->bound, words->items[i], "capacity",
                         units_parse_rate, problem, sizeof problem)) {
            return many_refuse(errors, "such as 'capacity < 900/s'", "%s: %s",
                               is_demand ? "--fail-unless" : "--fail-if",
                               problem);
        }
        gate->is_demand = is_demand;
        searching->info.gate_count++;
    }
    return true;
}

static bool read_options(struct searching *searching)
{
    const struct invocation *invocation = searching->invocation;
    struct capacity_options *options = &searching->options;
    struct errors *errors = &searching->errors;

    open_the_load(searching);
    options->input.has_seed = true;
    options->input.seed = options->trials.seed;
    searching->plan = plan_read(&options->input, errors);
    if (!searching->plan) {
        return false;
    }
    options->start_per_s = searching->plan->load.rate_per_s;
    options->most_per_s = 100000;
    options->least_per_s =
        fmin(options->start_per_s,
             operations_least /
                 duration_in_seconds(searching->plan->load.duration));
    options->precision = 0.1;
    options->without_retries = plan_repeats_attempts(searching->plan);
    searching->a_run = capacity_run_time(searching->plan);
    options->trials.budget = (struct duration){
        searching->a_run.ns < INT64_MAX / 1000
            ? searching->a_run.ns * (int64_t)capacity_runs_most() *
                  (1 + options->without_retries)
            : INT64_MAX};
    return read_number(invocation->max_rate, "--max-rate",
                       "write a rate, such as 5000/s", units_parse_rate,
                       &options->most_per_s, errors) &&
           read_number(invocation->precision, "--precision",
                       "write a share, such as 10%", units_parse_ratio,
                       &options->precision, errors) &&
           many_read_budget(invocation, &options->trials.budget, errors) &&
           many_check_reset(invocation, searching->plan->target.url != NULL,
                            errors) &&
           check_plan(searching) &&
           add_gates(searching, &invocation->fail_if, false) &&
           add_gates(searching, &invocation->fail_unless, true);
}

static void on_progress(void *context, const struct capacity_progress *now)
{
    const struct searching *searching = context;
    struct str rate = STR_INIT;

    units_format_rate(&rate, now->rate_per_s);
    start_note(searching->invocation, "run %zu, at most %zu: %s%s",
               now->runs + 1, now->most, rate.text,
               now->has_retries || !searching->options.without_retries
                   ? ""
                   : " without retries");
    str_release(&rate);
}

static bool prepare(struct searching *searching)
{
    const struct invocation *invocation = searching->invocation;
    struct capacity_options *options = &searching->options;

    options->trials = many_trials(invocation, searching->interrupt);
    options->progress = on_progress;
    options->context = searching;
    return read_options(searching) &&
           start_outputs(invocation, NULL, &searching->outputs,
                         &searching->errors) &&
           outputs_check(&searching->outputs, &searching->errors);
}

/* How long it takes, before it starts. */
static void announce(const struct searching *searching)
{
    int64_t searches = 1 + searching->options.without_retries;
    const struct load_config *load = &searching->plan->load;
    size_t usual = capacity_runs_usual();
    struct str takes = STR_INIT;

    str_printf(&takes, "about %zu runs of ", usual);
    units_format_duration(&takes, duration_add(load->warmup, load->duration));
    if (searches > 1) {
        str_append(&takes, " with retries, and as many without");
    }
    str_append(&takes, ", and what lies between them: about ");
    units_format_duration(
        &takes, duration_min((struct duration){searching->a_run.ns *
                                               (int64_t)usual * searches},
                             searching->options.trials.budget));
    str_append(&takes, ", at most ");
    units_format_duration(&takes, searching->options.trials.budget);
    start_note(searching->invocation, "%s", takes.text);
    str_release(&takes);
}

static int show(struct searching *searching, const struct capacity *capacity)
{
    cJSON *document =
        capacity_document(capacity, &searching->options, &searching->info);
    bool ok =
        outputs_write(&searching->outputs, document, NULL, &searching->errors);

    github_annotate(document);
    cJSON_Delete(document);
    return ok ? capacity_status(capacity, &searching->info)
              : errors_exit_status(&searching->errors);
}

static int search(struct searching *searching)
{
    struct capacity *capacity =
        arena_alloc(&searching->arena, sizeof *capacity);
    const struct plan *plan = searching->plan;
    size_t gate_count = searching->info.gate_count;

    searching->info = (struct capacity_info){
        .started_unix_ms = clock_unix_ms(),
        .argc = searching->invocation->argc,
        .argv = searching->invocation->argv,
        .libcurl = curl_version(),
        .target = plan->target.url,
        .slo_count = plan->slo_count,
        .slos = plan->slos,
        .warmup = plan->load.warmup,
        .duration = plan->load.duration,
        .gate_count = gate_count,
        .gates = searching->gates,
    };
    announce(searching);
    return capacity_make(capacity, &searching->arena, &searching->options,
                         &searching->errors)
               ? show(searching, capacity)
               : errors_exit_status(&searching->errors);
}

int command_capacity(const struct invocation *invocation)
{
    struct searching searching = {.invocation = invocation,
                                  .arena = ARENA_INIT};

    searching.interrupt = interrupt_begin(&searching.errors);
    int status = searching.interrupt && prepare(&searching)
                     ? search(&searching)
                     : errors_exit_status(&searching.errors);
    errors_print(&searching.errors, stderr);
    if (searching.interrupt) {
        interrupt_end(searching.interrupt);
    }
    if (searching.plan) {
        plan_free(searching.plan);
    }
    arena_release(&searching.arena);
    return status;
}
