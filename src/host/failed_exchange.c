#include "host/failed_exchange.h"

void failed_exchanges_init(struct failed_exchanges *exchanges, size_t max,
                           struct arena *arena)
{
    *exchanges = (struct failed_exchanges){
        .items = arena_array(arena, max, sizeof(*exchanges->items)),
        .max = max,
    };
}

struct failed_exchange *failed_exchanges_next(
    struct failed_exchanges *exchanges, enum outcome outcome, bool wasted)
{
    if (exchanges->count == exchanges->max || outcome == OUTCOME_OK ||
        outcome_goes_on(outcome) || (outcome == OUTCOME_CANCELLED && wasted)) {
        return NULL;
    }
    return &exchanges->items[exchanges->count++];
}
