#include "measure/slo_figure.h"

#include "base/must.h"
#include "measure/result.h"
#include "measure/result_unjudged.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool find_name(const char *const *names, size_t count, const char *name,
                      size_t *index)
{
    for (*index = 0; *index < count; ++*index) {
        if (strcmp(names[*index], name) == 0) {
            return true;
        }
    }
    return false;
}

/* The part that a metric selects; false when there is none. */
static bool select_view(const struct slo_metric *metric,
                        const struct result *result, struct figure_view *view)
{
    const struct tally *tally = result->tally;
    size_t i = 0;

    *view = (struct figure_view){&tally->total, &result->total, result,
                                 metric->part != SLO_WHOLE};
    switch (metric->part) {
    case SLO_WHOLE:
        return true;
    case SLO_REQUEST:
        if (!find_name(result->request_names, result->request_count,
                       metric->name, &i)) {
            return false;
        }
        view->panel = tally->requests[i];
        view->figures = &result->requests[i];
        return true;
    case SLO_PHASE:
        if (!find_name(result->stage_names, result->stage_count, metric->name,
                       &i)) {
            return false;
        }
        view->panel = tally->stages[i];
        view->figures = &result->stages[i];
        return true;
    case SLO_TIER:
        while (i < result->tier_count &&
               result->tiers[i].tier != metric->tier) {
            i++;
        }
        if (i == result->tier_count) {
            return false;
        }
        view->panel = result->tiers[i].panel;
        view->figures = &result->tiers[i].figures;
        return true;
    }
    return false;
}

static double read_stat(const struct hist *hist, const char *stat)
{
    double q;
    if (slo_quantile(stat, &q)) {
        return (double)hist_quantile_us(hist, q);
    }
    if (strcmp(stat, "mean") == 0) {
        return hist_mean_us(hist);
    }
    if (strcmp(stat, "stddev") == 0) {
        return hist_stddev_us(hist);
    }
    return (double)(strcmp(stat, "min") == 0 ? hist->min_us : hist->max_us);
}

/* Where the deviation of values lies of which each lies between one of `least`
 * and one of `most`: it is a distance, so that it differs from that of `most`
 * by the root mean square of their differences at most; and the square of a
 * difference is at most the difference of the squares. */
static struct figure_ends ends_of_stddev(const struct hist *least,
                                         const struct hist *most)
{
    double seen = hist_stddev_us(most);
    double low_mean = hist_mean_us(least), high_mean = hist_mean_us(most);
    double low_stddev = hist_stddev_us(least);
    double squares = seen * seen + high_mean * high_mean -
                     low_stddev * low_stddev - low_mean * low_mean;
    double apart = sqrt(fmax(0, squares));
    return (struct figure_ends){fmax(0, seen - apart), seen + apart};
}

/* The ends of a statistic; `least` is empty where squall has no part. */
static struct figure_ends ends_of_stat(const struct hist *least,
                                       const struct hist *most,
                                       const char *stat)
{
    double seen = read_stat(most, stat);
    if (least->count == 0) {
        return (struct figure_ends){seen, seen};
    }
    if (strcmp(stat, "stddev") == 0) {
        return ends_of_stddev(least, most);
    }
    return (struct figure_ends){read_stat(least, stat), seen};
}

struct slo_judgement slo_not_measured(const char *format, ...)
{
    struct slo_judgement judgement = {.word = SLO_NOT_MEASURED,
                                      .at_s = -1,
                                      .bound = NAN,
                                      .baseline = NAN,
                                      .noise = NAN};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(judgement.reason, sizeof(judgement.reason), format, arguments);
    va_end(arguments);
    return judgement;
}

struct slo_judgement slo_measured(double value, struct figure_ends ends)
{
    struct slo_judgement judgement = slo_not_measured("%s", "");

    judgement.measured = true;
    judgement.value = value;
    judgement.low = ends.low;
    judgement.high = ends.high;
    return judgement;
}

struct slo_judgement slo_never(double low, const char *format, ...)
{
    struct slo_judgement judgement =
        slo_measured(-1, (struct figure_ends){low, INFINITY});
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(judgement.reason, sizeof(judgement.reason), format, arguments);
    va_end(arguments);
    return judgement;
}

/* Values of which some may lack, each larger than any that is there. */
struct lacking {
    const struct hist *most, *least;
    uint64_t whole; /* those that lack, too */
    uint64_t ours;  /* as many may lack because of squall: of these nobody
                     * knows that they would not have been quick */
    const char *why;
};

