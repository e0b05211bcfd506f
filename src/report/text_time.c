/* Sections on operations and time: how many, how long, and when. */
#include "report/text_part.h"

#include <math.h>
#include <string.h>

enum { NAME_COLUMNS = 14, COUNT_COLUMNS = 11, TIME_COLUMNS = 10,
       BAR_COLUMNS_MAX = 60 };

static void add_verdict_row(struct text *text, const char *name, bool is_bad)
{
    const cJSON *operations = text_find(text->document, "operations");
    double started = text_number(operations, "started");
    double count = text_number(operations, name);
    enum ink ink = is_bad && count > 0 ? INK_WARN : INK_PLAIN;

    pen_write(&text->pen, INK_PLAIN, "  %-*s", NAME_COLUMNS, name);
    text_right(text, ink, FORM_COUNT, count, COUNT_COLUMNS);
    text_right(text, INK_PLAIN, FORM_RATIO,
               started > 0 ? count / started : (double)NAN, COUNT_COLUMNS);
    pen_write(&text->pen, INK_PLAIN, "  ");
    pen_bar(&text->pen, is_bad ? INK_WARN : INK_GOOD,
            started > 0 ? count / started : 0,
            text->pen.width < 80 ? 16 : 32);
    text_newline(text);
}

void text_operations(struct text *text)
{
    struct pen *pen = &text->pen;
    const cJSON *document = text->document;
    double dropped = text_number(document, "operations.dropped");

    text_heading(text, "Operations");
    pen_write(pen, INK_PLAIN, "    ");
    text_figure(text, INK_PLAIN, FORM_COUNT,
                text_number(document, "operations.started"));
    pen_write(pen, INK_PLAIN, " started%s", text_dot(text));
    text_figure(text, INK_PLAIN, FORM_PER_S,
                text_number(document, "rates.operations_per_s"));
    pen_write(pen, INK_PLAIN, "%s", text_dot(text));
    text_figure(text, INK_STRONG, FORM_PER_S,
                text_number(document, "rates.goodput_per_s"));
    pen_write(pen, INK_STRONG, " goodput");
    text_newline(text);
    add_verdict_row(text, "acked", false);
    add_verdict_row(text, "refused", true);
    add_verdict_row(text, "ambiguous", true);
    add_verdict_row(text, "shed", true);
    text_shed(text);
    if (dropped > 0) {
        pen_write(pen, INK_PLAIN, "  ");
        text_figure(text, INK_BAD, FORM_COUNT, dropped);
        pen_write(pen, INK_BAD, " of ");
        text_figure(text, INK_BAD, FORM_COUNT,
                    text_number(document, "operations.offered"));
        pen_write(pen, INK_BAD, " offered were never started");
        text_newline(text);
    }
}

struct column {
    const char *title;
    const char *member;
    int width_min; /* shown from this width on */
};

static const struct column columns[] = {
    {"mean", "mean_us", 110},      {"p50", "p50_us", 0},
    {"p75", "p75_us", 110},        {"p90", "p90_us", 80},
    {"p95", "p95_us", 110},        {"p99", "p99_us", 0},
    {"p99.9", "p99_9_us", 0},      {"max", "max_us", 0},
};

enum { COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]) };

static void add_latency_row(struct text *text, const char *title,
                            const cJSON *distribution, bool is_main)
{
    struct pen *pen = &text->pen;
    enum ink ink = is_main ? INK_STRONG : INK_PLAIN;

    pen_write(pen, INK_PLAIN, "  ");
    pen_write(pen, ink, "%-*s", NAME_COLUMNS, title);
    if (pen->width >= 80) {
        text_right(text, INK_FAINT, FORM_COUNT,
                   text_number(distribution, "count"), COUNT_COLUMNS);
    }
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        if (pen->width >= columns[i].width_min) {
            text_right(text, ink, FORM_US,
                       text_number(distribution, columns[i].member),
                       TIME_COLUMNS);
        }
    }
    text_newline(text);
}

void text_latency(struct text *text)
{
    static const struct {
        const char *member, *title;
    } rows[] = {
        {"operation", "operation"},   {"operation_acked", "  acked"},
        {"attempt", "attempt"},       {"attempt_ok", "  ok"},
        {"first_byte", "  first byte"}, {"connect", "connect"},
        {"queue", "queue"},           {"backoff", "backoff"},
        {"limit_wait", "limit wait"},
    };
    struct pen *pen = &text->pen;
    const cJSON *latency = text_find(text->document, "latency");

    text_heading(text, "Latency");
    pen_spaces(pen, NAME_COLUMNS + 2 - (int)strlen("Latency"));
    if (pen->width >= 80) {
        pen_right(pen, INK_FAINT, "count", COUNT_COLUMNS);
    }
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        if (pen->width >= columns[i].width_min) {
            pen_right(pen, INK_FAINT, columns[i].title, TIME_COLUMNS);
        }
    }
    text_newline(text);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const cJSON *row = text_find(latency, rows[i].member);
        /* What never happened needs no row of dashes. */
        if (i == 0 || text_number(row, "count") > 0) {
            add_latency_row(text, rows[i].title, row, i == 0);
        }
    }
}

/* Names the quantiles that lie in [low, high). */
static void add_marks(struct text *text, double low, double high)
{
    static const struct {
        const char *member, *name;
        enum ink ink;
    } marks[] = {
        {"p50_us", " p50", INK_STRONG}, {"p90_us", " p90", INK_PLAIN},
        {"p99_us", " p99", INK_WARN},   {"p99_9_us", " p99.9", INK_PLAIN},
        {"max_us", " max", INK_FAINT},
    };
    const cJSON *operation =
        text_find(text->document, "latency.operation");

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        double at = text_number(operation, marks[i].member);
        if (at >= low && at < high) {
            pen_write(&text->pen, marks[i].ink, "%s", marks[i].name);
        }
    }
}

