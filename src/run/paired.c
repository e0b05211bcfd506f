#include "run/paired.h"

#include "base/must.h"
#include "engine/clock.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* More void rounds than this share, and what is left is a selection. */
static const double void_share_max = 0.2;

static void read_metrics(struct paired *paired)
{
    for (size_t i = 0; i < COMPARED_COUNT; i++) {
        must(slo_read_metric(&paired->metrics[i],
                             compared_measure((enum compared)i)->metric));
    }
}

/* A figure counts as it is: whether it could have gone wrong is for an SLO to
 * say. A quantile, or a time to recover, can be never. */
static double value_of(const struct slo_metric *metric,
                       const struct result *result)
{
    if (metric->figure) {
        struct figure_view view = {.panel = &result->tally->total,
                                   .figures = &result->total,
                                   .result = result};
        double value = figure_value(metric->figure, &view);
        return value < 0 ? NAN : value;
    }
    struct slo_judgement judged = slo_measure(metric, result);
    if (!judged.measured) {
        return NAN;
    }
    return judged.value < 0 ? INFINITY : judged.value;
}

/* How many operations a quantile takes to be one: ten above it. */
static uint64_t operations_for(const struct slo_metric *metric)
{
    double q;
    return !metric->figure && slo_quantile(metric->stat, &q) && q < 1
               ? (uint64_t)ceil(10 / (1 - q) - 1e-6)
               : 0;
}

/* Where the numbers of a run go. */
struct taking {
    struct paired *paired;
    double *values;
};

/* The numbers of a run, as a comparison takes them. */
static void take(void *context, const struct result *result)
{
    const struct taking *taking = context;
    struct paired *paired = taking->paired;

    for (size_t i = 0; i < COMPARED_COUNT; i++) {
        uint64_t least = operations_for(&paired->metrics[i]);
        bool has_enough = panel_offered(&result->tally->total) >= least;
        taking->values[i] =
            has_enough ? value_of(&paired->metrics[i], result) : NAN;
        if (!has_enough) {
            paired->operations_lacking[i] = least;
        }
    }
}

/* One run of one variant; its numbers into `values`. */
static enum trial_use make_run(struct paired *paired, size_t variant,
                               uint64_t seed, uint64_t number, double *values,
                               struct errors *errors)
{
    struct taking taking = {paired, values};
    enum trial_use use =
        trial_make(&paired->trials,
                   &(struct trial){
                       .input = &paired->options->variants[variant].input,
                       .seed = seed,
                       .run = number,
                       .context = &taking,
                       .take = take,
                   },
                   errors);

    paired->spoiled[variant] += use == TRIAL_IS_VOID;
    if (use == TRIAL_IS_VOID || use == TRIAL_HAS_NO_GROUND) {
        snprintf(paired->spoiled_by, sizeof paired->spoiled_by, "%s",
                 paired->trials.problem);
    }
    return use;
}

/* Whether the order that was drawn last is to be mirrored now: those that take
 * part are the same. */
static bool has_mirror(const struct paired *paired)
{
    bool is_whole = paired->begun > 0 && !paired->is_last_mirrored;
    size_t in = 0;

    for (size_t v = 0; v < paired->options->variant_count; v++) {
        in += !paired->is_out[v];
    }
    return is_whole && paired->last.count == in;
}

/* Rounds in pairs: the second goes the other way round. */
static void draw_order(struct paired *paired, struct paired_round *round)
{
    round->count = 0;
    if (has_mirror(paired)) {
        for (size_t i = paired->last.count; i-- > 0;) {
            round->order[round->count++] = paired->last.order[i];
        }
        paired->is_last_mirrored = true;
        return;
    }
    for (size_t v = 0; v < paired->options->variant_count; v++) {
        if (!paired->is_out[v]) {
            round->order[round->count++] = v;
        }
    }
    for (size_t i = round->count - 1; i > 0; i--) {
        size_t other = (size_t)rng_below(&paired->order, i + 1);
        size_t kept = round->order[i];
        round->order[i] = round->order[other];
        round->order[other] = kept;
    }
    paired->last = *round;
    paired->is_last_mirrored = false;
}

