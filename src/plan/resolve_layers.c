/* What a profile says of the layers around a call, one by one; for their order
 * see resolve_order.c. */
#include "plan/resolve.h"

#include "base/must.h"
#include "plan/choice.h"

#include <stdio.h>
#include <string.h>

#define BIT(id) (UINT32_C(1) << (id))

void resolve_timeout(struct resolver *resolver)
{
    struct timeout_config *timeout = &resolver->plan->policy.timeout;

    timeout->attempt_spares_last = !resolver->draft->attempt_applies_to_last;
    if (timeout->attempt_spares_last && timeout->attempt.ns == INT64_MAX) {
        struct error *error = resolve_conflict(
            resolver, "timeout.attempt_applies_to_last", "timeout.attempt",
            "there is no timeout.attempt to spare the last one");
        error_hint(error, "add \"attempt\": \"1s\", or remove it");
    }
}

/* -- breaker -- */

enum {
    IN_WINDOW = 1 << TRIP_RATE | 1 << TRIP_SLOW,
};

static const struct typed_key trip_keys[] = {
    {"buckets", IN_WINDOW},
    {"counts", BIT(TRIP_RATE) | BIT(TRIP_CONSECUTIVE)},
    {"failure_rate", BIT(TRIP_RATE)},
    {"failures", BIT(TRIP_CONSECUTIVE)},
    {"length", IN_WINDOW},
    {"min_age", IN_WINDOW},
    {"min_calls", IN_WINDOW},
    {"size", IN_WINDOW},
    {"slow", BIT(TRIP_SLOW)},
    {"slow_rate", BIT(TRIP_SLOW)},
    {"strictly", IN_WINDOW},
    {"window", IN_WINDOW},
};

static const struct typed_key window_keys[] = {
    {"buckets", BIT(WINDOW_TIME)},
    {"length", BIT(WINDOW_TIME) | BIT(WINDOW_EMA)},
    {"size", BIT(WINDOW_COUNT)},
};

static void check_window(const struct resolver *resolver, const char *path,
                         enum breaker_window_type type)
{
    resolve_other_keys(resolver, path, "window", choice_breaker_window,
                       (int)type, window_keys, array_length(window_keys));
    switch (type) {
    case WINDOW_COUNT:
        resolve_need(resolver, path, "size", "a window that counts calls",
                     "\"size\": 100");
        return;
    case WINDOW_TIME:
        resolve_need(resolver, path, "length", "a window of time",
                     "\"length\": \"10s\"");
        return;
    case WINDOW_EMA:
        resolve_need(resolver, path, "length", "a moving average",
                     "\"length\": \"10s\"");
        return;
    }
}

static void check_condition(const struct resolver *resolver, const char *path,
                            const struct breaker_condition *condition)
{
    resolve_other_keys(resolver, path, "type", choice_breaker_trip,
                       (int)condition->type, trip_keys,
                       array_length(trip_keys));
    switch (condition->type) {
    case TRIP_RATE:
        resolve_need(resolver, path, "failure_rate", "a condition \"rate\"",
                     "\"failure_rate\": \"50%\"");
        check_window(resolver, path, condition->window_type);
        return;
    case TRIP_CONSECUTIVE:
        resolve_need(resolver, path, "failures", "a condition \"consecutive\"",
                     "\"failures\": 5");
        return;
    case TRIP_SLOW:
        resolve_need(resolver, path, "slow", "a condition \"slow\"",
                     "\"slow\": \"1s\"");
        check_window(resolver, path, condition->window_type);
        return;
    }
}

/* The classes that a key gives, or else those of the whole breaker; *path is
 * the key that says so. */
static uint32_t classes_of(const struct resolver *resolver, const char *name,
                           uint32_t own, uint32_t common, char path[64])
{
    if (resolve_is_given(resolver, path)) {
        return own;
    }
    snprintf(path, 64, "breaker.%s", name);
    return common;
}

/* A class that somebody names in both lists. What counts by default is taken
 * back by what is ignored. */
