#include "measure/slo_window.h"

#include "base/must.h"
#include "measure/slo_figure.h"
#include "measure/tally.h"

#include <math.h>
#include <string.h>

static double not_below_0(double value)
{
    return value > 0 ? value : 0;
}

static double share(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : -1;
}

/* What a rate would have been in the time in which squall was not away. */
static double ceiling(const struct series_interval *in, bool is_full,
                      double value)
{
    if (is_full) {
        return INFINITY;
    }
    if (in->away_us == 0) {
        return value;
    }
    return in->wall_us > in->away_us ? value * (double)in->wall_us /
                                           (double)(in->wall_us - in->away_us)
                                     : INFINITY;
}

static const char *const windows[] = {
#define WINDOW(metric, value, low, high) #metric,
#include "measure/window.def"
};

bool slo_window_has(const struct slo_metric *metric)
{
    double q;

    if (!metric->figure) {
        return slo_quantile(metric->stat, &q) &&
               (metric->histogram == SLO_TIME_TO_SUCCESS ||
                metric->histogram == HISTOGRAM_OPERATION);
    }
    for (size_t i = 0; i < array_length(windows); i++) {
        if (strcmp(windows[i], metric->figure->metric) == 0) {
            return true;
        }
    }
    return false;
}

/* The lower end of the value of a rank, of values some of which are late. */
static double least_of_rank(const struct series_interval *sum,
                            const struct series_times *times, double rank)
{
    double most = (double)sum->late_max_us;
    double small = fmin(most, SERIES_LATE_US);
    double above = (double)series_rank_us(times, rank) - most;
    double rest = rank - (double)sum->late;
    double among = rest >= 1 ? (double)series_rank_us(times, rest) - small : 0;

    return not_below_0(fmax(above, among));
}

static struct slo_judgement measure_quantile(const struct slo_metric *metric,
                                             const struct series_interval *sum)
{
    bool of_success = metric->histogram == SLO_TIME_TO_SUCCESS;
    const struct series_times *times =
        of_success ? &sum->success : &sum->times;
    uint64_t whole = sum->finished + sum->dropped;
    uint64_t lacking = whole - times->measured;
    uint64_t ours = sum->cut_short + sum->dropped;
    double q;

    if (whole == 0) {
        return slo_not_measured("not measured: no operation ended in it");
    }
    must(slo_quantile(metric->stat, &q));
    ours = ours < lacking ? ours : lacking;
    double known = (double)times->measured;
    double rank = series_rank(q, whole);
    rank = rank < 1 ? 1 : rank;
    double least_rank = rank - (double)ours;
    double low = least_rank < 1       ? 0
                 : least_rank > known ? INFINITY
                                      : least_of_rank(sum, times, least_rank);
    if (rank > known) {
        return slo_never(low, "never: %llu of %llu operations did not %s",
                         (unsigned long long)lacking,
                         (unsigned long long)whole,
                         of_success ? "succeed" : "start, or were not sent");
    }
    double value = (double)series_rank_us(times, rank);
    return slo_measured(value, (struct figure_ends){fmin(low, value), value});
}

struct slo_judgement slo_window_measure(const struct slo_metric *metric,
                                        const struct series_interval *in,
                                        double seconds, bool is_full)
{
    must(slo_window_has(metric));
    if (!metric->figure) {
        return measure_quantile(metric, in);
    }
    const char *name = metric->figure->metric;
#define WINDOW(metric_name, value_of, low, high) \
    if (strcmp(name, #metric_name) == 0) { \
        double value = value_of; \
        return value < 0 \
                   ? slo_not_measured("not measured: nothing happened in it") \
                   : slo_measured(value, (struct figure_ends){low, high}); \
    }
#include "measure/window.def"
    must_never("a metric of a window has a row");
}

size_t slo_window_length(const struct series *series, struct duration last)
{
    int64_t interval = series->interval.ns;

    return (size_t)((last.ns + interval - 1) / interval);
}
