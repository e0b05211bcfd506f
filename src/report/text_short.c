/* The report that fits a screen: a row for each thing that there is to say. */
#include "base/must.h"
#include "policy/outcome.h"
#include "report/text_remarks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LABEL_COLUMNS = 14, TIME_COLUMNS = 10, CELLS_MAX = 64 };

static struct remarks start_row(struct text *text, const char *label)
{
    term_write(&text->term, STYLE_STRONG, "%s", label);
    term_spaces(&text->term, LABEL_COLUMNS - (int)strlen(label));
    return (struct remarks){
        .text = text, .indent = LABEL_COLUMNS, .used = LABEL_COLUMNS};
}

/* "12,345 sent"; nothing where there is no figure. */
static void add_figure(struct remarks *row, enum style style,
                       enum metric_unit unit, const char *path,
                       const char *words)
{
    double value = text_number(row->text->document, path);
    struct str out = STR_INIT;

    if (!isnan(value)) {
        text_format(&out, unit, value);
        remarks_add(row, style, "%s%s", out.text, words);
    }
    str_release(&out);
}

static bool has_retries(const struct text *text)
{
    return text_number(text->document, "attempts.retries") > 0 ||
           text_number(text->document, "attempts.hedges") > 0 ||
           text_number(text->document, "attempts.redirects") > 0 ||
           text_number(text->document, "attempts.auth") > 0 ||
           text_number(text->document, "attempts.duplicates_injected") > 0;
}

/* Requests are what other tools count; operations are told apart where they
 * are not the same. */
static void add_requests(struct text *text)
{
    const cJSON *document = text->document;
    double started = text_number(document, "operations.started");
    double sent = text_number(document, "attempts.on_wire");
    double dropped = text_number(document, "operations.dropped");

    if (has_retries(text) || started != sent || dropped > 0) {
        struct remarks row = start_row(text, "Operations");
        add_figure(&row, STYLE_PLAIN, UNIT_COUNT, "operations.started", "");
        add_figure(&row, STYLE_PLAIN, UNIT_PER_S, "rates.operations_per_s",
                   "");
        add_figure(&row, STYLE_STRONG, UNIT_PER_S, "rates.goodput_per_s",
                   " goodput");
        if (dropped > 0) {
            add_figure(&row, STYLE_BAD, UNIT_COUNT, "operations.dropped",
                       " more were due and never started");
        }
        text_newline(text);
    }
    struct remarks row = start_row(text, "Requests");
    add_figure(&row, STYLE_PLAIN, UNIT_COUNT, "attempts.on_wire", "");
    add_figure(&row, STYLE_PLAIN, UNIT_PER_S, "rates.attempts_per_s", "");
    if (has_retries(text)) {
        remarks_add_figures(&row, FIGURES_ATTEMPTS,
                            text_find(document, "attempts"));
    }
    text_newline(text);
}

/* "name: 12,345" of a member that is a count, unless it is 0. */
static void add_count(struct remarks *row, enum style style,
                      const cJSON *count)
{
    struct str out = STR_INIT;

    if (cJSON_IsNumber(count) && count->valuedouble > 0) {
        text_format(&out, UNIT_COUNT, count->valuedouble);
        remarks_add_named(row, style, count->string, out.text);
    }
    str_release(&out);
}

static void add_shed_reasons(struct remarks *row)
{
    const cJSON *reason;

    cJSON_ArrayForEach(
        reason, text_find(row->text->document, "operations.shed_reasons"))
    {
        add_count(row, STYLE_WARN, reason);
    }
}

static void add_failed(struct text *text)
{
    static const struct {
        const char *path, *words;
    } parts[] = {
        {"operations.rejected", " rejected"},
        {"operations.unanswered", " unanswered"},
        {"operations.ambiguous", " ambiguous"},
        {"operations.shed", " shed"},
    };
    const cJSON *document = text->document;
    double started = text_number(document, "operations.started");
    double failed = started - text_number(document, "operations.succeeded");
    struct remarks row = start_row(text, "Failed");
    enum style style = failed > 0 ? STYLE_BAD : STYLE_PLAIN;
    struct str out = STR_INIT;

    text_format(&out, UNIT_COUNT, failed);
    remarks_add(&row, style, "%s", out.text);
    str_reset(&out);
    text_format(&out, UNIT_RATIO,
                started > 0 ? failed / started : (double)NAN);
    remarks_add(&row, style, "%s", out.text);
    str_release(&out);
    for (size_t i = 0; i < array_length(parts); i++) {
        if (text_number(document, parts[i].path) > 0) {
            add_figure(&row, STYLE_WARN, UNIT_COUNT, parts[i].path,
                       parts[i].words);
        }
    }
    add_shed_reasons(&row);
    text_newline(text);
}