void text_histogram(struct text *text)
{
    struct pen *pen = &text->pen;
    const cJSON *rows = text_find(text->document, "operation_histogram");
    const cJSON *row;
    double highest = 0, total = 0;

    cJSON_ArrayForEach(row, rows)
    {
        double count = text_number(row, "count");
        highest = count > highest ? count : highest;
        total += count > 0 ? count : 0;
    }
    if (highest <= 0) {
        return;
    }
    int bar = pen->width - 10 - 3 - 2 * 10 - 16;
    bar = bar > BAR_COLUMNS_MAX ? BAR_COLUMNS_MAX : bar;
    text_heading(text, "Operation latency");
    pen_write(pen, INK_FAINT, "  from the intended start to the verdict");
    text_newline(text);
    cJSON_ArrayForEach(row, rows)
    {
        double count = text_number(row, "count");
        double low = text_number(row, "low_us");
        text_right(text, INK_PLAIN, FORM_US, low, 10);
        pen_sign(pen, INK_FAINT, " ▕", " |");
        pen_bar(pen, INK_GOOD, count / highest, bar);
        text_right(text, count > 0 ? INK_PLAIN : INK_FAINT, FORM_COUNT,
                   count, 10);
        text_right(text, INK_FAINT, FORM_RATIO, count / total, 10);
        add_marks(text, low, text_number(row, "high_us"));
        text_newline(text);
    }
}

enum { SPARK_MAX = 200 };

/* One line of the series, squeezed to `wanted` columns; each column shows the
 * largest value of its points, so that no peak is hidden. */
static void add_series_row(struct text *text, const char *title,
                           const char *member, enum form form, int points,
                           double scale)
{
    struct pen *pen = &text->pen;
    const cJSON *series = text_find(text->document, "series");
    int wanted = pen->width - NAME_COLUMNS - 4 - 24;
    double values[SPARK_MAX];
    double highest = (double)NAN, lowest = (double)NAN;
    int count = points < wanted ? points : wanted;
    int index = 0;
    count = count > SPARK_MAX ? SPARK_MAX : count;
    const cJSON *point;

    for (int i = 0; i < SPARK_MAX; i++) {
        values[i] = -1;
    }
    cJSON_ArrayForEach(point, series)
    {
        if (index == points) {
            break;
        }
        int column = (int)((long)index++ * count / points);
        double value = text_number(point, member) * scale;
        if (value >= 0) {
            values[column] = value > values[column] ? value : values[column];
            highest = highest >= value ? highest : value;
            lowest = lowest <= value ? lowest : value;
        }
    }
    pen_write(pen, INK_PLAIN, "  %-*s  ", NAME_COLUMNS, title);
    pen_sparkline(pen, INK_GOOD, values, count);
    pen_write(pen, INK_PLAIN, "  ");
    text_figure(text, INK_FAINT, form, lowest);
    pen_write(pen, INK_FAINT, " to ");
    text_figure(text, INK_PLAIN, form, highest);
    text_newline(text);
}

/* Whole intervals within the measured time: what drains afterwards would
 * only look like a fall. */
static int measured_points(const struct text *text, double interval_s)
{
    double measured_s =
        text_number(text->document, "run.measured_us") / 1e6;
    int points =
        cJSON_GetArraySize(text_find(text->document, "series"));
    /* A clock that is read a little early does not unmake an interval. */
    double whole = floor(measured_s / interval_s + 0.01);
    return whole < points ? (int)whole : points;
}

/* A row of something that need not have happened. */
static void add_rare_row(struct text *text, const char *title,
                         const char *member, enum form form, int points,
                         double scale)
{
    const cJSON *point;
    int index = 0;
    cJSON_ArrayForEach(point, text_find(text->document, "series"))
    {
        if (index++ < points && text_number(point, member) > 0) {
            add_series_row(text, title, member, form, points, scale);
            return;
        }
    }
}

void text_series(struct text *text)
{
    const cJSON *series = text_find(text->document, "series");
    double interval_s =
        text_number(cJSON_GetArrayItem(series, 1), "t_s") -
        text_number(cJSON_GetArrayItem(series, 0), "t_s");
    if (!(interval_s > 0)) {
        return;
    }
    int points = measured_points(text, interval_s);
    if (points < 3) {
        return;
    }
    text_heading(text, "Over time");
    pen_write(&text->pen, INK_FAINT, "     %d intervals of ", points);
    text_figure(text, INK_FAINT, FORM_US, interval_s * 1e6);
    text_newline(text);
    add_series_row(text, "goodput", "acked", FORM_PER_S, points,
                   1 / interval_s);
    add_series_row(text, "attempts", "attempts", FORM_PER_S, points,
                   1 / interval_s);
    add_series_row(text, "p99", "p99_us", FORM_US, points, 1);
    add_series_row(text, "in flight", "in_flight", FORM_COUNT, points, 1);
    add_rare_row(text, "refused", "refused", FORM_PER_S, points,
                 1 / interval_s);
    add_rare_row(text, "shed", "shed", FORM_PER_S, points, 1 / interval_s);
    add_rare_row(text, "hedges", "hedges", FORM_PER_S, points,
                 1 / interval_s);
    if (text_number(text->document, "policy.concurrency.limit_max") >
        text_number(text->document, "policy.concurrency.limit_min")) {
        add_rare_row(text, "limit", "limit", FORM_COUNT, points, 1);
    }
    add_rare_row(text, "breakers open", "breakers_open", FORM_COUNT, points,
                 1);
}
