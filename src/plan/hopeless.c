#include "plan/hopeless.h"

#include <math.h>
#include <string.h>

/* Operations that the load offers in its measured time, at most. */
static double offered_most(const struct load_config *load)
{
    double count = 0;

    for (size_t i = load->first_stage_is_warmup; i < load->stage_count; i++) {
        const struct stage_config *stage = &load->stages[i];
        count += (stage->from_per_s + stage->rate_per_s) / 2 *
                 duration_in_seconds(stage->length);
    }
    if (load->arrival == ARRIVAL_POISSON) {
        count += 6 * sqrt(count);
    }
    if (load->operations > 0) {
        count = fmin(count, (double)load->operations);
    }
    return ceil(count);
}

/* Of so many, those of which one more is too much. */
static bool misses_most(const struct slo_term *term, double offered,
                        struct miss_limit *limit)
{
    bool is_below = term->op == SLO_LT || term->op == SLO_LE;
    bool is_above = term->op == SLO_GT || term->op == SLO_GE;
    const struct slo_metric *metric = &term->metric;
    double q;

    if (metric->part != SLO_WHOLE || metric->status_from > 0 ||
        metric->last.ns > 0 || term->is_ratio || term->of_baseline) {
        return false;
    }
    if (!metric->figure && metric->histogram == SLO_TIME_TO_SUCCESS &&
        is_below && slo_quantile(metric->stat, &q)) {
        /* The quantile is that of rank ceil(q offered). */
        limit->longest = duration_from_ns(term->value * NS_PER_US);
        limit->most = (uint64_t)(offered - ceil(q * offered - 1e-9));
        return true;
    }
    if (metric->figure && is_above &&
        strcmp(metric->figure->metric, "success_rate") == 0) {
        limit->longest = DURATION_FOREVER;
        limit->most =
            (uint64_t)fmax(0, floor((1 - term->value) * offered + 1e-9));
        return true;
    }
    return false;
}

void plan_end_when_hopeless(struct plan *plan)
{
    double offered = offered_most(&plan->load);

    for (size_t i = 0; i < plan->slo_count; i++) {
        const struct slo *slo = &plan->slos[i];
        for (size_t k = 0; k < slo->term_count && slo_needs_each(slo); k++) {
            plan->miss_limit.is_on =
                plan->miss_limit.is_on ||
                (plan->load.model == LOAD_OPEN &&
                 misses_most(&slo->terms[k], offered, &plan->miss_limit));
        }
    }
}
