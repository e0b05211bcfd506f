#include "run/capacity.h"

#include "base/must.h"
#include "base/rng.h"
#include "engine/clock.h"
#include "plan/hopeless.h"
#include "plan/single_attempts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The search's, as its method gives them. */
enum { RUNS_LEAST = 8, RUNS_MOST = 30, RUNS_USUAL = 25 };

static const double beyond[CAPACITY_BEYOND] = {1.5, 2};

/* Verdicts are awaited so long, or as long as an SLO allows. */
static const struct duration drain = {5 * NS_PER_S};
static const struct duration around_a_run = {2 * NS_PER_S};

/* While it is made. */
struct finding_capacity {
    const struct capacity_options *options;
    struct capacity *capacity;
    struct arena *arena;
    struct trials trials;
    struct capacity_search *search; /* the present one */
    struct capacity_run *run;       /* the present one */
    struct duration planned;        /* its load, warm-up left out */
    size_t made;                    /* runs of all searches */
    struct seek_budget budget;
    struct seek_run *came_to; /* of the present run; NULL: nobody asks */
};

size_t capacity_runs_usual(void)
{
    return RUNS_USUAL + CAPACITY_BEYOND;
}

size_t capacity_runs_most(void)
{
    return RUNS_MOST + SEARCH_CONFIRM_MOST + CAPACITY_BEYOND;
}

struct duration capacity_run_time(const struct plan *plan)
{
    return duration_add(duration_add(plan->load.warmup, plan->load.duration),
                        around_a_run);
}

static void prepare(void *context, struct plan *plan)
{
    struct finding_capacity *finding = context;
    const struct capacity_run *run = finding->run;
    struct capacity *capacity = finding->capacity;

    plan_end_when_hopeless(plan);
    struct duration longest = plan->miss_limit.longest;
    bool has_limit = plan->miss_limit.is_on && longest.ns < INT64_MAX;
    capacity->time_limit_us =
        has_limit ? (double)longest.ns / NS_PER_US : (double)NAN;
    plan->load.drain = duration_min(
        plan->load.drain,
        has_limit ? duration_max(drain, duration_add(longest, longest))
                  : drain);
    if (run->phase == CAPACITY_GOES_BEYOND) {
        plan->miss_limit.is_on = false;
    }
    if (!finding->search->has_retries) {
        plan_single_attempts(plan);
    }
    finding->planned = plan->load.duration;
}

/* Operations that succeeded within the limit, each second of the load. */
static double in_time(const struct finding_capacity *finding,
                      const struct result *result)
{
    const struct hist *took = &result->tally->total.hist[HISTOGRAM_SUCCEEDED];
    double limit_us = finding->capacity->time_limit_us;
    size_t cursor = 0;
    int64_t low_us, high_us;
    uint64_t count, within = 0;

    if (isnan(limit_us) || result->total.seconds <= 0) {
        return result->total.goodput_per_s;
    }
    while (hist_next(took, &cursor, &low_us, &high_us, &count)) {
        within += (double)high_us <= limit_us ? count : 0;
    }
    return (double)within / result->total.seconds;
}

/* What squall, or the machine that it runs on, had a part in: a run that
 * missed its SLOs then says nothing of the service. */
static const char *own_limit(const struct result *result)
{
    const struct generator_figures *generator = &result->generator;
    const struct panel *total = &result->tally->total;
    bool is_ours = generator->saturated || generator->too_late ||
                   generator->lacks_connections ||
                   total->by_outcome[OUTCOME_NO_SOCKET] > 0;

    if (!is_ours) {
        return NULL;
    }
    return generator->warning_count > 0 ? generator->warnings[0]
                                        : "squall had no time to spare";
}

/* An SLO of which no run can tell anything. */
static const char *unmeasured(const struct result *result)
{
    for (size_t i = 0; i < result->slo_count; i++) {
        if (result->judgements[i].word == SLO_NOT_MEASURED) {
            return result->judgements[i].reason;
        }
    }
    return NULL;
}

