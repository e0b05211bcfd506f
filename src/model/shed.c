#include "model/shed.h"

#include <math.h>

/* What is left of the limit of adaptive shedding when it falls. */
static const double DECREASE = 0.9;

void shed_init(struct shed *shed, const struct shed_config *config,
               uint64_t workers, struct instant start)
{
    *shed = (struct shed){
        .config = *config,
        .tokens = config->burst,
        .filled = start,
        .codel.first_above = INSTANT_NEVER,
        .limit = workers > 0 ? (double)workers : 1,
        .lowered = {INT64_MIN},
    };
}

static bool take_token(struct shed *shed, struct instant now)
{
    double seconds = duration_in_seconds(instant_since(now, shed->filled));
    shed->tokens = fmin(shed->config.burst,
                        shed->tokens + seconds * shed->config.rate_per_s);
    shed->filled = now;
    if (shed->tokens < 1) {
        return false;
    }
    shed->tokens -= 1;
    return true;
}

/* In whole numbers: waiting < limit (T - t + 1) / T. */
static bool has_place_for_tier(const struct shed *shed,
                               const struct shed_arrival *arrival)
{
    uint64_t tiers = shed->config.tiers;
    uint64_t tier = arrival->tier < tiers ? arrival->tier : tiers;
    return arrival->starts_at_once || arrival->queue_limit == 0 ||
           arrival->waiting * tiers <
               arrival->queue_limit * (tiers - tier + 1);
}

bool shed_admits(struct shed *shed, const struct shed_arrival *arrival)
{
    switch (shed->config.mode) {
    case SHED_NONE:
    case SHED_QUEUE_FULL:
    case SHED_CODEL:
        return true;
    case SHED_TOKEN_BUCKET:
        return take_token(shed, arrival->now);
    case SHED_ADAPTIVE:
        return (double)arrival->inside < shed->limit;
    case SHED_PRIORITY:
        return has_place_for_tier(shed, arrival);
    }
    return true;
}

/* The control law of CoDel (RFC 8289, section 5): drop one order each
 * interval / sqrt(count) for as long as every order has waited longer than
 * the target for an interval. */
static bool codel_drops(struct shed *shed, struct instant arrived,
                        struct instant at, uint64_t waiting)
{
    struct shed_codel *codel = &shed->codel;
    struct duration interval = shed->config.codel_interval;
    bool above =
        instant_since(at, arrived).ns >= shed->config.codel_target.ns &&
        waiting > 0;

    if (!above) {
        codel->first_above = INSTANT_NEVER;
        codel->dropping = false;
        return false;
    }
    if (codel->first_above.ns == INT64_MAX) {
        codel->first_above = instant_add(at, interval);
    }
    if (instant_before(at, codel->first_above)) {
        return false;
    }
    if (!codel->dropping) {
        /* A relapse soon after resumes near the rate that helped before. */
        uint64_t since = codel->count - codel->last_count;
        bool relapse =
            codel->count > 0 &&
            instant_since(at, codel->drop_next).ns / 16 < interval.ns;
        codel->dropping = true;
        codel->count = relapse && since > 1 ? since : 1;
        codel->last_count = codel->count;
        codel->drop_next = at;
    } else if (instant_before(at, codel->drop_next)) {
        return false;
    } else {
        codel->count++;
    }
    codel->drop_next = instant_add(
        codel->drop_next,
        duration_from_ns((double)interval.ns / sqrt((double)codel->count)));
    return true;
}

bool shed_drops(struct shed *shed, struct instant arrived, struct instant now,
                uint64_t waiting)
{
    return shed->config.mode == SHED_CODEL &&
           codel_drops(shed, arrived, now, waiting);
}

void shed_learn(struct shed *shed, struct instant arrived, struct instant now,
                uint64_t inside)
{
    if (shed->config.mode != SHED_ADAPTIVE) {
        return;
    }
    if (instant_since(now, arrived).ns > shed->config.latency.ns) {
        if (!instant_before(arrived, shed->lowered)) {
            shed->limit = fmax(1, shed->limit * DECREASE);
            shed->lowered = now;
        }
    } else if (2 * (double)inside >= shed->limit) {
        shed->limit += 1 / shed->limit;
    }
}
