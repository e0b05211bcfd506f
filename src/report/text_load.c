/* Sections on what the service felt: attempts, amplification, the parts of
 * the load, and how squall itself did. */
#include "base/must.h"
#include "report/text_remarks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAME_COLUMNS = 18,
    COUNT_COLUMNS = 11,
    BAR_COLUMNS_MAX = 32,
    OUTCOMES_MAX = 64
};

static void add_share_row(struct text *text, const char *name,
                          enum style style, double count, double total)
{
    struct term *term = &text->term;
    int bar = term->width - NAME_COLUMNS - 2 * COUNT_COLUMNS - 4;
    term_write(term, STYLE_PLAIN, "  ");
    term_cell(term, STYLE_PLAIN, name, NAME_COLUMNS);
    text_right(text, style, UNIT_COUNT, count, COUNT_COLUMNS);
    text_right(text, STYLE_PLAIN, UNIT_RATIO,
               total > 0 ? count / total : (double)NAN, COUNT_COLUMNS);
    term_write(term, STYLE_PLAIN, "  ");
    term_bar(term, style == STYLE_PLAIN ? STYLE_GOOD : style,
             total > 0 ? count / total : 0,
             bar < BAR_COLUMNS_MAX ? bar : BAR_COLUMNS_MAX);
    text_newline(text);
}

static int by_count_descending(const void *a, const void *b)
{
    const cJSON *const *left = a;
    const cJSON *const *right = b;
    double difference = (*right)->valuedouble - (*left)->valuedouble;
    return difference > 0 ? 1 : difference < 0 ? -1 : 0;
}

static void add_outcomes(struct text *text, const cJSON *attempts)
{
    const cJSON *sorted[OUTCOMES_MAX];
    size_t count = 0;
    const cJSON *item;
    double total = text_number(attempts, "total");

    cJSON_ArrayForEach(item, text_find(attempts, "by_outcome"))
    {
        if (cJSON_IsNumber(item) && item->valuedouble > 0 &&
            count < OUTCOMES_MAX) {
            sorted[count++] = item;
        }
    }
    qsort(sorted, count, sizeof(sorted[0]), by_count_descending);
    for (size_t i = 0; i < count; i++) {
        bool ok = strcmp(sorted[i]->string, "ok") == 0;
        add_share_row(text, sorted[i]->string, ok ? STYLE_PLAIN : STYLE_WARN,
                      sorted[i]->valuedouble, total);
    }
}

/* "name count" remarks on one line, as long as there is room. */
static void add_statuses(struct text *text, const cJSON *attempts)
{
    const cJSON *item;
    int used = 0;

    cJSON_ArrayForEach(item, text_find(attempts, "by_status"))
    {
        struct str figure = STR_INIT;
        text_format(&figure, UNIT_COUNT,
                    cJSON_IsNumber(item) ? item->valuedouble : (double)NAN);
        int columns =
            term_columns(item->string) + 1 + term_columns(figure.text) + 2;
        if (used > 0 && used + columns > text->term.width) {
            text_newline(text);
            used = 0;
        }
        if (used == 0) {
            term_write(&text->term, STYLE_FAINT, "  status");
            used = 8;
        }
        term_write(&text->term, STYLE_PLAIN, "  ");
        term_untrusted(&text->term, STYLE_PLAIN, item->string, 8);
        term_write(&text->term, STYLE_FAINT, ":%s", figure.text);
        used += columns;
        str_release(&figure);
    }
    if (used > 0) {
        text_newline(text);
    }
}

static void add_bytes(struct text *text)
{
    const cJSON *bytes = text_find(text->document, "bytes");
    struct remarks remarks = {.text = text, .indent = 2, .used = 8};

    if (text_number(bytes, "sent") > 0) {
        term_write(&text->term, STYLE_PLAIN, "  bytes ");
        remarks_add_figures(&remarks, FIGURES_BYTES, bytes);
        text_newline(text);
    }
}

