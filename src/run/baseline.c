#include "run/baseline.h"

#include "base/json.h"
#include "base/must.h"
#include "measure/result.h"
#include "report/document_kind.h"
#include "report/hdr.h"
#include "report/text_part.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The figures of the part that a metric is of; NULL: the report has none. */
static const cJSON *part_of(const cJSON *report,
                            const struct slo_metric *metric)
{
    const char *list = metric->part == SLO_REQUEST ? "requests" : "phases";
    const cJSON *part;

    if (metric->part == SLO_WHOLE) {
        return report;
    }
    if (metric->part == SLO_TIER) {
        return NULL;
    }
    cJSON_ArrayForEach(part, text_find(report, list))
    {
        const char *name = cJSON_GetStringValue(text_find(part, "name"));
        if (name && strcmp(name, metric->name) == 0) {
            return part;
        }
    }
    return NULL;
}

/* A quantile that the report does not list, of so many values, those included
 * that are never. */
static double quantile_in(const cJSON *distribution, const char *stat,
                          double count)
{
    const char *text = cJSON_GetStringValue(text_find(distribution, "hdr"));
    double q;
    uint64_t *counts = calloc(HIST_BUCKETS, sizeof(*counts));
    double value = NAN;

    must(counts);
    if (text && count > 0 && count < 1e15 && slo_quantile(stat, &q) &&
        hdr_read(text, counts)) {
        struct hist hist = {.counts = counts, .max_us = HIST_US_MAX};
        for (size_t i = 0; i < HIST_BUCKETS; i++) {
            hist.count += counts[i];
        }
        if (hist.count <= (uint64_t)count) {
            int64_t us = hist_quantile_of_us(&hist, q, (uint64_t)count);
            value = us < 0 ? NAN : (double)us;
        }
    }
    free(counts);
    return value;
}

static double stat_in(const cJSON *part, const struct slo_metric *metric)
{
    static const char *const names[] = {
#define HISTOGRAM(id, name, sentence) name,
#include "measure/histogram.def"
#undef HISTOGRAM
    };
    char path[SLO_NAME_MAX * 2], member[40];
    const char *dot = strchr(metric->stat, '.');

    if (metric->histogram == SLO_SCHEDULE_LAG) {
        snprintf(path, sizeof(path), "generator.schedule_lag");
    } else {
        snprintf(path, sizeof(path), "latency.%s",
                 metric->histogram == SLO_TIME_TO_SUCCESS
                     ? "time_to_success"
                     : names[metric->histogram]);
    }
    const cJSON *distribution = text_find(part, path);
    int whole = dot ? (int)(dot - metric->stat) : (int)strlen(metric->stat);
    snprintf(member, sizeof(member), "%.*s%s%s_us", whole, metric->stat,
             dot ? "_" : "", dot ? dot + 1 : "");
    if (text_find(distribution, member)) {
        return text_number(distribution, member);
    }
    double count = text_number(distribution, "count");
    /* One that was dropped never ended. */
    if (metric->histogram == HISTOGRAM_OPERATION) {
        count = fmax(count, text_number(part, "operations.offered"));
    }
    return quantile_in(distribution, metric->stat, count);
}

/* Of those that only SLOs name, what the report has of them. */
static double derived_in(const cJSON *part, const char *name)
{
    if (strcmp(name, "error_rate") == 0) {
        return 1 - text_number(part, "success_rate");
    }
    if (strcmp(name, "operations") == 0) {
        return text_number(part, "operations.started");
    }
    if (strcmp(name, "shed_rate") == 0) {
        return text_number(part, "operations.shed") /
               text_number(part, "operations.started");
    }
    if (strcmp(name, "unresolved") == 0) {
        return text_number(part, "effects.unresolved_done") +
               text_number(part, "effects.unresolved_not_done");
    }
    return NAN;
}

/* NAN: the report does not say. */
static double value_in(const cJSON *report, const struct slo_metric *metric)
{
    const cJSON *part = part_of(report, metric);
    const struct figure *figure = metric->figure;
    char path[SLO_NAME_MAX * 2];

    if (!part || metric->status_from > 0 || metric->last.ns > 0) {
        return NAN;
    }
    if (!figure) {
        return stat_in(part, metric);
    }
    if (!figure->member) {
        return derived_in(part, figure->metric);
    }
    snprintf(path, sizeof(path), "%s%s", figure_path(figure->group),
             figure->member);
    return text_number(part, path);
}

