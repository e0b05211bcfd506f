#include "measure/result.h"

#include "base/must.h"
#include "measure/herd.h"
#include "measure/series.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A larger share of the operations dropped, or of the attempts not sent, for
 * squall's own limits makes a run invalid. */
#define OWN_SHARE_MAX 0.01

/* How long rates are taken over. */
struct span {
    double seconds;         /* operations and attempts */
    double goodput_seconds;
    bool whole;             /* every acknowledgement is goodput */
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
    uint64_t acked = panel->verdicts[VERDICT_ACKED];
    return (struct panel_figures){
        .seconds = span->seconds,
        .offered_per_s = per_second(panel->offered, span->seconds),
        .operations_per_s = per_second(panel->started, span->seconds),
        .attempts_per_s = per_second(panel->on_wire, span->seconds),
        .goodput_per_s =
            per_second(span->whole ? acked : panel->acked_in_load,
                       span->goodput_seconds),
        .success_rate = share(acked, panel->started),
        .attempts_per_operation = share(panel->on_wire, panel->started),
        .retry_share = share(panel->retries_on_wire, panel->on_wire),
        .wasted_share = share(panel->wasted, panel->on_wire),
        .hedge_share = tally_has(tally, LAYER_HEDGE)
                           ? share(panel->hedges_on_wire, panel->on_wire)
                           : -1,
    };
}

/*
 * A run that its length ends has the rates of that length. One that ends with
 * its number of operations lasts, for goodput, until the last verdict; in the
 * closed model for all rates, because there a start waits for a verdict.
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
    bool by_count = input->complete &&
                    about.ns < tally->config.load_length.ns;

    if (!by_count) {
        return (struct span){seconds, seconds, false};
    }
    return (struct span){input->open_model ? seconds : until_last,
                         until_last, true};
}

static void compute_panels(struct result *result, struct arena *arena,
                           const struct result_input *input)
{
    const struct tally *tally = input->tally;
    struct span span = span_of(input);

    result->total = figures_of(tally, &tally->total, &span);
    result->requests = arena_array(arena, input->request_count,
                                   sizeof(*result->requests));
    for (size_t i = 0; i < input->request_count; i++) {
        result->requests[i] =
            figures_of(tally, tally->requests[i], &span);
    }
    result->stages =
        arena_array(arena, input->stage_count, sizeof(*result->stages));
    for (size_t i = 0; i < input->stage_count; i++) {
        struct span stage = span;
        if (tally->stages[i] != &tally->total) {
            stage.seconds = duration_in_seconds(input->stage_lengths[i]);
            stage.goodput_seconds = stage.seconds;
        }
        result->stages[i] = figures_of(tally, tally->stages[i], &stage);
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
    bool has_hedges = tally_has(tally, LAYER_HEDGE);
    bool has_breakers = tally_has(tally, LAYER_BREAKER);
    int64_t in_flight = 0;
    int64_t open = 0;
    result->series_interval = series->interval;
    result->series_count = series->count;
    result->series =
        arena_array(arena, series->count, sizeof(*result->series));
    for (size_t i = 0; i < series->count; i++) {
        const struct series_interval *in = &series->intervals[i];
        in_flight += (int64_t)in->started - (int64_t)in->finished;
        open += (int64_t)in->breakers_opened - (int64_t)in->breakers_left;
        result->series[i] = (struct series_point){
            .offered = in->offered,
            .started = in->started,
            .attempts = in->attempts,
            .retries = in->retries,
            .finished = in->finished,
            .acked = in->acked,
            .refused = in->refused,
            .failed = in->finished - in->acked - in->shed,
            .shed = in->shed,
            .in_flight = in_flight,
            .hedges = has_hedges ? (int64_t)in->hedges : -1,
            .breakers_open = has_breakers ? open : -1,
            .limit = share(in->limit_sum, in->limits),
            .budget_level = in->levels > 0 ? in->level_min : -1,
            .p50_us = series_quantile_us(in, 0.50),
            .p99_us = series_quantile_us(in, 0.99),
        };
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
    /* These two repeat values of others. */
    return clamped - hist[HISTOGRAM_OPERATION_ACKED].clamped -
           hist[HISTOGRAM_ATTEMPT_OK].clamped;
}