void text_attempts(struct text *text)
{
    struct term *term = &text->term;
    const cJSON *attempts = text_find(text->document, "attempts");
    double refused = text_number(attempts, "resends_refused");
    struct remarks remarks = {.text = text, .indent = 2, .used = 14};
    struct str sent = STR_INIT;

    text_heading(text, "Attempts");
    term_write(term, STYLE_PLAIN, "      ");
    text_format(&sent, UNIT_COUNT, text_number(attempts, "on_wire"));
    remarks_add(&remarks, STYLE_PLAIN, "%s on the wire", sent.text);
    str_release(&sent);
    remarks_add_figures(&remarks, FIGURES_ATTEMPTS, attempts);
    text_newline(text);
    add_outcomes(text, attempts);
    add_statuses(text, attempts);
    add_bytes(text);
    if (refused > 0) {
        term_write(term, STYLE_PLAIN, "  ");
        text_figure(text, STYLE_WARN, UNIT_COUNT, refused);
        term_write(term, STYLE_PLAIN,
                   " silent re-sends by libcurl were refused");
        text_newline(text);
    }
}

void text_amplification(struct text *text)
{
    struct term *term = &text->term;
    const cJSON *block = text_find(text->document, "amplification");
    const cJSON *histogram = text_find(block, "histogram");
    const cJSON *bin;
    double factor = text_number(block, "attempts_per_operation");
    double operations = text_number(text->document, "operations.started");
    int attempts = 1;

    text_heading(text, "Amplification");
    term_write(term, STYLE_PLAIN, " ");
    text_figure(text, factor > 1.0005 ? STYLE_WARN : STYLE_PLAIN, UNIT_FACTOR,
                factor);
    term_write(term, STYLE_PLAIN, " attempts an operation%speak ",
               text_dot(text));
    text_figure(text, STYLE_PLAIN, UNIT_FACTOR, text_number(block, "peak_1s"));
    term_write(term, STYLE_PLAIN, " in one second");
    text_newline(text);
    cJSON_ArrayForEach(bin, histogram)
    {
        char name[32];
        snprintf(name, sizeof(name), "%d attempt%s", attempts,
                 attempts == 1 ? "" : "s");
        if (cJSON_IsNumber(bin) && bin->valuedouble > 0) {
            add_share_row(text, name, attempts == 1 ? STYLE_PLAIN : STYLE_WARN,
                          bin->valuedouble, operations);
        }
        attempts++;
    }
    term_write(term, STYLE_FAINT, "  retries ");
    text_figure(text, STYLE_FAINT, UNIT_RATIO,
                text_number(block, "retry_share"));
    term_write(term, STYLE_FAINT, " of attempts%swasted ", text_dot(text));
    text_figure(text, STYLE_FAINT, UNIT_RATIO,
                text_number(block, "wasted_share"));
    text_newline(text);
    double peak = text_number(text->document, "herd.peak_to_mean_100ms");
    double dispersion = text_number(text->document, "herd.dispersion_10ms");
    if (peak == peak || dispersion == dispersion) {
        term_write(term, STYLE_FAINT, "  herd: busiest 100 ms at ");
        text_figure(text, STYLE_FAINT, UNIT_FACTOR, peak);
        term_write(term, STYLE_FAINT, " of the mean%sdispersion ",
                   text_dot(text));
        text_figure(text, STYLE_FAINT, UNIT_FACTOR, dispersion);
        text_newline(text);
    }
}

static const struct {
    const char *title, *member;
    enum metric_unit unit;
    int columns, width_min;
} part_columns[] = {
    {"started", "operations.started", UNIT_COUNT, 10, 80},
    {"success", "success_rate", UNIT_RATIO, 10, 0},
    {"goodput", "rates.goodput_per_s", UNIT_PER_S, 10, 70},
    {"p50", "latency.time_to_success.p50_us", UNIT_DURATION, 9, 0},
    {"p99", "latency.time_to_success.p99_us", UNIT_DURATION, 9, 0},
    {"p99.9", "latency.time_to_success.p99_9_us", UNIT_DURATION, 9, 100},
    {"attempts", "amplification.attempts_per_operation", UNIT_FACTOR, 10, 0},
};