/* Whether an attempt that ended like this has a status to be counted by. */
static bool has_status(const char *outcome)
{
    static const enum outcome answered[] = {
        OUTCOME_OK,   OUTCOME_UNEXPECTED, OUTCOME_REJECTED,
        OUTCOME_BUSY, OUTCOME_THROTTLED,  OUTCOME_SERVER_ERROR,
    };
    for (size_t i = 0; i < array_length(answered); i++) {
        if (strcmp(outcome, outcome_name(answered[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* Attempts by status; and those that had none, by how they ended. */
static void add_statuses(struct text *text)
{
    const cJSON *attempts = text_find(text->document, "attempts");
    struct remarks row = start_row(text, "Status");
    const cJSON *item;

    cJSON_ArrayForEach(item, text_find(attempts, "by_status"))
    {
        add_count(&row, item->string[0] == '2' ? STYLE_PLAIN : STYLE_WARN,
                  item);
    }
    cJSON_ArrayForEach(item, text_find(attempts, "by_outcome"))
    {
        if (!has_status(item->string)) {
            add_count(&row, STYLE_WARN, item);
        }
    }
    if (!row.any) {
        remarks_add(&row, STYLE_FAINT, "-");
    }
    text_newline(text);
}

static void add_times(struct text *text)
{
    static const struct {
        const char *title, *member;
        int width_min;
    } columns[] = {
        {"p50", "p50_us", 0},  {"p75", "p75_us", 110},
        {"p90", "p90_us", 70}, {"p95", "p95_us", 110},
        {"p99", "p99_us", 0},  {"p99.9", "p99_9_us", 0},
        {"max", "max_us", 0},
    };
    struct term *term = &text->term;
    const cJSON *times = text_find(text->document, "latency.time_to_success");
    bool any = text_number(times, "count") > 0;

    (void)start_row(text, "Time");
    for (size_t i = 0; i < array_length(columns); i++) {
        if (term->width >= columns[i].width_min) {
            term_right(term, STYLE_FAINT, columns[i].title, TIME_COLUMNS);
        }
    }
    text_newline(text);
    term_write(term, STYLE_PLAIN, "  %-*s", LABEL_COLUMNS - 2, "to success");
    for (size_t i = 0; i < array_length(columns); i++) {
        double value = text_number(times, columns[i].member);
        if (term->width < columns[i].width_min) {
            continue;
        }
        if (any && isnan(value)) {
            term_right(term, STYLE_BAD, "never", TIME_COLUMNS);
        } else {
            text_right(text, STYLE_STRONG, UNIT_DURATION, value, TIME_COLUMNS);
        }
    }
    text_newline(text);
}

/* The rows of the histogram as columns, from the shortest on; one that is
 * empty is a gap. */
static void add_spread(struct text *text)
{
    struct term *term = &text->term;
    const cJSON *row;
    double cells[CELLS_MAX];
    double low = (double)NAN, high = (double)NAN;
    int count = 0;

    cJSON_ArrayForEach(row, text_find(text->document, "operation_histogram"))
    {
        double value = text_number(row, "count");
        if (count < CELLS_MAX) {
            cells[count++] = value > 0 ? value : -1;
        }
        low = isnan(low) ? text_number(row, "low_us") : low;
        high = text_number(row, "high_us");
    }
    if (count < 2) {
        return;
    }
    term_write(term, STYLE_PLAIN, "  %-*s  ", LABEL_COLUMNS - 4, "all");
    text_right(text, STYLE_FAINT, UNIT_DURATION, low, 8);
    term_sign(term, STYLE_FAINT, " ▕", " |");
    term_sparkline(term, STYLE_GOOD, cells, count);
    term_sign(term, STYLE_FAINT, "▏ ", "| ");
    text_figure(text, STYLE_FAINT, UNIT_DURATION, high);
    text_newline(text);
}

static void add_amplification(struct text *text)
{
    struct remarks row = start_row(text, "Amplification");
    struct str out = STR_INIT;

    add_figure(&row, STYLE_WARN, UNIT_FACTOR,
               "amplification.attempts_per_operation",
               " requests an operation");
    text_format(&out, UNIT_FACTOR,
                text_number(text->document, "amplification.peak_1s"));
    remarks_add(&row, STYLE_PLAIN, "peak %s in a second", out.text);
    double peak = text_number(text->document, "herd.peak_to_mean_100ms");
    if (!isnan(peak)) {
        str_reset(&out);
        text_format(&out, UNIT_FACTOR, peak);
        remarks_add(&row, STYLE_PLAIN, "busiest 100 ms %s of the mean",
                    out.text);
    }
    str_release(&out);
    text_newline(text);
}

static void add_faults(struct text *text)
{
    const cJSON *fault;
    struct remarks row = {.text = text};
    struct str out = STR_INIT;

    cJSON_ArrayForEach(fault, text_find(text->document, "faults"))
    {
        double injected = text_number(fault, "injected");
        double delivered = text_number(fault, "delivered");
        if (!(injected > 0)) {
            continue;
        }
        if (!row.any) {
            row = start_row(text, "Faults");
        }
        str_reset(&out);
        text_format(&out, UNIT_COUNT, injected);
        if (!isnan(delivered)) {
            str_append(&out, " (");
            text_format(&out, UNIT_COUNT, delivered);
            str_append(&out, " after delivery)");
        }
        remarks_add_named(&row, STYLE_PLAIN, fault->string, out.text);
    }
    if (row.any) {
        text_newline(text);
    }
    str_release(&out);
}

void text_summary(struct text *text)
{
    add_requests(text);
    add_failed(text);
    add_statuses(text);
    add_times(text);
    add_spread(text);
    text_series(text);
    text_recovery(text);
    if (has_retries(text)) {
        add_amplification(text);
    }
    text_policy(text);
    add_faults(text);
    text_unopened(text);
    text_errors(text);
    text_generator(text);
}