static void take(void *context, const struct result *result)
{
    struct finding_capacity *finding = context;
    struct capacity_run *run = finding->run;

    run->operations = panel_offered(&result->tally->total);
    run->goodput_per_s = result->total.goodput_per_s < 0
                             ? (double)NAN
                             : result->total.goodput_per_s;
    run->in_time_per_s = in_time(finding, result);
    run->passed = result->verdict == RUN_PASS;
    run->ended_early =
        !run->passed && result->measured.ns < finding->planned.ns * 99 / 100;
    const char *why = run->passed ? NULL : own_limit(result);
    run->is_void = why != NULL;
    why = why ? why : unmeasured(result);
    if (finding->came_to && why) {
        snprintf(finding->came_to->problem, sizeof finding->came_to->problem,
                 "%s", why);
    }
}

/* One run; what it was is in finding->run, if it came to one. */
static enum trial_use make_run(struct finding_capacity *finding,
                               double rate_per_s, enum capacity_phase phase,
                               struct errors *errors)
{
    const struct capacity_options *options = finding->options;
    struct capacity_search *search = finding->search;
    struct plan_input input = options->input;
    char rate[60];

    must(search->run_count < CAPACITY_RUNS_MAX);
    snprintf(rate, sizeof rate, "load.rate=%.6f/s", rate_per_s);
    const char **sets =
        arena_array(finding->arena, input.set_count + 2, sizeof *sets);
    for (size_t i = 0; i < input.set_count; i++) {
        sets[i] = input.sets[i];
    }
    sets[input.set_count++] = "load.model=open";
    sets[input.set_count++] = rate;
    input.sets = sets;

    finding->run = &search->runs[search->run_count++];
    *finding->run = (struct capacity_run){
        .rate_per_s = rate_per_s,
        .seed = mix64(options->trials.seed ^ mix64(search->run_count)),
        .phase = phase,
        .goodput_per_s = NAN,
        .in_time_per_s = NAN,
    };
    enum trial_use use = trial_make(
        &finding->trials,
        &(struct trial){.input = &input,
                        .seed = finding->run->seed,
                        .run = options->trials.first_run + finding->made++,
                        .context = finding,
                        .prepare = prepare,
                        .take = take},
        errors);
    if (use > TRIAL_IS_VOID) {
        search->run_count--;
    }
    finding->run->is_void |= use == TRIAL_IS_VOID;
    return use;
}

static void show_progress(const struct finding_capacity *finding,
                          double rate_per_s)
{
    const struct capacity_options *options = finding->options;

    if (options->progress) {
        options->progress(options->context,
                          &(struct capacity_progress){
                              .has_retries = finding->search->has_retries,
                              .runs = finding->search->run_count,
                              .most = capacity_runs_most(),
                              .rate_per_s = rate_per_s,
                          });
    }
}

static void on_seek(void *context, double rate_per_s)
{
    show_progress(context, rate_per_s);
}

static enum trial_use run_for_search(void *context, double rate_per_s,
                                     enum search_phase phase,
                                     struct seek_run *came_to,
                                     struct errors *errors)
{
    struct finding_capacity *finding = context;

    finding->came_to = came_to;
    enum trial_use use =
        make_run(finding, rate_per_s, (enum capacity_phase)phase, errors);
    finding->came_to = NULL;
    came_to->passed = finding->run->passed;
    came_to->is_void = finding->run->is_void;
    if (use == TRIAL_IS_VOID) {
        snprintf(came_to->problem, sizeof came_to->problem, "%s",
                 finding->trials.problem);
    }
    return use;
}

static enum capacity_end end_of(enum seek_end end)
{
    switch (end) {
    case SEEK_STOPPED:
        return CAPACITY_STOPPED;
    case SEEK_OUT_OF_TIME:
        return CAPACITY_OUT_OF_TIME;
    case SEEK_VOID:
    case SEEK_FAILED:
        return CAPACITY_VOID;
    case SEEK_OVER:
        break;
    }
    return CAPACITY_MADE;
}

/* False after adding an error. */
static bool run_search(struct finding_capacity *finding, struct search *search,
                       struct errors *errors)
{
    struct capacity *capacity = finding->capacity;
    struct capacity_search *own = finding->search;
    struct seek_result result;

