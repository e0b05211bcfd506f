/* Sections on what the clients' own policies did: a line a layer, and why
 * operations were shed. */
#include "policy/call.h"
#include "report/text_part.h"

#include <stdarg.h>
#include <stdio.h>

enum { LAYER_COLUMNS = 14, TRANSITIONS_SHOWN = 6 };

/* Remarks with separators between them, wrapped under the first. */
struct remarks {
    struct text *text;
    int indent;
    int used;
    bool any;
};

static void remark(struct remarks *remarks, enum ink ink, const char *format,
                   ...) __attribute__((format(printf, 3, 4)));

static void remark(struct remarks *remarks, enum ink ink, const char *format,
                   ...)
{
    struct text *text = remarks->text;
    const char *dot = text_dot(text);
    char words[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof(words), format, arguments);
    va_end(arguments);

    int columns = pen_columns(words);
    int dot_columns = remarks->any ? pen_columns(dot) : 0;
    if (remarks->any &&
        remarks->used + dot_columns + columns > text->pen.width) {
        text_newline(text);
        pen_spaces(&text->pen, remarks->indent);
        remarks->used = remarks->indent;
    } else if (remarks->any) {
        pen_write(&text->pen, INK_FAINT, "%s", dot);
        remarks->used += dot_columns;
    }
    pen_write(&text->pen, ink, "%s", words);
    remarks->used += columns;
    remarks->any = true;
}

/* "17 rejected", or nothing where it was not measured. */
static void figure_remark(struct remarks *remarks, enum ink ink,
                          const char *before, enum form form, double value,
                          const char *after)
{
    struct str figure = STR_INIT;
    if (value == value) {
        text_format(&figure, form, value);
        remark(remarks, ink, "%s%s%s", before, figure.text, after);
    }
    str_release(&figure);
}

/* A count of what the client did not do; loud when there is some. */
static void denied_remark(struct remarks *remarks, double count,
                          const char *after)
{
    figure_remark(remarks, count > 0 ? INK_WARN : INK_PLAIN, "", FORM_COUNT,
                  count, after);
}

static struct remarks start_layer(struct text *text, const char *name)
{
    pen_write(&text->pen, INK_PLAIN, "  %-*s", LAYER_COLUMNS, name);
    return (struct remarks){
        .text = text,
        .indent = LAYER_COLUMNS + 2,
        .used = LAYER_COLUMNS + 2,
    };
}

static void add_budget(struct text *text, const cJSON *budget)
{
    struct remarks remarks = start_layer(text, "retry budget");
    double lowest = text_number(budget, "level_min");
    double end = text_number(budget, "level_end");

    figure_remark(&remarks, INK_PLAIN, "", FORM_COUNT,
                  text_number(budget, "granted"), " retries granted");
    denied_remark(&remarks, text_number(budget, "denied"), " denied");
    if (lowest == lowest) {
        remark(&remarks, INK_FAINT, "at the lowest %.4g left", lowest);
    }
    if (end == end) {
        remark(&remarks, INK_FAINT, "%.4g at the end", end);
    }
    text_newline(text);
}

static void add_transitions(struct text *text, const cJSON *breaker)
{
    struct pen *pen = &text->pen;
    const cJSON *list = text_find(breaker, "transitions");
    const cJSON *item;
    double omitted = text_number(breaker, "transitions_omitted");
    int count = cJSON_GetArraySize(list);
    int shown = 0;

    cJSON_ArrayForEach(item, list)
    {
        const char *from = text_string(item, "from");
        const char *to = text_string(item, "to");
        if (shown++ == TRANSITIONS_SHOWN) {
            break;
        }
        pen_spaces(pen, LAYER_COLUMNS + 2);
        pen_write(pen, INK_FAINT, "+");
        text_figure(text, INK_FAINT, FORM_US, text_number(item, "at_us"));
        pen_write(pen, INK_FAINT, "  client %.0f  ",
                  text_number(item, "client"));
        pen_foreign(pen, INK_FAINT, from ? from : "?", 12);
        pen_sign(pen, INK_FAINT, " → ", " to ");
        pen_foreign(pen, INK_PLAIN, to ? to : "?", 12);
        text_newline(text);
    }
    double more = count - TRANSITIONS_SHOWN + (omitted > 0 ? omitted : 0);
    if (more > 0) {
        pen_spaces(pen, LAYER_COLUMNS + 2);
        pen_write(pen, INK_FAINT, "and ");
        text_figure(text, INK_FAINT, FORM_COUNT, more);
        pen_write(pen, INK_FAINT, " more transitions");
        text_newline(text);
    }
}

static void add_breaker(struct text *text, const cJSON *breaker)
{
    struct remarks remarks = start_layer(text, "breaker");
    double at_end = text_number(breaker, "clients_open_at_end");
    double open_us = text_number(breaker, "open_us");

    denied_remark(&remarks, text_number(breaker, "not_permitted"),
                  " tries not permitted");
    denied_remark(&remarks, text_number(breaker, "opened"), " opened");
    figure_remark(&remarks, INK_PLAIN, "", FORM_COUNT,
                  text_number(breaker, "half_opened"), " half-opened");
    figure_remark(&remarks, INK_PLAIN, "", FORM_COUNT,
                  text_number(breaker, "closed"), " closed");
    if (open_us > 0) {
        figure_remark(&remarks, INK_PLAIN, "open for ", FORM_US, open_us,
                      " of the clients' time");
    }
    if (at_end > 0) {
        denied_remark(&remarks, at_end,
                      at_end < 1.5 ? " client open at the end"
                                   : " clients open at the end");
    }
    text_newline(text);
    add_transitions(text, breaker);
}