static bool find_contested(const struct resolver *resolver, const char *counts,
                           uint32_t both, enum outcome_class *class)
{
    for (int i = 0; resolve_is_given(resolver, counts) && i < CLASS_COUNT;
         i++) {
        if (both & BIT(i)) {
            *class = (enum outcome_class)i;
            return true;
        }
    }
    return false;
}

static bool complete_classes(const struct resolver *resolver, size_t index,
                             struct breaker_condition *condition)
{
    const struct draft *draft = resolver->draft;
    char counts[64], ignores[64];

    snprintf(counts, sizeof(counts), "breaker.any_of[%zu].counts", index);
    snprintf(ignores, sizeof(ignores), "breaker.any_of[%zu].ignores", index);
    condition->failures = classes_of(resolver, "counts", condition->failures,
                                     draft->breaker_counts, counts);
    condition->ignored = classes_of(resolver, "ignores", condition->ignored,
                                    draft->breaker_ignores, ignores);
    enum outcome_class contested;
    if (find_contested(resolver, counts,
                       condition->failures & condition->ignored, &contested)) {
        struct error *error =
            resolve_conflict(resolver, ignores, counts,
                             "\"%s\" cannot be ignored and count as a failure",
                             outcome_class_name(contested));
        error_hint(error, "remove it from one of them");
        return false;
    }
    condition->failures &= ~condition->ignored;
    if (condition->failures == 0 && condition->type != TRIP_SLOW) {
        struct error *error = resolve_refuse(
            resolver, counts, "nothing is a failure, so it never opens");
        error_hint(error, "write \"counts\": [\"transient\", \"timeout\"]");
        return false;
    }
    return true;
}

static void resolve_conditions(struct resolver *resolver,
                               struct breaker_config *breaker)
{
    const struct draft *draft = resolver->draft;
    bool good = true;
    char path[64];

    breaker->condition_count = (unsigned)draft->condition_count;
    for (size_t i = 0; i < draft->condition_count; i++) {
        snprintf(path, sizeof(path), "breaker.any_of[%zu]", i);
        breaker->any_of[i] = draft->conditions[i];
        check_condition(resolver, path, &breaker->any_of[i]);
        /* What is wrong for all is reported once. */
        good = good && complete_classes(resolver, i, &breaker->any_of[i]);
    }
    if (draft->condition_count == 0) {
        struct error *error = resolve_refuse(
            resolver,
            resolve_is_given(resolver, "breaker.any_of") ? "breaker.any_of"
                                                         : "breaker",
            "there is nothing that opens it");
        error_hint(error, "add \"any_of\": [{\"type\": \"consecutive\", "
                          "\"failures\": 5}]");
    }
}

static void check_half_open(const struct resolver *resolver,
                            const struct breaker_config *breaker)
{
    static const struct typed_key close_keys[] = {
        {"failure_rate", BIT(CLOSE_RATE_BELOW)},
    };
    static const char section[] = "breaker.half_open";

    resolve_other_keys(resolver, section, "close_when", choice_breaker_close,
                       (int)breaker->close_when, close_keys,
                       array_length(close_keys));
    if (breaker->close_when == CLOSE_RATE_BELOW) {
        resolve_need(resolver, section, "failure_rate", "closing by the rate",
                     "\"failure_rate\": \"50%\"");
    }
}

void resolve_breaker(struct resolver *resolver)
{
    struct breaker_config *breaker = &resolver->plan->policy.breaker;

    if (!resolve_is_given(resolver, "breaker")) {
        breaker->condition_count = 0;
        return;
    }
    resolve_conditions(resolver, breaker);
    check_half_open(resolver, breaker);
    if (!resolve_need(resolver, "breaker", "open", "a breaker",
                      "\"open\": {\"type\": \"constant\", "
                      "\"initial\": \"5s\"}")) {
        return;
    }
    resolve_backoff(resolver, "breaker.open", &breaker->open);
    if (breaker->open.type == BACKOFF_NONE) {
        struct error *error =
            resolve_refuse(resolver, "breaker.open.type",
                           "a breaker that is open for no time stops nothing");
        error_hint(error, "write \"constant\", and \"initial\": \"5s\"");
    }
}