    seek_make(&(struct seek){.trials = &finding->trials,
                             .budget = &finding->budget,
                             .context = finding,
                             .run = run_for_search,
                             .progress = on_seek},
              search, &result, errors);
    capacity->end = end_of(result.end);
    snprintf(capacity->problem, sizeof capacity->problem, "%s",
             result.problem);
    snprintf(own->limit, sizeof own->limit, "%s", result.limit);
    own->limit_per_s = result.limit_size;
    own->void_count = result.void_count;
    own->is_over = search->phase == SEARCH_OVER;
    return result.end != SEEK_FAILED;
}

/* The mean of the runs at a rate that passed. */
static double goodput_at(const struct capacity_search *search,
                         double rate_per_s)
{
    double sum = 0;
    size_t count = 0;

    for (size_t i = 0; i < search->run_count; i++) {
        const struct capacity_run *run = &search->runs[i];
        if (!run->is_void && run->passed && run->rate_per_s == rate_per_s) {
            sum += run->in_time_per_s;
            count++;
        }
    }
    return count > 0 ? sum / (double)count : (double)NAN;
}

/* Beyond the knee to the end of the load. Nothing, where there is no knee. */
static bool go_beyond(struct finding_capacity *finding, double most_per_s,
                      struct errors *errors)
{
    struct capacity_search *search = finding->search;
    double last = NAN;

    for (size_t i = 0; i < CAPACITY_BEYOND; i++) {
        double rate_per_s = beyond[i] * search->found.edge;
        if (isnan(rate_per_s) || rate_per_s > most_per_s ||
            rate_per_s >= search->limit_per_s ||
            seek_is_out_of_time(&finding->trials, &finding->budget)) {
            break;
        }
        show_progress(finding, rate_per_s);
        enum trial_use use =
            make_run(finding, rate_per_s, CAPACITY_GOES_BEYOND, errors);
        if (use == TRIAL_FAILED) {
            return false;
        }
        if (use == TRIAL_STOPPED) {
            finding->capacity->end = CAPACITY_STOPPED;
        }
        if (use > TRIAL_IS_VOID) {
            break;
        }
        if (!finding->run->is_void) {
            last = finding->run->in_time_per_s;
        }
    }
    search->goodput_per_s = goodput_at(search, search->found.headline);
    search->overload = overload_judge(search->goodput_per_s, last);
    return true;
}

static bool make_search(struct finding_capacity *finding, bool has_retries,
                        struct errors *errors)
{
    const struct capacity_options *options = finding->options;
    struct capacity *capacity = finding->capacity;
    struct search search;

    finding->search = &capacity->searches[capacity->search_count++];
    *finding->search = (struct capacity_search){
        .has_retries = has_retries,
        .limit_per_s = INFINITY,
        .goodput_per_s = NAN,
        .overload = OVERLOAD_UNKNOWN,
    };
    search_init(&search, finding->arena,
                &(struct search_rules){
                    .start = options->start_per_s,
                    .least = options->least_per_s,
                    .most = options->most_per_s,
                    .precision = options->precision,
                    .runs_least = RUNS_LEAST,
                    .runs_most = RUNS_MOST,
                });
    bool ok = run_search(finding, &search, errors);
    finding->search->found = search_view(&search);
    if (ok && finding->search->is_over && capacity->end == CAPACITY_MADE) {
        ok = go_beyond(finding, options->most_per_s, errors);
    }
    return ok;
}

bool capacity_make(struct capacity *capacity, struct arena *arena,
                   const struct capacity_options *options,
                   struct errors *errors)
{
    struct finding_capacity finding = {
        .options = options,
        .capacity = capacity,
        .arena = arena,
        .trials = trials_begin(&options->trials, &options->input),
        .budget = {.time = options->trials.budget, .began = clock_now()},
    };

    *capacity = (struct capacity){.time_limit_us = NAN};
    bool ok = make_search(&finding, true, errors);
    if (ok && options->without_retries && capacity->end == CAPACITY_MADE) {
        ok = make_search(&finding, false, errors);
    }
    capacity->took = instant_since(clock_now(), finding.budget.began);
    return ok;
}
