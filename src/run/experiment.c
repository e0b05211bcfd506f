#include "run/experiment.h"

#include "base/must.h"
#include "base/rng.h"
#include "engine/clock.h"
#include "run/trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More void rounds than this share, and what is left is a selection. */
static const double void_share_max = 0.2;

/* An experiment while it is made. */
struct making {
    const struct experiment_options *options;
    struct experiment *experiment;
    struct arena *arena;
    struct slo metrics[COMPARED_COUNT];
    double *values;   /* of all rounds that can be kept */
    struct rng order; /* shuffles rounds */
    size_t last_order[EXPERIMENT_VARIANTS_MAX];
    struct trials trials;
    size_t begun;  /* rounds, void ones too */
    size_t needed; /* rounds */
    struct instant began;
};

static void read_metrics(struct making *making)
{
    for (size_t i = 0; i < COMPARED_COUNT; i++) {
        must(slo_read_metric(&making->metrics[i],
                             compared_measure((enum compared)i)->metric));
    }
}

/* A figure counts as it is: whether it could have gone wrong is for an SLO to
 * say. A quantile, or a time to recover, can be never. */
static double value_of(const struct slo *metric, const struct result *result)
{
    if (metric->metric) {
        struct figure_view view = {.panel = &result->tally->total,
                                   .figures = &result->total,
                                   .result = result};
        double value = figure_value(metric->metric, &view);
        return value < 0 ? NAN : value;
    }
    struct slo_judgement judged = slo_judge(metric, result);
    if (!judged.measured) {
        return NAN;
    }
    return judged.value < 0 ? INFINITY : judged.value;
}

/* How many operations a quantile takes to be one: ten above it. */
static uint64_t operations_for(const struct slo *metric)
{
    double q;
    return !metric->metric && slo_quantile(metric->stat, &q) && q < 1
               ? (uint64_t)ceil(10 / (1 - q) - 1e-6)
               : 0;
}

/* Where the numbers of a run go. */
struct taking {
    const struct making *making;
    double *values;
};

/* The numbers of a run, as a comparison takes them. */
static void take(void *context, const struct result *result)
{
    const struct taking *taking = context;
    const struct making *making = taking->making;

    for (size_t i = 0; i < COMPARED_COUNT; i++) {
        uint64_t least = operations_for(&making->metrics[i]);
        bool has_enough = panel_offered(&result->tally->total) >= least;
        taking->values[i] =
            has_enough ? value_of(&making->metrics[i], result) : NAN;
        if (!has_enough) {
            making->experiment->operations_lacking[i] = least;
        }
    }
}

/* One run of one variant; its numbers into `values`. */
static enum trial_use make_run(struct making *making, size_t variant,
                               uint64_t seed, uint64_t number, double *values,
                               struct errors *errors)
{
    struct experiment *experiment = making->experiment;
    struct taking taking = {making, values};
    enum trial_use use =
        trial_make(&making->trials,
                   &(struct trial){
                       .input = &making->options->variants[variant].input,
                       .seed = seed,
                       .run = number,
                       .context = &taking,
                       .take = take,
                   },
                   errors);

    experiment->spoiled[variant] += use == TRIAL_IS_VOID;
    if (use == TRIAL_IS_VOID || use == TRIAL_HAS_NO_GROUND) {
        snprintf(experiment->spoiled_by, sizeof experiment->spoiled_by, "%s",
                 making->trials.problem);
    }
    return use;
}