/* < 0: it is one of those that lack. */
static double most_of(const struct slo_metric *metric,
                      const struct lacking *of)
{
    uint64_t known = hist_known(of->most);
    double q;

    if (slo_quantile(metric->stat, &q)) {
        return (double)hist_quantile_of_us(of->most, q, of->whole);
    }
    bool is_min = strcmp(metric->stat, "min") == 0;
    return known == of->whole || (is_min && known > 0)
               ? read_stat(of->most, metric->stat)
               : -1;
}

static double least_of(const struct slo_metric *metric,
                       const struct lacking *of)
{
    uint64_t known = hist_known(of->least);
    uint64_t lacks = of->whole - known;
    uint64_t ours = lacks < of->ours ? lacks : of->ours;
    double q;

    if (slo_quantile(metric->stat, &q)) {
        return (double)hist_quantile_among_us(of->least, q, ours, of->whole);
    }
    if (strcmp(metric->stat, "min") == 0) {
        return ours > 0 ? 0 : known > 0 ? (double)of->least->min_us : -1;
    }
    if (lacks > ours) {
        return -1;
    }
    if (lacks > 0 && strcmp(metric->stat, "max") != 0) {
        return 0;
    }
    return read_stat(of->least, metric->stat);
}

/* No bound is met by what never came. */
static struct slo_judgement measure_lacking(const struct slo_metric *metric,
                                            const struct lacking *of)
{
    if (of->whole == 0) {
        return slo_not_measured("not measured: nothing was recorded");
    }
    double value = most_of(metric, of), low = least_of(metric, of);
    if (value < 0) {
        return slo_never(
            low < 0 ? INFINITY : low, "never: %llu of %llu %s",
            (unsigned long long)(of->whole - hist_known(of->most)),
            (unsigned long long)of->whole, of->why);
    }
    struct figure_ends ends = {low, value};
    if (strcmp(metric->stat, "stddev") == 0) {
        ends = ends_of_stat(of->least, of->most, metric->stat);
    }
    return slo_measured(value, ends);
}

static struct slo_judgement measure_success(const struct slo_metric *metric,
                                            const struct panel *panel)
{
    return measure_lacking(metric,
                           &(struct lacking){
                               .most = &panel->hist[HISTOGRAM_SUCCEEDED],
                               .least = &panel->least[HISTOGRAM_SUCCEEDED],
                               .whole = panel_settled(panel),
                               .ours = panel->cut_short + panel->dropped,
                               .why = "operations did not succeed",
                           });
}

static struct slo_judgement measure_lag(const struct slo_metric *metric,
                                        const struct result *result)
{
    const struct hist *lag = &result->tally->schedule_lag;
    if (!result->open_model) {
        return slo_not_measured("the closed model has no schedule to be late "
                                "for");
    }
    if (lag->count == 0) {
        return slo_not_measured("not measured: nothing was recorded");
    }
    double value = read_stat(lag, metric->stat);
    return slo_measured(value, (struct figure_ends){value, value});
}

static struct slo_judgement measure_stat(const struct slo_metric *metric,
                                         const struct panel *panel,
                                         const struct result *result)
{
    if (metric->histogram == SLO_TIME_TO_SUCCESS) {
        return measure_success(metric, panel);
    }
    if (metric->histogram == SLO_SCHEDULE_LAG) {
        return measure_lag(metric, result);
    }
    enum histogram which = (enum histogram)metric->histogram;
    const struct hist *hist = &panel->hist[which];
    const struct hist *least = &panel->least[which];
    return measure_lacking(metric,
                           &(struct lacking){
                               .most = hist,
                               .least = least->count > 0 ? least : hist,
                               .whole = panel_whole(panel, which),
                               .ours = panel_whole(panel, which) > hist->count
                                           ? panel->dropped + panel->cut_short
                                           : 0,
                               .why = "were dropped, never sent or given up",
                           });
}

static bool is_of_ledger(enum figure_scope scope)
{
    return scope == SCOPE_LEDGER || scope == SCOPE_CHECKED_LEDGER;
}

static bool is_seen(enum figure_scope scope)
{
    return scope == SCOPE_SEEN || scope == SCOPE_CHECKED_SEEN;
}

