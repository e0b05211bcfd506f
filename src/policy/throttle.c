#include "policy/throttle.h"

#include "base/must.h"
#include "policy/classify.h"
#include "policy/slots.h"

#include <math.h>
#include <string.h>

static struct throttle_slot *advance(struct throttle *throttle,
                                     const struct throttle_config *config,
                                     struct instant now)
{
    int64_t passed =
        slots_advance(&throttle->newest, now, config->window, config->slots);
    for (int64_t i = 0; i < passed; i++) {
        struct throttle_slot *old =
            &throttle->slots[(throttle->newest - i) % config->slots];
        throttle->requests -= old->requests;
        throttle->accepts -= old->accepts;
        *old = (struct throttle_slot){0, 0};
    }
    return &throttle->slots[throttle->newest % config->slots];
}

void throttle_config_init(struct throttle_config *config)
{
    *config = (struct throttle_config){
        .type = THROTTLE_SRE,
        .rejections =
            UINT32_C(1) << CLASS_TRANSIENT | UINT32_C(1) << CLASS_THROTTLE |
            UINT32_C(1) << CLASS_TIMEOUT | UINT32_C(1) << CLASS_NETWORK,
        .k = 2,
        .window = duration_s(120),
        .slots = THROTTLE_SLOTS_MAX,
        .padding = 1,
        .max_reject = 1,
        .exponent = 1,
    };
}

void throttle_init(struct throttle *throttle,
                   const struct throttle_config *config)
{
    must(config->slots >= 1 && config->slots <= THROTTLE_SLOTS_MAX);
    memset(throttle, 0, sizeof(*throttle));
}

double throttle_refusal(struct throttle *throttle,
                        const struct throttle_config *config,
                        struct instant now)
{
    advance(throttle, config, now);
    double requests = (double)throttle->requests;
    if (requests < config->min_requests ||
        requests < config->min_rps * duration_in_seconds(config->window)) {
        return 0.0;
    }
    double share = (requests - config->k * (double)throttle->accepts) /
                   (requests + config->padding);
    if (!(share > 0.0)) {
        return 0.0;
    }
    if (config->exponent != 1.0) {
        share = pow(share, 1.0 / config->exponent);
    }
    return share < config->max_reject ? share : config->max_reject;
}

bool throttle_allow(struct throttle *throttle,
                    const struct throttle_config *config, struct instant now,
                    double u)
{
    bool allowed = u >= throttle_refusal(throttle, config, now);
    struct throttle_slot *slot = advance(throttle, config, now);
    slot->requests++;
    throttle->requests++;
    throttle->refused += !allowed;
    return allowed;
}

void throttle_on_done(struct throttle *throttle,
                      const struct throttle_config *config, struct instant now,
                      bool accepted)
{
    struct throttle_slot *slot = advance(throttle, config, now);
    slot->accepts += accepted;
    throttle->accepts += accepted;
}
