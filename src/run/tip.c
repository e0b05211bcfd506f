#include "run/tip.h"

#include "base/must.h"
#include "base/rng.h"
#include "engine/clock.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The search's, as its method gives them where a run takes half a minute. */
enum { RUNS_LEAST = 8, RUNS_MOST = 20, RUNS_USUAL = 20 };

/* What is due at the end of the load is awaited so long. */
static const struct duration drain = {2 * NS_PER_S};
static const struct duration around_a_run = {2 * NS_PER_S};

const struct tip_trigger_row tip_triggers[TIP_TRIGGER_COUNT] = {
#define TIP_TRIGGER(id, name, unit, start, least, most, of_service, sentence) \
    [TIP_##id] = {name, TIP_##unit, start, least, most, of_service, sentence},
#include "run/tip_trigger.def"
};

bool tip_trigger_find(const char *name, enum tip_trigger *trigger)
{
    for (size_t i = 0; i < TIP_TRIGGER_COUNT; i++) {
        if (strcmp(tip_triggers[i].name, name) == 0) {
            *trigger = (enum tip_trigger)i;
            return true;
        }
    }
    return false;
}

/* While it is made. */
struct finding_tip {
    const struct tip_options *options;
    struct tip *tip;
    struct trials trials;
    struct seek_budget budget;
    const struct tip_variant *variant; /* the present one */
    struct tip_search *search;
    struct tip_run *run;
    struct seek_run *came_to;
    size_t made; /* runs of all searches */
};

size_t tip_runs_usual(void)
{
    return RUNS_USUAL;
}

size_t tip_runs_most(void)
{
    return RUNS_MOST + SEARCH_CONFIRM_MOST;
}

/* How long the trigger lasts. */
static struct duration length_of(const struct tip_options *options,
                                 double size)
{
    return tip_triggers[options->trigger].unit == TIP_SECONDS
               ? duration_from_ns(size * NS_PER_S)
               : options->length;
}

struct duration tip_run_time(const struct tip_options *options)
{
    struct duration load = duration_add(options->before, options->after);

    return duration_add(duration_add(load, around_a_run),
                        length_of(options, options->start));
}

/* Before, during and after: the same rate but for a spike. */
static void set_load(const struct tip_options *options, double size,
                     struct plan *plan)
{
    struct load_config *load = &plan->load;
    double rate = load->rate_per_s;
    struct duration length = length_of(options, size);

    load->stages = arena_array(&plan->arena, 3, sizeof *load->stages);
    load->warmup = DURATION_ZERO;
    load->first_stage_is_warmup = false;
    load->operations = 0;
    load->drain = duration_min(load->drain, drain);
    load->duration =
        duration_add(duration_add(options->before, length), options->after);
    if (options->trigger == TIP_SPIKE) {
        load->stage_count = 3;
        load->stages[0] =
            (struct stage_config){"before", options->before, rate, rate};
        load->stages[1] =
            (struct stage_config){"spike", length, rate * size, rate * size};
        load->stages[2] =
            (struct stage_config){"after", options->after, rate, rate};
    } else {
        load->stage_count = 1;
        load->stages[0] =
            (struct stage_config){"main", load->duration, rate, rate};
    }
}

static void prepare(void *context, struct plan *plan)
{
    const struct finding_tip *finding = context;
    const struct tip_options *options = finding->options;
    struct service_config *service = &plan->service;
    double size = finding->run->size;

    set_load(options, size, plan);
    plan->has_ledger = false; /* nothing is asked of effects */
    if (!tip_triggers[options->trigger].of_service) {
        return;
    }
    must(service->fault_count < SERVICE_FAULTS_MAX);
    service->faults[service->fault_count++] = (struct service_fault_config){
        .kind = options->trigger == TIP_OUTAGE ? SERVICE_FAULT_STALL
                                               : SERVICE_FAULT_CAPACITY,
        .ratio = 1,
        .window = {.from = options->before,
                   .length = length_of(options, size)},
        .factor = options->trigger == TIP_DROP ? 1 / size : 1,
    };
}

/* Of an open load squall's own part is no service that stays away. */
static const char *own_limit(const struct result *result)
{
    const struct generator_figures *generator = &result->generator;
    const struct panel *total = &result->tally->total;
    bool is_ours = generator->too_late || generator->lacks_connections ||
                   total->dropped > 0 ||
                   total->by_outcome[OUTCOME_NO_SOCKET] > 0;

    if (!is_ours) {
        return NULL;
    }
    return generator->warning_count > 0 ? generator->warnings[0]
                                        : "squall was too late";
}

static void say(const struct finding_tip *finding, const char *problem)
{
    snprintf(finding->came_to->problem, sizeof finding->came_to->problem, "%s",
             problem);
}

/* Whether the service came back from the trigger: the last there is. */
static void take(void *context, const struct result *result)
{
    const struct finding_tip *finding = context;
    const struct recoveries *recoveries = &result->recoveries;
    struct tip_run *run = finding->run;

    run->amplification = result->total.attempts_per_operation;
    if (recoveries->count == 0) {
        say(finding, "no trigger ended in the load");
        return;
    }
    const struct recovery *last = &recoveries->all[recoveries->count - 1];
    const char *why = recovery_word_problem(last->word);
    if (why) {
        say(finding, why);
        return;
    }
    run->healed = last->word == RECOVERY_BACK;
    run->recovery = run->healed ? last->back : NOT_MEASURED;
    why = run->healed ? NULL : own_limit(result);
    run->is_void = why != NULL;
    if (why) {
        say(finding, why);
    }
}

static enum trial_use run_for_search(void *context, double size,
                                     enum search_phase phase,
                                     struct seek_run *came_to,
                                     struct errors *errors)
{
    struct finding_tip *finding = context;
    const struct tip_options *options = finding->options;
    struct tip_search *search = finding->search;

    must(search->run_count < TIP_RUNS_MAX);
    finding->came_to = came_to;
    finding->run = &search->runs[search->run_count++];
    *finding->run = (struct tip_run){
        .size = size,
        .seed = mix64(options->trials.seed ^ mix64(search->run_count)),
        .phase = phase,
        .recovery = NOT_MEASURED,
        .amplification = -1,
    };
    enum trial_use use = trial_make(
        &finding->trials,
        &(struct trial){.input = &finding->variant->input,
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
    came_to->is_void = finding->run->is_void;
    came_to->passed = finding->run->healed;
    if (use == TRIAL_IS_VOID) {
        say(finding, finding->trials.problem);
    }
    return use;
}

static void on_seek(void *context, double size)
{
    const struct finding_tip *finding = context;
    const struct tip_options *options = finding->options;

    if (options->progress) {
        options->progress(options->context,
                          &(struct tip_progress){
                              .variant = finding->variant->name,
                              .runs = finding->search->run_count,
                              .most = tip_runs_most(),
                              .size = size,
                          });
    }
}

/* False after adding an error. */
static bool make_search(struct finding_tip *finding, struct arena *arena,
                        size_t index, struct errors *errors)
{
    const struct tip_options *options = finding->options;
    const struct tip_trigger_row *row = &tip_triggers[options->trigger];
    struct tip *tip = finding->tip;
    struct seek_result result;
    struct search search;

    finding->variant = &options->variants[index];
    finding->search = &tip->searches[tip->search_count++];
    *finding->search = (struct tip_search){.name = finding->variant->name};
    finding->trials.at_rest = &finding->variant->input;
    search_init(&search, arena,
                &(struct search_rules){
                    .start = options->start,
                    .least = fmin(row->least, options->start),
                    .most = options->most,
                    .precision = options->precision,
                    .runs_least = RUNS_LEAST,
                    .runs_most = RUNS_MOST,
                });
    seek_make(&(struct seek){.trials = &finding->trials,
                             .budget = &finding->budget,
                             .context = finding,
                             .run = run_for_search,
                             .progress = on_seek},
              &search, &result, errors);
    finding->search->found = search_view(&search);
    finding->search->is_over = search.phase == SEARCH_OVER;
    finding->search->limit_size = result.limit_size;
    finding->search->void_count = result.void_count;
    snprintf(finding->search->limit, sizeof finding->search->limit, "%s",
             result.limit);
    tip->end = result.end;
    snprintf(tip->problem, sizeof tip->problem, "%s", result.problem);
    return result.end != SEEK_FAILED;
}

bool tip_make(struct tip *tip, struct arena *arena,
              const struct tip_options *options, struct errors *errors)
{
    struct finding_tip finding = {
        .options = options,
        .tip = tip,
        .trials = trials_begin(&options->trials, NULL),
        .budget = {.time = options->trials.budget, .began = clock_now()},
    };
    bool ok = true;

    must(options->variant_count >= 1 &&
         options->variant_count <= TIP_VARIANTS_MAX);
    *tip = (struct tip){
        .searches =
            arena_array(arena, options->variant_count, sizeof *tip->searches),
    };
    for (size_t i = 0;
         ok && i < options->variant_count && tip->end == SEEK_OVER; i++) {
        ok = make_search(&finding, arena, i, errors);
    }
    tip->took = instant_since(clock_now(), finding.budget.began);
    return ok;
}