static void add_concurrency(struct text *text, const cJSON *concurrency)
{
    struct remarks remarks = start_layer(text, "concurrency");
    double low = text_number(concurrency, "limit_min");
    double high = text_number(concurrency, "limit_max");
    double end = text_number(concurrency, "limit_end");

    if (high > low) {
        remark(&remarks, INK_PLAIN, "limit %.0f to %.0f", low, high);
        remark(&remarks, INK_PLAIN, "%.4g at the end", end);
    } else if (end == end) {
        remark(&remarks, INK_PLAIN, "limit %.4g", end);
    }
    figure_remark(&remarks, INK_PLAIN, "at most ", FORM_COUNT,
                  text_number(concurrency, "running_max"),
                  " of a client under way");
    figure_remark(&remarks, INK_PLAIN, "", FORM_COUNT,
                  text_number(concurrency, "queued"), " waited");
    denied_remark(&remarks, text_number(concurrency, "rejected"),
                  " rejected");
    text_newline(text);
}

static void add_rate_limit(struct text *text, const cJSON *limit)
{
    struct remarks remarks = start_layer(text, "rate limit");
    figure_remark(&remarks, INK_PLAIN, "", FORM_COUNT,
                  text_number(limit, "waited"), " waited");
    denied_remark(&remarks, text_number(limit, "refused"), " refused");
    text_newline(text);
}

static void add_throttle(struct text *text, const cJSON *throttle)
{
    struct remarks remarks = start_layer(text, "throttle");
    denied_remark(&remarks, text_number(throttle, "refused"), " refused");
    text_newline(text);
}

static void add_hedge(struct text *text, const cJSON *hedge)
{
    struct remarks remarks = start_layer(text, "hedge");
    double denied = text_number(hedge, "denied");
    double cancelled = text_number(hedge, "cancelled");

    figure_remark(&remarks, INK_PLAIN, "", FORM_COUNT,
                  text_number(hedge, "sent"), " sent");
    figure_remark(&remarks, INK_PLAIN, "", FORM_RATIO,
                  text_number(hedge, "share"), " of attempts");
    figure_remark(&remarks, INK_PLAIN, "", FORM_COUNT,
                  text_number(hedge, "won"), " won");
    figure_remark(&remarks, INK_PLAIN, "", FORM_COUNT, cancelled,
                  " losers cancelled");
    if (cancelled > 0) {
        figure_remark(&remarks, INK_PLAIN, "", FORM_COUNT,
                      text_number(hedge, "connections_closed"),
                      " connections closed for it");
    }
    if (denied > 0) {
        denied_remark(&remarks, denied, " denied");
    }
    text_newline(text);
}

static const struct {
    const char *member;
    void (*add)(struct text *text, const cJSON *block);
} layers[] = {
    {"rate_limit", add_rate_limit}, {"concurrency", add_concurrency},
    {"throttle", add_throttle},     {"retry_budget", add_budget},
    {"hedge", add_hedge},           {"breaker", add_breaker},
};

void text_policy(struct text *text)
{
    const cJSON *policy = text_find(text->document, "policy");
    bool any = false;

    for (size_t i = 0; i < sizeof(layers) / sizeof(layers[0]); i++) {
        const cJSON *block = text_find(policy, layers[i].member);
        if (!cJSON_IsObject(block)) {
            continue;
        }
        if (!any) {
            text_heading(text, "Policy");
            pen_write(&text->pen, INK_FAINT,
                      "        what the clients' own policies did");
            text_newline(text);
        }
        any = true;
        layers[i].add(text, block);
    }
}

/* The words are ours: a document may come from anywhere. */
static void shed_remark(struct remarks *remarks, enum finish_reason reason,
                        double count)
{
    char words[40];
    struct str figure = STR_INIT;
    snprintf(words, sizeof(words), "%s", finish_reason_name(reason));
    for (char *c = words; *c; c++) {
        *c = (char)(*c == '_' ? ' ' : *c);
    }
    text_format(&figure, FORM_COUNT, count);
    remark(remarks, INK_WARN, "%s %s", words, figure.text);
    str_release(&figure);
}

void text_shed(struct text *text)
{
    const cJSON *reasons =
        text_find(text->document, "operations.shed_reasons");
    struct remarks remarks = {.text = text, .indent = 16, .used = 16};

    for (int r = 0; r < FINISH_REASON_COUNT; r++) {
        enum finish_reason reason = (enum finish_reason)r;
        double count = text_number(reasons, finish_reason_name(reason));
        if (!(count > 0)) {
            continue;
        }
        if (!remarks.any) {
            pen_write(&text->pen, INK_FAINT, "    by clients: ");
        }
        shed_remark(&remarks, reason, count);
    }
    if (remarks.any) {
        text_newline(text);
    }
}
