#include "report/chart.h"

#include "base/instant.h"
#include "base/units.h"
#include "report/svg.h"
#include "report/text_part.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    TICK_ROOM = 20,   /* below a plot, in pixels */
    TOP_ROOM = 8,     /* above it, for half of the highest word */
    TICKS_ACROSS = 6, /* of time, so that words have room when it is narrow */
    TURNS_SHOWN = 50, /* of a window that comes again */
    STAGES_SHOWN = 30
};

void chart_clock(struct str *out, double seconds)
{
    double hours = floor(seconds / 3600);
    double minutes = floor(fmod(seconds, 3600) / 60);
    double rest = fmod(seconds, 60);

    if (hours > 0) {
        str_printf(out, "%.0fh", hours);
    }
    if (minutes > 0) {
        str_printf(out, "%.0fm", minutes);
    }
    if (rest > 0 || seconds < 60) {
        str_printf(out, "%.4gs", rest);
    }
}

static void append_tick(struct str *out, enum chart_unit unit, double value)
{
    switch (unit) {
    case CHART_TIME:
        units_format_duration_exact(out, duration_from_ns(value * 1e3));
        break;
    case CHART_COUNT:
        if (value >= 1e6) {
            str_printf(out, "%.4gM", value / 1e6);
        } else if (value >= 1e4) {
            str_printf(out, "%.4gk", value / 1e3);
        } else {
            str_printf(out, "%.4g", value);
        }
        break;
    case CHART_NUMBER:
        str_printf(out, "%.4g", value);
        break;
    }
}

double chart_down(const struct chart_frame *frame, double value)
{
    return (1 - axis_place(&frame->y, value)) * frame->height;
}

/* The words left of the plot. */
static void add_scale(struct html *html, const struct chart_frame *frame)
{
    html_addf(html,
              "<svg class=\"scale\" width=\"60\" height=\"%d\" "
              "aria-hidden=\"true\">\n",
              frame->height + TOP_ROOM + TICK_ROOM);
    for (size_t i = 0; i < frame->y.count; i++) {
        html_addf(html,
                  "<text class=\"tick\" x=\"52\" y=\"%.1f\" "
                  "text-anchor=\"end\">",
                  chart_down(frame, frame->y.ticks[i]) + TOP_ROOM + 4);
        double tick = frame->y.ticks[i];
        if (frame->y_words) {
            text_format(html->out, UNIT_DURATION,
                        frame->y_words[(size_t)tick]);
        } else {
            append_tick(html->out, frame->y_unit, tick);
        }
        svg_text_end(html->out);
    }
    html_add(html, "</svg>\n");
}

void chart_open(struct html *html, const struct chart_frame *frame)
{
    int height = frame->height + TOP_ROOM + TICK_ROOM;

    html_addf(html,
              "<figure id=\"%s\">\n<figcaption><strong>%s</strong> "
              "<span class=\"soft\">%s</span></figcaption>\n"
              "<div class=\"plot\">\n",
              frame->id, frame->title, frame->about);
    add_scale(html, frame);
    html_addf(html,
              "<svg class=\"area\" width=\"100%%\" height=\"%d\" role=\"img\" "
              "aria-label=\"%s: ",
              height, frame->title);
    html_text(html, frame->summary);
    /* All that follows is placed from the top of the plot. */
    html_addf(html, "\">\n<svg y=\"%d\" width=\"100%%\" height=\"%d\">\n",
              TOP_ROOM, frame->height + TICK_ROOM);
    for (size_t i = 0; i < frame->y.count; i++) {
        double down = chart_down(frame, frame->y.ticks[i]);
        html_addf(html,
                  "<line class=\"%s\" x1=\"0\" x2=\"100%%\" y1=\"%.1f\" "
                  "y2=\"%.1f\"/>\n",
                  i == 0 ? "base" : "grid", down, down);
    }
}

void chart_close(struct html *html)
{
    html_add(html, "</svg></svg></div>\n");
}

void chart_end(struct html *html)
{
    html_add(html, "</figure>\n");
}

void chart_tick(struct html *html, const struct chart_frame *frame,
                double across, const char *words)
{
    svg_text(html->out, "tick", across, frame->height + 16);
    html_text(html, words);
    svg_text_end(html->out);
}

void chart_ticks_of_time(struct html *html, const struct chart_frame *frame,
                         const struct axis *x)
{
    struct str words = STR_INIT;

    for (size_t i = 0; i < x->count; i++) {
        str_reset(&words);
        chart_clock(&words, x->ticks[i]);
        chart_tick(html, frame, axis_place(x, x->ticks[i]), words.text);
    }
    str_release(&words);
}

void chart_key(struct html *html)
{
    html_add(html, "<ul class=\"key\">");
}

