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
static bool misses_most(const struct slo *slo, double offered,
                        struct miss_limit *limit)
{
    bool is_below = slo->op == SLO_LT || slo->op == SLO_LE;
    bool is_above = slo->op == SLO_GT || slo->op == SLO_GE;
    double q;

    if (slo->request[0] || slo->phase[0]) {
        return false;
    }
    if (!slo->metric && slo->histogram == SLO_TIME_TO_SUCCESS && is_below &&
        slo_quantile(slo->stat, &q)) {
        /* The quantile is that of rank ceil(q offered). */
        limit->longest = duration_from_ns(slo->value * NS_PER_US);
        limit->most = (uint64_t)(offered - ceil(q * offered - 1e-9));
        return true;
    }
    if (slo->metric && slo->metric->metric && is_above &&
        strcmp(slo->metric->metric, "success_rate") == 0) {
        limit->longest = DURATION_FOREVER;
        limit->most =
            (uint64_t)fmax(0, floor((1 - slo->value) * offered + 1e-9));
        return true;
    }
    return false;
}

void plan_end_when_hopeless(struct plan *plan)
{
    double offered = offered_most(&plan->load);

    for (size_t i = 0; i < plan->slo_count && !plan->miss_limit.is_on; i++) {
        plan->miss_limit.is_on =
            plan->load.model == LOAD_OPEN &&
            misses_most(&plan->slos[i], offered, &plan->miss_limit);
    }
}
