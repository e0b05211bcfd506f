/* The section on time: what happened when, and what was going on then. */
#include "base/must.h"
#include "report/text_part.h"

#include <math.h>
#include <string.h>

enum {
    NAME_COLUMNS = 14,
    SPARK_MAX = 200,
    SPARK_WANTED = 40,  /* short series are stretched towards it */
    RANGE_COLUMNS = 24, /* "422/s to 1,519/s" */
    WINDOWS_SHOWN = 6,  /* rows */
    TURNS_SHOWN = 100   /* of a window that repeats */
};

/* What all rows have in common: `points` intervals in `columns` columns. */
struct axis {
    struct text *text;
    int points, columns;
    double interval_s;
};

static int column_of(const struct axis *axis, double us)
{
    double length = axis->points * axis->interval_s * 1e6;
    double column = floor(us / length * axis->columns + 1e-9);
    return column < 0               ? 0
           : column > axis->columns ? axis->columns
                                    : (int)column;
}

/* One line of the series, squeezed or stretched to its columns; each column
 * shows the largest value of its points, so that no peak is hidden. */
static void add_line(const struct axis *axis, const char *title,
                     const char *member, enum metric_unit unit, double scale,
                     bool has_never)
{
    struct text *text = axis->text;
    struct term *term = &text->term;
    const cJSON *point = text_find(text->document, "series");
    double values[SPARK_MAX];
    double highest = (double)NAN, lowest = (double)NAN;

    for (int i = 0; i < SPARK_MAX; i++) {
        values[i] = -1;
    }
    point = point ? point->child : NULL;
    for (int i = 0; i < axis->points && point; i++, point = point->next) {
        double value = text_number(point, member) * scale;
        int first = (int)((long)i * axis->columns / axis->points);
        int end = (int)((long)(i + 1) * axis->columns / axis->points);
        if (!(value >= 0)) {
            continue;
        }
        for (int c = first; c < end || c == first; c++) {
            values[c] = value > values[c] ? value : values[c];
        }
        highest = highest >= value ? highest : value;
        lowest = lowest <= value ? lowest : value;
    }
    term_write(term, STYLE_PLAIN, "  %-*s  ", NAME_COLUMNS, title);
    term_sparkline(term, STYLE_GOOD, values, axis->columns);
    term_write(term, STYLE_PLAIN, "  ");
    if (!isnan(lowest)) {
        text_figure(text, STYLE_FAINT, unit, lowest);
    }
    if (highest > lowest || (has_never && !isnan(lowest))) {
        term_write(term, STYLE_FAINT, " to ");
    }
    if (has_never) {
        term_write(term, STYLE_BAD, "never");
    } else if (highest > lowest) {
        text_figure(text, STYLE_PLAIN, unit, highest);
    } else if (isnan(lowest)) {
        term_write(term, STYLE_FAINT, "-");
    }
    text_newline(text);
}

static void add_row(const struct axis *axis, const char *title,
                    const char *member, enum metric_unit unit, double scale)
{
    add_line(axis, title, member, unit, scale, false);
}

/* The time within which 99 % of what finished succeeded: a gap where that is
 * never. */
static void add_success(const struct axis *axis)
{
    const cJSON *point;
    bool has_never = false, is_known = false;
    int index = 0;

    cJSON_ArrayForEach(point, text_find(axis->text->document, "series"))
    {
        has_never |= index++ < axis->points &&
                     cJSON_IsNull(text_find(point, "success_p99_us")) &&
                     text_is_never(point, 0.99);
        is_known |= text_find(point, "success_p99_us") != NULL;
    }
    if (!is_known) { /* a report of an older version */
        add_row(axis, "p99", "p99_us", UNIT_DURATION, 1);
        return;
    }
    add_line(axis, "p99 to success", "success_p99_us", UNIT_DURATION, 1,
             has_never);
}

/* A row of something that need not have happened. */
static void add_rare_row(const struct axis *axis, const char *title,
                         const char *member, enum metric_unit unit,
                         double scale)
{
    const cJSON *point;
    int index = 0;
    cJSON_ArrayForEach(point, text_find(axis->text->document, "series"))
    {
        if (index++ < axis->points && text_number(point, member) > 0) {
            add_row(axis, title, member, unit, scale);
            return;
        }
    }
}

/* Whole intervals within the measured time: what drains afterwards would
 * only look like a fall. */
static int measured_points(const struct text *text, double interval_s)
{
    double measured_s = text_span_us(text->document) / 1e6;
    int points = cJSON_GetArraySize(text_find(text->document, "series"));
    /* A clock that is read a little early does not unmake an interval. */
    double whole = floor(measured_s / interval_s + 0.01);
    return whole < points ? (int)whole : points;
}

