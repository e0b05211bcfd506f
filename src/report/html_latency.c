/* How long it took: the quantiles on an axis of nines, and the distributions
 * as a table. */
#include "base/must.h"
#include "report/chart.h"
#include "report/html_sections.h"
#include "report/svg.h"
#include "report/text_part.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Where quantiles stand: at log10 of 1 / (1 - q), the largest value one step
 * behind percentile 99.99. */
static const struct {
    const char *member, *name;
    double nines;
    bool has_tick;
} quantiles[] = {
    {"min_us", "min", 0, false},     {"p50_us", "p50", 0.301, true},
    {"p75_us", "p75", 0.602, false}, {"p90_us", "p90", 1, true},
    {"p95_us", "p95", 1.301, false}, {"p99_us", "p99", 2, true},
    {"p99_9_us", "p99.9", 3, true},  {"p99_99_us", "p99.99", 4, true},
    {"max_us", "max", 5.5, true},
};

enum { QUANTILES = sizeof(quantiles) / sizeof(quantiles[0]) };

static const struct curve {
    const char *path, *words, *line, *dot;
} curves[] = {
    {"latency.attempt", "attempts", "line-third", "dot-third"},
    {"latency.operation", "operations, however they ended", "line-other",
     "dot-other"},
    {"latency.time_to_success", "time to success", "line-ok", "dot-ok"},
};

static double place_of(size_t quantile)
{
    return quantiles[quantile].nines / quantiles[QUANTILES - 1].nines;
}

static void widen(const cJSON *distribution, double *low, double *high)
{
    for (size_t q = 0; q < QUANTILES; q++) {
        double value = text_number(distribution, quantiles[q].member);
        if (value > 0 && isfinite(value)) {
            *low = fmin(*low, value);
            *high = fmax(*high, value);
        }
    }
}

static void add_curve(struct html *html, const struct chart_frame *frame,
                      const char *class, const cJSON *distribution)
{
    double across[QUANTILES], down[QUANTILES];

    for (size_t q = 0; q < QUANTILES; q++) {
        across[q] = place_of(q);
        down[q] =
            chart_down(frame, text_number(distribution, quantiles[q].member));
    }
    svg_line(html->out, class, across, down, QUANTILES, 0.01);
}

/* A dot for each quantile, which says its value when it is pointed at. */
static void add_dots(struct html *html, const struct chart_frame *frame,
                     const struct curve *curve)
{
    const cJSON *distribution = text_find(html->document, curve->path);
    struct str value = STR_INIT;

    for (size_t q = 0; q < QUANTILES; q++) {
        double us = text_number(distribution, quantiles[q].member);
        if (isnan(us)) {
            continue;
        }
        str_reset(&value);
        text_format(&value, UNIT_DURATION, us);
        html_addf(html,
                  "<circle class=\"%s\" cx=\"%.2f%%\" cy=\"%.1f\" r=\"3.5\">"
                  "<title>%s, %s: %s</title></circle>\n",
                  curve->dot, place_of(q) * 100, chart_down(frame, us),
                  curve->words, quantiles[q].name, value.text);
    }
    str_release(&value);
}

/* The first quantile that success never came to; QUANTILES: there is none. */
static size_t first_never(const cJSON *distribution)
{
    size_t q = 1;

    if (!(text_number(distribution, "count") > 0)) {
        return QUANTILES;
    }
    while (q < QUANTILES &&
           !isnan(text_number(distribution, quantiles[q].member))) {
        q++;
    }
    return q;
}

static void add_key(struct html *html, bool has_least, size_t never)
{
    chart_key(html);
    for (size_t i = array_length(curves); i > 0; i--) {
        struct str words = STR_INIT;
        str_append(&words, curves[i - 1].words);
        if (i == array_length(curves) && never < QUANTILES) {
            str_printf(&words, ", never at %s", quantiles[never].name);
        }
        chart_key_entry(html, curves[i - 1].line, words.text);
        str_release(&words);
    }
    if (has_least) {
        chart_key_entry(html, "line-least",
                        "time to success at least, less squall's own part");
    }
    chart_key_end(html);
}