/* -- concurrency -- */

/* Where nobody may wait, how long is no question. */
static void check_pool(const struct resolver *resolver, const char *section,
                       const struct pool_config *pool)
{
    char path[64], queue[64];

    snprintf(path, sizeof(path), "%s.max_wait", section);
    snprintf(queue, sizeof(queue), "%s.queue", section);
    if (pool->queue == 0 && pool->max_wait.ns > 0 &&
        resolve_is_given(resolver, path)) {
        struct error *error = resolve_conflict(
            resolver, path, queue,
            "nothing waits where \"queue\" is 0, as it is by default");
        error_hint(error, "add \"queue\": 100, or remove it");
    }
}

static void resolve_tiers(struct resolver *resolver,
                          const struct concurrency_config *concurrency)
{
    char path[64], other[64];

    for (size_t i = 0; i < concurrency->tier_count; i++) {
        snprintf(path, sizeof(path), "concurrency.tiers[%zu]", i);
        check_pool(resolver, path, &concurrency->tiers[i]);
        for (size_t j = 0; j < i; j++) {
            if (concurrency->tiers[j].tier != concurrency->tiers[i].tier) {
                continue;
            }
            snprintf(path, sizeof(path), "concurrency.tiers[%zu].tier", i);
            snprintf(other, sizeof(other), "concurrency.tiers[%zu].tier", j);
            struct error *error = resolve_conflict(
                resolver, path, other, "tier %u has its places already",
                concurrency->tiers[i].tier);
            error_hint(error, "write another tier, or one entry for both");
            break;
        }
    }
}

enum {
    VEGAS = 1 << ADAPTIVE_VEGAS,
    GRADIENT2 = 1 << ADAPTIVE_GRADIENT2,
    AIMD = 1 << ADAPTIVE_AIMD,
    ENVOY = 1 << ADAPTIVE_ENVOY_GRADIENT,
    ALL_ALGORITHMS = VEGAS | GRADIENT2 | AIMD | ENVOY,
};