/* Where the columns begin and end. */
static void add_scale(const struct axis *axis)
{
    struct term *term = &axis->text->term;
    struct str end = STR_INIT;

    text_format(&end, UNIT_DURATION, axis->points * axis->interval_s * 1e6);
    term_spaces(term, NAME_COLUMNS + 4);
    if (axis->columns > 3 + term_columns(end.text)) {
        term_write(term, STYLE_FAINT, "0 s");
        term_right(term, STYLE_FAINT, end.text, axis->columns - 3);
    } else {
        term_write(term, STYLE_FAINT, "0 s to %s", end.text);
    }
    text_newline(axis->text);
    str_release(&end);
}

/* Marks the columns from one time to another, at least one. */
static void mark(const struct axis *axis, bool *marks, double from,
                 double until)
{
    double length = axis->points * axis->interval_s * 1e6;

    if (until <= 0 || from >= length) {
        return;
    }
    int first = column_of(axis, from);
    int end = until < length ? column_of(axis, until) : axis->columns;
    for (int c = first; c < end || c == first; c++) {
        marks[c] = true;
    }
}

static void mark_turns(const struct axis *axis, const cJSON *window,
                       bool *marks)
{
    double from = text_number(window, "from_us");
    double until = text_number(window, "until_us");
    double every = text_number(window, "every_us");

    until = isnan(until) ? INFINITY : until;
    mark(axis, marks, from, until);
    for (int turn = 1; every > 0 && turn < TURNS_SHOWN; turn++) {
        mark(axis, marks, from + turn * every, until + turn * every);
    }
}

static void add_marks(const struct axis *axis, const bool *marks,
                      enum style style)
{
    struct term *term = &axis->text->term;

    for (int c = 0; c < axis->columns; c++) {
        if (marks[c]) {
            term_sign(term, style, "━", "=");
        } else {
            term_spaces(term, 1);
        }
    }
}

static void add_span(struct text *text, const cJSON *window)
{
    struct term *term = &text->term;
    double from = text_number(window, "from_us");
    double until = text_number(window, "until_us");

    text_figure(text, STYLE_FAINT, UNIT_DURATION, from);
    if (isnan(until)) {
        term_write(term, STYLE_FAINT, " on");
    } else {
        term_write(term, STYLE_FAINT, " to ");
        text_figure(text, STYLE_FAINT, UNIT_DURATION, until);
    }
}

static void add_window(const struct axis *axis, const cJSON *window)
{
    struct text *text = axis->text;
    struct term *term = &text->term;
    const char *name = text_string(window, "name");
    bool marks[SPARK_MAX] = {false};

    mark_turns(axis, window, marks);
    term_spaces(term, 2);
    term_cell(term, STYLE_PLAIN, name ? name : "-", NAME_COLUMNS);
    term_spaces(term, 2);
    add_marks(axis, marks, STYLE_WARN);
    term_spaces(term, 2);
    add_span(text, window);
    text_newline(text);
}

/* One row for all that the service was not back from, as long as it was not.
 */
static void add_recovery(const struct axis *axis)
{
    struct term *term = &axis->text->term;
    bool marks[SPARK_MAX] = {false};
    const cJSON *recovery;
    bool any = false;

    cJSON_ArrayForEach(recovery, text_find(axis->text->document, "recovery"))
    {
        double gone = text_number(recovery, "until_us");
        double back = text_number(recovery, "time_to_recover_us");
        bool is_never = cJSON_IsTrue(text_find(recovery, "metastable"));
        if (is_never || back > 0) {
            mark(axis, marks, gone, is_never ? INFINITY : gone + back);
            any = true;
        }
    }
    if (!any) {
        return;
    }
    term_write(term, STYLE_PLAIN, "  %-*s  ", NAME_COLUMNS, "not yet back");
    add_marks(axis, marks, STYLE_BAD);
    text_newline(axis->text);
}

/* The name of the stage that begins in each column, as far as it has room. */
static void add_stages(const struct axis *axis, const cJSON *windows)
{
    struct term *term = &axis->text->term;
    const cJSON *stage;
    int at = 0;

    term_write(term, STYLE_PLAIN, "  %-*s  ", NAME_COLUMNS, "stages");
    cJSON_ArrayForEach(stage, windows)
    {
        const char *kind = text_string(stage, "kind");
        const char *name = text_string(stage, "name");
        double from = text_number(stage, "from_us");
        double until = text_number(stage, "until_us");
        if (!kind || strcmp(kind, "stage") != 0 || !name) {
            continue;
        }
        int first = column_of(axis, from);
        int end = isnan(until) ? axis->columns : column_of(axis, until);
        if (end <= at || end - first < 1) {
            continue;
        }
        term_spaces(term, first - at);
        term_sign(term, STYLE_FAINT, "▏", "|");
        term_cell(term, STYLE_FAINT, end - first > 2 ? name : "",
                  end - first - 1);
        at = end;
    }
    text_newline(axis->text);
}

static int count_kind(const cJSON *windows, bool stages)
{
    const cJSON *window;
    int count = 0;

    cJSON_ArrayForEach(window, windows)
    {
        const char *kind = text_string(window, "kind");
        count += kind && (strcmp(kind, "stage") == 0) == stages;
    }
    return count;
}