/* The tool's own limits, never to be mistaken for the service's. */
static void judge_lateness(struct generator_figures *generator,
                           const struct tally *tally, bool is_replay)
{
    double lag_ms =
        (double)hist_quantile_us(&tally->schedule_lag, 0.99) / 1000;
    double operation_ms =
        (double)hist_quantile_us(&tally->total.hist[HISTOGRAM_OPERATION],
                                 0.99) / 1000;

    if (lag_ms > 5 && lag_ms > operation_ms / 10 && !is_replay) {
        generator->saturated = true;
        warn(generator,
             "squall started its operations late: p99 %.1f ms, which is more "
             "than a tenth of their p99 of %.1f ms; lower the rate, or use "
             "more threads",
             lag_ms, operation_ms);
    } else if (lag_ms > 1) {
        warn(generator,
             "squall started its operations late: p99 %.1f ms; the latency "
             "of operations contains it",
             lag_ms);
    }
    if (generator->cpu_share >= 0.98 && lag_ms > 1 && !is_replay) {
        generator->saturated = true;
    }
}

/* Those that were never started would have been the slowest: without them
 * the figures are of another load than the one that was asked for. */
static void judge_dropped(struct generator_figures *generator,
                          const struct panel *total)
{
    if (total->dropped == 0) {
        return;
    }
    double lost_share = (double)total->dropped / (double)total->offered;
    if (lost_share > OWN_SHARE_MAX) {
        generator->saturated = true;
    }
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
    if (unsent_share > OWN_SHARE_MAX) {
        generator->saturated = true;
    }
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
    if (input->open_model) {
        judge_lateness(generator, tally, input->is_replay);
    }
    if (input->cpu_share > 0.9) {
        warn(generator,
             "a worker of squall used %.0f %% of its core; use more threads, "
             "or figures may be those of squall and not of the service",
             input->cpu_share * 100);
    }
    judge_dropped(generator, &tally->total);
    judge_unsent(generator, &tally->total);
    if (clamped_in(tally) > 0) {
        warn(generator, "%llu durations above 1 h were counted as 1 h",
             (unsigned long long)clamped_in(tally));
    }
    if (result->herd.covered.ns / NS_PER_S <
        input->measured.ns / NS_PER_S) {
        warn(generator, "the herd figures cover the first hour only%s",
             input->measured.ns > HERD_SECONDS_MAX * NS_PER_S
                 ? ", the peak of one second the first 24 hours" : "");
    }
    if (tally->sent != tally->total.on_wire) {
        warn(generator,
             "%llu sends were told and %llu attempts on the wire ended: the "
             "series and the herd figures may be off by the difference",
             (unsigned long long)tally->sent,
             (unsigned long long)tally->total.on_wire);
    }
}

static void judge_run(struct result *result, struct arena *arena)
{
    bool failed = false;
    result->judgements = arena_array(arena, result->slo_count,
                                     sizeof(*result->judgements));
    for (size_t i = 0; i < result->slo_count; i++) {
        result->judgements[i] = slo_judge(&result->slos[i], result);
        failed = failed || !result->judgements[i].pass;
    }
    if (!result->complete) {
        result->verdict = RUN_INCOMPLETE;
    } else if (result->generator.saturated ||
               result->effects.oracle == ORACLE_UNVERIFIED) {
        result->verdict = RUN_INVALID;
    } else {
        result->verdict = failed ? RUN_FAIL : RUN_PASS;
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
        .herd = {
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
        .measured = input->measured,
    };
    if (input->effects) {
        result->effects = *input->effects;
    }
    compute_panels(result, arena, input);
    compute_series(result, arena, tally);
    judge_generator(result, input);
    judge_run(result, arena);
}

const char *run_verdict_name(enum run_verdict verdict)
{
    switch (verdict) {
    case RUN_PASS:
        return "pass";
    case RUN_FAIL:
        return "fail";
    case RUN_INVALID:
        return "invalid";
    case RUN_INCOMPLETE:
        return "incomplete";
    }
    return "invalid";
}
