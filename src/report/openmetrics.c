#include "report/openmetrics.h"

#include "base/must.h"
#include "base/unicode.h"
#include "report/buckets.h"
#include "report/metrics.h"
#include "report/text_part.h"
#include "report/writer.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

static const struct {
    const char *member, *quantile;
} quantiles[] = {
    {"p50_us", "0.5"},       {"p75_us", "0.75"}, {"p90_us", "0.9"},
    {"p95_us", "0.95"},      {"p99_us", "0.99"}, {"p99_9_us", "0.999"},
    {"p99_99_us", "0.9999"}, {"max_us", "1"},
};

/* What the name of a metric in a unit ends with. */
static const char *const suffixes[] = {
    [UNIT_DURATION] = "seconds", [UNIT_RATIO] = "ratio",
    [UNIT_COUNT] = "",           [UNIT_PER_S] = "per_second",
    [UNIT_BYTES] = "bytes",      [UNIT_BYTES_PER_S] = "bytes_per_second",
    [UNIT_FACTOR] = "",
};

static const char *const types[] = {
    [METRICS_GAUGE] = "gauge",
    [METRICS_COUNTER] = "counter",
    [METRICS_QUANTILES] = "summary",
    [METRICS_BUCKETS] = "histogram",
};

struct writing {
    struct str *out;
    enum openmetrics_form form;
    struct str name; /* of the family */
};

/* Untrusted text as the value of a label. */
static void put_label(struct str *out, const struct metrics_label *label)
{
    const char *text = label->value;
    size_t left = strlen(text);

    str_printf(out, "%s=\"", label->name);
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

static void put_labels(struct str *out, const struct metrics_sample *sample)
{
    for (size_t i = 0; i < sample->label_count; i++) {
        str_append_char(out, i == 0 ? '{' : ',');
        put_label(out, &sample->labels[i]);
    }
    if (sample->label_count > 0) {
        str_append_char(out, '}');
    }
}

static bool ends_with(const struct str *text, const char *end)
{
    size_t length = strlen(end);
    return text->length > length &&
           strcmp(text->text + text->length - length, end) == 0;
}

static void put_family(void *context, const struct metrics_family *family)
{
    struct writing *writing = context;
    struct str *out = writing->out, *name = &writing->name;
    const char *suffix = suffixes[family->unit];
    const char *end = "";

    str_reset(name);
    str_printf(name, "squall_%s", family->base);
    for (char *c = name->text; *c; c++) {
        *c = isalnum((unsigned char)*c) ? *c : '_';
    }
    if (suffix[0] && !ends_with(name, suffix)) {
        str_printf(name, "_%s", suffix);
    }
    if (family->kind == METRICS_COUNTER && writing->form == FORM_PROMETHEUS) {
        end = "_total"; /* there it is part of the family's name */
    }
    str_printf(out, "# TYPE %s%s %s\n", name->text, end, types[family->kind]);
    if (suffix[0] && writing->form == FORM_OPENMETRICS) {
        str_printf(out, "# UNIT %s %s\n", name->text, suffix);
    }
    str_printf(out, "# HELP %s%s %s\n", name->text, end, family->sentence);
}

static void put_quantiles(struct writing *writing, const cJSON *distribution)
{
    struct str *out = writing->out;
    const char *name = writing->name.text;

    for (size_t q = 0; q < array_length(quantiles); q++) {
        double us = text_number(distribution, quantiles[q].member);
        str_printf(out, "%s{quantile=\"%s\"} ", name, quantiles[q].quantile);
        if (isnan(us)) {
            str_append(out, "+Inf\n");
        } else {
            str_printf(out, "%.15g\n", us / 1e6);
        }
    }
    str_printf(out, "%s_count %.0f\n", name,
               text_number(distribution, "count"));
}

static void put_buckets(struct writing *writing, const cJSON *distribution)
{
    struct str *out = writing->out;
    const char *name = writing->name.text;
    struct buckets buckets;
    uint64_t sum = 0;

    if (!buckets_read(distribution, &buckets)) {
        return;
    }
    for (unsigned i = 0; i < BUCKETS_BOUNDS; i++) {
        sum += buckets.counts[i];
        str_printf(out, "%s_bucket{le=\"%.15g\"} %llu\n", name,
                   buckets_bound_s(i), (unsigned long long)sum);
    }
    str_printf(out, "%s_bucket{le=\"+Inf\"} %llu\n", name,
               (unsigned long long)buckets.count);
    /* Where one never ended there is no sum, and so no count, says
     * OpenMetrics; the form before it has both. */
    if (isnan(buckets.sum_s) && writing->form == FORM_OPENMETRICS) {
        return;
    }
    if (isnan(buckets.sum_s)) {
        str_printf(out, "%s_sum +Inf\n", name);
    } else {
        str_printf(out, "%s_sum %.15g\n", name, buckets.sum_s);
    }
    str_printf(out, "%s_count %llu\n", name,
               (unsigned long long)buckets.count);
}

static void put_sample(void *context, const struct metrics_sample *sample)
{
    struct writing *writing = context;

    switch (sample->family->kind) {
    case METRICS_GAUGE:
    case METRICS_COUNTER:
        str_append(writing->out, writing->name.text);
        str_append(writing->out,
                   sample->family->kind == METRICS_COUNTER ? "_total" : "");
        put_labels(writing->out, sample);
        str_printf(writing->out, " %.15g\n", sample->value);
        return;
    case METRICS_QUANTILES:
        put_quantiles(writing, sample->distribution);
        return;
    case METRICS_BUCKETS:
        put_buckets(writing, sample->distribution);
        return;
    }
}

const char *openmetrics_content_type(enum openmetrics_form form)
{
    return form == FORM_OPENMETRICS
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

void openmetrics_put(struct str *out, const cJSON *document,
                     enum openmetrics_form form)
{
    struct writing writing = {out, form, STR_INIT};

    metrics_walk(document,
                 &(struct metrics_visitor){&writing, put_family, put_sample});
    str_release(&writing.name);
    if (form == FORM_OPENMETRICS) {
        str_append(out, "# EOF\n");
    }
}

void write_openmetrics(const struct writer_input *input,
                       struct file_writer *file)
{
    openmetrics_put(&file->buffer, input->document, FORM_OPENMETRICS);
}