/* Rounds in pairs: the second goes the other way round. */
static void draw_order(struct making *making, size_t *order)
{
    size_t count = making->options->variant_count;

    if (making->begun % 2 == 1) {
        for (size_t i = 0; i < count; i++) {
            order[i] = making->last_order[count - 1 - i];
        }
        return;
    }
    for (size_t i = 0; i < count; i++) {
        order[i] = i;
    }
    for (size_t i = count - 1; i > 0; i--) {
        size_t other = (size_t)rng_below(&making->order, i + 1);
        size_t kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
    memcpy(making->last_order, order, count * sizeof *order);
}

/* What is left at the pace so far; negative before there is one. */
static struct duration time_left(const struct making *making)
{
    size_t rounds = making->experiment->input.rounds;
    struct duration spent = instant_since(clock_now(), making->began);

    if (making->begun == 0 || making->needed < rounds) {
        return (struct duration){-1};
    }
    double a_round = (double)spent.ns / (double)making->begun;
    return (struct duration){
        (int64_t)(a_round * (double)(making->needed - rounds))};
}

static void show_progress(const struct making *making, size_t variant)
{
    const struct experiment_options *options = making->options;

    if (options->progress) {
        options->progress(options->context,
                          &(struct experiment_progress){
                              .rounds = making->experiment->input.rounds,
                              .void_rounds = making->experiment->void_rounds,
                              .needed = making->needed,
                              .variant = options->variants[variant].name,
                              .left = time_left(making),
                          });
    }
}

static enum trial_use make_round(struct making *making, struct errors *errors)
{
    const struct experiment_options *options = making->options;
    struct experiment *experiment = making->experiment;
    size_t kept = experiment->input.rounds;
    size_t count = options->variant_count;
    struct experiment_round *round = &experiment->rounds[kept];
    enum trial_use worst = TRIAL_COUNTS;

    round->seed = mix64(options->trials.seed ^ mix64(making->begun + 1));
    draw_order(making, round->order);
    for (size_t i = 0; i < count && worst == TRIAL_COUNTS; i++) {
        size_t variant = round->order[i];
        double *values =
            &making->values[(kept * count + variant) * COMPARED_COUNT];
        show_progress(making, variant);
        worst = make_run(making, variant, round->seed,
                         options->trials.first_run + making->begun * count + i,
                         values, errors);
    }
    making->begun++;
    experiment->input.rounds += worst == TRIAL_COUNTS;
    experiment->void_rounds += worst == TRIAL_IS_VOID;
    return worst;
}

static bool is_void(const struct making *making, size_t rounds_wanted)
{
    double most = void_share_max *
                  (double)(rounds_wanted + making->experiment->void_rounds);
    return (double)making->experiment->void_rounds > fmax(most, 1);
}

static bool is_out_of_time(const struct making *making)
{
    return instant_since(clock_now(), making->began).ns >=
           making->options->trials.budget.ns;
}

/* Rounds that the rows which lead ask for, and at least those of the next
 * look. */
static size_t rounds_asked(const struct comparison *judged, size_t look,
                           size_t most)
{
    size_t asked = look;

    for (size_t i = 0; i < judged->row_count; i++) {
        const struct comparison_row *row = &judged->rows[i];
        if (row->is_judged && compared_measure(row->measure)->leads &&
            row->wanted > asked) {
            asked = row->wanted;
        }
    }
    return asked < most ? asked : most;
}

/* Rounds until there are `look`: false where the experiment ends before. */
static enum trial_use reach(struct making *making, size_t look,
                            struct errors *errors)
{
    while (making->experiment->input.rounds < look &&
           !is_out_of_time(making)) {
        enum trial_use use = make_round(making, errors);
        if (use > TRIAL_IS_VOID ||
            (use == TRIAL_IS_VOID && is_void(making, look))) {
            return use;
        }
    }
    return TRIAL_COUNTS;
}

static void judge_stopped(struct making *making)
{
    struct experiment *experiment = making->experiment;
    experiment->comparison =
        comparison_judge(making->arena, &experiment->input,
                         looks_last_level(&making->options->looks));
}

static bool run_rounds(struct making *making, struct errors *errors)
{
    const struct looks *looks = &making->options->looks;
    struct experiment *experiment = making->experiment;
    size_t most = looks->fixed ? looks->fixed : looks->most;
    size_t look = looks_first(looks, comparison_family(&experiment->input));

    making->needed = look;
    for (;;) {
        enum trial_use use = reach(making, look, errors);
        if (use == TRIAL_FAILED) {
            return false;
        }
        if (use != TRIAL_COUNTS) {
            experiment->end =
                use == TRIAL_STOPPED ? EXPERIMENT_STOPPED : EXPERIMENT_VOID;
            judge_stopped(making);
            return true;
        }
        if (looks_judge(looks, making->arena, &experiment->input,
                        is_out_of_time(making), &experiment->comparison)) {
            experiment->end = EXPERIMENT_JUDGED;
            return true;
        }
        look = looks_next(looks, look);
        making->needed = rounds_asked(&experiment->comparison, look, most);
    }
}

bool experiment_make(struct experiment *experiment, struct arena *arena,
                     const struct experiment_options *options,
                     struct errors *errors)
{
    size_t count = options->variant_count;
    size_t most =
        options->looks.fixed ? options->looks.fixed : options->looks.most;

    must(count >= 2 && count <= EXPERIMENT_VARIANTS_MAX);
    /* One more than is kept: for the round that is being made. */
    double *values = arena_array(arena, (most + 1) * count * COMPARED_COUNT,
                                 sizeof *values);
    *experiment = (struct experiment){
        .input = {.variants = count,
                  .baseline = options->baseline,
                  .values = values},
        .rounds = arena_array(arena, most + 1, sizeof *experiment->rounds),
    };
    memcpy(experiment->input.is_judged, options->is_judged,
           sizeof options->is_judged);
    struct making making = {
        .options = options,
        .experiment = experiment,
        .arena = arena,
        .values = values,
        .order = rng_stream(options->trials.seed, RNG_ORDER, 0),
        .trials = trials_begin(&options->trials,
                               &options->variants[options->baseline].input),
        .began = clock_now(),
    };
    read_metrics(&making);
    bool ok = run_rounds(&making, errors);
    experiment->took = instant_since(clock_now(), making.began);
    return ok;
}