/* What was on when. A fault that was on all the time needs no row. */
static void add_windows(const struct axis *axis)
{
    const cJSON *windows = text_find(axis->text->document, "windows");
    const cJSON *window;
    int shown = 0;

    if (count_kind(windows, true) > 1) {
        add_stages(axis, windows);
    }
    cJSON_ArrayForEach(window, windows)
    {
        const char *kind = text_string(window, "kind");
        bool is_whole = !(text_number(window, "from_us") > 0) &&
                        isnan(text_number(window, "until_us"));
        if (kind && strcmp(kind, "stage") != 0 && !is_whole &&
            shown++ < WINDOWS_SHOWN) {
            add_window(axis, window);
        }
    }
    if (shown > WINDOWS_SHOWN) {
        term_write(&axis->text->term, STYLE_FAINT, "  and %d more",
                   shown - WINDOWS_SHOWN);
        text_newline(axis->text);
    }
}

static void add_all_rows(const struct axis *axis)
{
    const cJSON *document = axis->text->document;
    double scale = 1 / axis->interval_s;

    add_row(axis, "goodput", "succeeded", UNIT_PER_S, scale);
    add_row(axis, "attempts", "attempts", UNIT_PER_S, scale);
    add_success(axis);
    add_row(axis, "p99, any end", "p99_us", UNIT_DURATION, 1);
    add_row(axis, "in flight", "in_flight", UNIT_COUNT, 1);
    add_rare_row(axis, "rejected", "rejected", UNIT_PER_S, scale);
    add_rare_row(axis, "shed", "shed", UNIT_PER_S, scale);
    add_rare_row(axis, "hedges", "hedges", UNIT_PER_S, scale);
    if (text_number(document, "policy.concurrency.limit_max") >
        text_number(document, "policy.concurrency.limit_min")) {
        add_rare_row(axis, "limit", "limit", UNIT_COUNT, 1);
    }
    add_rare_row(axis, "breakers open", "breakers_open", UNIT_COUNT, 1);
}

static void add_main_rows(const struct axis *axis)
{
    double scale = 1 / axis->interval_s;

    add_row(axis, "goodput", "succeeded", UNIT_PER_S, scale);
    add_rare_row(axis, "failed", "failed", UNIT_PER_S, scale);
    add_rare_row(axis, "shed", "shed", UNIT_PER_S, scale);
    if (text_number(axis->text->document, "attempts.retries") > 0 ||
        text_number(axis->text->document, "attempts.hedges") > 0) {
        add_row(axis, "attempts", "attempts", UNIT_PER_S, scale);
    }
    add_success(axis);
}

/* False when there is too little to draw. */
static bool axis_init(struct axis *axis, struct text *text)
{
    const cJSON *series = text_find(text->document, "series");
    double interval_s = text_number(cJSON_GetArrayItem(series, 1), "t_s") -
                        text_number(cJSON_GetArrayItem(series, 0), "t_s");
    int room = text->term.width - NAME_COLUMNS - 6 - RANGE_COLUMNS + 2;

    if (!(interval_s > 0)) {
        return false;
    }
    room = room > SPARK_MAX ? SPARK_MAX : room;
    *axis = (struct axis){.text = text,
                          .points = measured_points(text, interval_s),
                          .interval_s = interval_s};
    if (axis->points < 3) {
        return false;
    }
    int wanted = room < SPARK_WANTED ? room : SPARK_WANTED;
    int times = wanted / axis->points;
    axis->columns = axis->points > room ? room
                    : times > 1         ? axis->points * times
                                        : axis->points;
    return true;
}

void text_unopened(struct text *text)
{
    struct term *term = &text->term;
    const cJSON *window;

    cJSON_ArrayForEach(window, text_find(text->document, "windows"))
    {
        const char *name = text_string(window, "name");
        if (!cJSON_IsFalse(text_find(window, "opened"))) {
            continue;
        }
        struct str words = STR_INIT;
        str_printf(&words, "%s was to begin after ", name ? name : "?");
        text_format(&words, UNIT_DURATION, text_number(window, "from_us"));
        str_append(&words, ", and never did: the load was over");
        term_sign(term, STYLE_BAD, "  ⚠ ", "  WARNING: ");
        text_wrapped(text, STYLE_WARN, words.text, term->unicode ? 4 : 11);
        str_release(&words);
    }
}

void text_series(struct text *text)
{
    struct axis axis;

    if (!axis_init(&axis, text)) {
        return;
    }
    text_heading(text, "Over time");
    term_write(&text->term, STYLE_FAINT, "     %d intervals of ", axis.points);
    text_figure(text, STYLE_FAINT, UNIT_DURATION, axis.interval_s * 1e6);
    text_newline(text);
    if (text->is_short) {
        add_main_rows(&axis);
    } else {
        add_all_rows(&axis);
    }
    add_scale(&axis);
    add_windows(&axis);
    add_recovery(&axis);
}
