#include "measure/figure.h"

#include "base/must.h"
#include "measure/result.h"

#include <math.h>
#include <string.h>

/* < 0: the ledger has no times, or nothing succeeded. */
static double lag_quantile(const struct result *r, double q)
{
    const struct hist *lag = r->effects.effect_lag;
    return lag && lag->count ? (double)hist_quantile_us(lag, q) : -1;
}

/* Of the operations checked; < 0: there were none. */
static double share_of(const struct result *r, enum effect_class class)
{
    double n = (double)r->effects.operations_checked;
    return n > 0 ? (double)r->effects.classes[class] / n : -1;
}

/* None in n operations bounds the true share at 3/n with 95 % confidence (the
 * rule of three); < 0: there was one. */
static double upper_bound_of(const struct result *r, enum effect_class class)
{
    double n = (double)r->effects.operations_checked;
    if (!(n > 0) || r->effects.classes[class] > 0) {
        return -1;
    }
    return 3 / n < 1 ? 3 / n : 1;
}

static double us_of(struct duration duration)
{
    return floor((double)duration.ns / NS_PER_US);
}

#define READ(name, value) \
    static double read_##name(const struct figure_view *view) \
    { \
        const struct panel *p = view->panel; \
        const struct panel_figures *f = view->figures; \
        const struct result *r = view->result; \
        (void)p; \
        (void)f; \
        (void)r; \
        return value; \
    }
#define FIGURE(group, member, form, metric, scope, unit, better, value, \
               label, sentence) \
    READ(group##_##member, value)
#define MEMBER(group, member, form, scope, unit, value, label, sentence) \
    READ(group##_##member, value)
#define METRIC(group, metric, scope, unit, better, value, sentence) \
    READ(metric, value)
#include "measure/figure.def"
#undef READ

#define LABEL_UNSHOWN \
    { \
        LOOK_UNSHOWN, NULL \
    }
#define LABEL_SHOWN(words) \
    { \
        LOOK_SHOWN, words \
    }
#define LABEL_SHOWN_IF_ANY(words) \
    { \
        LOOK_SHOWN_IF_ANY, words \
    }
#define LABEL_WARNED(words) \
    { \
        LOOK_WARNED, words \
    }
#define LABEL_WARNED_IF_ANY(words) \
    { \
        LOOK_WARNED_IF_ANY, words \
    }

/* Without squall's own lateness. */

static double not_below_0(double value)
{
    return value > 0 ? value : 0;
}

/* A share of those that ended, as one of all that were offered, if it were of
 * so many more. */
static double share_if_more(const struct panel *p, double share, uint64_t more)
{
    return (share * (double)panel_finished(p) + (double)more) /
           (double)panel_settled(p);
}

static double least_amplification(const struct panel *p)
{
    return (double)(p->on_wire - p->after_late) / (double)p->started;
}

/* Some were sent later than they should have been, and then together. */
static bool is_stalled(const struct result *r)
{
    return r->tally->workers.stalls > 0;
}

/* For so long that operations may be in time that were not seen to be. */
static bool is_blind(const struct result *r)
{
    return r->tally->workers.away_max.ns >= 100 * NS_PER_MS;
}

/* What a rate would have been in the time in which squall was not away. One
 * that has a core to itself and no time left may be what the service can take
 * or what squall can. */
static double rate_ceiling(const struct result *r, double value)
{
    const struct worker_tally *workers = &r->tally->workers;
    double wall = (double)workers->wall.ns;
    double there = wall - (double)workers->away_sum.ns;

    if (r->generator.saturated) {
        return INFINITY;
    }
    if (workers->away_sum.ns == 0) {
        return value;
    }
    return there > 0 ? value * wall / there : INFINITY;
}

struct figure_ends figure_ends(const struct figure *figure,
                               const struct figure_view *view, double value)
{
    const struct panel *p = view->panel;
    const struct result *r = view->result;
#define ENDS(metric_name, low_end, high_end) \
    if (strcmp(figure->metric, #metric_name) == 0) { \
        return (struct figure_ends){low_end, high_end}; \
    }
#include "measure/figure.def"
    return (struct figure_ends){value, value};
}

static const struct figure figures[] = {
#define FIGURE(group, member, form, metric, scope, unit, better, value, \
               label, sentence) \
    {FIGURES_##group, #member,     #metric,         FIGURE_##form, \
     SCOPE_##scope,   UNIT_##unit, BETTER_##better, read_##group##_##member, \
     LABEL_##label,   sentence},
#define MEMBER(group, member, form, scope, unit, value, label, sentence) \
    {FIGURES_##group, #member,     NULL,           FIGURE_##form, \
     SCOPE_##scope,   UNIT_##unit, BETTER_NEITHER, read_##group##_##member, \
     LABEL_##label,   sentence},
#define METRIC(group, metric, scope, unit, better, value, sentence) \
    {FIGURES_##group, NULL,        #metric,         FIGURE_NUMBER_OR_NULL, \
     SCOPE_##scope,   UNIT_##unit, BETTER_##better, read_##metric, \
     LABEL_UNSHOWN,   sentence},
#include "measure/figure.def"
};

static const unsigned layers[] = {
#define GROUP(id, layer, path) (unsigned)(layer),
#include "measure/figure.def"
};

static const char *const paths[] = {
#define GROUP(id, layer, path) path,
#include "measure/figure.def"
};

const struct figure *figure_at(size_t index)
{
    return index < array_length(figures) ? &figures[index] : NULL;
}

unsigned figure_layer(enum figure_group group)
{
    return layers[group];
}

bool figure_only_grows(const struct figure *figure)
{
    return figure->form == FIGURE_WHOLE && figure->scope == SCOPE_PANEL &&
           figure->unit == UNIT_COUNT;
}

const char *figure_path(enum figure_group group)
{
    return paths[group];
}

/* Whether somebody looked. */
static bool has_scope(enum figure_scope scope, const struct figure_view *view)
{
    enum effect_oracle oracle = view->result->effects.oracle;
    switch (scope) {
    case SCOPE_PANEL:
        return true;
    case SCOPE_LEDGER:
    case SCOPE_CHECKED_LEDGER:
        return oracle == ORACLE_LEDGER;
    case SCOPE_SEEN:
    case SCOPE_CHECKED_SEEN:
        return oracle == ORACLE_LEDGER || oracle == ORACLE_EFFECT_ID;
    case SCOPE_RUN:
    case SCOPE_ANSWERS:
        return !view->is_part;
    }
    return false;
}

double figure_value(const struct figure *figure,
                    const struct figure_view *view)
{
    if (!figure_is_on(view->result->tally->config.layers, figure->group) ||
        !has_scope(figure->scope, view)) {
        return -1;
    }
    return figure->read(view);
}
