/* When attempts were sent, in the busiest bins of 100 ms and of 10 ms: what
 * jitter spreads. */
#include "report/chart.h"
#include "report/html_sections.h"
#include "report/svg.h"
#include "report/text_part.h"

#include <math.h>

/* More than squall writes: a document may come from elsewhere. */
enum { COLUMNS_MAX = 512 };

struct arrivals {
    double attempts[COLUMNS_MAX], most_100ms[COLUMNS_MAX];
    double most_10ms[COLUMNS_MAX];
    size_t columns;
    double interval_s;
};

/* Numbers of a list; how many there were. */
static size_t read_list(const cJSON *list, double *values)
{
    const cJSON *item;
    size_t count = 0;

    cJSON_ArrayForEach(item, list)
    {
        if (count < COLUMNS_MAX) {
            values[count++] =
                cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
        }
    }
    return count;
}

static bool read_arrivals(const cJSON *document, struct arrivals *arrivals)
{
    const cJSON *object = text_find(document, "herd.arrivals");

    arrivals->interval_s = text_number(object, "interval_us") / 1e6;
    arrivals->columns =
        read_list(text_find(object, "attempts"), arrivals->attempts);
    return arrivals->columns > 0 && arrivals->interval_s > 0 &&
           read_list(text_find(object, "most_100ms"), arrivals->most_100ms) ==
               arrivals->columns &&
           read_list(text_find(object, "most_10ms"), arrivals->most_10ms) ==
               arrivals->columns;
}

static void add_line(struct html *html, const struct chart_frame *frame,
                     const char *class, const struct arrivals *arrivals,
                     const double *values)
{
    double across[COLUMNS_MAX], down[COLUMNS_MAX];
    double width = 1 / (double)arrivals->columns;

    for (size_t c = 0; c < arrivals->columns; c++) {
        across[c] = ((double)c + 0.5) * width;
        down[c] = chart_down(frame, values[c]);
    }
    svg_line(html->out, class, across, down, arrivals->columns, width);
}

static void add_count(struct html *html, const char *words, double count)
{
    struct str text = STR_INIT;

    text_format(&text, UNIT_COUNT, count);
    html_addf(html, "\n%s %s", words, text.text);
    str_release(&text);
}

/* Of several columns, where there are many: the sum, and the busiest. */
static void add_tips(struct html *html, const struct arrivals *arrivals)
{
    size_t step = (arrivals->columns + CHART_TIPS - 1) / CHART_TIPS;
    double whole = (double)arrivals->columns;

    html_add(html, "<g class=\"tips\">\n");
    for (size_t c = 0; c < arrivals->columns; c += step) {
        double sent = 0, most_100ms = 0, most_10ms = 0;
        size_t end =
            c + step < arrivals->columns ? c + step : arrivals->columns;
        for (size_t i = c; i < end; i++) {
            sent += arrivals->attempts[i];
            most_100ms = fmax(most_100ms, arrivals->most_100ms[i]);
            most_10ms = fmax(most_10ms, arrivals->most_10ms[i]);
        }
        html_addf(html,
                  "<rect x=\"%.2f%%\" width=\"%.2f%%\" height=\"%d\"><title>",
                  100.0 * (double)c / whole, 100.0 * (double)(end - c) / whole,
                  CHART_HEIGHT);
        chart_clock(html->out, (double)c * arrivals->interval_s);
        html_add(html, " to ");
        chart_clock(html->out, (double)end * arrivals->interval_s);
        add_count(html, "sent", sent);
        add_count(html, "busiest 100 ms", most_100ms);
        add_count(html, "busiest 10 ms", most_10ms);
        html_add(html, "</title></rect>\n");
    }
    html_add(html, "</g>\n");
}

void html_arrivals(struct html *html)
{
    struct arrivals arrivals;
    double most = 0;

    if (!read_arrivals(html->document, &arrivals)) {
        return;
    }
    for (size_t c = 0; c < arrivals.columns; c++) {
        most = fmax(most, arrivals.most_100ms[c]);
    }
    /* What was on is shaded as it is beside the series. */
    struct chart_series time = {
        .html = html,
        .x = axis_time((double)arrivals.columns * arrivals.interval_s, 6)};
    struct chart_frame frame = {
        .id = "arrivals",
        .title = "Arrivals",
        .about = "attempts sent in the busiest bins, by time",
        .summary = "the counts are in herd.arrivals of the JSON report",
        .height = CHART_HEIGHT,
        .y = axis_counts(most, 5),
        .y_unit = CHART_COUNT};
    chart_open(html, &frame);
    chart_windows(&time, frame.height);
    svg_curves(html->out, frame.height);
    add_line(html, &frame, "line-ok", &arrivals, arrivals.most_100ms);
    add_line(html, &frame, "line-bad", &arrivals, arrivals.most_10ms);
    svg_curves_end(html->out);
    chart_times(&time, &frame);
    add_tips(html, &arrivals);
    chart_close(html);
    chart_key(html);
    chart_key_entry(html, "line-ok", "in 100 ms");
    chart_key_entry(html, "line-bad", "in 10 ms");
    chart_key_end(html);
    chart_end(html);
}
