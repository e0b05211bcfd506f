#include "measure/result_unjudged.h"

const char *result_unjudged(const struct result *result,
                            enum effect_class class)
{
    const struct tally *tally = result->tally;
    const struct panel *total = &tally->total;
    return effect_figures_unjudged(
        &result->effects, class,
        total->retries_on_wire + total->hedges_sent +
            total->kinds[ATTEMPT_DUPLICATE],
        tally->faults[FAULT_LOST_RESPONSE].delivered);
}
