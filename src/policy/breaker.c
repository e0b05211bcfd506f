#include "policy/breaker.h"

#include "base/must.h"
#include "policy/slots.h"

#include <math.h>
#include <string.h>

#define TO(state) (1u << BREAKER_##state)

/* The closed table of transitions. */
static const unsigned followers[] = {
    [BREAKER_CLOSED] = TO(OPEN),
    [BREAKER_OPEN] = TO(HALF_OPEN),
    [BREAKER_HALF_OPEN] = TO(OPEN) | TO(CLOSED),
};

static const char *const state_names[] = {
    [BREAKER_CLOSED] = "closed",
    [BREAKER_OPEN] = "open",
    [BREAKER_HALF_OPEN] = "half_open",
};

const char *breaker_state_name(enum breaker_state state)
{
    return state_names[state];
}

/* -- windows -- */

static void window_reset(struct breaker_window *window, struct instant now)
{
    memset(window, 0, sizeof(*window));
    window->since = now;
}

static void count_add(const struct breaker_condition *condition,
                      struct breaker_window *window, bool is_bad)
{
    unsigned at = window->count.next;
    uint64_t *word = &window->count.bits[at / 64];
    uint64_t bit = UINT64_C(1) << (at % 64);

    if (window->calls == condition->size) {
        window->bad -= (*word & bit) != 0;
    } else {
        window->calls++;
    }
    *word = is_bad ? *word | bit : *word & ~bit;
    window->bad += is_bad;
    window->count.next = at + 1 == condition->size ? 0 : at + 1;
}

static void time_add(const struct breaker_condition *condition,
                     struct breaker_window *window, struct instant now,
                     bool is_bad)
{
    int64_t passed = slots_advance(&window->time.newest, now,
                                   condition->window, condition->buckets);
    int64_t newest = window->time.newest;
    for (int64_t i = 0; i < passed; i++) {
        struct breaker_bucket *old =
            &window->time.buckets[(newest - i) % condition->buckets];
        window->calls -= old->calls;
        window->bad -= old->bad;
        *old = (struct breaker_bucket){0, 0};
    }
    struct breaker_bucket *bucket =
        &window->time.buckets[newest % condition->buckets];
    bucket->calls++;
    bucket->bad += is_bad;
    window->calls++;
    window->bad += is_bad;
}

/* The first sample is the average; then each pulls by how long the last one
 * has had to fade. */
static void ema_add(const struct breaker_condition *condition,
                    struct breaker_window *window, struct instant now,
                    bool is_bad)
{
    double sample = is_bad;
    if (window->calls == 0) {
        window->ema.value = sample;
    } else {
        double gap = duration_in_seconds(instant_since(now, window->ema.last));
        double kept = exp(-gap / duration_in_seconds(condition->window));
        window->ema.value = sample * (1.0 - kept) + window->ema.value * kept;
    }
    window->ema.last = now;
    window->calls++;
    window->bad += is_bad;
}

static void window_add(const struct breaker_condition *condition,
                       struct breaker_window *window, struct instant now,
                       bool is_bad)
{
    if (condition->type == TRIP_CONSECUTIVE) {
        window->bad = is_bad ? window->bad + 1 : 0;
        return;
    }
    switch (condition->window_type) {
    case WINDOW_COUNT:
        count_add(condition, window, is_bad);
        return;
    case WINDOW_TIME:
        time_add(condition, window, now, is_bad);
        return;
    case WINDOW_EMA:
        ema_add(condition, window, now, is_bad);
        return;
    }
}

static bool holds(const struct breaker_condition *condition,
                  const struct breaker_window *window, struct instant now)
{
    if (condition->type == TRIP_CONSECUTIVE) {
        return window->bad >= condition->count;
    }
    unsigned needed = condition->min_calls;
    if (condition->window_type == WINDOW_COUNT && needed > condition->size) {
        needed = condition->size;
    }
    if (window->calls == 0 || window->calls < needed ||
        instant_since(now, window->since).ns < condition->min_age.ns) {
        return false;
    }
    /* A share of whole calls is compared without dividing: 1 of 10 is 10 %,
     * whatever a double makes of it. */
    double bad =
        condition->window_type == WINDOW_EMA ? window->ema.value : window->bad;
    double all = condition->window_type == WINDOW_EMA ? 1.0 : window->calls;
    double limit = condition->rate * all;
    return condition->strictly ? bad > limit : bad >= limit;
}

static bool is_in(uint32_t classes, enum outcome_class class)
{
    return classes >> class & 1u;
}

static bool is_bad(const struct breaker_condition *condition,
                   enum outcome_class class, struct duration elapsed)
{
    return condition->type == TRIP_SLOW ? elapsed.ns > condition->slow.ns
                                        : is_in(condition->failures, class);
}

/* -- states -- */

static void move_to(struct breaker *breaker, enum breaker_state state,
                    struct instant now)
{
    must(followers[breaker->state] >> state & 1u);
    breaker->state = state;
    breaker->since = now;
    breaker->period++;
    breaker->given = 0;
    breaker->done = 0;
    breaker->bad = 0;
}

static void open_up(struct breaker *breaker,
                    const struct breaker_config *config, struct instant now,
                    struct rng *rng)
{
    move_to(breaker, BREAKER_OPEN, now);
    struct duration wait =
        backoff_next(&config->open, &breaker->open, breaker->openings, rng);
    breaker->open_until = instant_add(now, wait);
    breaker->openings++;
    breaker->opened++;
}

