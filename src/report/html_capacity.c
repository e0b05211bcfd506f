/* The HTML report of a search for the capacity: what it comes to, and every
 * run as a point, its rate against what succeeded in time. */
#include "base/must.h"
#include "report/chart.h"
#include "report/html_sections.h"
#include "report/svg.h"
#include "report/text_part.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PLOT_HEIGHT = 260, TICKS_ACROSS = 6 };

static void add_head(struct html *html)
{
    struct html_place whole = {html->document, ""};
    const cJSON *slo;
    int shown = 0;

    html_many_begin(html, "squall capacity");
    cJSON_ArrayForEach(slo, text_find(html->document, "slo"))
    {
        if (cJSON_IsString(slo) && shown < HTML_ROWS_MAX) {
            html_add(html, shown++ ? ", " : "");
            html_text(html, slo->valuestring);
        }
    }
    html_many_target(html);
    html_add(html, "runs of ");
    html_figure(html, whole, "run_us", UNIT_DURATION, "unknown length");
    html_many_end(html);
}

static const struct {
    const char *title, *path;
} tiles[] = {
    {"Capacity", "capacity_per_s"},
    {"Knee", "knee_per_s"},
    {"Knee, at least", "knee_low_per_s"},
    {"Knee, at most", "knee_high_per_s"},
    {"In time at the capacity", "goodput_per_s"},
};

static void add_tiles(struct html *html, struct html_place search)
{
    html_add(html, "<dl class=\"tiles\">\n");
    for (size_t i = 0; i < array_length(tiles); i++) {
        html_addf(html, "<div><dt>%s</dt><dd>", tiles[i].title);
        html_figure(html, search, tiles[i].path, UNIT_PER_S, "not known");
        html_add(html, "</dd></div>\n");
    }
    html_add(html, "</dl>\n");
}

/* Of the runs of a search, the largest of a member; 0: there is none. */
static double largest(const cJSON *search, const char *member)
{
    const cJSON *run;
    double most = 0;

    cJSON_ArrayForEach(run, text_find(search, "runs"))
    {
        most = fmax(most, text_number(run, member));
    }
    return most;
}

static const char *word_of(const cJSON *run)
{
    const cJSON *pass = text_find(run, "pass");
    return cJSON_IsTrue(pass)    ? "passed"
           : cJSON_IsFalse(pass) ? "failed"
                                 : "no telling";
}

/* A run that passed is a filled point, one that failed an empty one. */
static void add_points(struct html *html, const struct chart_frame *frame,
                       const struct axis *x, const cJSON *search)
{
    const cJSON *run;
    struct str words = STR_INIT;

    cJSON_ArrayForEach(run, text_find(search, "runs"))
    {
        double rate = text_number(run, "rate_per_s");
        double in_time = text_number(run, "in_time_per_s");
        const cJSON *pass = text_find(run, "pass");
        if (isnan(rate) || isnan(in_time)) {
            continue;
        }
        str_reset(&words);
        text_format(&words, UNIT_PER_S, rate);
        str_printf(&words, ", %s, in time ", word_of(run));
        text_format(&words, UNIT_PER_S, in_time);
        html_addf(html,
                  "<circle class=\"dot-%s\" cx=\"%.2f%%\" cy=\"%.1f\" "
                  "r=\"4\"><title>%s</title></circle>\n",
                  cJSON_IsTrue(pass)    ? "ok"
                  : cJSON_IsFalse(pass) ? "failed"
                                        : "unknown",
                  axis_place(x, rate) * 100, chart_down(frame, in_time),
                  words.text);
    }
    str_release(&words);
}

/* What is due at a rate, and where the knee lies. */
static void add_ground(struct html *html, const struct chart_frame *frame,
                       const struct axis *x, const cJSON *search)
{
    double low = text_number(search, "knee_low_per_s");
    double high = text_number(search, "knee_high_per_s");
    double end = fmin(x->high, frame->y.high);
    double across[] = {0, axis_place(x, end)};
    double down[] = {chart_down(frame, 0), chart_down(frame, end)};

    if (!isnan(low)) {
        double left = axis_place(x, low);
        double right = isnan(high) ? 1 : axis_place(x, high);
        svg_box(html->out, "shade", left, 0, fmax(right - left, 0.002),
                frame->height);
    }
    svg_curves(html->out, frame->height);
    svg_line(html->out, "line-least", across, down, 2, 0);
    svg_curves_end(html->out);
}