/* Times are those to success, which may never have come. */
static void add_part_cell(struct text *text, const cJSON *part, size_t column)
{
    double value = text_number(part, part_columns[column].member);
    enum metric_unit unit = part_columns[column].unit;

    if (isnan(value) && unit == UNIT_DURATION &&
        text_number(part, "operations.started") > 0) {
        term_right(&text->term, STYLE_BAD, "never",
                   part_columns[column].columns);
        return;
    }
    text_right(text, STYLE_PLAIN, unit, value, part_columns[column].columns);
}

void text_parts(struct text *text, const char *member, const char *title)
{
    struct term *term = &text->term;
    const cJSON *parts = text_find(text->document, member);
    const cJSON *part;
    size_t count = array_length(part_columns);

    if (cJSON_GetArraySize(parts) < 2) {
        return;
    }
    text_heading(text, title);
    term_spaces(term, NAME_COLUMNS + 2 - (int)strlen(title));
    for (size_t i = 0; i < count; i++) {
        if (term->width >= part_columns[i].width_min) {
            term_right(term, STYLE_FAINT, part_columns[i].title,
                       part_columns[i].columns);
        }
    }
    text_newline(text);
    cJSON_ArrayForEach(part, parts)
    {
        const char *name = text_string(part, "name");
        term_write(term, STYLE_PLAIN, "  ");
        term_cell(term, STYLE_PLAIN, name ? name : "-", NAME_COLUMNS);
        for (size_t i = 0; i < count; i++) {
            if (term->width >= part_columns[i].width_min) {
                add_part_cell(text, part, i);
            }
        }
        text_newline(text);
    }
}

void text_generator(struct text *text)
{
    struct term *term = &text->term;
    const cJSON *generator = text_find(text->document, "generator");
    const cJSON *warning;
    bool saturated = cJSON_IsTrue(text_find(generator, "saturated"));
    double lag = text_number(generator, "schedule_lag.p99_us");
    struct remarks remarks = {.text = text, .indent = 14, .used = 14};
    struct str share = STR_INIT;

    text_heading(text, "Generator");
    term_write(term, STYLE_PLAIN, "     ");
    if (saturated) {
        remarks_add(&remarks, STYLE_BAD, "SATURATED");
    } else if (cJSON_IsTrue(text_find(generator, "too_late"))) {
        remarks_add(&remarks, STYLE_BAD, "TOO LATE");
    } else if (cJSON_GetArraySize(text_find(generator, "warnings")) > 0) {
        remarks_add(&remarks, STYLE_WARN, "usable");
    } else {
        remarks_add(&remarks, STYLE_GOOD, "healthy");
    }
    double cpu_share = text_number(generator, "cpu_share");
    if (cpu_share == cpu_share) {
        text_format(&share, UNIT_RATIO, cpu_share);
        remarks_add(&remarks, STYLE_PLAIN, "busiest worker %s of a core",
                    share.text);
    }
    if (lag == lag) {
        str_reset(&share);
        text_format(&share, UNIT_DURATION, lag);
        remarks_add(&remarks, STYLE_PLAIN, "started late by %s at p99",
                    share.text);
    }
    str_release(&share);
    text_newline(text);
    cJSON_ArrayForEach(warning, text_find(generator, "warnings"))
    {
        term_sign(term, STYLE_BAD, "  ⚠ ", "  WARNING: ");
        text_wrapped(text, STYLE_WARN,
                     cJSON_IsString(warning) ? warning->valuestring : "?",
                     term->unicode ? 4 : 11);
    }
}