/* Why nobody could look; NULL: somebody did. */
static const char *why_unseen(enum figure_scope scope,
                              enum effect_oracle oracle)
{
    if (!is_of_ledger(scope) && !is_seen(scope)) {
        return NULL;
    }
    if (oracle == ORACLE_NONE) {
        return "there is no ledger";
    }
    if (oracle == ORACLE_EFFECT_ID && is_of_ledger(scope)) {
        return "ids in answers do not show it, only a ledger does";
    }
    return NULL;
}

/* Why none of an offence says nothing, or NULL. */
static const char *why_unjudged(const struct figure *figure,
                                const struct result *result)
{
    static const struct {
        const char *metric;
        enum effect_class class;
    } offences[] = {
        {"duplicates", EFFECT_DUPLICATE},
        {"extra_effects", EFFECT_DUPLICATE},
        {"lost", EFFECT_LOST},
        {"phantom", EFFECT_PHANTOM},
    };
    for (size_t i = 0; i < array_length(offences); i++) {
        if (figure->metric &&
            strcmp(figure->metric, offences[i].metric) == 0) {
            return result_unjudged(result, offences[i].class);
        }
    }
    return NULL;
}

/* Whether a count of 0 says something: there was something to count. */
static bool counts_anything(const struct figure *figure,
                            const struct figure_view *view)
{
    bool is_bad = figure->unit == UNIT_COUNT && figure->better == BETTER_LOWER;
    if (!is_bad ||
        (figure->scope != SCOPE_PANEL && figure->scope != SCOPE_RUN)) {
        return true;
    }
    bool of_attempts =
        figure->group == FIGURES_ATTEMPTS || figure->group == FIGURES_HEDGE;
    return of_attempts ? view->panel->attempts > 0 : view->panel->started > 0;
}

/* Whether there is anything that a 0 would say something about. */
static bool has_ground(const struct figure *figure,
                       const struct result *result)
{
    const struct effect_figures *effects = &result->effects;
    if (figure->scope == SCOPE_CHECKED_LEDGER ||
        figure->scope == SCOPE_CHECKED_SEEN) {
        return effects->operations_checked > 0;
    }
    if (figure->group == FIGURES_TRANSITIONS) {
        return effects->transitions.is_measured &&
               effects->transitions.checked > 0;
    }
    if (figure->group == FIGURES_BUDGET) {
        return result->tally->extremes.budget_level_min >= 0 ||
               result->policy.budget_level_end >= 0;
    }
    return true;
}

static struct slo_judgement measure_figure(const struct figure *figure,
                                           const struct figure_view *view)
{
    const struct effect_figures *effects = &view->result->effects;
    unsigned layer = figure_layer(figure->group);
    const char *why = why_unseen(figure->scope, effects->oracle);
    if (why) {
        return slo_not_measured("not measured: %s", why);
    }
    if (effects->oracle == ORACLE_UNVERIFIED &&
        (is_of_ledger(figure->scope) || is_seen(figure->scope))) {
        return slo_not_measured("unverified: %.100s", effects->problem);
    }
    if (!figure_is_on(view->result->tally->config.layers, figure->group)) {
        return slo_not_measured("not measured: the profile has no %s",
                                layer_name((enum layer)layer));
    }
    double value = figure_value(figure, view);
    if (value == 0 && !counts_anything(figure, view)) {
        return slo_not_measured("not measured: %s",
                                view->panel->started == 0
                                    ? "no operation was started"
                                    : "no attempt was made");
    }
    why = value == 0 ? why_unjudged(figure, view->result) : NULL;
    if (why) {
        return slo_not_measured("not measured: %s", why);
    }
    if (isinf(value)) {
        return slo_never(figure_ends(figure, view, value).low,
                         "never: not back before the load ended");
    }
    if (value >= 0 && has_ground(figure, view->result)) {
        return slo_measured(value, figure_ends(figure, view, value));
    }
    if (figure->group == FIGURES_RECOVERY) {
        why = recovery_problem(&view->result->recoveries);
        return slo_not_measured("not measured: %s",
                                why ? why : "no trigger ended in the load");
    }
    if (figure->scope == SCOPE_ANSWERS) {
        return slo_not_measured("not measured: no answer shows it (see "
                                "idempotency)");
    }
    if (effects->operations_checked == 0 && effects->seen_before > 0) {
        return slo_not_measured(
            "not measured: all %llu operations have ids that "
            "had effects before the run",
            (unsigned long long)effects->seen_before);
    }
    return slo_not_measured("not measured: nothing to measure it on");
}

