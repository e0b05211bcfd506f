/* Sections on what the service felt: attempts, amplification, the parts of
 * the load, and how squall itself did. */
#include "report/text_part.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_COLUMNS = 18, COUNT_COLUMNS = 11, BAR_COLUMNS_MAX = 32,
       OUTCOMES_MAX = 64 };

static void add_share_row(struct text *text, const char *name, enum ink ink,
                          double count, double total)
{
    struct pen *pen = &text->pen;
    int bar = pen->width - NAME_COLUMNS - 2 * COUNT_COLUMNS - 4;
    pen_write(pen, INK_PLAIN, "  ");
    pen_cell(pen, INK_PLAIN, name, NAME_COLUMNS);
    text_right(text, ink, FORM_COUNT, count, COUNT_COLUMNS);
    text_right(text, INK_PLAIN, FORM_RATIO,
               total > 0 ? count / total : (double)NAN, COUNT_COLUMNS);
    pen_write(pen, INK_PLAIN, "  ");
    pen_bar(pen, ink == INK_PLAIN ? INK_GOOD : ink,
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
        add_share_row(text, sorted[i]->string, ok ? INK_PLAIN : INK_WARN,
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
        text_format(&figure, FORM_COUNT,
                    cJSON_IsNumber(item) ? item->valuedouble : (double)NAN);
        int columns =
            pen_columns(item->string) + 1 + pen_columns(figure.text) + 2;
        if (used > 0 && used + columns > text->pen.width) {
            text_newline(text);
            used = 0;
        }
        if (used == 0) {
            pen_write(&text->pen, INK_FAINT, "  status");
            used = 8;
        }
        pen_write(&text->pen, INK_PLAIN, "  ");
        pen_foreign(&text->pen, INK_PLAIN, item->string, 8);
        pen_write(&text->pen, INK_FAINT, ":%s", figure.text);
        used += columns;
        str_release(&figure);
    }
    if (used > 0) {
        text_newline(text);
    }
}

void text_attempts(struct text *text)
{
    static const struct {
        const char *member, *singular;
    } kinds[] = {
        {"first", "first"},
        {"retries", "retries"},
        {"hedges", "hedges"},
        {"duplicates_injected", "duplicates"},
    };
    struct pen *pen = &text->pen;
    const cJSON *attempts = text_find(text->document, "attempts");
    double refused = text_number(attempts, "resends_refused");

    text_heading(text, "Attempts");
    pen_write(pen, INK_PLAIN, "      ");
    text_figure(text, INK_PLAIN, FORM_COUNT,
                text_number(attempts, "on_wire"));
    pen_write(pen, INK_PLAIN, " on the wire");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        double count = text_number(attempts, kinds[i].member);
        if (i < 2 || count > 0) {
            pen_write(pen, INK_PLAIN, "%s", text_dot(text));
            text_figure(text, INK_PLAIN, FORM_COUNT, count);
            pen_write(pen, INK_PLAIN, " %s", kinds[i].singular);
        }
    }
    text_newline(text);
    add_outcomes(text, attempts);
    add_statuses(text, attempts);
    if (refused > 0) {
        pen_write(pen, INK_PLAIN, "  ");
        text_figure(text, INK_WARN, FORM_COUNT, refused);
        pen_write(pen, INK_PLAIN,
                  " silent re-sends by libcurl were refused");
        text_newline(text);
    }
}

void text_amplification(struct text *text)
{
    struct pen *pen = &text->pen;
    const cJSON *block = text_find(text->document, "amplification");
    const cJSON *histogram = text_find(block, "histogram");
    const cJSON *bin;
    double factor = text_number(block, "attempts_per_operation");
    double operations = text_number(text->document, "operations.started");
    int attempts = 1;

    text_heading(text, "Amplification");
    pen_write(pen, INK_PLAIN, " ");
    text_figure(text, factor > 1.0005 ? INK_WARN : INK_PLAIN, FORM_FACTOR,
                factor);
    pen_write(pen, INK_PLAIN, " attempts an operation%speak ",
              text_dot(text));
    text_figure(text, INK_PLAIN, FORM_FACTOR, text_number(block, "peak_1s"));
    pen_write(pen, INK_PLAIN, " in one second");
    text_newline(text);
    cJSON_ArrayForEach(bin, histogram)
    {
        char name[32];
        snprintf(name, sizeof(name), "%d attempt%s", attempts,
                 attempts == 1 ? "" : "s");
        if (cJSON_IsNumber(bin) && bin->valuedouble > 0) {
            add_share_row(text, name, attempts == 1 ? INK_PLAIN : INK_WARN,
                          bin->valuedouble, operations);
        }
        attempts++;
    }
    pen_write(pen, INK_FAINT, "  retries ");
    text_figure(text, INK_FAINT, FORM_RATIO,
                text_number(block, "retry_share"));
    pen_write(pen, INK_FAINT, " of attempts%swasted ", text_dot(text));
    text_figure(text, INK_FAINT, FORM_RATIO,
                text_number(block, "wasted_share"));
    text_newline(text);
    double peak = text_number(text->document, "herd.peak_to_mean_100ms");
    double dispersion = text_number(text->document, "herd.dispersion_10ms");
    if (peak == peak || dispersion == dispersion) {
        pen_write(pen, INK_FAINT, "  herd: busiest 100 ms at ");
        text_figure(text, INK_FAINT, FORM_FACTOR, peak);
        pen_write(pen, INK_FAINT, " of the mean%sdispersion ",
                  text_dot(text));
        text_figure(text, INK_FAINT, FORM_FACTOR, dispersion);
        text_newline(text);
    }
}

