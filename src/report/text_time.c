/* Sections on operations and time: how many, how long, and when. */
#include "base/must.h"
#include "report/text_part.h"

#include <math.h>
#include <string.h>

enum {
    NAME_COLUMNS = 14,
    COUNT_COLUMNS = 11,
    TIME_COLUMNS = 10,
    BAR_COLUMNS_MAX = 60
};

static void add_verdict_row(struct text *text, const char *name, bool is_bad)
{
    const cJSON *operations = text_find(text->document, "operations");
    double started = text_number(operations, "started");
    double count = text_number(operations, name);
    enum style style = is_bad && count > 0 ? STYLE_WARN : STYLE_PLAIN;

    term_write(&text->term, STYLE_PLAIN, "  %-*s", NAME_COLUMNS, name);
    text_right(text, style, UNIT_COUNT, count, COUNT_COLUMNS);
    text_right(text, STYLE_PLAIN, UNIT_RATIO,
               started > 0 ? count / started : (double)NAN, COUNT_COLUMNS);
    term_write(&text->term, STYLE_PLAIN, "  ");
    term_bar(&text->term, is_bad ? STYLE_WARN : STYLE_GOOD,
             started > 0 ? count / started : 0,
             text->term.width < 80 ? 16 : 32);
    text_newline(text);
}

void text_operations(struct text *text)
{
    struct term *term = &text->term;
    const cJSON *document = text->document;
    double dropped = text_number(document, "operations.dropped");

    text_heading(text, "Operations");
    term_write(term, STYLE_PLAIN, "    ");
    text_figure(text, STYLE_PLAIN, UNIT_COUNT,
                text_number(document, "operations.started"));
    term_write(term, STYLE_PLAIN, " started%s", text_dot(text));
    text_figure(text, STYLE_PLAIN, UNIT_PER_S,
                text_number(document, "rates.operations_per_s"));
    term_write(term, STYLE_PLAIN, "%s", text_dot(text));
    text_figure(text, STYLE_STRONG, UNIT_PER_S,
                text_number(document, "rates.goodput_per_s"));
    term_write(term, STYLE_STRONG, " goodput");
    text_newline(text);
    add_verdict_row(text, "succeeded", false);
    add_verdict_row(text, "failed", true);
    add_verdict_row(text, "rejected", true);
    add_verdict_row(text, "unanswered", true);
    add_verdict_row(text, "ambiguous", true);
    add_verdict_row(text, "shed", true);
    text_shed(text);
    if (dropped > 0) {
        term_write(term, STYLE_PLAIN, "  ");
        text_figure(text, STYLE_BAD, UNIT_COUNT, dropped);
        term_write(term, STYLE_BAD, " of ");
        text_figure(text, STYLE_BAD, UNIT_COUNT,
                    text_number(document, "operations.offered"));
        term_write(term, STYLE_BAD, " offered were never started");
        text_newline(text);
    }
}

struct column {
    const char *title;
    const char *member;
    int width_min; /* shown from this width on */
};

static const struct column columns[] = {
    {"mean", "mean_us", 110}, {"p50", "p50_us", 0},   {"p75", "p75_us", 110},
    {"p90", "p90_us", 80},    {"p95", "p95_us", 110}, {"p99", "p99_us", 0},
    {"p99.9", "p99_9_us", 0}, {"max", "max_us", 0},
};

enum { COLUMN_COUNT = array_length(columns) };

static void add_latency_row(struct text *text, const char *title,
                            const cJSON *distribution, bool is_main)
{
    struct term *term = &text->term;
    enum style style = is_main ? STYLE_STRONG : STYLE_PLAIN;

    term_write(term, STYLE_PLAIN, "  ");
    term_write(term, style, "%-*s", NAME_COLUMNS, title);
    if (term->width >= 80) {
        text_right(text, STYLE_FAINT, UNIT_COUNT,
                   text_number(distribution, "count"), COUNT_COLUMNS);
    }
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        if (term->width >= columns[i].width_min) {
            double value = text_number(distribution, columns[i].member);
            if (isnan(value) && text_number(distribution, "count") > 0) {
                term_right(term, STYLE_BAD, "never", TIME_COLUMNS);
            } else {
                text_right(text, style, UNIT_DURATION, value, TIME_COLUMNS);
            }
        }
    }
    text_newline(text);
}

