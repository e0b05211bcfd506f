/* What the service felt: how many requests, how they ended and how they
 * bunched, and the faults that squall injected. */
#include "base/must.h"
#include "report/chart.h"
#include "report/html_sections.h"
#include "report/text_part.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 64 };

/* A name, its count, the share of it, and a bar of that. */
static void add_share(struct html *html, const char *name, const char *class,
                      struct html_place place, const char *path, double whole)
{
    double count = text_number(place.object, path);
    double share = whole > 0 ? count / whole : (double)NAN;
    struct str text = STR_INIT;

    html_add(html, "<tr><th scope=\"row\">");
    html_words(html, name);
    html_add(html, "</th><td class=\"n\">");
    html_figure(html, place, path, UNIT_COUNT, "-");
    html_add(html, "</td><td class=\"n\">");
    text_format(&text, UNIT_RATIO, share);
    html_text(html, text.text);
    html_add(html, "</td><td class=\"bars\">");
    html_bar(html, class, share);
    html_add(html, "</td></tr>\n");
    str_release(&text);
}

static int by_count_descending(const void *a, const void *b)
{
    const cJSON *const *left = a;
    const cJSON *const *right = b;
    double difference = (*right)->valuedouble - (*left)->valuedouble;
    return difference > 0 ? 1 : difference < 0 ? -1 : 0;
}

/* The counts of a map that are not 0, the largest first. */
static void add_counts(struct html *html, const char *title, const char *path,
                       double whole)
{
    const char *const headings[] = {title, ">Count", ">Share", ""};
    const cJSON *map = text_find(html->document, path);
    const cJSON *sorted[NAMES_MAX];
    const cJSON *item;
    size_t count = 0;
    char prefix[64];

    cJSON_ArrayForEach(item, map)
    {
        if (cJSON_IsNumber(item) && item->valuedouble > 0 &&
            count < NAMES_MAX) {
            sorted[count++] = item;
        }
    }
    if (count == 0) {
        return;
    }
    qsort(sorted, count, sizeof(sorted[0]), by_count_descending);
    snprintf(prefix, sizeof(prefix), "%s.", path);
    html_add(html, "<div>");
    html_table(html, title, headings, array_length(headings));
    for (size_t i = 0; i < count && html_takes_row(html); i++) {
        bool is_good = strcmp(sorted[i]->string, "ok") == 0 ||
                       strcmp(sorted[i]->string, "answered") == 0 ||
                       sorted[i]->string[0] == '2';
        add_share(html, sorted[i]->string, is_good ? "ok" : "bad",
                  (struct html_place){map, prefix}, sorted[i]->string, whole);
    }
    html_table_end(html);
    html_left_out(html, (int)count);
    html_add(html, "</div>\n");
}

/* How many operations had how many attempts. */
static void add_attempts_each(struct html *html)
{
    static const char *const headings[] = {"Attempts of an operation",
                                           ">Operations", ">Share", ""};
    const cJSON *list = text_find(html->document, "amplification.histogram");
    const cJSON *bin;
    double whole = 0;
    int attempts = 1;

    cJSON_ArrayForEach(bin, list)
    {
        whole += cJSON_IsNumber(bin) ? bin->valuedouble : 0;
    }
    if (!(whole > 0)) {
        return;
    }
    html_add(html, "<div>");
    html_table(html, "Attempts of an operation", headings,
               array_length(headings));
    cJSON_ArrayForEach(bin, list)
    {
        char name[16], prefix[64];
        struct html_place place = {bin, prefix};
        snprintf(name, sizeof(name), "%d", attempts);
        snprintf(prefix, sizeof(prefix), "amplification.histogram[%d]",
                 attempts - 1);
        if (cJSON_IsNumber(bin) && bin->valuedouble > 0 &&
            html_takes_row(html)) {
            add_share(html, name, attempts == 1 ? "ok" : "rejected", place, "",
                      whole);
        }
        attempts++;
    }
    html_table_end(html);
    html_add(html, "</div>\n");
}

