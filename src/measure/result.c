#include "measure/result.h"

#include "base/must.h"
#include "measure/guard.h"
#include "measure/herd.h"
#include "measure/series.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* From this share of a core on a worker has no time to spare. */
#define SATURATED_SHARE 0.95

/* Who had a core for this share of the time that it was late was at work. */
#define LATE_BUSY_SHARE 0.8

/* How long rates are taken over. */
struct span {
    double seconds;      /* in which operations were due */
    double work_seconds; /* in which attempts were sent and successes came */
    bool whole;          /* all of them are in it */
};

static double per_second(uint64_t count, double seconds)
{
    return seconds > 0 ? (double)count / seconds : -1;
}

static double share(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : -1;
}

static struct panel_figures figures_of(const struct tally *tally,
                                       const struct panel *panel,
                                       const struct span *span)
{
    uint64_t succeeded = panel->verdicts[VERDICT_SUCCEEDED];
    return (struct panel_figures){
        .seconds = span->seconds,
        .offered_per_s = per_second(panel_offered(panel), span->seconds),
        .operations_per_s = per_second(panel->started, span->seconds),
        .attempts_per_s =
            per_second(span->whole ? panel->on_wire : panel->sent_in_time,
                       span->work_seconds),
        .goodput_per_s =
            per_second(span->whole ? succeeded : panel->succeeded_in_time,
                       span->work_seconds),
        .success_rate = share(succeeded, panel_finished(panel)),
        .attempts_per_operation = share(panel->on_wire, panel->started),
        .retry_share = share(panel->retries_on_wire, panel->on_wire),
        .wasted_share = share(panel->wasted, panel->on_wire),
        .hedge_share = tally_has(tally, LAYER_HEDGE)
                           ? share(panel->hedges_sent, panel->on_wire)
                           : -1,
    };
}

/*
 * A run that its length ends has the rates of that length: what was sent or
 * succeeded in it. One that ends with its number of operations lasts, for
 * attempts and goodput, until the last verdict; in the closed model for all
 * rates, because there a start waits for a verdict.
 */
static struct span span_of(const struct result_input *input)
{
    const struct tally *tally = input->tally;
    double seconds = duration_in_seconds(input->measured);
    struct instant origin = {tally->config.warmup.ns};
    struct instant end = instant_add(origin, input->measured);
    double until_last = duration_in_seconds(
        instant_since(instant_max(end, tally->total.last_finished), origin));
    /* A clock that is read a little early does not make a count of it. */
    struct instant about = instant_add(
        end, duration_max(duration_ms(10),
                          (struct duration){input->measured.ns / 100}));
    bool by_count = input->complete && about.ns < tally->config.load_length.ns;

    if (!by_count) {
        return (struct span){seconds, seconds, false};
    }
    return (struct span){input->open_model ? seconds : until_last, until_last,
                         true};
}

/* A phase lasts as long as operations were due in it; the last one of a run
 * that its number of operations ends goes on as the run does. */
static struct span span_of_stage(const struct result_input *input,
                                 const struct span *run, size_t stage)
{
    double seconds = duration_in_seconds(input->stage_lengths[stage]);
    double rest = run->work_seconds - duration_in_seconds(input->measured);
    bool is_last = true;
    for (size_t i = stage + 1; i < input->stage_count; i++) {
        is_last = is_last && input->stage_lengths[i].ns == 0;
    }
    if (!run->whole || !is_last) {
        return (struct span){seconds, seconds, false};
    }
    return (struct span){seconds, seconds + rest, true};
}

static void compute_panels(struct result *result, struct arena *arena,
                           const struct result_input *input)
{
    const struct tally *tally = input->tally;
    struct span span = span_of(input);

    result->total = figures_of(tally, &tally->total, &span);
    if (input->is_so_far) {
        /* Some have not ended, of operations that have started. */
        result->total.attempts_per_operation =
            share(tally->sent, tally->total.started);
    }
    result->requests =
        arena_array(arena, input->request_count, sizeof(*result->requests));
    for (size_t i = 0; i < input->request_count; i++) {
        result->requests[i] = figures_of(tally, tally->requests[i], &span);
    }
    result->stages =
        arena_array(arena, input->stage_count, sizeof(*result->stages));
    for (size_t i = 0; i < input->stage_count; i++) {
        struct span stage = span;
        if (tally->stages[i] != &tally->total) {
            stage = span_of_stage(input, &span, i);
        }
        result->stages[i] = figures_of(tally, tally->stages[i], &stage);
    }
}

