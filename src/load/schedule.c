#include "load/schedule.h"

#include "base/must.h"

#include <math.h>

/* How much the integral of the rate grows over a whole stage: the number of
 * arrivals that it holds. */
static double stage_arrivals(const struct stage_config *stage)
{
    return (stage->from_per_s + stage->rate_per_s) / 2.0 *
           duration_in_seconds(stage->length);
}

/* n / rate seconds. Whole seconds are taken out first, so that the error
 * stays far below a nanosecond however long the run: k / rate is computed for
 * every k, nothing is added up. */
static struct duration time_at_constant_rate(double n, double rate_per_s)
{
    double rest = fmod(n, rate_per_s);
    double seconds = round((n - rest) / rate_per_s);
    struct duration whole = duration_from_ns(seconds * (double)NS_PER_S);
    struct duration part =
        duration_from_ns(rest * (double)NS_PER_S / rate_per_s);
    return duration_add(whole, part);
}

/* When a stage has made n arrivals, n > 0: the root of
 * from * t + (rate - from) / (2 * length) * t^2 = n, in the form that does
 * not cancel when the ramp is flat. FOREVER when it never does. */
static struct duration time_in_ramp(double n, const struct stage_config *stage)
{
    double from = stage->from_per_s;
    double slope =
        (stage->rate_per_s - from) / duration_in_seconds(stage->length);
    double square = from * from + 2.0 * slope * n;

    if (square < 0.0) {
        return DURATION_FOREVER;
    }
    double seconds = 2.0 * n / (from + sqrt(square));
    return duration_from_ns(seconds * (double)NS_PER_S);
}

/* When within its stage the integral has grown by n; FOREVER when the stage
 * does not get there. A stage without load has no arrivals, not even the one
 * that falls on its start. */
static struct duration time_in_stage(double n,
                                     const struct stage_config *stage)
{
    bool is_flat = stage->from_per_s == stage->rate_per_s ||
                   stage->length.ns == INT64_MAX;

    if (stage->rate_per_s <= 0.0 && (is_flat || stage->from_per_s <= 0.0)) {
        return DURATION_FOREVER;
    }
    /* Rounding may place the start of a stage a little past an arrival. */
    if (n <= 0.0) {
        return DURATION_ZERO;
    }
    return is_flat ? time_at_constant_rate(n, stage->rate_per_s)
                   : time_in_ramp(n, stage);
}

static double poisson_gap(struct schedule *schedule)
{
    double u = 1.0 - rng_unit(&schedule->rng); /* in (0, 1] */
    return -log(u);
}

/* Goes `count` arrivals on; the others' are drawn and left out. */
static void aim_at_next(struct schedule *schedule, uint64_t count)
{
    schedule->next_index += count;
    if (schedule->config->arrival == ARRIVAL_CONSTANT) {
        schedule->target = (double)schedule->next_index;
        return;
    }
    for (uint64_t i = 0; i < count; i++) {
        schedule->target += poisson_gap(schedule);
    }
}

void schedule_init(struct schedule *schedule, const struct load_config *config,
                   uint64_t seed, uint64_t worker, uint64_t workers)
{
    must(config->stage_count > 0);
    must(worker < workers);
    *schedule = (struct schedule){
        .config = config,
        .worker = worker,
        .workers = workers,
        .rng = rng_stream(seed, RNG_ARRIVAL, 0),
    };
    if (config->arrival == ARRIVAL_POISSON) {
        schedule->target = poisson_gap(schedule);
    }
    aim_at_next(schedule, worker);
}

static bool next_recorded(struct schedule *schedule,
                          struct arrival_time *arrival)
{
    const struct arrivals *arrivals = schedule->config->arrivals;

    if (schedule->next_index >= arrivals->count) {
        return false;
    }
    *arrival = (struct arrival_time){
        .at = arrivals_due(arrivals, schedule->next_index),
        .index = schedule->next_index,
    };
    schedule->next_index += schedule->workers;
    return true;
}

bool schedule_next(struct schedule *schedule, struct arrival_time *arrival)
{
    const struct load_config *config = schedule->config;

    if (config->arrivals) {
        return next_recorded(schedule, arrival);
    }
    while (schedule->stage < config->stage_count) {
        const struct stage_config *stage = &config->stages[schedule->stage];
        double n = schedule->target - schedule->stage_start_integral;
        struct duration at = time_in_stage(n, stage);

        /* The end of a stage belongs to the next one. Decided on rounded
         * times, so that no rounding of the integral can move an arrival
         * over a boundary. */
        if (at.ns < stage->length.ns) {
            arrival->at = duration_add(schedule->stage_start, at);
            arrival->stage = schedule->stage;
            arrival->index = schedule->next_index;
            aim_at_next(schedule, schedule->workers);
            return true;
        }
        if (stage->length.ns == INT64_MAX) {
            return false;
        }
        schedule->stage_start =
            duration_add(schedule->stage_start, stage->length);
        schedule->stage_start_integral += stage_arrivals(stage);
        schedule->stage++;
    }
    return false;
}
