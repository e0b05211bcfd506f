#include "report/figures.h"

#include "base/must.h"
#include "report/hdr.h"
#include "report/member.h"

#include <math.h>
#include <stdio.h>

enum { ROWS_WANTED = 20, EDGES_MAX = 128 };

static const char *const histogram_names[] = {
#define HISTOGRAM(id, name, sentence) name,
#include "measure/histogram.def"
#undef HISTOGRAM
};

const struct figures_quantile figures_quantiles[FIGURES_QUANTILES] = {
    {"p50_us", 0.5},       {"p75_us", 0.75}, {"p90_us", 0.9},
    {"p95_us", 0.95},      {"p99_us", 0.99}, {"p99_9_us", 0.999},
    {"p99_99_us", 0.9999},
};

/* Of `whole` values; those that are not known are larger than any. */
static void add_statistics(cJSON *object, const struct hist *hist,
                           uint64_t whole)
{
    bool any = hist_known(hist) > 0;
    bool all = any && hist_known(hist) == whole;
    double quantiles[FIGURES_QUANTILES];
    int64_t us[FIGURES_QUANTILES];

    member_us(object, "min_us", any ? hist->min_us : -1);
    member_us(object, "mean_us", all ? llround(hist_mean_us(hist)) : -1);
    member_us(object, "stddev_us", all ? llround(hist_stddev_us(hist)) : -1);
    for (size_t i = 0; i < FIGURES_QUANTILES; i++) {
        quantiles[i] = figures_quantiles[i].q;
    }
    hist_quantiles_of_us(hist, quantiles, FIGURES_QUANTILES, whole, us);
    for (size_t i = 0; i < FIGURES_QUANTILES; i++) {
        member_us(object, figures_quantiles[i].member, us[i]);
    }
    member_us(object, "max_us", all ? hist->max_us : -1);
}

/* Nothing where nothing is known: an empty histogram would say that nothing
 * was slow. */
static void add_buckets(cJSON *object, const struct hist *hist)
{
    struct str hdr = STR_INIT;

    if (hist_known(hist) == 0) {
        cJSON_AddNullToObject(object, "hdr");
        return;
    }
    hdr_append(&hdr, hist->counts, hist_end(hist));
    cJSON_AddStringToObject(object, "hdr", hdr.text);
    str_release(&hdr);
}

/* Whether squall had any part in the values. */
static bool differ(const struct hist *least, const struct hist *most)
{
    return least && least->count > 0 &&
           (least->sum_us != most->sum_us || most->unknown > 0);
}

static cJSON *distribution(const struct hist *hist, const struct hist *least,
                           uint64_t count, uint64_t whole)
{
    cJSON *object = cJSON_CreateObject();

    member_count(object, "count", count);
    add_statistics(object, hist, whole);
    add_buckets(object, hist);
    if (differ(least, hist)) {
        add_statistics(cJSON_AddObjectToObject(object, "at_least"), least,
                       whole);
    } else {
        cJSON_AddNullToObject(object, "at_least");
    }
    return object;
}

cJSON *figures_distribution(const struct hist *hist)
{
    return distribution(hist, NULL, hist->count, hist->count);
}

/* Over all operations that were due, where one that failed, or was dropped,
 * never succeeded. */
static cJSON *time_to_success(const struct panel *panel)
{
    uint64_t settled = panel_settled(panel);
    return distribution(&panel->hist[HISTOGRAM_SUCCEEDED],
                        &panel->least[HISTOGRAM_SUCCEEDED], settled, settled);
}

/* Edges at 10^(k / steps), to as many digits as keeps them apart. */
static size_t log_edges(double low, double high, int64_t *edges)
{
    static const struct {
        int steps;
        int digits;
    } scales[] = {{40, 3}, {20, 2}, {10, 2}, {5, 2}, {3, 1}, {2, 1}};
    double decades = log10(high / low);
    size_t chosen = 0;

    while (chosen + 1 < array_length(scales) &&
           decades * scales[chosen].steps > ROWS_WANTED) {
        chosen++;
    }
    int steps = scales[chosen].steps;
    double rounding = pow(10, scales[chosen].digits - 1);
    size_t count = 0;
    for (int k = (int)floor(log10(low) * steps) - 1; count < EDGES_MAX; k++) {
        double whole = floor((double)k / steps);
        double lead = pow(10, (double)k / steps - whole);
        int64_t edge =
            llround(round(lead * rounding) / rounding * pow(10, whole));
        if (count > 0 && edge <= edges[count - 1]) {
            continue;
        }
        if (edge <= (int64_t)low) {
            count = 0;
        }
        edges[count++] = edge;
        if ((double)edge > high) {
            break;
        }
    }
    return count;
}

/* Edges at multiples of 1, 2 or 5 times a power of ten. */
static size_t linear_edges(double low, double high, int64_t *edges)
{
    double rough = (high - low) / ROWS_WANTED;
    double step = 1;
    while (step < rough) {
        if (step * 2 >= rough) {
            step *= 2;
        } else if (step * 5 >= rough) {
            step *= 5;
        } else {
            step *= 10;
        }
    }
    size_t count = 0;
    double edge = floor(low / step) * step;
    while (count < EDGES_MAX) {
        edges[count++] = (int64_t)edge;
        if (edge > high) {
            break;
        }
        edge += step;
    }
    return count;
}

