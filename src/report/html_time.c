/* What happened when: how operations ended, what was on meanwhile, how long
 * success took, and how the service came back. */
#include "base/must.h"
#include "report/chart.h"
#include "report/html_sections.h"
#include "report/svg.h"
#include "report/text_part.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    MAIN_HEIGHT = 220,
    LANE_HEIGHT = 26,
    LANE_BAR = 6,
    LANES_SHOWN = 8,
    STAGES_SHOWN = 30,
    NAME_MAX = 36,       /* characters of a lane's name */
    CHARACTER_WIDTH = 7, /* about, in pixels */
    NARROW = 300,        /* least width of a plot, in pixels */
    WIDE = 760,          /* the same where class "wide" is shown */
    TURNS_SHOWN = 50
};

/* How operations end, from below in the order in which they are stacked. */
static const struct {
    const char *member, *class, *words;
} ends[] = {
    {"succeeded", "area-ok", "succeeded"},
    {"rejected", "area-rejected", "rejected"},
    {"unanswered", "area-unanswered", "unanswered"},
    {"ambiguous", "area-ambiguous", "ambiguous"},
    {"shed", "area-shed", "shed"},
};

static double mean_of(const struct chart_series *series,
                      const struct chart_values *values, size_t column)
{
    size_t first = column * series->step;
    size_t rest = series->count - first;
    double sum = values->sum[column];

    return isnan(sum)
               ? 0
               : sum / (double)(rest < series->step ? rest : series->step);
}

static double highest_end(const struct chart_series *series,
                          const struct chart_values *all, size_t count)
{
    double highest = 0;

    for (size_t c = 0; c < series->columns; c++) {
        double total = 0;
        for (size_t e = 0; e < count; e++) {
            total += mean_of(series, &all[e], c);
        }
        highest = fmax(highest, total);
    }
    return highest;
}

static void stack_ends(const struct chart_series *series,
                       const struct chart_frame *frame,
                       const struct chart_values *all)
{
    double edges[CHART_COLUMNS + 1];
    double below[CHART_COLUMNS] = {0};
    double top[CHART_COLUMNS], bottom[CHART_COLUMNS];

    chart_edges(series, edges);
    for (size_t e = 0; e < array_length(ends); e++) {
        for (size_t c = 0; c < series->columns; c++) {
            bottom[c] = chart_down(frame, below[c]);
            below[c] += mean_of(series, &all[e], c);
            top[c] = chart_down(frame, below[c]);
        }
        svg_steps(series->html->out, ends[e].class, edges, top, bottom,
                  series->columns);
    }
}

static void summarise_ends(struct str *out, const cJSON *document)
{
    text_format(out, UNIT_COUNT,
                text_number(document, "operations.succeeded"));
    str_append(out, " operations succeeded and ");
    text_format(out, UNIT_COUNT, text_number(document, "operations.failed"));
    str_append(out, " failed");
}