#define ADAPTIVE(field, algorithms) \
    { \
        {#field, algorithms}, offsetof(struct adaptive_config, field), \
            sizeof(((struct adaptive_config *)NULL)->field) \
    }

static const struct adaptive_key {
    struct typed_key key;
    size_t offset, size;
} adaptive_keys[] = {
    ADAPTIVE(alpha, VEGAS),
    ADAPTIVE(backoff_ratio, AIMD),
    ADAPTIVE(beta, VEGAS),
    ADAPTIVE(buffer, ENVOY),
    ADAPTIVE(initial, ALL_ALGORITHMS),
    ADAPTIVE(long_window, GRADIENT2),
    ADAPTIVE(max, ALL_ALGORITHMS),
    ADAPTIVE(min, ALL_ALGORITHMS),
    ADAPTIVE(min_interval, ENVOY),
    ADAPTIVE(min_jitter, ENVOY),
    ADAPTIVE(min_samples, ENVOY),
    ADAPTIVE(probe_multiplier, VEGAS),
    ADAPTIVE(queue, GRADIENT2),
    ADAPTIVE(smoothing, VEGAS | GRADIENT2),
    ADAPTIVE(tolerance, GRADIENT2),
    ADAPTIVE(too_long, AIMD),
    ADAPTIVE(update, ENVOY),
    ADAPTIVE(warmup, GRADIENT2),
};

static const char adaptive_path[] = "concurrency.adaptive";

static void check_adaptive(const struct resolver *resolver,
                           struct adaptive_config *config)
{
    bool has_initial =
        resolve_is_given(resolver, "concurrency.adaptive.initial");
    bool has_max = resolve_is_given(resolver, "concurrency.adaptive.max");
    struct error *error;

    if (config->min > config->max) {
        error = resolve_conflict(
            resolver,
            has_max ? "concurrency.adaptive.max" : "concurrency.adaptive.min",
            has_max ? "concurrency.adaptive.min" : adaptive_path,
            "the lowest limit, %g, is above the highest, %g", config->min,
            config->max);
        error_hint(error, "give both, \"min\" below \"max\"");
    } else if (!has_initial) {
        config->initial = config->initial < config->min   ? config->min
                          : config->initial > config->max ? config->max
                                                          : config->initial;
    } else if (config->initial < config->min ||
               config->initial > config->max) {
        bool low = config->initial < config->min;
        error = resolve_conflict(resolver, "concurrency.adaptive.initial",
                                 low ? "concurrency.adaptive.min"
                                     : "concurrency.adaptive.max",
                                 "it begins outside of its limits, %g to %g",
                                 config->min, config->max);
        error_hint(error, "write a value between them");
    }
}

/* What the algorithm ships, and over it what the profile says. */
static void resolve_adaptive(struct resolver *resolver)
{
    struct adaptive_config *config =
        &resolver->plan->policy.concurrency.adaptive;
    const struct adaptive_config *said =
        &resolver->draft->policy.concurrency.adaptive;
    char path[64];

    adaptive_config_init(config, said->algorithm);
    for (size_t i = 0; i < array_length(adaptive_keys); i++) {
        const struct adaptive_key *row = &adaptive_keys[i];
        snprintf(path, sizeof(path), "%s.%s", adaptive_path, row->key.name);
        if (resolve_is_given(resolver, path)) {
            memcpy((char *)config + row->offset,
                   (const char *)said + row->offset, row->size);
        }
        resolve_other_keys(resolver, adaptive_path, "algorithm",
                           choice_adaptive, (int)said->algorithm, &row->key,
                           1);
    }
    check_adaptive(resolver, config);
}

void resolve_concurrency(struct resolver *resolver)
{
    struct concurrency_config *concurrency =
        &resolver->plan->policy.concurrency;
    bool has_limit = resolve_is_given(resolver, "concurrency.limit");

    concurrency->enabled = resolve_is_given(resolver, "concurrency");
    concurrency->is_adaptive = resolve_is_given(resolver, adaptive_path);
    if (!concurrency->enabled) {
        return;
    }
    if (concurrency->is_adaptive) {
        resolve_adaptive(resolver);
    }
    if (concurrency->is_adaptive && has_limit) {
        struct error *error =
            resolve_conflict(resolver, "concurrency.limit", adaptive_path,
                             "an adaptive limit sets itself");
        error_hint(error, "remove it, or write it as adaptive.initial");
    } else if (!concurrency->is_adaptive && !has_limit) {
        struct error *error =
            resolve_refuse(resolver, "concurrency",
                           "there is neither \"limit\" nor \"adaptive\"");
        error_hint(error, "add \"limit\": 100");
    }
    check_pool(resolver, "concurrency", &concurrency->common);
    resolve_tiers(resolver, concurrency);
}

/* -- rate limit, throttle, hedge -- */

/* A list of what a layer is for must not be empty. */
static void need_any(const struct resolver *resolver, const char *path,
                     uint32_t bits, const char *example)
{
    if (bits == 0) {
        struct error *error = resolve_refuse(
            resolver, path, "an empty list, so it does nothing");
        error_hint(error, "write %s", example);
    }
}

void resolve_rate_limit(struct resolver *resolver)
{
    static const struct typed_key rate_keys[] = {
        {"burst", BIT(RATE_LIMIT_BUCKET)},
        {"rate", BIT(RATE_LIMIT_BUCKET)},
    };
    static const char section[] = "rate_limit";
    const struct rate_limit_config *limit = &resolver->plan->policy.rate_limit;

    if (!resolve_is_given(resolver, section)) {
        return;
    }
    resolve_other_keys(resolver, section, "type", choice_rate_limit,
                       (int)limit->type, rate_keys, array_length(rate_keys));
    if (limit->type == RATE_LIMIT_BUCKET) {
        resolve_need(resolver, section, "rate", "a token bucket",
                     "\"rate\": \"100/s\"");
        resolve_need(resolver, section, "burst", "a token bucket",
                     "\"burst\": 10");
    }
    need_any(resolver, "rate_limit.applies_to", limit->applies_to,
             "[\"first\", \"retry\"]");
}

void resolve_throttle(struct resolver *resolver)
{
    const struct throttle_config *throttle = &resolver->plan->policy.throttle;
    if (resolve_is_given(resolver, "throttle")) {
        need_any(resolver, "throttle.counts", throttle->rejections,
                 "[\"transient\", \"throttle\", \"timeout\", \"network\"]");
    }
}

static void resolve_hedge_budget(struct resolver *resolver,
                                 struct budget_config *budget)
{
    static const char *const needy[] = {"budget_min_per_sec", "budget_window"};
    struct budget_config said = *budget;
    char path[64];

    budget_config_init(budget);
    if (resolve_is_given(resolver, "hedge.budget_ratio")) {
        budget->type = BUDGET_RATIO_WINDOW;
        budget->deposit_when = DEPOSIT_REQUEST;
        budget->ratio = said.ratio;
        budget->window = said.window;
        budget->min_per_sec = said.min_per_sec;
        return;
    }
    for (size_t i = 0; i < array_length(needy); i++) {
        snprintf(path, sizeof(path), "hedge.%s", needy[i]);
        if (resolve_is_given(resolver, path)) {
            struct error *error = resolve_conflict(
                resolver, path, "hedge",
                "without hedge.budget_ratio there is no such budget");
            error_hint(error, "add \"budget_ratio\": \"5%%\"");
        }
    }
}

static void check_trigger(const struct resolver *resolver,
                          enum hedge_trigger trigger)
{
    static const struct typed_key trigger_keys[] = {
        {"delay", BIT(HEDGE_ON_DELAY)},
        {"min_delay", BIT(HEDGE_ON_QUANTILE)},
        {"min_samples", BIT(HEDGE_ON_QUANTILE)},
        {"quantile", BIT(HEDGE_ON_QUANTILE)},
        {"refresh", BIT(HEDGE_ON_QUANTILE)},
        {"window", BIT(HEDGE_ON_QUANTILE)},
    };
    const struct timeout_config *timeout = &resolver->plan->policy.timeout;

    resolve_other_keys(resolver, "hedge", "trigger", choice_hedge_trigger,
                       (int)trigger, trigger_keys, array_length(trigger_keys));
    if (trigger == HEDGE_ON_DELAY) {
        resolve_need(resolver, "hedge", "delay", "hedging after a delay",
                     "\"delay\": \"50ms\"");
    }
    /* Nothing else would ever end an attempt that does not answer. */
    if (trigger == HEDGE_ON_ATTEMPT_TIMEOUT &&
        (timeout->attempt.ns == INT64_MAX ||
         timeout->operation.ns == INT64_MAX)) {
        struct error *error = resolve_conflict(
            resolver, "hedge.trigger", "timeout",
            "the attempt timeout cancels nothing then, so timeout.attempt "
            "and timeout.operation are needed");
        error_hint(error, "add \"timeout\": {\"attempt\": \"1s\", "
                          "\"operation\": \"5s\"}");
    }
}

void resolve_hedge(struct resolver *resolver)
{
    const struct policy *policy = &resolver->plan->policy;
    struct hedge_config *hedge = &resolver->plan->policy.hedge;

    if (!resolve_is_given(resolver, "hedge")) {
        hedge_config_init(hedge);
        return;
    }
    check_trigger(resolver, hedge->trigger);
    resolve_hedge_budget(resolver, &hedge->budget);
    if (hedge->counts_as_retry && policy->retry.max_attempts == 1) {
        struct error *error = resolve_conflict(
            resolver, "hedge.counts_as_retry", "retry.max_attempts",
            "hedges count as retries, and retry.max_attempts allows none");
        error_hint(error, "add \"retry\": {\"max_attempts\": 2}, or remove "
                          "it");
    }
}