static bool fill_term(struct slo_term *term, const cJSON *report,
                      const char *path, const char *text,
                      struct errors *errors)
{
    term->baseline = value_in(report, &term->metric);
    term->baseline_length =
        duration_from_ns(text_number(report, "run.measured_us") * 1e3);
    if (term->is_ratio) {
        term->baseline /= value_in(report, &term->divisor);
    }
    if (isfinite(term->baseline)) {
        return true;
    }
    struct error *error = errors_add(
        errors, ERROR_USAGE, "the baseline has no value for \"%s\"", text);
    snprintf(error->file, sizeof(error->file), "%s", path);
    error_hint(error, "%s",
               term->metric.last.ns > 0
                   ? "a report has no windows: leave \"last\" out"
               : term->metric.status_from > 0
                   ? "a report does not have it by status"
               : term->metric.part == SLO_TIER
                   ? "a report has no tiers: name a request"
                   : "it was not measured there, is \"never\", or is of a "
                     "request or phase that it does not have");
    return false;
}

static bool fill_terms(struct plan *plan, const cJSON *report,
                       const char *path, double noise, struct errors *errors)
{
    bool good = true;

    for (size_t i = 0; i < plan->slo_count; i++) {
        struct slo *slo = &plan->slos[i];
        for (size_t k = 0; k < slo->term_count; k++) {
            char text[SLO_TEXT_MAX];
            slo_term_text(slo, k, text);
            if (slo->terms[k].of_baseline) {
                slo->terms[k].least_noise = noise;
                good = fill_term(&slo->terms[k], report, path, text, errors) &&
                       good;
            }
        }
    }
    return good;
}

/* Whether its figures stand. */
static bool check_report(const cJSON *report, const char *path,
                         struct errors *errors)
{
    const char *verdict = cJSON_GetStringValue(text_find(report, "verdict"));
    enum run_verdict found;
    struct error *error = NULL;

    if (document_kind_of(report) != DOCUMENT_RUN || !verdict) {
        error = errors_add(errors, ERROR_USAGE,
                           "this is no report of a run to compare with");
        error_hint(error, "write one with squall run -o FILE");
    } else if (!cJSON_IsTrue(text_find(report, "run.complete"))) {
        error = errors_add(errors, ERROR_USAGE,
                           "the baseline's run was ended early: it is no run "
                           "to compare with");
        error_hint(error, "make it again");
    } else if (run_verdict_find(verdict, &found) &&
               (found == RUN_INVALID || found == RUN_INCOMPLETE)) {
        error = errors_add(errors, ERROR_USAGE,
                           "the baseline's verdict is %s: its figures do not "
                           "stand",
                           verdict);
        error_hint(error, "make it again");
    }
    if (error) {
        snprintf(error->file, sizeof(error->file), "%s", path);
    }
    return !error;
}

/* Runs of another load are not compared by accident. */
static void note_load(const struct plan *plan, const cJSON *report,
                      const struct run_observer *observer)
{
    const cJSON *before = text_find(report, "profile.load");
    const cJSON *now = text_find(plan->profile, "load");
    const cJSON *member;

    cJSON_ArrayForEach(member, now)
    {
        const cJSON *other = json_get(before, member->string);
        /* A limit that nobody gave is lowered to what the process may have. */
        if (strcmp(member->string, "connections") == 0 &&
            !plan->load.connections_given) {
            continue;
        }
        if (!cJSON_Compare(member, other, true)) {
            observer_note(observer,
                          "the baseline ran with another load.%s: what "
                          "differs may be due to that",
                          member->string);
            return;
        }
    }
}

bool baseline_is_wanted(const struct plan *plan)
{
    for (size_t i = 0; i < plan->slo_count; i++) {
        for (size_t k = 0; k < plan->slos[i].term_count; k++) {
            if (plan->slos[i].terms[k].of_baseline) {
                return true;
            }
        }
    }
    return false;
}

bool baseline_apply(struct plan *plan, const char *path, double noise,
                    const struct run_observer *observer, struct errors *errors)
{
    struct json_source source = {.may_be_large = true};
    cJSON *report = NULL;

    if (json_source_read(&source, path, errors)) {
        report = json_parse(&source, errors);
    }
    bool good = report && check_report(report, path, errors) &&
                fill_terms(plan, report, path, noise, errors);
    if (good) {
        note_load(plan, report, observer);
    }
    cJSON_Delete(report);
    json_source_release(&source);
    return good;
}