static void add_amplification(struct html *html)
{
    struct chart_series series;

    if (chart_series_make(&series, html)) {
        chart_member(&series,
                     &(struct chart_frame){
                         .id = "amplification",
                         .title = "Amplification",
                         .about = "attempts sent over operations that began",
                         .height = CHART_HEIGHT,
                         .y_unit = CHART_NUMBER},
                     "amplification", UNIT_FACTOR, "line-bad");
    }
    chart_series_free(&series);
}

static const struct {
    const char *title, *path;
    enum metric_unit unit;
    const char *sentence;
} factors[] = {
    {"Attempts an operation", "amplification.attempts_per_operation",
     UNIT_FACTOR, "over the whole run"},
    {"Peak", "amplification.peak_1s", UNIT_FACTOR, "in one second"},
    {"Retries", "amplification.retry_share", UNIT_RATIO, "of the attempts"},
    {"Wasted", "amplification.wasted_share", UNIT_RATIO, "of the attempts"},
    {"Busiest 100 ms", "herd.peak_to_mean_100ms", UNIT_FACTOR,
     "arrivals, over the mean: 1 is even"},
    {"Dispersion in 10 ms", "herd.dispersion_10ms", UNIT_FACTOR,
     "variance over mean: 1 is Poisson, more is bunched"},
};

static void add_factors(struct html *html)
{
    struct html_place whole = {html->document, ""};

    html_add(html, "<dl class=\"tiles\">\n");
    for (size_t i = 0; i < array_length(factors); i++) {
        html_addf(html, "<div><dt>%s</dt><dd>", factors[i].title);
        html_figure(html, whole, factors[i].path, factors[i].unit,
                    "not measured");
        html_addf(html, "</dd><dd class=\"sub\">%s</dd></div>\n",
                  factors[i].sentence);
    }
    html_add(html, "</dl>\n");
}

static void add_faults(struct html *html)
{
    static const char *const headings[] = {"Fault", ">Injected",
                                           ">After delivery"};
    const cJSON *faults = text_find(html->document, "faults");
    const cJSON *fault;
    int injected = 0;

    cJSON_ArrayForEach(fault, faults)
    {
        char prefix[64];
        snprintf(prefix, sizeof(prefix), "faults.%.40s.", fault->string);
        struct html_place place = {fault, prefix};
        if (!(text_number(fault, "injected") > 0)) {
            continue;
        }
        if (injected++ == 0) {
            html_add(html, "<h3>Faults that squall injected</h3>\n");
            html_table(html, "Faults", headings, array_length(headings));
        }
        if (!html_takes_row(html)) {
            continue;
        }
        html_add(html, "<tr><th scope=\"row\">");
        html_words(html, fault->string);
        html_add(html, "</th><td class=\"n\">");
        html_figure(html, place, "injected", UNIT_COUNT, "-");
        html_add(html, "</td><td class=\"n\">");
        html_figure(html, place, "delivered", UNIT_COUNT, "-");
        html_add(html, "</td></tr>\n");
    }
    if (injected > 0) {
        html_table_end(html);
        html_left_out(html, injected);
    }
}

void html_load(struct html *html)
{
    const cJSON *attempts = text_find(html->document, "attempts");

    html_section(html, "load", "What the service felt");
    add_factors(html);
    html_add(html, "<div class=\"plots\">\n");
    add_amplification(html);
    html_arrivals(html);
    html_add(html, "</div>\n<h3>Attempts</h3>\n");
    html_figures(html, FIGURES_ATTEMPTS,
                 (struct html_place){attempts, "attempts."});
    html_add(html, "<div class=\"plots\">\n");
    add_counts(html, "Outcome of an attempt", "attempts.by_outcome",
               text_number(attempts, "total"));
    add_counts(html, "HTTP status", "attempts.by_status",
               text_number(attempts, "total"));
    add_attempts_each(html);
    add_counts(html, "Why operations ended", "operations.reasons",
               text_number(html->document, "operations.started"));
    html_add(html, "</div>\n");
    add_faults(html);
    if (text_number(html->document, "bytes.sent") > 0) {
        html_add(html, "<h3>Bytes</h3>\n");
        html_figures(
            html, FIGURES_BYTES,
            (struct html_place){text_find(html->document, "bytes"), "bytes."});
    }
    html_section_end(html);
}