static size_t characters_of(const char *text)
{
    size_t count = 0;
    for (; *text; text++) {
        count += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return count;
}

/* At most NAME_MAX characters, then an ellipsis. */
static void append_name(struct str *out, const char *name)
{
    size_t count = 0;

    for (const char *c = name; *c; c++) {
        count += ((unsigned char)*c & 0xc0) != 0x80;
        if (count > NAME_MAX) {
            str_append(out, "…");
            return;
        }
        str_append_char(out, *c == '_' ? ' ' : *c);
    }
}

/* A name where the lane has room for it, whatever its width; where there is
 * room only when the page is wide, it is hidden on a narrow one. */
static void add_name(struct html *html, const char *name, double left,
                     double right, double down)
{
    struct str shown = STR_INIT;
    append_name(&shown, name);
    double width = (double)(characters_of(shown.text) * CHARACTER_WIDTH);

    if (width <= (right - left) * WIDE) {
        const char *class =
            width <= (right - left) * NARROW ? "name" : "name wide";
        html_addf(html, "<text class=\"%s\" x=\"%.2f%%\" y=\"%.1f\">", class,
                  left * 100, down);
        html_text(html, shown.text);
        svg_text_end(html->out);
    }
    str_release(&shown);
}

/* The name of a lane of its own: at its start, or before the end of the plot
 * where that is too near. */
static void add_lane_name(struct html *html, const char *name, double left,
                          double down)
{
    struct str shown = STR_INIT;
    append_name(&shown, name);
    double width = (double)(characters_of(shown.text) * CHARACTER_WIDTH);
    bool fits = left * NARROW + width <= NARROW;

    html_addf(html,
              "<text class=\"name\" x=\"%.2f%%\" y=\"%.1f\" "
              "text-anchor=\"%s\">",
              fits ? left * 100 : 100.0, down, fits ? "start" : "end");
    html_text(html, shown.text);
    svg_text_end(html->out);
    str_release(&shown);
}

static double across_of(const struct chart_series *series, double us)
{
    return axis_place(&series->x, us / 1e6);
}

/* A bar of a lane, which says its name and times when it is pointed at. */
/* Of the width, for what took no time. */
#define INSTANT_SHARE 0.003

static void add_bar(const struct chart_series *series, const char *class,
                    const char *name, double from, double until, double down)
{
    struct html *html = series->html;
    double left = across_of(series, from);
    double right = isnan(until) ? 1 : across_of(series, until);
    struct str times = STR_INIT;

    if (from >= 0 && until == from && left < 1) {
        right = left + INSTANT_SHARE; /* it is to be seen */
    }
    if (right <= left) {
        return;
    }
    text_format(&times, UNIT_DURATION, from);
    str_append(&times, isnan(until) ? " to the end" : " to ");
    if (!isnan(until)) {
        text_format(&times, UNIT_DURATION, until);
    }
    html_addf(html,
              "<rect class=\"%s\" x=\"%.2f%%\" y=\"%.1f\" width=\"%.2f%%\" "
              "height=\"%d\"><title>",
              class, left * 100, down, (right - left) * 100, LANE_BAR);
    html_text(html, name);
    html_addf(html, ", %s</title></rect>\n", times.text);
    str_release(&times);
}

static bool is_stage(const cJSON *window)
{
    const char *kind = text_string(window, "kind");
    return kind && strcmp(kind, "stage") == 0;
}

static int count_stages(const cJSON *windows)
{
    const cJSON *window;
    int count = 0;

    cJSON_ArrayForEach(window, windows)
    {
        count += is_stage(window);
    }
    return count;
}

static void add_stages(const struct chart_series *series, const cJSON *windows,
                       double down)
{
    const cJSON *window;
    int shown = 0;

    cJSON_ArrayForEach(window, windows)
    {
        const char *name = text_string(window, "name");
        double from = text_number(window, "from_us");
        double until = text_number(window, "until_us");
        if (!is_stage(window) || shown++ >= STAGES_SHOWN) {
            continue;
        }
        double left = across_of(series, from);
        double right = isnan(until) ? 1 : across_of(series, until);
        add_bar(series, "lane-stage", name ? name : "-", from, until,
                down + LANE_HEIGHT - LANE_BAR - 4);
        add_name(series->html, name ? name : "-", left, right,
                 down + LANE_HEIGHT - LANE_BAR - 8);
    }
}

/* All turns of a window as one path. */
static void add_fault(const struct chart_series *series, const cJSON *window,
                      double down)
{
    struct html *html = series->html;
    const char *name = text_string(window, "name");
    double from = text_number(window, "from_us");
    double until = text_number(window, "until_us");
    double every = text_number(window, "every_us");
    bool slots[CHART_SLOTS] = {false};
    struct str times = STR_INIT;

    chart_mark(series, window, slots);
    text_format(&times, UNIT_DURATION, from);
    str_append(&times, isnan(until) ? " to the end" : " to ");
    if (!isnan(until)) {
        text_format(&times, UNIT_DURATION, until);
    }
    if (every > 0) {
        str_append(&times, ", every ");
        text_format(&times, UNIT_DURATION, every);
    }
    add_lane_name(html, name ? name : "-", across_of(series, from),
                  down + LANE_HEIGHT - LANE_BAR - 8);
    html_addf(html, "<svg y=\"%.1f\" width=\"100%%\" height=\"%d\"><title>",
              down + LANE_HEIGHT - LANE_BAR - 4, LANE_BAR);
    html_text(html, name);
    html_addf(html, ", %s</title>\n", times.text);
    svg_curves(html->out, LANE_BAR);
    svg_slots(html->out, "lane-fault", slots, CHART_SLOTS, LANE_BAR);
    svg_curves_end(html->out);
    html_add(html, "</svg>\n");
    str_release(&times);
}

/* As long as the service was not back after what had gone. */
static bool add_setbacks(const struct chart_series *series, double down)
{
    const cJSON *recovery;
    bool any = false;
    int shown = 0;

    cJSON_ArrayForEach(recovery, text_find(series->html->document, "recovery"))
    {
        double gone = text_number(recovery, "until_us");
        double back = text_number(recovery, "time_to_recover_us");
        bool is_lasting = cJSON_IsTrue(text_find(recovery, "metastable"));
        if ((!is_lasting && !(back > 0)) || shown++ >= HTML_ROWS_MAX) {
            continue;
        }
        if (!any) {
            add_lane_name(series->html, "not back yet",
                          across_of(series, gone),
                          down + LANE_HEIGHT - LANE_BAR - 8);
        }
        any = true;
        add_bar(series, "lane-bad", "not back yet", gone,
                is_lasting ? (double)NAN : gone + back,
                down + LANE_HEIGHT - LANE_BAR - 4);
    }
    return any;
}

/* A lane for the stages, one for each fault, and one for the time in which the
 * service was not back. */
static void add_lanes(const struct chart_series *series)
{
    struct html *html = series->html;
    const cJSON *windows = text_find(html->document, "windows");
    const cJSON *window;
    struct str lanes = STR_INIT;
    struct html inner = {.out = &lanes, .document = html->document};
    struct chart_series within = *series;
    int count = 0;
    double omitted = 0;

    within.html = &inner;
    if (count_stages(windows) > 1) {
        add_stages(&within, windows, count++ * LANE_HEIGHT);
    }
    cJSON_ArrayForEach(window, windows)
    {
        if (is_stage(window) || cJSON_IsFalse(text_find(window, "opened"))) {
            continue;
        }
        if (count >= LANES_SHOWN) {
            omitted++;
            continue;
        }
        add_fault(&within, window, count++ * LANE_HEIGHT);
    }
    count += add_setbacks(&within, count * LANE_HEIGHT);
    if (count > 0) {
        html_addf(html,
                  "<div class=\"plot\"><span></span><svg class=\"lanes\" "
                  "width=\"100%%\" height=\"%d\" role=\"img\" "
                  "aria-label=\"Stages and faults by time\">\n",
                  count * LANE_HEIGHT);
        html_add(html, lanes.text);
        html_add(html, "</svg></div>\n");
    }
    html_more(html, omitted);
    str_release(&lanes);
}

/* Nothing is due when the load is over: no line goes on at 0. */
static void forget_drain(const struct chart_series *series,
                         struct chart_values *values)
{
    double end_s = text_span_us(series->html->document) / 1e6;

    for (size_t c = 0; c < series->columns; c++) {
        double from = (double)(c * series->step) * series->interval_s;
        if (from > end_s - 0.01 && !(values->high[c] > 0)) {
            values->low[c] = values->high[c] = (double)NAN;
        }
    }
}

static void add_outcomes(const struct chart_series *series)
{
    static const struct chart_tip tips[] = {
        {"due", "offered", UNIT_COUNT, 0},
        {"succeeded", "succeeded", UNIT_COUNT, 0},
        {"failed", "failed", UNIT_COUNT, 0},
        {"rejected", "rejected", UNIT_COUNT, 0},
        {"unanswered", "unanswered", UNIT_COUNT, 0},
        {"ambiguous", "ambiguous", UNIT_COUNT, 0},
        {"shed", "shed", UNIT_COUNT, 0},
    };
    struct html *html = series->html;
    struct chart_values all[array_length(ends)];
    struct chart_values offered;
    struct str about = STR_INIT, summary = STR_INIT;

    for (size_t e = 0; e < array_length(ends); e++) {
        chart_values_read(series, ends[e].member, &all[e]);
    }
    chart_values_read(series, "offered", &offered);
    double highest = highest_end(series, all, array_length(ends));
    for (size_t c = 0; c < series->columns; c++) {
        highest = fmax(highest, offered.high[c]);
    }
    forget_drain(series, &offered);
    str_append(&about, "by how they ended, in intervals of ");
    text_format(&about, UNIT_DURATION, series->interval_s * 1e6);
    summarise_ends(&summary, html->document);
    struct chart_frame frame = {.id = "outcomes",
                                .title = "Operations",
                                .about = about.text,
                                .summary = summary.text,
                                .height = MAIN_HEIGHT,
                                .y = axis_counts(highest, 5),
                                .y_unit = CHART_COUNT};
    chart_open(html, &frame);
    chart_windows(series, frame.height);
    svg_curves(html->out, frame.height);
    stack_ends(series, &frame, all);
    chart_line(series, &frame, "line-ink", &offered);
    svg_curves_end(html->out);
    chart_times(series, &frame);
    chart_tips(series, frame.height, tips, array_length(tips));
    chart_close(html);
    add_lanes(series);
    chart_key(html);
    chart_key_entry(html, "line-ink", "due");
    for (size_t e = 0; e < array_length(ends); e++) {
        double count = 0;
        for (size_t c = 0; c < series->columns; c++) {
            count += mean_of(series, &all[e], c);
        }
        if (e == 0 || count > 0) {
            chart_key_entry(html, ends[e].class, ends[e].words);
        }
    }
    chart_key_end(html);
    chart_end(html);
    str_release(&about);
    str_release(&summary);
}

/* Whether 99 % of what ended in a column did not succeed in any time. */
static bool is_never(const struct chart_series *series, size_t column)
{
    size_t first = column * series->step;

    for (size_t i = first; i < first + series->step && i < series->count;
         i++) {
        if (isnan(text_number(series->points[i], "success_p99_us")) &&
            text_is_never(series->points[i], 0.99)) {
            return true;
        }
    }
    return false;
}

static void mark_never(const struct chart_series *series)
{
    double edges[CHART_COLUMNS + 1];

    chart_edges(series, edges);
    for (size_t c = 0; c < series->columns;) {
        size_t first = c;
        while (c < series->columns && is_never(series, c)) {
            c++;
        }
        if (c > first) {
            svg_box(series->html->out, "never", edges[first], 0,
                    edges[c] - edges[first], 5);
        }
        c += c == first;
    }
}

static void widen(const struct chart_series *series,
                  const struct chart_values *values, double *low, double *high)
{
    for (size_t c = 0; c < series->columns; c++) {
        if (values->low[c] > 0 && isfinite(values->high[c])) {
            *low = fmin(*low, values->low[c]);
            *high = fmax(*high, values->high[c]);
        }
    }
}

static void add_times(const struct chart_series *series)
{
    static const struct chart_tip tips[] = {
        {"p50", "success_p50_us", UNIT_DURATION, 0.5},
        {"p99", "success_p99_us", UNIT_DURATION, 0.99},
    };
    struct html *html = series->html;
    struct chart_values p50, p99;
    double low = (double)NAN, high = (double)NAN;

    chart_values_read(series, tips[0].member, &p50);
    chart_values_read(series, tips[1].member, &p99);
    widen(series, &p50, &low, &high);
    widen(series, &p99, &low, &high);
    if (isnan(low) || isnan(high)) {
        html_add(html,
                 "<figure id=\"times\">\n<figcaption><strong>Time to "
                 "success</strong></figcaption>\n<p class=\"bad\">never, "
                 "in any interval</p>\n</figure>\n");
        return;
    }
    struct chart_frame frame = {
        .id = "times",
        .title = "Time to success",
        .about = "of the operations that ended; never is the red edge",
        .summary = "median and percentile 99 by interval",
        .height = CHART_HEIGHT,
        .y = axis_log(low, high, 6),
        .y_unit = CHART_TIME};
    chart_open(html, &frame);
    chart_windows(series, frame.height);
    mark_never(series);
    svg_curves(html->out, frame.height);
    chart_line(series, &frame, "line-bad", &p99);
    chart_line(series, &frame, "line-ok", &p50);
    svg_curves_end(html->out);
    chart_times(series, &frame);
    chart_tips(series, frame.height, tips, array_length(tips));
    chart_close(html);
    chart_key(html);
    chart_key_entry(html, "line-ok", "p50");
    chart_key_entry(html, "line-bad", "p99");
    chart_key_end(html);
    chart_end(html);
}

void html_time(struct html *html)
{
    struct chart_series series;

    html_section(html, "time", "What happened when");
    if (chart_series_make(&series, html)) {
        add_outcomes(&series);
        html_add(html, "<div class=\"plots\">\n");
        add_times(&series);
        chart_member(&series,
                     &(struct chart_frame){
                         .id = "in-flight",
                         .title = "In flight",
                         .about = "operations without a verdict, at the end "
                                  "of each interval",
                         .height = CHART_HEIGHT,
                         .y_unit = CHART_COUNT},
                     "in_flight", UNIT_COUNT, "line-ok");
        html_add(html, "</div>\n");
    } else {
        html_add(html, "<p class=\"soft\">The report has no series.</p>\n");
    }
    chart_series_free(&series);
    html_recovery(html);
    html_section_end(html);
}

/* What became of the service, in words. */
static void add_became(struct html *html, struct html_place place)
{
    const char *outcome = text_string(place.object, "outcome");
    double back = text_number(place.object, "time_to_recover_us");

    if (cJSON_IsTrue(text_find(place.object, "metastable"))) {
        html_add(html, "<span class=\"bad\">never, in ");
        html_figure(html, place, "watched_us", UNIT_DURATION, "all the time");
        html_add(html, " after it</span>");
    } else if (!isnan(back)) {
        html_figure(html, place, "time_to_recover_us", UNIT_DURATION, "");
    } else {
        html_add(html, "<span class=\"none\">not measured: ");
        html_words(html, outcome);
        html_add(html, "</span>");
    }
}

void html_recovery(struct html *html)
{
    static const char *const headings[] = {"After", ">Gone at the worst",
                                           ">Back after", ">In time before",
                                           ">Goodput before"};
    const cJSON *list = text_find(html->document, "recovery");
    const cJSON *recovery;
    int index = 0;

    if (cJSON_GetArraySize(list) == 0) {
        return;
    }
    html_add(html, "<h3>Recovery</h3>\n");
    html_table(html, "Recovery", headings, array_length(headings));
    cJSON_ArrayForEach(recovery, list)
    {
        char prefix[32];
        snprintf(prefix, sizeof(prefix), "recovery[%d].", index);
        struct html_place place = {recovery, prefix};
        index++;
        if (!html_takes_row(html)) {
            break;
        }
        html_add(html, "<tr><th scope=\"row\">");
        html_words(html, text_string(recovery, "after"));
        html_add(html, "</th><td class=\"n\">");
        html_figure(html, place, "depth", UNIT_RATIO, "not measured");
        html_add(html, "</td><td class=\"n\">");
        add_became(html, place);
        html_add(html, "</td><td class=\"n\">");
        html_figure(html, place, "baseline_share", UNIT_RATIO, "-");
        html_add(html, "</td><td class=\"n\">");
        html_figure(html, place, "baseline_goodput_per_s", UNIT_PER_S, "-");
        html_add(html, "</td></tr>\n");
    }
    html_table_end(html);
    html_left_out(html, cJSON_GetArraySize(list));
}