void text_latency(struct text *text)
{
    static const struct {
        const char *member, *title;
        const char *parent; /* which it is a part of, or NULL */
    } rows[] = {
        {"time_to_success", "to success", NULL},
        {"operation", "operation", "time_to_success"},
        {"succeeded", "  succeeded", "operation"},
        {"attempt", "attempt", NULL},
        {"attempt_ok", "  ok", "attempt"},
        {"first_byte", "  first byte", "attempt"},
        {"dns", "dns", NULL},
        {"connect", "connect", NULL},
        {"tcp", "  tcp", "connect"},
        {"tls", "  tls", "connect"},
        {"queue", "queue", NULL},
        {"backoff", "backoff", NULL},
        {"limit_wait", "limit wait", NULL},
    };
    struct term *term = &text->term;
    const cJSON *latency = text_find(text->document, "latency");

    text_heading(text, "Latency");
    term_spaces(term, NAME_COLUMNS + 2 - (int)strlen("Latency"));
    if (term->width >= 80) {
        term_right(term, STYLE_FAINT, "count", COUNT_COLUMNS);
    }
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        if (term->width >= columns[i].width_min) {
            term_right(term, STYLE_FAINT, columns[i].title, TIME_COLUMNS);
        }
    }
    text_newline(text);
    for (size_t i = 0; i < array_length(rows); i++) {
        const cJSON *row = text_find(latency, rows[i].member);
        const cJSON *parent =
            rows[i].parent ? text_find(latency, rows[i].parent) : NULL;
        /* What never happened needs no row of dashes, and what is the same
         * as a row above it none at all. */
        if (i == 0 || (text_number(row, "count") > 0 &&
                       !(parent && cJSON_Compare(row, parent, true)))) {
            add_latency_row(text, rows[i].title, row, i == 0);
        }
    }
}

/* Names the quantiles that lie in [low, high). */
static void add_marks(struct text *text, double low, double high)
{
    static const struct {
        const char *member, *name;
        enum style style;
    } marks[] = {
        {"p50_us", " p50", STYLE_STRONG}, {"p90_us", " p90", STYLE_PLAIN},
        {"p99_us", " p99", STYLE_WARN},   {"p99_9_us", " p99.9", STYLE_PLAIN},
        {"max_us", " max", STYLE_FAINT},
    };
    const cJSON *operation = text_find(text->document, "latency.operation");

    for (size_t i = 0; i < array_length(marks); i++) {
        double at = text_number(operation, marks[i].member);
        if (at >= low && at < high) {
            term_write(&text->term, marks[i].style, "%s", marks[i].name);
        }
    }
}

enum { DIGITS_MAX = 7 };

/* A duration with so many significant digits, which are at least those before
 * its point. */
static void format_edge(struct str *out, double us, int digits)
{
    static const struct {
        double us;
        const char *name;
    } units[] = {{1e6, "s"}, {1e3, "ms"}, {1, "us"}};
    size_t unit = 0;

    while (unit + 1 < array_length(units) && us < units[unit].us) {
        unit++;
    }
    double value = us / units[unit].us;
    int whole = value >= 1 ? (int)floor(log10(value) + 1e-12) + 1 : 1;
    int decimals = digits > whole ? digits - whole : 0;
    str_printf(out, "%.*f %s", decimals, value, units[unit].name);
}

/* The digits, three or more, that keep the edges of the rows apart. */
static int digits_of(const cJSON *rows)
{
    int digits = 3;
    const cJSON *row;

    for (bool same = true; same && digits < DIGITS_MAX; digits += same) {
        struct str before = STR_INIT;
        same = false;
        cJSON_ArrayForEach(row, rows)
        {
            struct str edge = STR_INIT;
            format_edge(&edge, text_number(row, "low_us"), digits);
            same =
                same || (before.text && strcmp(edge.text, before.text) == 0);
            str_release(&before);
            before = edge;
        }
        str_release(&before);
    }
    return digits;
}

static bool is_empty(const cJSON *row)
{
    return !row || !(text_number(row, "count") > 0);
}

static void add_row(struct text *text, const cJSON *row, int digits,
                    double highest, double total, int bar)
{
    struct term *term = &text->term;
    struct str edge = STR_INIT;
    double count = text_number(row, "count");
    double low = text_number(row, "low_us");

    format_edge(&edge, low, digits);
    term_right(term, STYLE_PLAIN, edge.text, 10);
    term_sign(term, STYLE_FAINT, " ▕", " |");
    term_bar(term, STYLE_GOOD, count / highest, bar);
    text_right(text, count > 0 ? STYLE_PLAIN : STYLE_FAINT, UNIT_COUNT, count,
               10);
    text_right(text, STYLE_FAINT, UNIT_RATIO, count / total, 10);
    add_marks(text, low, text_number(row, "high_us"));
    text_newline(text);
    str_release(&edge);
}

void text_histogram(struct text *text)
{
    struct term *term = &text->term;
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
    int bar = term->width - 10 - 3 - 2 * 10 - 16;
    bar = bar > BAR_COLUMNS_MAX ? BAR_COLUMNS_MAX : bar;
    text_heading(text, "Operation latency");
    term_write(term, STYLE_FAINT, "  from the intended start to the verdict");
    text_newline(text);
    int digits = digits_of(rows);
    cJSON_ArrayForEach(row, rows)
    {
        if (!is_empty(row) || !is_empty(row->next)) {
            add_row(text, row, digits, highest, total, bar);
            continue;
        }
        /* A row of empty ones stands for all that follow. */
        term_right(term, STYLE_FAINT, "...", 10);
        text_newline(text);
        while (row->next && is_empty(row->next)) {
            row = row->next;
        }
    }
}