void chart_key_entry(struct html *html, const char *class, const char *words)
{
    html_addf(html,
              "<li><svg width=\"18\" height=\"10\" aria-hidden=\"true\">");
    if (strncmp(class, "area", 4) == 0 || strncmp(class, "shade", 5) == 0) {
        html_addf(html, "<rect class=\"%s\" width=\"18\" height=\"10\"/>",
                  class);
    } else {
        html_addf(html, "<path class=\"%s\" d=\"M0 5H18\"/>", class);
    }
    html_add(html, "</svg> ");
    html_text(html, words);
    html_add(html, "</li>");
}

void chart_key_end(struct html *html)
{
    html_add(html, "</ul>\n");
}

bool chart_series_make(struct chart_series *series, struct html *html)
{
    const cJSON *list = text_find(html->document, "series");
    const cJSON *point;
    int count = cJSON_GetArraySize(list);

    *series = (struct chart_series){.html = html, .interval_s = 1};
    if (!cJSON_IsArray(list) || count < 1) {
        return false;
    }
    series->points = calloc((size_t)count, sizeof(*series->points));
    if (!series->points) {
        return false;
    }
    cJSON_ArrayForEach(point, list)
    {
        series->points[series->count++] = point;
    }
    if (series->count > 1) {
        double interval = text_number(series->points[1], "t_s") -
                          text_number(series->points[0], "t_s");
        series->interval_s = interval > 0 && isfinite(interval) ? interval : 1;
    }
    series->step = (series->count + CHART_COLUMNS - 1) / CHART_COLUMNS;
    series->columns = (series->count + series->step - 1) / series->step;
    series->x =
        axis_time((double)series->count * series->interval_s, TICKS_ACROSS);
    return true;
}

void chart_series_free(struct chart_series *series)
{
    free(series->points);
}

void chart_values_read(const struct chart_series *series, const char *member,
                       struct chart_values *values)
{
    const cJSON *point;
    size_t i = 0;

    values->any = false;
    for (size_t c = 0; c < CHART_COLUMNS; c++) {
        values->low[c] = values->high[c] = values->sum[c] = (double)NAN;
    }
    cJSON_ArrayForEach(point, text_find(series->html->document, "series"))
    {
        size_t c = i++ / series->step;
        double value = text_number(point, member);
        if (isnan(value)) {
            continue;
        }
        bool is_first = isnan(values->sum[c]);
        values->any = true;
        values->low[c] = fmin(values->low[c], value);
        values->high[c] = fmax(values->high[c], value);
        values->sum[c] = is_first ? value : values->sum[c] + value;
    }
}

void chart_edges(const struct chart_series *series, double *edges)
{
    for (size_t c = 0; c <= series->columns; c++) {
        double at = (double)(c * series->step) / (double)series->count;
        edges[c] = at < 1 ? at : 1;
    }
}

static double across_of(const struct chart_series *series, double us)
{
    return axis_place(&series->x, us / 1e6);
}

/* Whether a window was on at some time from `a` to before `b`: the first turn
 * that is not over by then has begun. */
static bool was_on(double from, double until, double every, double a, double b)
{
    double turn = 0;

    if (every > 0 && until < a) {
        turn = ceil((a - until) / every);
    }
    until += turn * every;
    from += turn * every;
    return from < b && (until > a || (until == from && from >= a));
}

void chart_mark(const struct chart_series *series, const cJSON *window,
                bool *slots)
{
    double from = text_number(window, "from_us");
    double until = text_number(window, "until_us");
    double every = text_number(window, "every_us");
    double slot = series->x.high * 1e6 / CHART_SLOTS;

    until = isnan(until) ? (double)INFINITY : until;
    every = every > 0 && isfinite(until) ? every : 0;
    for (int i = 0; i < CHART_SLOTS; i++) {
        slots[i] |= was_on(from, until, every, i * slot, (i + 1) * slot);
    }
}

static void add_edge(const struct chart_series *series, const char *class,
                     double us, int height)
{
    double across = across_of(series, us);

    if (across > 0 && across < 1) {
        html_addf(series->html,
                  "<line class=\"%s\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"0\" "
                  "y2=\"%d\"/>\n",
                  class, across * 100, across * 100, height);
    }
}

void chart_windows(const struct chart_series *series, int height)
{
    const cJSON *document = series->html->document;
    bool slots[CHART_SLOTS] = {false};
    const cJSON *window;
    int stages = 0;

    cJSON_ArrayForEach(window, text_find(document, "windows"))
    {
        const char *kind = text_string(window, "kind");
        /* One that was on all the time: nothing stands out. */
        bool is_whole = !(text_number(window, "from_us") > 0) &&
                        isnan(text_number(window, "until_us"));
        if (kind && strcmp(kind, "stage") == 0) {
            if (stages++ < STAGES_SHOWN) {
                add_edge(series, "stage", text_number(window, "from_us"),
                         height);
            }
        } else if (!is_whole) {
            chart_mark(series, window, slots);
        }
    }
    svg_curves(series->html->out, height);
    svg_slots(series->html->out, "shade", slots, CHART_SLOTS, height);
    svg_curves_end(series->html->out);
    add_edge(series, "over", text_span_us(document), height);
}