static void close_down(struct breaker *breaker,
                       const struct breaker_config *config, struct instant now)
{
    move_to(breaker, BREAKER_CLOSED, now);
    breaker->openings = 0;
    backoff_restart(&breaker->open, 0);
    breaker->closed++;
    for (unsigned i = 0; i < config->condition_count; i++) {
        window_reset(&breaker->windows[i], now);
    }
}

static void pass_on(struct breaker *breaker, struct instant now)
{
    must(!instant_before(now, breaker->last));
    breaker->last = now;
}

/* Probes that have not come back in time are as bad as failed ones. */
static void expire_probes(struct breaker *breaker,
                          const struct breaker_config *config,
                          struct instant now, struct rng *rng)
{
    if (breaker->state == BREAKER_HALF_OPEN && config->half_open_max.ns > 0 &&
        !instant_before(now,
                        instant_add(breaker->since, config->half_open_max))) {
        open_up(breaker, config, now, rng);
    }
}

void breaker_init(struct breaker *breaker, const struct breaker_config *config,
                  struct instant now)
{
    must(config->condition_count <= BREAKER_CONDITIONS_MAX);
    must(config->condition_count == 0 || config->half_open_calls >= 1);
    memset(breaker, 0, sizeof(*breaker));
    breaker->since = now;
    breaker->last = now;
    for (unsigned i = 0; i < config->condition_count; i++) {
        const struct breaker_condition *condition = &config->any_of[i];
        bool windowed = condition->type != TRIP_CONSECUTIVE;
        must(!windowed || condition->window_type != WINDOW_COUNT ||
             (condition->size >= 1 && condition->size <= BREAKER_SIZE_MAX));
        must(!windowed || condition->window_type != WINDOW_TIME ||
             (condition->buckets >= 1 &&
              condition->buckets <= BREAKER_BUCKETS_MAX));
        window_reset(&breaker->windows[i], now);
    }
}

bool breaker_allow(struct breaker *breaker,
                   const struct breaker_config *config, struct instant now,
                   struct breaker_permit *permit, struct rng *rng)
{
    pass_on(breaker, now);
    expire_probes(breaker, config, now, rng);
    if (breaker->state == BREAKER_OPEN &&
        !instant_before(now, breaker->open_until)) {
        breaker->open_total = duration_add(breaker->open_total,
                                           instant_since(now, breaker->since));
        move_to(breaker, BREAKER_HALF_OPEN, now);
        breaker->half_opened++;
    }
    bool allowed = true;
    switch (breaker->state) {
    case BREAKER_CLOSED:
        break;
    case BREAKER_OPEN:
        allowed = false;
        break;
    case BREAKER_HALF_OPEN:
        allowed = breaker->given < config->half_open_calls;
        breaker->given += allowed;
        break;
    }
    breaker->denied += !allowed;
    permit->period = breaker->period;
    return allowed;
}

static void watch(struct breaker *breaker, const struct breaker_config *config,
                  struct instant now, enum outcome_class class,
                  struct duration elapsed, struct rng *rng)
{
    bool trips = false;
    for (unsigned i = 0; i < config->condition_count; i++) {
        const struct breaker_condition *condition = &config->any_of[i];
        struct breaker_window *window = &breaker->windows[i];
        if (is_in(condition->ignored, class)) {
            continue;
        }
        window_add(condition, window, now, is_bad(condition, class, elapsed));
        trips = holds(condition, window, now) || trips;
    }
    if (trips) {
        open_up(breaker, config, now, rng);
    }
}

/* What no condition has an opinion on gives its probe back. */
static void judge_probe(struct breaker *breaker,
                        const struct breaker_config *config,
                        struct instant now, enum outcome_class class,
                        struct duration elapsed, struct rng *rng)
{
    bool counted = false;
    bool bad = false;
    for (unsigned i = 0; i < config->condition_count; i++) {
        const struct breaker_condition *condition = &config->any_of[i];
        if (!is_in(condition->ignored, class)) {
            counted = true;
            bad = bad || is_bad(condition, class, elapsed);
        }
    }
    if (!counted) {
        breaker->given--;
        return;
    }
    breaker->done++;
    breaker->bad += bad;
    if (config->close_when == CLOSE_ALL_SUCCESS && bad) {
        open_up(breaker, config, now, rng);
    } else if (breaker->done < config->half_open_calls) {
        return;
    } else if (config->close_when == CLOSE_RATE_BELOW &&
               breaker->bad >= config->half_open_rate * breaker->done) {
        open_up(breaker, config, now, rng);
    } else {
        close_down(breaker, config, now);
    }
}

void breaker_on_done(struct breaker *breaker,
                     const struct breaker_config *config, struct instant now,
                     struct breaker_permit permit, enum outcome_class class,
                     struct duration elapsed, struct rng *rng)
{
    pass_on(breaker, now);
    expire_probes(breaker, config, now, rng);
    if (permit.period != breaker->period) {
        return;
    }
    switch (breaker->state) {
    case BREAKER_CLOSED:
        watch(breaker, config, now, class, elapsed, rng);
        return;
    case BREAKER_OPEN:
        break; /* nothing is permitted in such a period */
    case BREAKER_HALF_OPEN:
        judge_probe(breaker, config, now, class, elapsed, rng);
        return;
    }
    must_never("a permit of an open period");
}

void breaker_forget(struct breaker *breaker, struct breaker_permit permit)
{
    if (permit.period == breaker->period &&
        breaker->state == BREAKER_HALF_OPEN) {
        must(breaker->given > breaker->done);
        breaker->given--;
    }
}