/* What is left at the pace so far; negative before there is one. */
static struct duration time_left(const struct paired *paired, size_t in_round)
{
    size_t rounds = paired->input.rounds;

    if (paired->runs == 0 || paired->needed < rounds) {
        return (struct duration){-1};
    }
    double a_run = (double)paired_took(paired).ns / (double)paired->runs;
    return (struct duration){
        (int64_t)(a_run * (double)(in_round * (paired->needed - rounds)))};
}

static void show_progress(const struct paired *paired, size_t variant,
                          size_t in_round)
{
    const struct paired_options *options = paired->options;

    if (options->progress) {
        options->progress(options->context,
                          &(struct paired_progress){
                              .rounds = paired->input.rounds,
                              .void_rounds = paired->void_rounds,
                              .needed = paired->needed,
                              .variant = options->variants[variant].name,
                              .left = time_left(paired, in_round),
                          });
    }
}

/* Who takes no part has no values. */
static double *begin_values(struct paired *paired)
{
    size_t all = paired->options->variant_count * COMPARED_COUNT;
    double *values = &paired->values[paired->input.rounds * all];

    for (size_t i = 0; i < all; i++) {
        values[i] = (double)NAN;
    }
    return values;
}

static enum trial_use make_round(struct paired *paired, struct errors *errors)
{
    const struct paired_options *options = paired->options;
    struct paired_round *round = &paired->rounds[paired->input.rounds];
    double *values = begin_values(paired);
    enum trial_use worst = TRIAL_COUNTS;

    round->seed = mix64(options->trials.seed ^ mix64(paired->begun + 1));
    draw_order(paired, round);
    for (size_t i = 0; i < round->count && worst == TRIAL_COUNTS; i++) {
        size_t variant = round->order[i];
        show_progress(paired, variant, round->count);
        worst = make_run(paired, variant, round->seed,
                         options->trials.first_run + paired->runs,
                         &values[variant * COMPARED_COUNT], errors);
        paired->runs++;
    }
    paired->begun++;
    paired->input.rounds += worst == TRIAL_COUNTS;
    paired->void_rounds += worst == TRIAL_IS_VOID;
    return worst;
}

static bool is_void(const struct paired *paired, size_t rounds_wanted)
{
    double most =
        void_share_max * (double)(rounds_wanted + paired->void_rounds);
    return (double)paired->void_rounds > fmax(most, 1);
}

struct duration paired_took(const struct paired *paired)
{
    return instant_since(clock_now(), paired->began);
}

bool paired_is_out_of_time(const struct paired *paired)
{
    return paired_took(paired).ns >= paired->options->trials.budget.ns;
}

enum trial_use paired_reach(struct paired *paired, size_t count,
                            struct errors *errors)
{
    while (paired->input.rounds < count && !paired_is_out_of_time(paired)) {
        enum trial_use use = make_round(paired, errors);
        if (use > TRIAL_IS_VOID ||
            (use == TRIAL_IS_VOID && is_void(paired, count))) {
            return use;
        }
    }
    return TRIAL_COUNTS;
}

void paired_begin(struct paired *paired, struct arena *arena,
                  const struct paired_options *options, size_t most)
{
    size_t count = options->variant_count;

    must(count >= 2 && count <= PAIRED_VARIANTS_MAX);
    /* One more than is kept: for the round that is being made. */
    double *values = arena_array(arena, (most + 1) * count * COMPARED_COUNT,
                                 sizeof *values);
    *paired = (struct paired){
        .input = {.variants = count,
                  .baseline = options->baseline,
                  .values = values},
        .rounds = arena_array(arena, most + 1, sizeof *paired->rounds),
        .options = options,
        .values = values,
        .order = rng_stream(options->trials.seed, RNG_ORDER, 0),
        .trials = trials_begin(&options->trials,
                               &options->variants[options->baseline].input),
        .began = clock_now(),
    };
    read_metrics(paired);
}