static uint64_t count_status(const struct slo_metric *metric,
                             const uint64_t *by_status)
{
    uint64_t count = 0;

    for (unsigned i = metric->status_from; i <= metric->status_to; i++) {
        count += by_status[i];
    }
    return count;
}

bool slo_figure_knows_status(const struct slo_metric *metric)
{
    static const char *const counted[] = {"failed", "error_rate", "attempts"};
    size_t i;

    return metric->figure && find_name(counted, array_length(counted),
                                       metric->figure->metric, &i);
}

/* What was answered so: attempts, or operations that failed for it. Those that
 * were dropped might have been, too. */
static struct slo_judgement measure_status(const struct slo_metric *metric,
                                           const struct panel *panel)
{
    bool of_attempts = strcmp(metric->figure->metric, "attempts") == 0;
    uint64_t whole = of_attempts ? panel->attempts : panel_finished(panel);

    if (whole == 0) {
        return slo_not_measured("not measured: %s",
                                of_attempts ? "no attempt was made"
                                            : "no operation ended");
    }
    double count = (double)count_status(
        metric, of_attempts ? panel->by_status : panel->failed_by_status);
    double high = count + (of_attempts ? 0 : (double)panel->dropped);
    if (metric->unit == UNIT_COUNT) {
        return slo_measured(count, (struct figure_ends){count, high});
    }
    double all = (double)panel_settled(panel);
    return slo_measured(count / (double)whole,
                        (struct figure_ends){count / all, high / all});
}

struct slo_judgement slo_measure(const struct slo_metric *metric,
                                 const struct result *result)
{
    static const char *const parts[] = {
        [SLO_REQUEST] = "request", [SLO_PHASE] = "phase", [SLO_TIER] = "tier"};
    struct figure_view view;

    if (!select_view(metric, result, &view)) {
        return slo_not_measured("there is no %s of this name",
                                parts[metric->part]);
    }
    if (metric->status_from > 0) {
        return measure_status(metric, view.panel);
    }
    return metric->figure ? measure_figure(metric->figure, &view)
                          : measure_stat(metric, view.panel, result);
}

/* Before the run. */

static const char *why_unseen_figure(const struct figure *figure,
                                     const struct slo_ground *ground)
{
    unsigned layer = figure_layer(figure->group);
    static const char *const without[LAYER_COUNT] = {
        [LAYER_RATE_LIMIT] = "the profile has no rate_limit",
        [LAYER_CONCURRENCY] = "the profile has no concurrency",
        [LAYER_THROTTLE] = "the profile has no throttle",
        [LAYER_HEDGE] = "the profile has no hedge",
        [LAYER_BREAKER] = "the profile has no breaker",
    };
    const char *why = why_unseen(figure->scope, ground->oracle);

    if (why) {
        return why;
    }
    if (!figure_is_on(ground->layers, figure->group)) {
        return without[layer] ? without[layer] : "the profile has none";
    }
    if (figure->group == FIGURES_RECOVERY && !ground->has_trigger) {
        return "nothing ends in the load that the service recovers from";
    }
    return NULL;
}

static const char *why_unseen_metric(const struct slo_metric *metric,
                                     const struct slo_ground *ground)
{
    if (metric->last.ns > ground->measured.ns) {
        return "the window is longer than the run";
    }
    if (metric->figure) {
        return why_unseen_figure(metric->figure, ground);
    }
    if (metric->histogram == SLO_SCHEDULE_LAG && !ground->open_model) {
        return "the closed model has no schedule to be late for";
    }
    if (metric->histogram == HISTOGRAM_LIMIT_WAIT &&
        !(ground->layers >> LAYER_RATE_LIMIT & 1u) &&
        !(ground->layers >> LAYER_CONCURRENCY & 1u)) {
        return "the profile has no limits to wait for";
    }
    return NULL;
}

const char *slo_why_unseen(const struct slo_term *term,
                           const struct slo_ground *ground)
{
    const char *why = why_unseen_metric(&term->metric, ground);

    if (!why && term->is_ratio) {
        why = why_unseen_metric(&term->divisor, ground);
    }
    if (!why && term->of_baseline && !ground->has_baseline) {
        why = "there is no baseline: --baseline FILE names the report of one";
    }
    return why;
}