static struct tier_figures *find_tier(struct result *result, uint64_t tier)
{
    for (size_t i = 0; i < result->tier_count; i++) {
        if (result->tiers[i].tier == tier) {
            return &result->tiers[i];
        }
    }
    return NULL;
}

/* A tier of one request has the panel of that one. */
static void compute_tiers(struct result *result, struct arena *arena,
                          const struct result_input *input)
{
    const struct tally *tally = input->tally;
    struct span span = span_of(input);

    result->tiers =
        arena_array(arena, input->request_count, sizeof(*result->tiers));
    for (size_t i = 0; i < input->request_count; i++) {
        uint64_t tier = input->request_tiers[i];
        struct tier_figures *found = find_tier(result, tier);
        struct panel *panel = tally->requests[i];
        if (!found) {
            found = &result->tiers[result->tier_count++];
            found->tier = tier;
        } else {
            panel = arena_alloc(arena, sizeof(*panel));
            tally_init_panel(panel, arena, tally->total.until);
            tally_merge_panel(panel, found->panel);
            tally_merge_panel(panel, tally->requests[i]);
        }
        found->panel = panel;
        found->figures = figures_of(tally, panel, &span);
    }
}

static struct policy_figures policy_figures_of(
    const struct result_input *input)
{
    const struct tally *tally = input->tally;
    const struct client_tally *clients = &tally->clients;
    struct instant end = instant_add((struct instant){tally->config.warmup.ns},
                                     input->measured);
    end = instant_max(end, tally->total.last_finished);
    return (struct policy_figures){
        .breaker_open = tally_has(tally, LAYER_BREAKER)
                            ? breakers_open_time(&tally->breakers, end)
                            : NOT_MEASURED,
        .limit_end = tally_has(tally, LAYER_CONCURRENCY)
                         ? share(clients->limits, clients->count)
                         : -1,
        .budget_level_end =
            clients->budgets > 0
                ? share(clients->budget_levels, clients->budgets) / 1e6
                : -1,
    };
}

static void compute_series(struct result *result, struct arena *arena,
                           const struct tally *tally)
{
    const struct series *series = tally->series;
    result->series_interval = series->interval;
    result->series_count = series->count;
    result->series =
        arena_array(arena, series->count, sizeof(*result->series));
    series_points(series, tally->config.layers, result->series);
}

static void compute_recoveries(struct result *result, struct arena *arena,
                               const struct result_input *input)
{
    result->triggers = input->triggers;
    if (input->tally->due) {
        result->recoveries = recovery_compute(
            arena, input->tally->due, input->triggers, input->trigger_count,
            input->measured, input->open_model);
    }
}