static const struct {
    const char *title, *member;
    enum form form;
    int columns, width_min;
} part_columns[] = {
    {"started", "operations.started", FORM_COUNT, 10, 80},
    {"success", "success_rate", FORM_RATIO, 10, 0},
    {"goodput", "rates.goodput_per_s", FORM_PER_S, 10, 70},
    {"p50", "latency.operation.p50_us", FORM_US, 9, 0},
    {"p99", "latency.operation.p99_us", FORM_US, 9, 0},
    {"p99.9", "latency.operation.p99_9_us", FORM_US, 9, 100},
    {"attempts", "amplification.attempts_per_operation", FORM_FACTOR, 10, 0},
};

void text_parts(struct text *text, const char *member, const char *title)
{
    struct pen *pen = &text->pen;
    const cJSON *parts = text_find(text->document, member);
    const cJSON *part;
    size_t count = sizeof(part_columns) / sizeof(part_columns[0]);

    if (cJSON_GetArraySize(parts) < 2) {
        return;
    }
    text_heading(text, title);
    pen_spaces(pen, NAME_COLUMNS + 2 - (int)strlen(title));
    for (size_t i = 0; i < count; i++) {
        if (pen->width >= part_columns[i].width_min) {
            pen_right(pen, INK_FAINT, part_columns[i].title,
                      part_columns[i].columns);
        }
    }
    text_newline(text);
    cJSON_ArrayForEach(part, parts)
    {
        const char *name = text_string(part, "name");
        pen_write(pen, INK_PLAIN, "  ");
        pen_cell(pen, INK_PLAIN, name ? name : "-", NAME_COLUMNS);
        for (size_t i = 0; i < count; i++) {
            if (pen->width >= part_columns[i].width_min) {
                text_right(text, INK_PLAIN, part_columns[i].form,
                           text_number(part, part_columns[i].member),
                           part_columns[i].columns);
            }
        }
        text_newline(text);
    }
}

void text_generator(struct text *text)
{
    struct pen *pen = &text->pen;
    const cJSON *generator = text_find(text->document, "generator");
    const cJSON *warning;
    bool saturated = cJSON_IsTrue(text_find(generator, "saturated"));
    double lag = text_number(generator, "schedule_lag.p99_us");

    text_heading(text, "Generator");
    pen_write(pen, INK_PLAIN, "     ");
    if (saturated) {
        pen_write(pen, INK_BAD, "SATURATED");
    } else if (cJSON_GetArraySize(text_find(generator, "warnings")) > 0) {
        pen_write(pen, INK_WARN, "usable, but");
    } else {
        pen_write(pen, INK_GOOD, "healthy");
    }
    pen_write(pen, INK_PLAIN, "%sbusiest worker ", text_dot(text));
    text_figure(text, INK_PLAIN, FORM_RATIO,
                text_number(generator, "cpu_share"));
    pen_write(pen, INK_PLAIN, " of a core");
    if (lag == lag) {
        text_newline(text);
        pen_spaces(pen, 14);
        pen_write(pen, INK_PLAIN, "operations started late by ");
        text_figure(text, INK_PLAIN, FORM_US, lag);
        pen_write(pen, INK_PLAIN, " at p99");
    }
    text_newline(text);
    cJSON_ArrayForEach(warning, text_find(generator, "warnings"))
    {
        pen_sign(pen, INK_BAD, "  ⚠ ", "  WARNING: ");
        text_wrapped(text, INK_WARN,
                     cJSON_IsString(warning) ? warning->valuestring : "?",
                     pen->unicode ? 4 : 11);
    }
}