static void add_percentiles(struct html *html)
{
    const cJSON *success =
        text_find(html->document, "latency.time_to_success");
    const cJSON *least = text_find(success, "at_least");
    double low = (double)NAN, high = (double)NAN;
    size_t never = first_never(success);

    for (size_t i = 0; i < array_length(curves); i++) {
        widen(text_find(html->document, curves[i].path), &low, &high);
    }
    if (isnan(low)) {
        html_add(html, "<p class=\"soft\">No latency was measured.</p>\n");
        return;
    }
    struct chart_frame frame = {
        .id = "percentiles",
        .title = "Latency by percentile",
        .about = "each step to the right is ten times rarer",
        .summary = "the table below has the figures",
        .height = 240,
        .y = axis_log(low, high, 7),
        .y_unit = CHART_TIME};
    chart_open(html, &frame);
    if (never < QUANTILES) {
        svg_box(html->out, "never", place_of(never), 0, 1 - place_of(never),
                5);
    }
    svg_curves(html->out, frame.height);
    if (cJSON_IsObject(least)) {
        add_curve(html, &frame, "line-least", least);
    }
    for (size_t i = 0; i < array_length(curves); i++) {
        add_curve(html, &frame, curves[i].line,
                  text_find(html->document, curves[i].path));
    }
    svg_curves_end(html->out);
    for (size_t i = 0; i < array_length(curves); i++) {
        add_dots(html, &frame, &curves[i]);
    }
    for (size_t q = 0; q < QUANTILES; q++) {
        if (quantiles[q].has_tick) {
            chart_tick(html, &frame, place_of(q), quantiles[q].name);
        }
    }
    chart_close(html);
    add_key(html, cJSON_IsObject(least), never);
    chart_end(html);
}

/* How many operations took how long. */
static void add_histogram(struct html *html)
{
    static const char *const headings[] = {">From", ">To", ">Operations", ""};
    const cJSON *rows = text_find(html->document, "operation_histogram");
    const cJSON *row;
    double most = 0;
    int index = 0;

    cJSON_ArrayForEach(row, rows)
    {
        most = fmax(most, text_number(row, "count"));
    }
    if (!(most > 0)) {
        return;
    }
    html_add(html, "<details><summary>Operations by latency</summary>\n");
    html_table(html, "Operations by latency", headings,
               array_length(headings));
    cJSON_ArrayForEach(row, rows)
    {
        char prefix[48];
        snprintf(prefix, sizeof(prefix), "operation_histogram[%d].", index);
        struct html_place place = {row, prefix};
        index++;
        if (!html_takes_row(html)) {
            break;
        }
        html_add(html, "<tr><td class=\"n\">");
        html_figure(html, place, "low_us", UNIT_DURATION, "-");
        html_add(html, "</td><td class=\"n\">");
        html_figure(html, place, "high_us", UNIT_DURATION, "-");
        html_add(html, "</td><td class=\"n\">");
        html_figure(html, place, "count", UNIT_COUNT, "-");
        html_add(html, "</td><td class=\"bars\">");
        html_bar(html, "ok", text_number(row, "count") / most);
        html_add(html, "</td></tr>\n");
    }
    html_table_end(html);
    html_left_out(html, cJSON_GetArraySize(rows));
    html_add(html, "</details>\n");
}

/* One distribution: its name in words, and where it is. */
static void add_row(struct html *html, const cJSON *latency, const char *name)
{
    static const char *const members[] = {"p50_us",   "p90_us", "p99_us",
                                          "p99_9_us", "max_us", "mean_us"};
    const cJSON *distribution =
        cJSON_GetObjectItemCaseSensitive(latency, name);
    bool is_success = strcmp(name, "time_to_success") == 0;
    char prefix[64];

    if (!(text_number(distribution, "count") > 0)) {
        return;
    }
    snprintf(prefix, sizeof(prefix), "latency.%s.", name);
    struct html_place place = {distribution, prefix};
    html_add(html, "<tr><th scope=\"row\">");
    html_words(html, name);
    html_add(html, "</th><td class=\"n\">");
    html_figure(html, place, "count", UNIT_COUNT, "-");
    for (size_t i = 0; i < array_length(members); i++) {
        html_add(html, "</td><td class=\"n\">");
        html_figure(html, place, members[i], UNIT_DURATION,
                    is_success ? "never" : "unknown");
    }
    html_add(html, "</td></tr>\n");
}

static void add_distributions(struct html *html)
{
    static const char *const headings[] = {"What", ">Count", ">p50", ">p90",
                                           ">p99", ">p99.9", ">Max", ">Mean"};
    static const char *const names[] = {
        "time_to_success",
#define HISTOGRAM(id, name, sentence) name,
#include "measure/histogram.def"
#undef HISTOGRAM
    };
    const cJSON *latency = text_find(html->document, "latency");

    html_add(html, "<h3>Distributions</h3>\n");
    html_table(html, "Distributions of latency", headings,
               array_length(headings));
    for (size_t i = 0; i < array_length(names); i++) {
        add_row(html, latency, names[i]);
    }
    html_table_end(html);
}

void html_latency(struct html *html)
{
    html_section(html, "latency", "How long it took");
    html_add(html, "<div class=\"plots\">\n<div>\n");
    add_percentiles(html);
    html_add(html, "</div>\n<div>\n");
    html_heat(html);
    html_add(html, "</div>\n</div>\n");
    add_histogram(html);
    add_distributions(html);
    html_section_end(html);
}
