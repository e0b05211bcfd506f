/* The figures of a run as OpenMetrics text: every row of figure.def, the
 * quantiles of every distribution, the SLOs and the verdict. Names are the
 * paths of the JSON report; durations are in seconds, as is the custom there.
 * What was not measured is left out; a quantile that is never is +Inf. */
#include "base/must.h"
#include "base/unicode.h"
#include "report/text_part.h"
#include "report/writer.h"

#include <ctype.h>
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

static const struct {
    const char *member, *quantile;
} quantiles[] = {
    {"p50_us", "0.5"},       {"p75_us", "0.75"}, {"p90_us", "0.9"},
    {"p95_us", "0.95"},      {"p99_us", "0.99"}, {"p99_9_us", "0.999"},
    {"p99_99_us", "0.9999"}, {"max_us", "1"},
};

/* Of a metric in a unit: what its name ends with, and what one of ours is. */
static const struct {
    const char *suffix;
    double factor;
} units[] = {
    [UNIT_DURATION] = {"seconds", 1e-6},
    [UNIT_RATIO] = {"ratio", 1},
    [UNIT_COUNT] = {"", 1},
    [UNIT_PER_S] = {"per_second", 1},
    [UNIT_BYTES] = {"bytes", 1},
    [UNIT_BYTES_PER_S] = {"bytes_per_second", 1},
    [UNIT_FACTOR] = {"", 1},
};

/* Untrusted text as the value of a label. */
static void put_label(struct str *out, const char *name, const char *text)
{
    size_t left = strlen(text);

    str_printf(out, "%s=\"", name);
    while (left > 0) {
        size_t length = utf8_length(text, left);
        if (*text == '"' || *text == '\\') {
            str_append_char(out, '\\');
            str_append_char(out, *text);
        } else if (*text == '\n') {
            str_append(out, "\\n");
        } else if (length == 0) {
            str_append_char(out, '?');
        } else {
            str_append_bytes(out, text, length);
        }
        length = length > 0 ? length : 1;
        text += length;
        left -= length;
    }
    str_append_char(out, '"');
}

static void put_head(struct str *out, const char *name, const char *type,
                     const char *unit, const char *sentence)
{
    str_printf(out, "# TYPE %s %s\n", name, type);
    if (unit[0]) {
        str_printf(out, "# UNIT %s %s\n", name, unit);
    }
    str_printf(out, "# HELP %s %s\n", name, sentence);
}

static bool ends_with(const struct str *text, const char *end)
{
    size_t length = strlen(end);
    return text->length > length &&
           strcmp(text->text + text->length - length, end) == 0;
}

/* The path of a figure as a name: only letters, digits and "_", and the unit
 * in words. A sum is the kind of thing that is counted, since "_total" is the
 * end of a counter's. */
static void put_name(struct str *out, const struct figure *figure)
{
    static const char *const dropped[] = {"_us", "_per_s", ".total"};
    const char *suffix = units[figure->unit].suffix;

    str_printf(out, "squall_%s%s", figure_path(figure->group), figure->member);
    for (size_t i = 0; i < array_length(dropped); i++) {
        if (ends_with(out, dropped[i])) {
            out->length -= strlen(dropped[i]);
            out->text[out->length] = '\0';
        }
    }
    for (char *c = out->text; *c; c++) {
        *c = isalnum((unsigned char)*c) ? *c : '_';
    }
    if (suffix[0] && !ends_with(out, suffix)) {
        str_printf(out, "_%s", suffix);
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

static void put_figures(struct str *out, const cJSON *document)
{
    const struct figure *figure;
    struct str path = STR_INIT, name = STR_INIT;

    for (size_t i = 0; (figure = figure_at(i)); i++) {
        if (!figure->member) {
            continue;
        }
        str_reset(&path);
        str_reset(&name);
        str_printf(&path, "%s%s", figure_path(figure->group), figure->member);
        double value = text_number(document, path.text);
        if (isnan(value) || is_unjudged(document, figure)) {
            continue;
        }
        put_name(&name, figure);
        put_head(out, name.text, "gauge", units[figure->unit].suffix,
                 figure->sentence);
        str_printf(out, "%s %.15g\n", name.text,
                   value * units[figure->unit].factor);
    }
    str_release(&path);
    str_release(&name);
}

static void put_distributions(struct str *out, const cJSON *document)
{
    const cJSON *latency = text_find(document, "latency");
    struct str name = STR_INIT;

    for (size_t i = 0; i < array_length(histograms); i++) {
        const cJSON *of = text_find(latency, histograms[i].name);
        double count = text_number(of, "count");
        if (!(count > 0)) {
            continue;
        }
        str_reset(&name);
        str_printf(&name, "squall_latency_%s_seconds", histograms[i].name);
        put_head(out, name.text, "summary", "seconds", histograms[i].sentence);
        for (size_t q = 0; q < array_length(quantiles); q++) {
            double us = text_number(of, quantiles[q].member);
            str_printf(out, "%s{quantile=\"%s\"} ", name.text,
                       quantiles[q].quantile);
            if (isnan(us)) {
                str_append(out, "+Inf\n");
            } else {
                str_printf(out, "%.15g\n", us / 1e6);
            }
        }
        str_printf(out, "%s_count %.0f\n", name.text, count);
    }
    str_release(&name);
}

static void put_slos(struct str *out, const cJSON *document)
{
    const cJSON *slos = text_find(document, "slo");
    const cJSON *slo;

    if (cJSON_GetArraySize(slos) == 0) {
        return;
    }
    put_head(out, "squall_slo_met", "gauge", "",
             "1: the SLO was met; 0: it was missed, or could not be judged.");
    cJSON_ArrayForEach(slo, slos)
    {
        const char *expression = text_string(slo, "expr");
        const char *word = text_string(slo, "judgement");
        str_append(out, "squall_slo_met{");
        put_label(out, "expr", expression ? expression : "");
        str_append_char(out, ',');
        put_label(out, "judgement", word ? word : "");
        str_printf(out, "} %d\n", cJSON_IsTrue(text_find(slo, "pass")));
    }
}

static void put_info(struct str *out, const cJSON *document)
{
    const char *version = text_string(document, "tool.version");
    const char *verdict = text_string(document, "verdict");
    const char *target = text_string(document, "run.target");

    put_head(out, "squall_build_info", "gauge", "", "What made the report.");
    str_append(out, "squall_build_info{");
    put_label(out, "version", version ? version : "");
    str_append(out, "} 1\n");
    put_head(out, "squall_run_info", "gauge", "",
             "What was run, and its verdict.");
    str_append(out, "squall_run_info{");
    put_label(out, "target", target ? target : "");
    str_append_char(out, ',');
    put_label(out, "verdict", verdict ? verdict : "");
    str_append(out, "} 1\n");
}

void write_openmetrics(const struct writer_input *input,
                       struct file_writer *file)
{
    put_info(&file->buffer, input->document);
    put_figures(&file->buffer, input->document);
    put_distributions(&file->buffer, input->document);
    put_slos(&file->buffer, input->document);
    str_append(&file->buffer, "# EOF\n");
}
