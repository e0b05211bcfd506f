#include "measure/slo_metric.h"

#include "base/must.h"
#include "base/suggest.h"
#include "measure/metric.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The figures that an SLO can name, by index; NULL past the last. */
static const struct figure *metric_at(size_t index)
{
    const struct figure *figure;
    for (size_t i = 0; (figure = figure_at(i)); i++) {
        if (figure->metric && index-- == 0) {
            break;
        }
    }
    return figure;
}

static size_t metric_count(void)
{
    size_t count = 0;
    while (metric_at(count)) {
        count++;
    }
    return count;
}

static const struct {
    const char *name;
    const char *sentence;
} histograms[] = {
#define HISTOGRAM(id, name, sentence) {name, sentence},
#include "measure/histogram.def"
#undef HISTOGRAM
};

static const char schedule_lag_name[] = "schedule_lag";
static const char schedule_lag_sentence[] =
    "How late squall itself started operations (open model).";

static const char time_to_success_name[] = "time_to_success";
static const char time_to_success_sentence[] =
    "From the intended start to success, over all operations; one that failed "
    "never had it.";

/* The statistics that help shows; any pN is understood. */
static const char *const shown_stats[] = {
    "min", "mean", "stddev", "max", "p50", "p90", "p95", "p99", "p99.9",
};

/* The metric that was probably meant, or NULL. */
static const char *nearest_metric(const char *name)
{
    struct suggestion suggestion;
    const char *candidate;
    const char *unit;
    const char *sentence;
    suggest_init(&suggestion, name);
    for (size_t i = 0; slo_metric_describe(i, &candidate, &unit, &sentence);
         i++) {
        suggest_offer(&suggestion, candidate);
    }
    return suggestion.best;
}

bool slo_quantile(const char *stat, double *q)
{
    if (stat[0] != 'p' || !isdigit((unsigned char)stat[1])) {
        return false;
    }
    char *end;
    double percent = strtod(stat + 1, &end);
    *q = percent / 100;
    return *end == '\0' &&
           strspn(stat + 1, "0123456789.") == strlen(stat + 1) &&
           percent <= 100;
}

static bool is_stat(const char *stat)
{
    double q;
    return strcmp(stat, "min") == 0 || strcmp(stat, "mean") == 0 ||
           strcmp(stat, "stddev") == 0 || strcmp(stat, "max") == 0 ||
           slo_quantile(stat, &q);
}

static int find_histogram(const char *name, size_t length)
{
    for (size_t i = 0; i < array_length(histograms); i++) {
        if (strlen(histograms[i].name) == length &&
            memcmp(histograms[i].name, name, length) == 0) {
            return (int)i;
        }
    }
    if (length == strlen(schedule_lag_name) &&
        memcmp(schedule_lag_name, name, length) == 0) {
        return SLO_SCHEDULE_LAG;
    }
    if (length == strlen(time_to_success_name) &&
        memcmp(time_to_success_name, name, length) == 0) {
        return SLO_TIME_TO_SUCCESS;
    }
    return -1;
}

/* "p99", "attempt.p50", "schedule_lag.max". */
static bool parse_stat(struct slo_metric *metric, const char *name)
{
    const char *stat = name;
    int histogram = SLO_TIME_TO_SUCCESS;
    const char *dot = strchr(name, '.');
    if (dot) {
        int found = find_histogram(name, (size_t)(dot - name));
        if (found >= 0) {
            histogram = found;
            stat = dot + 1;
        }
    }
    if (!is_stat(stat) || strlen(stat) >= sizeof(metric->stat)) {
        return false;
    }
    metric->figure = NULL;
    metric->histogram = histogram;
    metric->unit = UNIT_DURATION;
    snprintf(metric->stat, sizeof(metric->stat), "%s", stat);
    return true;
}

/* Nothing is called so. Other tools write parentheses, too. */
static void explain_unknown(const char *written, char *problem, size_t size)
{
    char meant[SLO_NAME_MAX];

    metric_meant(written, meant, sizeof(meant));
    const char *nearest = meant[0] ? meant : nearest_metric(written);
    if (nearest) {
        snprintf(problem, size,
                 "there is no metric \"%s\"; did you mean \"%s\"?", written,
                 nearest);
    } else {
        snprintf(problem, size,
                 "there is no metric \"%s\"; \"squall profile explain slo\" "
                 "lists them",
                 written);
    }
}

bool slo_metric_find(struct slo_metric *metric, const char *written,
                     const char *shown, char *problem, size_t size)
{
    char name[SLO_NAME_MAX];

    metric_short_name(written, name, sizeof(name));
    for (size_t i = 0; (metric->figure = metric_at(i)); i++) {
        if (strcmp(metric->figure->metric, name) == 0) {
            metric->unit = metric->figure->unit;
            return true;
        }
    }
    if (parse_stat(metric, name)) {
        return true;
    }
    if (find_histogram(name, strlen(name)) >= 0) {
        snprintf(problem, size,
                 "%s is a distribution: write which figure of it, such as "
                 "%s.p99",
                 name, name);
        return false;
    }
    explain_unknown(shown, problem, size);
    return false;
}

bool slo_read_metric(struct slo_metric *metric, const char *name)
{
    char problem[SLO_TEXT_MAX];

    *metric = (struct slo_metric){0};
    return strlen(name) < SLO_NAME_MAX &&
           slo_metric_find(metric, name, name, problem, sizeof(problem));
}

void slo_metric_name(const struct slo_metric *metric, char *name, size_t size)
{
    if (metric->figure) {
        snprintf(name, size, "%s", metric->figure->metric);
    } else if (metric->histogram == SLO_TIME_TO_SUCCESS) {
        snprintf(name, size, "%s", metric->stat);
    } else {
        snprintf(name, size, "%s.%s",
                 metric->histogram == SLO_SCHEDULE_LAG
                     ? schedule_lag_name
                     : histograms[metric->histogram].name,
                 metric->stat);
    }
}

bool slo_metric_describe(size_t index, const char **name, const char **unit,
                         const char **sentence)
{
    const struct figure *metric = metric_at(index);
    if (metric) {
        *name = metric->metric;
        *unit = unit_name(metric->unit);
        *sentence = metric->sentence;
        return true;
    }
    index -= metric_count();
    *unit = unit_name(UNIT_DURATION);
    if (index < array_length(shown_stats)) {
        *name = shown_stats[index];
        *sentence = time_to_success_sentence;
        return true;
    }
    index -= array_length(shown_stats);
    if (index < array_length(histograms)) {
        static const char *const names[] = {
#define HISTOGRAM(id, name, sentence) name ".p99",
#include "measure/histogram.def"
#undef HISTOGRAM
        };
        *name = names[index];
        *sentence = histograms[index].sentence;
        return true;
    }
    if (index == array_length(histograms)) {
        *name = "schedule_lag.p99";
        *sentence = schedule_lag_sentence;
        return true;
    }
    return false;
}
