#include "report/metrics.h"

#include "base/json.h"
#include "base/must.h"
#include "base/str.h"
#include "measure/figure.h"
#include "report/text_part.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *name, *sentence;
} histograms[] = {
    {"time_to_success",
     "From the intended start to success; a failed operation never had it."},
#define HISTOGRAM(id, name, sentence) {name, sentence},
#include "measure/histogram.def"
#undef HISTOGRAM
};

struct walk {
    const cJSON *document;
    const struct metrics_visitor *visitor;
};

static void put_family(const struct walk *walk,
                       const struct metrics_family *family)
{
    walk->visitor->family(walk->visitor->context, family);
}

static void put_sample(const struct walk *walk,
                       const struct metrics_sample *sample)
{
    walk->visitor->sample(walk->visitor->context, sample);
}

static void put_value(const struct walk *walk,
                      const struct metrics_family *family, double value)
{
    put_family(walk, family);
    put_sample(walk,
               &(struct metrics_sample){.family = family, .value = value});
}

static void put_distribution(const struct walk *walk,
                             const struct metrics_family *family,
                             const cJSON *distribution)
{
    put_family(walk, family);
    put_sample(walk, &(struct metrics_sample){.family = family,
                                              .distribution = distribution});
}

static struct metrics_label label(const cJSON *document, const char *name,
                                  const char *path)
{
    const char *value = text_string(document, path);
    return (struct metrics_label){name, value ? value : ""};
}

static void put_info(const struct walk *walk)
{
    const cJSON *document = walk->document;
    const struct metrics_family build = {"build_info", METRICS_GAUGE,
                                         UNIT_COUNT, "What made the report."};
    const struct metrics_family run = {"run_info", METRICS_GAUGE, UNIT_COUNT,
                                       "What was run, and its verdict."};
    const struct metrics_family measured = {
        "run.measured", METRICS_GAUGE, UNIT_DURATION,
        "How long the load has been measured, the warm-up left out."};
    const struct metrics_label labels[] = {
        label(document, "version", "tool.version"),
        label(document, "libcurl", "tool.libcurl"),
        label(document, "run", "run.id"),
        label(document, "target", "run.target"),
        label(document, "profile", "profile.name"),
        label(document, "verdict", "verdict"),
    };
    double measured_us = text_number(document, "run.measured_us");

    put_family(walk, &build);
    put_sample(walk, &(struct metrics_sample){&build, 2, labels, 1, NULL});
    put_family(walk, &run);
    put_sample(walk, &(struct metrics_sample){&run, 4, labels + 2, 1, NULL});
    if (!isnan(measured_us)) {
        put_value(walk, &measured, measured_us / 1e6);
    }
}

/* Whether a figure of effects says nothing, since nothing could go wrong. */
static bool is_unjudged(const cJSON *document, const struct figure *figure)
{
    static const char effects[] = "effects.";
    bool is_of_effects =
        strncmp(figure_path(figure->group), effects, strlen(effects)) == 0;
    return is_of_effects &&
           text_string(text_find(document, "effects.unjudged"),
                       figure->member);
}

static void drop_end(struct str *text, const char *end)
{
    size_t length = strlen(end);

    if (text->length > length &&
        strcmp(text->text + text->length - length, end) == 0) {
        text->length -= length;
        text->text[text->length] = '\0';
    }
}

/* The path of a figure without what says its unit; a sum is the kind of thing
 * that is counted. */
static void put_base(struct str *out, const struct figure *figure)
{
    str_printf(out, "%s%s", figure_path(figure->group), figure->member);
    drop_end(out, "_us");
    drop_end(out, "_per_s");
    drop_end(out, ".total");
}

static void put_figures(const struct walk *walk)
{
    const struct figure *figure;
    struct str path = STR_INIT, base = STR_INIT;

    for (size_t i = 0; (figure = figure_at(i)); i++) {
        if (!figure->member) {
            continue;
        }
        str_reset(&path);
        str_reset(&base);
        str_printf(&path, "%s%s", figure_path(figure->group), figure->member);
        double value = text_number(walk->document, path.text);
        if (isnan(value) || is_unjudged(walk->document, figure)) {
            continue;
        }
        put_base(&base, figure);
        put_value(walk,
                  &(struct metrics_family){base.text,
                                           figure_only_grows(figure)
                                               ? METRICS_COUNTER
                                               : METRICS_GAUGE,
                                           figure->unit, figure->sentence},
                  figure->unit == UNIT_DURATION ? value / 1e6 : value);
    }
    str_release(&path);
    str_release(&base);
}

