#include "policy/hedge.h"

void hedge_config_init(struct hedge_config *config)
{
    *config = (struct hedge_config){
        .trigger = HEDGE_ON_DELAY,
        .latency = {.quantile = 0.95,
                    .window = duration_s(30),
                    .refresh = duration_s(3),
                    .min_samples = 100,
                    .least = duration_ms(1)},
        .on_failure = HEDGE_FAILURE_NEXT_NOW,
        .fatal = UINT32_C(1) << CLASS_FATAL,
        .cancel_losers = true,
    };
    budget_config_init(&config->budget);
}