static void add_plot(struct html *html, const cJSON *search, int index)
{
    struct axis x = axis_counts(largest(search, "rate_per_s"), TICKS_ACROSS);
    struct str words = STR_INIT;
    char id[32];

    snprintf(id, sizeof(id), "search-%d-runs", index);
    struct chart_frame frame = {
        .id = id,
        .title = "Runs",
        .about = "operations that succeeded in time, a second, by the rate at "
                 "which they were due",
        .summary = "the table below has the figures",
        .height = PLOT_HEIGHT,
        .y = axis_counts(largest(search, "in_time_per_s"), 6),
        .y_unit = CHART_COUNT};
    chart_open(html, &frame);
    add_ground(html, &frame, &x, search);
    add_points(html, &frame, &x, search);
    for (size_t i = 0; i < x.count; i++) {
        str_reset(&words);
        text_format(&words, UNIT_PER_S, x.ticks[i]);
        chart_tick(html, &frame, axis_place(&x, x.ticks[i]), words.text);
    }
    chart_close(html);
    chart_key(html);
    html_add(html, "<li><svg width=\"10\" height=\"10\" aria-hidden=\"true\">"
                   "<circle class=\"dot-ok\" cx=\"5\" cy=\"5\" r=\"4\"/></svg>"
                   " passed</li><li><svg width=\"10\" height=\"10\" "
                   "aria-hidden=\"true\"><circle class=\"dot-failed\" "
                   "cx=\"5\" cy=\"5\" r=\"4\"/></svg> failed</li><li><svg "
                   "width=\"10\" height=\"10\" aria-hidden=\"true\"><circle "
                   "class=\"dot-unknown\" cx=\"5\" cy=\"5\" r=\"4\"/></svg> "
                   "no telling</li>");
    chart_key_entry(html, "line-least", "all in time");
    chart_key_entry(html, "shade", "the knee, at 90 %");
    chart_key_end(html);
    chart_end(html);
    str_release(&words);
}

static void add_runs(struct html *html, const cJSON *search, int index)
{
    static const char *const headings[] = {
        ">Rate", "Run", "Phase", ">Operations", ">In time", ">Succeeded"};
    const cJSON *runs = text_find(search, "runs");
    const cJSON *run;
    int shown = 0;

    html_table(html, "Runs, in their order", headings, array_length(headings));
    cJSON_ArrayForEach(run, runs)
    {
        char prefix[64];
        snprintf(prefix, sizeof(prefix), "searches[%d].runs[%d].", index,
                 shown);
        struct html_place place = {run, prefix};
        shown++;
        if (!html_takes_row(html)) {
            break;
        }
        html_add(html, "<tr><td class=\"n\">");
        html_figure(html, place, "rate_per_s", UNIT_PER_S, "-");
        html_addf(html, "</td><td class=\"%s\">%s%s</td><td>",
                  cJSON_IsTrue(text_find(run, "pass"))    ? "good"
                  : cJSON_IsFalse(text_find(run, "pass")) ? "bad"
                                                          : "soft",
                  word_of(run),
                  cJSON_IsTrue(text_find(run, "ended_early")) ? ", ended early"
                                                              : "");
        html_text(html, text_string(run, "phase"));
        html_add(html, "</td><td class=\"n\">");
        html_figure(html, place, "operations", UNIT_COUNT, "-");
        html_add(html, "</td><td class=\"n\">");
        html_figure(html, place, "in_time_per_s", UNIT_PER_S, "-");
        html_add(html, "</td><td class=\"n\">");
        html_figure(html, place, "goodput_per_s", UNIT_PER_S, "-");
        html_add(html, "</td></tr>\n");
    }
    html_table_end(html);
    html_left_out(html, cJSON_GetArraySize(runs));
}

static void add_search(struct html *html, const cJSON *search, int index)
{
    char id[32], prefix[32];

    snprintf(id, sizeof(id), "search-%d", index);
    snprintf(prefix, sizeof(prefix), "searches[%d].", index);
    html_section(html, id,
                 cJSON_IsTrue(text_find(search, "retries"))
                     ? "With the policy as it is"
                     : "Without retries and hedges");
    html_sentences(html, text_find(search, "summary"));
    add_tiles(html, (struct html_place){search, prefix});
    if (cJSON_GetArraySize(text_find(search, "runs")) > 0) {
        add_plot(html, search, index);
        add_runs(html, search, index);
    }
    html_section_end(html);
}

void html_capacity(struct html *html)
{
    const cJSON *search;
    int index = 0;

    add_head(html);
    html_gates(html);
    cJSON_ArrayForEach(search, text_find(html->document, "searches"))
    {
        if (index < HTML_COLUMNS_MAX) {
            add_search(html, search, index++);
        }
    }
    html_section(html, "profile", "Run it again");
    html_command(html);
    html_section_end(html);
    html_add(html, "</main>\n");
}