cJSON *figures_rows(const struct hist *hist)
{
    cJSON *rows = cJSON_CreateArray();
    if (hist_known(hist) == 0) {
        return rows;
    }

    int64_t edges[EDGES_MAX];
    double low = hist->min_us > 0 ? (double)hist->min_us : 1;
    double high = (double)hist->max_us;
    size_t edge_count = high >= 3 * low ? log_edges(low, high, edges)
                                        : linear_edges(low, high, edges);
    uint64_t counts[EDGES_MAX] = {0};
    size_t cursor = 0;
    int64_t bucket_low, bucket_high;
    uint64_t count;
    size_t row = 0;
    if (hist->min_us < edges[0]) {
        edges[0] = 0;
    }
    while (hist_next(hist, &cursor, &bucket_low, &bucket_high, &count)) {
        /* A bucket astride an edge goes by its upper end, as quantiles do,
         * but never beyond the largest value. */
        int64_t value =
            bucket_high < hist->max_us ? bucket_high : hist->max_us;
        while (row + 2 < edge_count && value >= edges[row + 1]) {
            row++;
        }
        counts[row] += count;
    }
    for (size_t i = 0; i + 1 < edge_count; i++) {
        cJSON *object = cJSON_CreateObject();
        member_us(object, "low_us", edges[i]);
        member_us(object, "high_us", edges[i + 1]);
        member_count(object, "count", counts[i]);
        cJSON_AddItemToArray(rows, object);
    }
    return rows;
}

static void add_reasons(cJSON *operations, const char *name,
                        const uint64_t *counts)
{
    cJSON *reasons = cJSON_AddObjectToObject(operations, name);
    for (int r = 0; r < FINISH_REASON_COUNT; r++) {
        member_count(reasons, finish_reason_name((enum finish_reason)r),
                     counts[r]);
    }
}

void figures_add_group(cJSON *object, enum figure_group group,
                       const struct figure_view *view)
{
    const struct figure *figure;
    for (size_t i = 0; (figure = figure_at(i)); i++) {
        if (figure->member && figure->group == group) {
            member_measured(object, figure->member,
                            figure_value(figure, view));
        }
    }
}

static void add_operations(cJSON *object, const struct figure_view *view)
{
    const struct panel *panel = view->panel;
    cJSON *operations = cJSON_AddObjectToObject(object, "operations");

    figures_add_group(operations, FIGURES_OPERATIONS, view);
    add_reasons(operations, "reasons", panel->reasons);
    add_reasons(operations, "shed_reasons", panel->shed_reasons);
}

static void add_attempts(cJSON *object, const struct figure_view *view)
{
    const struct panel *panel = view->panel;
    cJSON *attempts = cJSON_AddObjectToObject(object, "attempts");

    figures_add_group(attempts, FIGURES_ATTEMPTS, view);
    cJSON *outcomes = cJSON_AddObjectToObject(attempts, "by_outcome");
    for (int o = 0; o < OUTCOME_COUNT; o++) {
        member_count(outcomes, outcome_name((enum outcome)o),
                     panel->by_outcome[o]);
    }
    cJSON *statuses = cJSON_AddObjectToObject(attempts, "by_status");
    for (int s = 1; s < STATUS_MAX; s++) {
        if (panel->by_status[s] > 0) {
            char name[16];
            snprintf(name, sizeof(name), "%d", s);
            member_count(statuses, name, panel->by_status[s]);
        }
    }
}

static void add_amplification(cJSON *object, const struct figure_view *view)
{
    const struct panel *panel = view->panel;
    cJSON *amplification = cJSON_AddObjectToObject(object, "amplification");

    figures_add_group(amplification, FIGURES_AMPLIFICATION, view);
    cJSON *histogram = cJSON_AddArrayToObject(amplification, "histogram");
    int last = AMPLIFICATION_BINS - 1;
    while (last > 0 && panel->attempts_per_operation[last] == 0) {
        last--;
    }
    for (int bin = 1; bin <= last; bin++) {
        cJSON_AddItemToArray(
            histogram,
            cJSON_CreateNumber((double)panel->attempts_per_operation[bin]));
    }
}

void figures_add(cJSON *object, const struct figure_view *view)
{
    add_operations(object, view);
    add_attempts(object, view);
    figures_add_group(cJSON_AddObjectToObject(object, "rates"), FIGURES_RATES,
                      view);
    figures_add_group(object, FIGURES_SUCCESS, view);

    cJSON *latency = cJSON_AddObjectToObject(object, "latency");
    cJSON_AddItemToObject(latency, "time_to_success",
                          time_to_success(view->panel));
    for (int h = 0; h < HISTOGRAM_COUNT; h++) {
        cJSON_AddItemToObject(
            latency, histogram_names[h],
            distribution(&view->panel->hist[h], &view->panel->least[h],
                         view->panel->hist[h].count,
                         panel_whole(view->panel, (enum histogram)h)));
    }
    add_amplification(object, view);
}