static void warn(struct generator_figures *generator, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void warn(struct generator_figures *generator, const char *format, ...)
{
    if (generator->warning_count == array_length(generator->warnings)) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(generator->warnings[generator->warning_count++],
              sizeof(generator->warnings[0]), format, arguments);
    va_end(arguments);
}

static uint64_t clamped_in(const struct tally *tally)
{
    const struct hist *hist = tally->total.hist;
    uint64_t clamped = tally->schedule_lag.clamped;
    for (size_t i = 0; i < HISTOGRAM_COUNT; i++) {
        clamped += hist[i].clamped;
    }
    /* These repeat values of others. */
    return clamped - hist[HISTOGRAM_SUCCEEDED].clamped -
           hist[HISTOGRAM_FAILED].clamped - hist[HISTOGRAM_ATTEMPT_OK].clamped;
}

/* Whether workers were at work in the times in which they were late. Else they
 * were kept from it: this machine had no core for them, or they were stopped.
 */
static bool is_late_by_work(const struct worker_tally *workers)
{
    return workers->late_wall.ns > 0 &&
           (double)workers->late_cpu.ns >=
               LATE_BUSY_SHARE * (double)workers->late_wall.ns;
}

static double in_ms(struct duration duration)
{
    return (double)duration.ns / (double)NS_PER_MS;
}

/* Why squall was late, by `longest` at most, as the end of a sentence; and
 * what to do. */
static void explain_lateness(const struct generator_figures *generator,
                             const struct worker_tally *workers,
                             struct duration longest, char *words, size_t size)
{
    if (is_late_by_work(workers)) {
        snprintf(words, size,
                 "it was at work all the time: lower the rate, or use more "
                 "threads");
    } else if (workers->waiting_max.ns >= longest.ns / 2) {
        snprintf(words, size,
                 "this machine was busy: squall waited %.0f ms for a CPU, up "
                 "to %.0f ms at a time",
                 in_ms(workers->waiting), in_ms(workers->waiting_max));
    } else if (generator->stolen.ns >= longest.ns / 2) {
        snprintf(words, size,
                 "the host of this machine was busy: it took %.0f ms of its "
                 "cores",
                 in_ms(generator->stolen));
    } else {
        snprintf(words, size,
                 "it had little to do: its process, or this machine, was "
                 "stopped");
    }
}

/* The tool's own limits, never to be mistaken for the service's. */
static void judge_starts(struct generator_figures *generator,
                         const struct tally *tally, struct duration measured)
{
    double lag_ms =
        (double)hist_quantile_us(&tally->schedule_lag, 0.99) / 1000;
    double operation_ms = (double)hist_quantile_us(
                              &tally->total.hist[HISTOGRAM_OPERATION], 0.99) /
                          1000;
    char why[120];

    if (lag_ms <= 1) {
        return;
    }
    explain_lateness(generator, &tally->workers,
                     duration_us((int64_t)(lag_ms * 1000)), why, sizeof(why));
    generator->saturated |= operation_ms >= 0 && lag_ms > 5 &&
                            lag_ms > operation_ms / 10 &&
                            is_late_by_work(&tally->workers);
    generator->too_late = lag_ms > in_ms(measured) / 10;
    warn(generator, "squall started its operations late, p99 %.1f ms; %s",
         lag_ms, why);
}

static void judge_stalls(struct generator_figures *generator,
                         const struct worker_tally *workers)
{
    char why[120];

    if (workers->stalls == 0) {
        return;
    }
    explain_lateness(generator, workers, workers->away_max, why, sizeof(why));
    warn(generator,
         "squall saw nothing of the service for up to %.0f ms, and %llu "
         "time%s for 10 ms or more; %s",
         in_ms(workers->away_max), (unsigned long long)workers->stalls,
         workers->stalls == 1 ? "" : "s", why);
}

/* A worker without time to spare is what the figures are of, perhaps. */
static void judge_cpu(struct generator_figures *generator, double share)
{
    generator->saturated |= share >= SATURATED_SHARE;
    if (share > 0.9) {
        warn(generator,
             "a worker of squall used %.0f %% of its core; lower the rate or "
             "use more threads, or figures may be those of squall and not of "
             "the service",
             share * 100);
    }
}

/* From this wait on, and this share of the time with the service, squall's own
 * connections are part of what is measured. */
#define OWN_WAIT_MIN_US 1000
#define OWN_WAIT_SHARE 0.1

/* Whether attempts waited long for a connection, at a quantile. */
static bool waits_long(const struct panel *total, double q)
{
    const struct hist *queue = &total->hist[HISTOGRAM_QUEUE];
    int64_t wait = hist_quantile_us(queue, q);
    int64_t takes = hist_quantile_us(&total->hist[HISTOGRAM_ATTEMPT], q);

    if (queue->count == 0) {
        return false;
    }
    return wait < 0 || (wait >= OWN_WAIT_MIN_US && takes >= 0 &&
                        (double)wait >= OWN_WAIT_SHARE * (double)takes);
}

/* The wait at a quantile, as a part of a sentence. */
static void put_wait(const struct panel *total, double q, char *words,
                     size_t size)
{
    int64_t wait = hist_quantile_us(&total->hist[HISTOGRAM_QUEUE], q);

    if (wait < 0) {
        snprintf(words, size, "in vain");
    } else {
        double ms = (double)wait / 1000;
        snprintf(words, size, ms < 999.5 ? "%.3g ms" : "%.2f s",
                 ms < 999.5 ? ms : ms / 1000);
    }
}

/* First of all: the figures are those of squall's own limit. */
static void judge_connections(struct generator_figures *generator,
                              const struct result_input *input)
{
    const struct panel *total = &input->tally->total;
    unsigned long long connections = input->connections;
    const char *s = connections == 1 ? "" : "s";
    char wait[40];

    if (waits_long(total, 0.5)) {
        put_wait(total, 0.5, wait, sizeof(wait));
        generator->lacks_connections = true;
        warn(generator,
             "connections are the limit: attempts waited %s at p50 for one of "
             "%llu connection%s (-c); the service may be quicker than the "
             "latency of operations",
             wait, connections, s);
    } else if (waits_long(total, 0.99)) {
        put_wait(total, 0.99, wait, sizeof(wait));
        warn(generator,
             "attempts waited %s at p99 for one of squall's %llu connection%s "
             "(-c); the latency of operations contains it",
             wait, connections, s);
    }
}

/* What nobody knows is not good: quantiles above the rest are null. What the
 * clients' own policies shed is listed with the operations. */
static void judge_unknown(struct generator_figures *generator,
                          const struct panel *total)
{
    const uint64_t *shed_for = total->shed_reasons;
    unsigned long long shed = shed_for[FINISH_NO_CONNECTION] +
                              shed_for[FINISH_NO_SOCKET] +
                              shed_for[FINISH_ABANDONED];
    unsigned long long given_up = total->hist[HISTOGRAM_OPERATION].unknown;
    unsigned long long unknown = total->dropped + shed + given_up;

    if (unknown == 0) {
        return;
    }
    warn(generator,
         "%llu of %llu operations have no latency that is known (%llu "
         "dropped, %llu never sent, %llu given up at the end): a quantile "
         "above the "
         "share of the others is \"never\"",
         unknown, (unsigned long long)panel_offered(total),
         (unsigned long long)total->dropped, shed, given_up);
}

/* Those that were never started would have been the slowest: without them
 * the figures are of another load than the one that was asked for. */
static void judge_dropped(struct generator_figures *generator,
                          const struct panel *total)
{
    if (total->dropped == 0) {
        return;
    }
    double lost_share = (double)total->dropped / (double)panel_offered(total);
    warn(generator,
         "%llu operations (%.2g %%) were due and never started: squall's "
         "limit of operations in flight (load.max_in_flight) was reached",
         (unsigned long long)total->dropped, lost_share * 100);
}

/* Nobody refused these: the machine that drives the load could not. */
static void judge_unsent(struct generator_figures *generator,
                         const struct panel *total)
{
    uint64_t unsent = total->by_outcome[OUTCOME_NO_SOCKET];
    if (unsent == 0) {
        return;
    }
    double unsent_share = (double)unsent / (double)total->attempts;
    warn(generator,
         "%llu attempts (%.2g %%) could not be made: this machine ran out of "
         "descriptors, ports or memory; use fewer connections (-c), or raise "
         "its limits",
         (unsigned long long)unsent, unsent_share * 100);
}

static void judge_generator(struct result *result,
                            const struct result_input *input)
{
    struct generator_figures *generator = &result->generator;
    const struct tally *tally = input->tally;

    generator->cpu_share = input->cpu_share;
    judge_connections(generator, input);
    generator->stolen = input->stolen;
    judge_cpu(generator, input->cpu_share);
    if (input->open_model && !input->is_replay) {
        judge_starts(generator, tally, input->measured);
    }
    judge_stalls(generator, &tally->workers);
    judge_dropped(generator, &tally->total);
    judge_unsent(generator, &tally->total);
    judge_unknown(generator, &tally->total);
    if (clamped_in(tally) > 0) {
        warn(generator, "%llu durations above 1 h were counted as 1 h",
             (unsigned long long)clamped_in(tally));
    }
    if (result->herd.covered.ns / NS_PER_S < input->measured.ns / NS_PER_S) {
        warn(generator, "the herd figures cover the first hour only%s",
             input->measured.ns > HERD_SECONDS_MAX * NS_PER_S
                 ? ", the peak of one second the first 24 hours"
                 : "");
    }
    if (tally->sent != tally->total.on_wire && !input->is_so_far) {
        warn(generator,
             "%llu sends were recorded and %llu attempts on the wire ended: "
             "the "
             "series and the herd figures may be off by the difference",
             (unsigned long long)tally->sent,
             (unsigned long long)tally->total.on_wire);
    }
}

/* How many SLOs have this word. */
static size_t count_words(const struct result *result, enum slo_word word)
{
    size_t count = 0;
    for (size_t i = 0; i < result->slo_count; i++) {
        count += result->judgements[i].word == word;
    }
    return count;
}

/* Of two things that went wrong, the first is why: what was not done to the
 * service is no finding about it. */
static void put_timeline_problem(struct result *result, const char *problem)
{
    char found[sizeof result->problem];

    snprintf(found, sizeof found, "%s", result->problem);
    snprintf(result->problem, sizeof result->problem, "%.300s%s%.490s",
             problem, found[0] ? "; " : "", found);
}

static void judge_run(struct result *result, struct arena *arena,
                      const struct result_input *input)
{
    const char *timeline_problem = input->timeline_problem;
    enum guard_finding found =
        guard_judge(result->tally, result->slos, result->slo_count,
                    result->problem, sizeof(result->problem));
    bool unjudged = result->effects.oracle == ORACLE_UNVERIFIED ||
                    found == GUARD_NOTHING_STARTED ||
                    found == GUARD_NOTHING_SENT || timeline_problem;

    if (timeline_problem) {
        put_timeline_problem(result, timeline_problem);
    }
    result->judgements =
        arena_array(arena, result->slo_count, sizeof(*result->judgements));
    result->terms =
        arena_array(arena, result->slo_count, sizeof(struct slo_judgement *));
    for (size_t i = 0; i < result->slo_count; i++) {
        const struct slo *slo = &result->slos[i];
        result->terms[i] =
            arena_array(arena, slo->term_count, sizeof(*result->terms[i]));
        result->judgements[i] = slo_judge_all(slo, result, result->terms[i]);
    }
    size_t failed = count_words(result, SLO_MISSED) +
                    count_words(result, SLO_NOT_MEASURED);
    if (input->stop_reason) {
        snprintf(result->problem, sizeof(result->problem), "%.*s",
                 (int)sizeof(result->problem) - 1, input->stop_reason);
        result->verdict = RUN_FAIL;
    } else if (!result->complete) {
        result->verdict = RUN_INCOMPLETE;
    } else if (unjudged) {
        result->verdict = RUN_INVALID;
    } else if (failed > 0 || found == GUARD_NONE_SUCCEEDED) {
        result->verdict = RUN_FAIL;
    } else if (count_words(result, SLO_INVALID) > 0) {
        result->verdict = RUN_INVALID;
        result->only_undecided = true;
    } else {
        result->verdict = result->slo_count > 0 ? RUN_PASS : RUN_DONE;
    }
}

void result_compute(struct result *result, struct arena *arena,
                    const struct result_input *input)
{
    const struct tally *tally = input->tally;
    must(input->request_count == tally->config.requests);
    must(input->stage_count == tally->config.stages);

    *result = (struct result){
        .request_count = input->request_count,
        .stage_count = input->stage_count,
        .request_names = input->request_names,
        .stage_names = input->stage_names,
        .tally = tally,
        .open_model = input->open_model,
        .peak_1s = herd_peak_1s(tally->herd, input->measured),
        .herd =
            {
                .covered = herd_covered(input->measured),
                .peak_to_mean_100ms =
                    herd_peak_to_mean_100ms(tally->herd, input->measured),
                .dispersion_10ms =
                    herd_dispersion_10ms(tally->herd, input->measured),
            },
        .policy = policy_figures_of(input),
        .slo_count = input->slo_count,
        .slos = input->slos,
        .complete = input->complete,
        .is_so_far = input->is_so_far,
        .measured = input->measured,
    };
    if (input->effects) {
        result->effects = *input->effects;
    }
    compute_panels(result, arena, input);
    if (input->request_tiers) {
        compute_tiers(result, arena, input);
    }
    compute_series(result, arena, tally);
    compute_recoveries(result, arena, input);
    judge_generator(result, input);
    judge_run(result, arena, input);
}

static const struct {
    const char *name, *problem;
    int exit_status;
} verdicts[RUN_VERDICT_COUNT] = {
#define RUN_VERDICT(id, name, exit_status, style, problem, sentence) \
    [RUN_##id] = {name, problem, exit_status},
#include "measure/run_verdict.def"
#undef RUN_VERDICT
};

const char *run_verdict_name(enum run_verdict verdict)
{
    must((size_t)verdict < RUN_VERDICT_COUNT);
    return verdicts[verdict].name;
}

int run_verdict_exit_status(enum run_verdict verdict)
{
    must((size_t)verdict < RUN_VERDICT_COUNT);
    return verdicts[verdict].exit_status;
}

const char *run_verdict_problem(enum run_verdict verdict)
{
    must((size_t)verdict < RUN_VERDICT_COUNT);
    return verdicts[verdict].problem;
}

bool run_verdict_find(const char *name, enum run_verdict *verdict)
{
    for (size_t i = 0; i < RUN_VERDICT_COUNT; i++) {
        if (strcmp(verdicts[i].name, name) == 0) {
            *verdict = (enum run_verdict)i;
            return true;
        }
    }
    return false;
}
