#include "run/drive.h"

/* A short run is not waited for long: the first waits are shorter. */
enum { TICK_FIRST_MS = 1, TICK_MS = 100 };

/* Of a worker in virtual time, between two looks at what has been asked. */
enum { TURNS = 4096 };

static const char *phase_at(const struct load_config *load, struct duration at,
                            bool load_over)
{
    struct duration end = DURATION_ZERO;
    if (load_over) {
        return "drain";
    }
    if (at.ns < load->warmup.ns) {
        return "warm-up";
    }
    for (size_t i = 0; i < load->stage_count; i++) {
        end = duration_add(end, load->stages[i].length);
        if (at.ns < end.ns) {
            return load->stages[i].name;
        }
    }
    return load->stage_count ? load->stages[load->stage_count - 1].name
                             : "load";
}

/* Who asks more often gets the same figures. */
#define FIGURES_EVERY duration_s(1)

/* Turns two snapshots about a second apart into a rate. */
struct pace {
    struct instant at;
    uint64_t finished;
    double per_s;
};

static void pace_take(struct pace *pace, const struct fleet_snapshot *snapshot)
{
    struct duration since = instant_since(snapshot->now, pace->at);

    if (since.ns >= NS_PER_S) {
        pace->per_s = (double)(snapshot->finished - pace->finished) /
                      duration_in_seconds(since);
        pace->at = snapshot->now;
        pace->finished = snapshot->finished;
    }
}

static void report_progress(const struct plan *plan, struct pace *pace,
                            const struct fleet_snapshot *snapshot,
                            const struct run_observer *observer)
{
    const struct load_config *load = &plan->load;
    struct duration elapsed =
        instant_since(snapshot->now, (struct instant){0});

    if (!observer->progress) {
        return;
    }
    pace_take(pace, snapshot);
    struct progress progress = {
        .phase = phase_at(load, elapsed, snapshot->load_over),
        .elapsed = elapsed,
        .total = load->duration.ns == INT64_MAX
                     ? DURATION_FOREVER
                     : duration_add(load->warmup, load->duration),
        .operations_total = load->operations,
        .started = snapshot->started,
        .finished = snapshot->finished,
        .succeeded = snapshot->succeeded,
        .attempts = snapshot->attempts,
        .errors = snapshot->finished - snapshot->succeeded,
        .in_flight = snapshot->in_flight,
        .rate_per_s = pace->per_s,
        .p99_us = snapshot->p99_us,
        .amplification = snapshot->started ? (double)snapshot->on_wire /
                                                 (double)snapshot->started
                                           : -1,
    };
    observer->progress(observer->context, &progress);
}

/* The figures so far: whether they were asked for, and when they may be. */
struct asking {
    bool is_open;
    struct instant next;
};

static void watch_figures(struct asking *asking, struct fleet *fleet,
                          struct instant now,
                          const struct drive_figures *figures)
{
    struct fleet_figures so_far;

    if (!figures->wants) {
        return;
    }
    if (!asking->is_open && !instant_before(now, asking->next) &&
        figures->wants(figures->context)) {
        fleet_ask(fleet);
        asking->is_open = true;
        asking->next = instant_add(now, FIGURES_EVERY);
    }
    if (asking->is_open && fleet_peek(fleet, &so_far)) {
        asking->is_open = false;
        if (figures->take(figures->context, &so_far)) {
            fleet_stop(fleet);
        }
    }
}

/* Passes on what has been asked since the last time. */
static void obey(struct fleet *fleet, const struct run_observer *observer,
                 const atomic_uint *stops, unsigned *obeyed)
{
    unsigned asked = stops ? atomic_load(stops) : 0;

    for (; *obeyed < asked; ++*obeyed) {
        fleet_stop(fleet);
        if (*obeyed == 0) {
            observer_note(observer, "interrupted: awaiting what is in flight; "
                                    "once more to give it up");
        }
    }
}

/* Nothing that is still to come can mend it: nobody waits for the rest. */
static bool give_up_the_hopeless(const struct plan *plan, struct fleet *fleet,
                                 const struct fleet_snapshot *snapshot)
{
    bool is_hopeless =
        plan->miss_limit.is_on && snapshot->missed > plan->miss_limit.most;

    if (is_hopeless) {
        fleet_stop(fleet);
        fleet_stop(fleet);
    }
    return is_hopeless;
}

const struct tally *drive(const struct plan *plan, struct fleet *fleet,
                          struct timeline_threads *timeline,
                          const struct run_observer *observer,
                          const struct drive_figures *figures,
                          const atomic_uint *stops, struct errors *errors)
{
    struct pace pace = {0};
    struct asking asking = {0};
    struct fleet_snapshot snapshot = {0};
    struct duration tick = duration_ms(TICK_FIRST_MS);
    unsigned obeyed = 0;
    bool is_given_up = false;

    if (figures->wants) {
        fleet_allow_peek(fleet);
    }
    if (!fleet_start(fleet, errors)) {
        return NULL;
    }
    if (timeline) {
        timeline_threads_start(timeline, fleet_origin(fleet));
    }
    fleet_snapshot(fleet, &snapshot);
    while (!snapshot.ended) {
        if (!fleet_work(fleet, TURNS)) {
            observer_wait(observer, tick);
            tick =
                duration_min(duration_add(tick, tick), duration_ms(TICK_MS));
        }
        obey(fleet, observer, stops, &obeyed);
        fleet_snapshot(fleet, &snapshot);
        if (timeline) {
            timeline_threads_note(timeline, observer);
        }
        if (timeline && snapshot.load_over) {
            timeline_threads_end(timeline);
        }
        is_given_up =
            is_given_up || give_up_the_hopeless(plan, fleet, &snapshot);
        if (!snapshot.ended) {
            report_progress(plan, &pace, &snapshot, observer);
            watch_figures(&asking, fleet, snapshot.now, figures);
        }
    }
    return fleet_join(fleet);
}
