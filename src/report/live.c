#include "report/live.h"

#include "plan/triggers.h"

#include <math.h>
#include <stdio.h>

void live_init(struct live *live, const struct plan *plan, bool has_service)
{
    struct duration length =
        duration_add(plan->load.warmup, plan->load.duration);

    *live = (struct live){.plan = plan};
    live->trigger_count =
        plan_triggers(plan, has_service, length, NULL, live->triggers);
}

void live_take_progress(struct live *live, const struct progress *progress)
{
    live->progress = *progress;
}

static double share(double part, double whole)
{
    return whole > 0 ? part / whole : -1;
}

/* A quantile of a second in which operations finished is there, or never. */
static double or_never(double value, double finished)
{
    return value < 0 && finished > 0 ? (double)INFINITY : value;
}

static struct live_point point_of(const struct series_point *in,
                                  struct duration interval)
{
    return (struct live_point){
        .finished_per_s = in->finished / duration_in_seconds(interval),
        .failed_share = share(in->failed, in->finished),
        .p50_us = or_never(in->success_p50_us, in->finished),
        .p99_us = or_never(in->success_p99_us, in->finished),
        .amplification = in->amplification,
        .in_flight = in->in_flight,
    };
}

static void take_points(struct live_figures *figures,
                        const struct result *result)
{
    struct duration interval = result->series_interval;
    size_t whole = (size_t)(result->measured.ns / interval.ns);
    size_t first;

    whole = whole < result->series_count ? whole : result->series_count;
    first = whole > LIVE_POINTS_MAX ? whole - LIVE_POINTS_MAX : 0;
    figures->interval = interval;
    figures->end = (struct duration){(int64_t)whole * interval.ns};
    figures->breakers_open = figures->limit = figures->budget_level = -1;
    for (size_t i = first; i < whole; i++) {
        const struct series_point *point = &result->series[i];
        figures->points[figures->point_count++] = point_of(point, interval);
        figures->breakers_open = point->breakers_open;
        /* Of operations that finish: in a second without any it is as it
         * was. */
        figures->limit = point->limit >= 0 ? point->limit : figures->limit;
        figures->budget_level = point->budget_level >= 0
                                    ? point->budget_level
                                    : figures->budget_level;
    }
}

/* Where a kind of so many belongs among the commonest; NULL: not there. */
static struct live_error *place_of(struct live_figures *figures,
                                   uint64_t count)
{
    size_t at = figures->error_count;

    while (at > 0 && figures->errors[at - 1].count < count) {
        at--;
    }
    if (count == 0 || at == LIVE_ERRORS_MAX) {
        return NULL;
    }
    size_t last = figures->error_count < LIVE_ERRORS_MAX
                      ? figures->error_count++
                      : LIVE_ERRORS_MAX - 1;
    for (size_t i = last; i > at; i--) {
        figures->errors[i] = figures->errors[i - 1];
    }
    figures->errors[at] = (struct live_error){.count = count};
    return &figures->errors[at];
}

static void take_errors(struct live_figures *figures,
                        const struct tally *tally)
{
    for (size_t i = 0; i < tally->failures.count; i++) {
        const struct failure_kind *kind = &tally->failures.kinds[i];
        struct live_error *error = place_of(figures, kind->count);
        if (error) {
            snprintf(error->name, sizeof(error->name),
                     kind->status > 0 ? "%s %u" : "%s",
                     outcome_name(kind->outcome), kind->status);
            failure_show(kind, error->text);
        }
    }
    for (int i = 0; i < FINISH_REASON_COUNT; i++) {
        struct live_error *error =
            place_of(figures, tally->total.shed_reasons[i]);
        if (error) {
            snprintf(error->name, sizeof(error->name), "shed: %s",
                     finish_reason_name((enum finish_reason)i));
        }
    }
}

/* Those that cannot be judged yet are neither. */
static void take_slos(struct live_figures *figures,
                      const struct result *result)
{
    for (size_t i = 0; i < result->slo_count; i++) {
        const struct slo_judgement *judgement = &result->judgements[i];
        bool is_missed = judgement->word == SLO_MISSED;
        figures->slos_met += judgement->pass;
        figures->slos_missed += is_missed;
        if (is_missed && !figures->missed) {
            figures->missed = result->slos[i].text;
        }
    }
}

static double success_us(const struct panel *panel, double q)
{
    uint64_t settled = panel_settled(panel);
    int64_t value =
        hist_quantile_of_us(&panel->hist[HISTOGRAM_SUCCEEDED], q, settled);
    return or_never((double)value, (double)settled);
}

/* How much longer an operation takes than in the best of all seconds: what it
 * waits for others, where they ask for the same work. */
static double queueing_of(const struct result *result, double now_us)
{
    double least = now_us;

    for (size_t i = 0; i < result->series_count; i++) {
        double median = result->series[i].success_p50_us;
        least = median > 0 && median < least ? median : least;
    }
    return least > 0 && !isinf(now_us) ? now_us / least : -1;
}

static double waited_of(const struct panel *panel)
{
    const struct hist *hist = &panel->hist[HISTOGRAM_QUEUE];
    return hist->count > 0 ? (double)hist_quantile_us(hist, 0.99) : -1;
}

void live_take_figures(struct live *live, const struct result *result)
{
    const struct panel *total = &result->tally->total;

    live->has_figures = true;
    live->figures = (struct live_figures){
        .per_s = result->total.operations_per_s,
        .success_rate = result->total.success_rate,
        .amplification = result->total.attempts_per_operation,
        .peak = result->peak_1s,
        .p50_us = success_us(total, 0.5),
        .p99_us = success_us(total, 0.99),
        .failed = panel_failed(total),
        .shed = total->verdicts[VERDICT_SHED],
        .dropped = total->dropped,
        .attempts = total->attempts,
        .status_429 = total->by_status[429],
        .status_503 = total->by_status[503],
        .queueing = -1,
        .waited_us = waited_of(total),
    };
    take_points(&live->figures, result);
    if (live->figures.point_count > 0) {
        live->figures.queueing = queueing_of(
            result,
            live->figures.points[live->figures.point_count - 1].p50_us);
    }
    take_errors(&live->figures, result->tally);
    take_slos(&live->figures, result);
}
