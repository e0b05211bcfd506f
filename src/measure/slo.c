#include "measure/slo.h"

#include "base/must.h"
#include "base/units.h"
#include "measure/metric.h"
#include "measure/result_unjudged.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The part that the expression selects; false when there is none. */
static bool select_view(const struct slo *slo, const struct result *result,
                        struct figure_view *view)
{
    const struct tally *tally = result->tally;
    bool is_part = slo->request[0] || slo->phase[0];
    *view =
        (struct figure_view){&tally->total, &result->total, result, is_part};
    for (size_t i = 0; slo->request[0] && i < result->request_count; i++) {
        if (strcmp(result->request_names[i], slo->request) == 0) {
            view->panel = tally->requests[i];
            view->figures = &result->requests[i];
            return true;
        }
    }
    for (size_t i = 0; slo->phase[0] && i < result->stage_count; i++) {
        if (strcmp(result->stage_names[i], slo->phase) == 0) {
            view->panel = tally->stages[i];
            view->figures = &result->stages[i];
            return true;
        }
    }
    return !is_part;
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

/* Values that differ by less than rounding are equal: 99.9 % is not exactly
 * 999 of 1000 in binary. */
static bool holds(double value, enum slo_operator op, double bound)
{
    bool equal = fabs(value - bound) <= 1e-12 * fmax(1, fabs(bound));
    switch (op) {
    case SLO_LT:
        return !equal && value < bound;
    case SLO_LE:
        return equal || value < bound;
    case SLO_GT:
        return !equal && value > bound;
    case SLO_GE:
        return equal || value > bound;
    case SLO_EQ:
        return equal;
    case SLO_NE:
        return !equal;
    }
    return false;
}

static struct slo_judgement not_measured(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

static struct slo_judgement not_measured(const char *format, ...)
{
    struct slo_judgement judgement = {.word = SLO_NOT_MEASURED};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(judgement.reason, sizeof(judgement.reason), format, arguments);
    va_end(arguments);
    return judgement;
}

/* Whether it holds for all values from low to high, and for any. */
static bool holds_for_all(const struct slo *slo, double low, double high)
{
    switch (slo->op) {
    case SLO_LT:
    case SLO_LE:
        return holds(high, slo->op, slo->value);
    case SLO_GT:
    case SLO_GE:
        return holds(low, slo->op, slo->value);
    case SLO_EQ:
        return holds(low, SLO_EQ, slo->value) &&
               holds(high, SLO_EQ, slo->value);
    case SLO_NE:
        return holds(high, SLO_LT, slo->value) ||
               holds(low, SLO_GT, slo->value);
    }
    return false;
}

static bool holds_for_any(const struct slo *slo, double low, double high)
{
    switch (slo->op) {
    case SLO_LT:
    case SLO_LE:
        return holds(low, slo->op, slo->value);
    case SLO_GT:
    case SLO_GE:
        return holds(high, slo->op, slo->value);
    case SLO_EQ:
        return holds(low, SLO_LE, slo->value) &&
               holds(high, SLO_GE, slo->value);
    case SLO_NE:
        return holds(low, SLO_NE, slo->value) ||
               holds(high, SLO_NE, slo->value);
    }
    return false;
}

static struct slo_judgement judge_ends(const struct slo *slo, double value,
                                       struct figure_ends ends)
{
    struct slo_judgement judgement = {
        .measured = true,
        .value = value,
        .low = ends.low,
        .high = ends.high,
        .word = SLO_MISSED,
    };
    if (holds_for_all(slo, ends.low, ends.high)) {
        judgement.word = SLO_MET;
        judgement.pass = true;
    } else if (holds_for_any(slo, ends.low, ends.high)) {
        judgement.word = SLO_INVALID;
        snprintf(judgement.reason, sizeof(judgement.reason),
                 "squall's own lateness decides it");
    }
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
static double most_of(const struct slo *slo, const struct lacking *of)
{
    uint64_t known = hist_known(of->most);
    double q;

    if (slo_quantile(slo->stat, &q)) {
        return (double)hist_quantile_of_us(of->most, q, of->whole);
    }
    bool is_min = strcmp(slo->stat, "min") == 0;
    return known == of->whole || (is_min && known > 0)
               ? read_stat(of->most, slo->stat)
               : -1;
}

static double least_of(const struct slo *slo, const struct lacking *of)
{
    uint64_t known = hist_known(of->least);
    uint64_t lacks = of->whole - known;
    uint64_t ours = lacks < of->ours ? lacks : of->ours;
    double q;

    if (slo_quantile(slo->stat, &q)) {
        return (double)hist_quantile_among_us(of->least, q, ours, of->whole);
    }
    if (strcmp(slo->stat, "min") == 0) {
        return ours > 0 ? 0 : known > 0 ? (double)of->least->min_us : -1;
    }
    if (lacks > ours) {
        return -1;
    }
    if (lacks > 0 && strcmp(slo->stat, "max") != 0) {
        return 0;
    }
    return read_stat(of->least, slo->stat);
}

static struct slo_judgement judge_never(const struct slo *slo,
                                        const struct lacking *of, double low)
{
    struct slo_judgement never =
        not_measured("never: %llu of %llu %s",
                     (unsigned long long)(of->whole - hist_known(of->most)),
                     (unsigned long long)of->whole, of->why);
    never.measured = true;
    never.value = -1;
    never.low = low < 0 ? INFINITY : low;
    never.high = INFINITY;
    bool can_be_met = low >= 0 && holds_for_any(slo, low, INFINITY);
    never.word = can_be_met ? SLO_INVALID : SLO_MISSED;
    return never;
}

/* No bound is met by what never came. */
static struct slo_judgement judge_lacking(const struct slo *slo,
                                          const struct lacking *of)
{
    if (of->whole == 0) {
        return not_measured("not measured: nothing was recorded");
    }
    double value = most_of(slo, of), low = least_of(slo, of);
    if (value < 0) {
        return judge_never(slo, of, low);
    }
    struct figure_ends ends = {low, value};
    if (strcmp(slo->stat, "stddev") == 0) {
        ends = ends_of_stat(of->least, of->most, slo->stat);
    }
    return judge_ends(slo, value, ends);
}

static struct slo_judgement judge_success(const struct slo *slo,
                                          const struct panel *panel)
{
    return judge_lacking(slo, &(struct lacking){
                                  .most = &panel->hist[HISTOGRAM_SUCCEEDED],
                                  .least = &panel->least[HISTOGRAM_SUCCEEDED],
                                  .whole = panel_settled(panel),
                                  .ours = panel->cut_short + panel->dropped,
                                  .why = "operations did not succeed",
                              });
}

static struct slo_judgement judge_lag(const struct slo *slo,
                                      const struct result *result)
{
    const struct hist *lag = &result->tally->schedule_lag;
    if (!result->open_model) {
        return not_measured("the closed model has no schedule to be late "
                            "for");
    }
    if (lag->count == 0) {
        return not_measured("not measured: nothing was recorded");
    }
    double value = read_stat(lag, slo->stat);
    return judge_ends(slo, value, (struct figure_ends){value, value});
}

static struct slo_judgement judge_stat(const struct slo *slo,
                                       const struct panel *panel,
                                       const struct result *result)
{
    if (slo->histogram == SLO_TIME_TO_SUCCESS) {
        return judge_success(slo, panel);
    }
    if (slo->histogram == SLO_SCHEDULE_LAG) {
        return judge_lag(slo, result);
    }
    enum histogram which = (enum histogram)slo->histogram;
    const struct hist *hist = &panel->hist[which];
    const struct hist *least = &panel->least[which];
    return judge_lacking(slo,
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

const char *slo_why_unseen(const struct slo *slo, enum effect_oracle oracle)
{
    return slo->metric ? why_unseen(slo->metric->scope, oracle) : NULL;
}

/* Why none of an offence says nothing, or NULL. */
static const char *why_unjudged(const struct figure *metric,
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
        if (metric->metric &&
            strcmp(metric->metric, offences[i].metric) == 0) {
            return result_unjudged(result, offences[i].class);
        }
    }
    return NULL;
}

/* Whether a count of 0 says something: there was something to count. */
static bool counts_anything(const struct figure *metric,
                            const struct figure_view *view)
{
    bool is_bad = metric->unit == UNIT_COUNT && metric->better == BETTER_LOWER;
    if (!is_bad ||
        (metric->scope != SCOPE_PANEL && metric->scope != SCOPE_RUN)) {
        return true;
    }
    bool of_attempts =
        metric->group == FIGURES_ATTEMPTS || metric->group == FIGURES_HEDGE;
    return of_attempts ? view->panel->attempts > 0 : view->panel->started > 0;
}

/* Whether there is anything that a 0 would say something about. */
static bool has_ground(const struct figure *metric,
                       const struct result *result)
{
    const struct effect_figures *effects = &result->effects;
    if (metric->scope == SCOPE_CHECKED_LEDGER ||
        metric->scope == SCOPE_CHECKED_SEEN) {
        return effects->operations_checked > 0;
    }
    if (metric->group == FIGURES_TRANSITIONS) {
        return effects->transitions.is_measured &&
               effects->transitions.checked > 0;
    }
    if (metric->group == FIGURES_BUDGET) {
        return result->tally->extremes.budget_level_min >= 0 ||
               result->policy.budget_level_end >= 0;
    }
    return true;
}

/* A figure that is infinite: what it times did not come. */
static struct slo_judgement judge_endless(const struct slo *slo, double low)
{
    struct slo_judgement never =
        not_measured("never: not back before the load ended");
    bool can_be_met =
        low < (double)INFINITY && holds_for_any(slo, low, INFINITY);
    never.measured = true;
    never.value = -1;
    never.low = low;
    never.high = INFINITY;
    never.word = can_be_met ? SLO_INVALID : SLO_MISSED;
    return never;
}

static struct slo_judgement judge_metric(const struct slo *slo,
                                         const struct figure_view *view)
{
    const struct figure *metric = slo->metric;
    const struct effect_figures *effects = &view->result->effects;
    unsigned layer = figure_layer(metric->group);
    const char *why = why_unseen(metric->scope, effects->oracle);
    if (why) {
        return not_measured("not measured: %s", why);
    }
    if (effects->oracle == ORACLE_UNVERIFIED &&
        (is_of_ledger(metric->scope) || is_seen(metric->scope))) {
        return not_measured("unverified: %.100s", effects->problem);
    }
    if (!figure_is_on(view->result->tally->config.layers, metric->group)) {
        return not_measured("not measured: the profile has no %s",
                            layer_name((enum layer)layer));
    }
    double value = figure_value(metric, view);
    if (value == 0 && !counts_anything(metric, view)) {
        return not_measured("not measured: %s",
                            view->panel->started == 0
                                ? "no operation was started"
                                : "no attempt was made");
    }
    why = value == 0 ? why_unjudged(metric, view->result) : NULL;
    if (why) {
        return not_measured("not measured: %s", why);
    }
    if (isinf(value)) {
        return judge_endless(slo, figure_ends(metric, view, value).low);
    }
    if (value >= 0 && has_ground(metric, view->result)) {
        return judge_ends(slo, value, figure_ends(metric, view, value));
    }
    if (metric->group == FIGURES_RECOVERY) {
        why = recovery_problem(&view->result->recoveries);
        return not_measured("not measured: %s",
                            why ? why : "no trigger ended in the load");
    }
    if (metric->scope == SCOPE_ANSWERS) {
        return not_measured("not measured: no answer shows it (see "
                            "idempotency)");
    }
    if (effects->operations_checked == 0 && effects->seen_before > 0) {
        return not_measured("not measured: all %llu operations have ids that "
                            "had effects before the run",
                            (unsigned long long)effects->seen_before);
    }
    return not_measured("not measured: nothing to measure it on");
}

struct slo_judgement slo_judge(const struct slo *slo,
                               const struct result *result)
{
    struct figure_view view;
    if (!select_view(slo, result, &view)) {
        return not_measured("there is no %s of this name",
                            slo->request[0] ? "request" : "phase");
    }
    return slo->metric ? judge_metric(slo, &view)
                       : judge_stat(slo, view.panel, result);
}

const char *slo_word_name(enum slo_word word)
{
    static const char *const names[] = {
#define SLO_WORD(id, word, sentence) [SLO_##id] = (word),
#include "measure/slo_word.def"
#undef SLO_WORD
    };
    must((size_t)word < array_length(names));
    return names[word];
}
