#include "report/figures.h"

#include "base/must.h"
#include "report/member.h"

#include <math.h>
#include <stdio.h>

enum { ROWS_WANTED = 20, EDGES_MAX = 128 };

static const char *const histogram_names[] = {
#define HISTOGRAM(id, name, sentence) name,
#include "measure/histogram.def"
#undef HISTOGRAM
};

static const struct {
    const char *name;
    double q;
} quantiles[] = {
    {"p50_us", 0.5},    {"p75_us", 0.75},     {"p90_us", 0.9},
    {"p95_us", 0.95},   {"p99_us", 0.99},     {"p99_9_us", 0.999},
    {"p99_99_us", 0.9999},
};

cJSON *figures_distribution(const struct hist *hist)
{
    cJSON *object = cJSON_CreateObject();
    bool any = hist->count > 0;

    member_count(object, "count", hist->count);
    member_us(object, "min_us", any ? hist->min_us : -1);
    member_us(object, "mean_us", any ? llround(hist_mean_us(hist)) : -1);
    member_us(object, "stddev_us", any ? llround(hist_stddev_us(hist)) : -1);
    for (size_t i = 0; i < array_length(quantiles); i++) {
        member_us(object, quantiles[i].name,
                  any ? hist_quantile_us(hist, quantiles[i].q) : -1);
    }
    member_us(object, "max_us", any ? hist->max_us : -1);
    return object;
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
    if (hist->count == 0) {
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
        int64_t value = bucket_high < hist->max_us ? bucket_high
                                                   : hist->max_us;
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

static void add_operations(cJSON *object, const struct panel *panel)
{
    cJSON *operations = cJSON_AddObjectToObject(object, "operations");

    member_count(operations, "offered", panel->offered);
    member_count(operations, "started", panel->started);
    member_count(operations, "dropped", panel->dropped);
    for (int v = 0; v < VERDICT_COUNT; v++) {
        member_count(operations, verdict_name((enum verdict)v),
                     panel->verdicts[v]);
    }
    add_reasons(operations, "reasons", panel->reasons);
    add_reasons(operations, "shed_reasons", panel->shed_reasons);
}

static void add_attempts(cJSON *object, const struct panel *panel)
{
    cJSON *attempts = cJSON_AddObjectToObject(object, "attempts");

    member_count(attempts, "total", panel->attempts);
    member_count(attempts, "first", panel->kinds[ATTEMPT_FIRST]);
    member_count(attempts, "retries", panel->kinds[ATTEMPT_RETRY]);
    member_count(attempts, "hedges", panel->kinds[ATTEMPT_HEDGE]);
    member_count(attempts, "duplicates_injected",
                 panel->kinds[ATTEMPT_DUPLICATE]);
    member_count(attempts, "on_wire", panel->on_wire);
    member_count(attempts, "wasted", panel->wasted);
    member_count(attempts, "resends_refused", panel->resends_refused);

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

static void add_amplification(cJSON *object, const struct panel *panel,
                              const struct panel_figures *figures,
                              double peak_1s)
{
    cJSON *amplification = cJSON_AddObjectToObject(object, "amplification");

    member_measured(amplification, "attempts_per_operation",
                    figures->attempts_per_operation);
    member_measured(amplification, "peak_1s", peak_1s);
    member_measured(amplification, "retry_share", figures->retry_share);
    member_measured(amplification, "wasted_share", figures->wasted_share);
    member_count(amplification, "not_sent",
                 panel->attempts_per_operation[0]);

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

void figures_add(cJSON *object, const struct panel *panel,
                 const struct panel_figures *figures, double peak_1s)
{
    add_operations(object, panel);
    add_attempts(object, panel);

    cJSON *rates = cJSON_AddObjectToObject(object, "rates");
    member_measured(rates, "offered_per_s", figures->offered_per_s);
    member_measured(rates, "operations_per_s", figures->operations_per_s);
    member_measured(rates, "attempts_per_s", figures->attempts_per_s);
    member_measured(rates, "goodput_per_s", figures->goodput_per_s);
    member_measured(object, "success_rate", figures->success_rate);

    cJSON *latency = cJSON_AddObjectToObject(object, "latency");
    for (int h = 0; h < HISTOGRAM_COUNT; h++) {
        cJSON_AddItemToObject(latency, histogram_names[h],
                              figures_distribution(&panel->hist[h]));
    }
    add_amplification(object, panel, figures, peak_1s);
}