void chart_line(const struct chart_series *series,
                const struct chart_frame *frame, const char *class,
                const struct chart_values *values)
{
    double across[2 * CHART_COLUMNS], down[2 * CHART_COLUMNS];
    double width = 1 / (double)series->columns;
    size_t count = 0;

    for (size_t c = 0; c < series->columns; c++) {
        double at =
            ((double)c + 0.5) * (double)(series->step) / (double)series->count;
        at = at < 1 ? at : 1;
        across[count] = at;
        down[count++] = chart_down(frame, values->high[c]);
        if (values->low[c] < values->high[c]) {
            across[count] = at;
            down[count++] = chart_down(frame, values->low[c]);
        }
    }
    svg_line(series->html->out, class, across, down, count, width);
}

void chart_times(const struct chart_series *series,
                 const struct chart_frame *frame)
{
    chart_ticks_of_time(series->html, frame, &series->x);
}

/* Factors and levels have as many digits as they need. */
static void append_value(struct str *out, enum metric_unit unit, double value)
{
    if (unit == UNIT_FACTOR) {
        str_printf(out, "%.4g", value);
    } else {
        text_format(out, unit, value);
    }
}

/* "12,345", or "1,200 to 1,519" of several intervals. */
static void add_range(struct html *html, const struct chart_tip *tip,
                      double low, double high)
{
    struct str text = STR_INIT;

    append_value(&text, tip->unit, low);
    if (high > low) {
        str_append(&text, " to ");
        append_value(&text, tip->unit, high);
    }
    html_text(html, text.text);
    str_release(&text);
}

static void add_tip(const struct chart_series *series,
                    const struct chart_tip *tip, size_t first, size_t end)
{
    double low = (double)NAN, high = (double)NAN;
    bool has_never = false;

    for (size_t i = first; i < end; i++) {
        double value = text_number(series->points[i], tip->member);
        low = fmin(low, value);
        high = fmax(high, value);
        has_never |= tip->never > 0 && isnan(value) &&
                     text_is_never(series->points[i], tip->never);
    }
    if (isnan(low) && !has_never) {
        return;
    }
    html_addf(series->html, "\n%s ", tip->name);
    if (!isnan(low)) {
        add_range(series->html, tip, low, high);
    }
    if (has_never) {
        html_addf(series->html, "%snever", isnan(low) ? "" : " to ");
    }
}

void chart_tips(const struct chart_series *series, int height,
                const struct chart_tip *tips, size_t count)
{
    struct html *html = series->html;
    size_t step = (series->count + CHART_TIPS - 1) / CHART_TIPS;

    html_add(html, "<g class=\"tips\">\n");
    for (size_t first = 0; first < series->count; first += step) {
        size_t end =
            first + step < series->count ? first + step : series->count;
        double left = (double)first / (double)series->count;
        double right = (double)end / (double)series->count;
        html_addf(html,
                  "<rect x=\"%.2f%%\" width=\"%.2f%%\" height=\"%d\"><title>",
                  left * 100, (right - left) * 100, height);
        chart_clock(html->out, (double)first * series->interval_s);
        html_add(html, " to ");
        chart_clock(html->out, (double)end * series->interval_s);
        for (size_t t = 0; t < count; t++) {
            add_tip(series, &tips[t], first, end);
        }
        html_add(html, "</title></rect>\n");
    }
    html_add(html, "</g>\n");
}

void chart_member(const struct chart_series *series,
                  const struct chart_frame *frame, const char *member,
                  enum metric_unit unit, const char *class)
{
    struct html *html = series->html;
    struct chart_frame whole = *frame;
    struct chart_values values;
    struct str summary = STR_INIT;
    const struct chart_tip tip = {frame->title, member, unit, 0};
    double low = (double)NAN, high = (double)NAN;

    chart_values_read(series, member, &values);
    if (!values.any) {
        return;
    }
    for (size_t c = 0; c < series->columns; c++) {
        low = fmin(low, values.low[c]);
        high = fmax(high, values.high[c]);
    }
    append_value(&summary, unit, low);
    str_append(&summary, " to ");
    append_value(&summary, unit, high);
    whole.summary = summary.text;
    whole.y = whole.y_unit == CHART_COUNT ? axis_counts(high, 5)
                                          : axis_from_zero(high, 5);
    chart_open(html, &whole);
    chart_windows(series, whole.height);
    svg_curves(html->out, whole.height);
    chart_line(series, &whole, class, &values);
    svg_curves_end(html->out);
    chart_times(series, &whole);
    chart_tips(series, whole.height, &tip, 1);
    chart_close(html);
    chart_end(html);
    str_release(&summary);
}