/* The members of an object of counts, the first ones by name. */
static void put_counts(const struct walk *walk, const char *path,
                       const char *label_name, const char *sentence)
{
    const struct metrics_family family = {path, METRICS_COUNTER, UNIT_COUNT,
                                          sentence};
    const cJSON *counts = text_find(walk->document, path);
    const cJSON *member;
    double others = 0;
    size_t seen = 0;

    cJSON_ArrayForEach(member, counts)
    {
        struct metrics_label named = {label_name, member->string};
        if (!cJSON_IsNumber(member) || !member->string) {
            continue;
        }
        if (seen++ == 0) {
            put_family(walk, &family);
        }
        if (seen > METRICS_LABELS_MAX) {
            others += member->valuedouble;
            continue;
        }
        put_sample(walk, &(struct metrics_sample){&family, 1, &named,
                                                  member->valuedouble, NULL});
    }
    if (seen > METRICS_LABELS_MAX) {
        struct metrics_label other = {label_name, "other"};
        put_sample(walk,
                   &(struct metrics_sample){&family, 1, &other, others, NULL});
    }
}

/* One count of every request; those beyond the bound together. */
static void put_of_requests(const struct walk *walk, const char *base,
                            const char *member, const char *sentence)
{
    const struct metrics_family family = {base, METRICS_COUNTER, UNIT_COUNT,
                                          sentence};
    const cJSON *request;
    double others = 0;
    size_t seen = 0;

    cJSON_ArrayForEach(request, json_get(walk->document, "requests"))
    {
        struct metrics_label named = label(request, "request", "name");
        double value = text_number(json_get(request, "operations"), member);
        if (isnan(value)) {
            continue;
        }
        if (seen++ == 0) {
            put_family(walk, &family);
        }
        if (seen > METRICS_LABELS_MAX) {
            others += value;
            continue;
        }
        put_sample(walk,
                   &(struct metrics_sample){&family, 1, &named, value, NULL});
    }
    if (seen > METRICS_LABELS_MAX) {
        struct metrics_label other = {"request", "other"};
        put_sample(walk,
                   &(struct metrics_sample){&family, 1, &other, others, NULL});
    }
}

static void put_distributions(const struct walk *walk)
{
    const cJSON *latency = text_find(walk->document, "latency");
    const cJSON *lag = text_find(walk->document, "generator.schedule_lag");
    struct str base = STR_INIT;

    for (size_t i = 0; i < array_length(histograms); i++) {
        const cJSON *of = text_find(latency, histograms[i].name);
        if (!(text_number(of, "count") > 0)) {
            continue;
        }
        str_reset(&base);
        str_printf(&base, "latency.%s", histograms[i].name);
        put_distribution(walk,
                         &(struct metrics_family){base.text, METRICS_QUANTILES,
                                                  UNIT_DURATION,
                                                  histograms[i].sentence},
                         of);
        str_reset(&base);
        str_printf(&base, "duration.%s", histograms[i].name);
        put_distribution(walk,
                         &(struct metrics_family){base.text, METRICS_BUCKETS,
                                                  UNIT_DURATION,
                                                  histograms[i].sentence},
                         of);
    }
    if (text_number(lag, "count") > 0) {
        put_distribution(
            walk,
            &(struct metrics_family){
                "generator.schedule_lag", METRICS_QUANTILES, UNIT_DURATION,
                "From the intended start of an operation to its start."},
            lag);
    }
    str_release(&base);
}

static void put_slos(const struct walk *walk)
{
    const struct metrics_family family = {
        "slo_met", METRICS_GAUGE, UNIT_COUNT,
        "1: the SLO was met; 0: it was missed, or could not be judged."};
    const cJSON *slos = text_find(walk->document, "slo");
    const cJSON *slo;

    if (cJSON_GetArraySize(slos) == 0) {
        return;
    }
    put_family(walk, &family);
    cJSON_ArrayForEach(slo, slos)
    {
        const struct metrics_label labels[] = {
            label(slo, "expr", "expr"),
            label(slo, "judgement", "judgement"),
        };
        put_sample(walk,
                   &(struct metrics_sample){
                       &family, array_length(labels), labels,
                       cJSON_IsTrue(text_find(slo, "pass")) ? 1 : 0, NULL});
    }
}

void metrics_walk(const cJSON *document, const struct metrics_visitor *visitor)
{
    const struct walk walk = {document, visitor};

    put_info(&walk);
    put_figures(&walk);
    put_counts(&walk, "attempts.by_outcome", "outcome",
               "Attempts by how they ended.");
    put_counts(&walk, "attempts.by_status", "status",
               "Attempts that were answered, by the status of the answer.");
    put_of_requests(&walk, "requests.started", "started",
                    "Operations that began, by their request.");
    put_of_requests(&walk, "requests.succeeded", "succeeded",
                    "Operations that succeeded, by their request.");
    put_of_requests(&walk, "requests.failed", "failed",
                    "Operations that ended without success, by their "
                    "request.");
    put_distributions(&walk);
    put_slos(&walk);
}
