/* Sections on what the clients' own policies did: a line a layer, and why
 * operations were shed. */
#include "base/must.h"
#include "policy/call.h"
#include "report/text_remarks.h"

#include <stdio.h>

enum { LAYER_COLUMNS = 14, TRANSITIONS_SHOWN = 6 };

static struct remarks start_layer(struct text *text, const char *name)
{
    term_write(&text->term, STYLE_PLAIN, "  %-*s", LAYER_COLUMNS, name);
    return (struct remarks){
        .text = text,
        .indent = LAYER_COLUMNS + 2,
        .used = LAYER_COLUMNS + 2,
    };
}

static void add_transitions(struct text *text, const cJSON *breaker)
{
    struct term *term = &text->term;
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
        term_spaces(term, LAYER_COLUMNS + 2);
        term_write(term, STYLE_FAINT, "+");
        text_figure(text, STYLE_FAINT, UNIT_DURATION,
                    text_number(item, "at_us"));
        term_write(term, STYLE_FAINT, "  client %.0f  ",
                   text_number(item, "client"));
        term_untrusted(term, STYLE_FAINT, from ? from : "?", 12);
        term_sign(term, STYLE_FAINT, " → ", " to ");
        term_untrusted(term, STYLE_PLAIN, to ? to : "?", 12);
        text_newline(text);
    }
    double more = count - TRANSITIONS_SHOWN + (omitted > 0 ? omitted : 0);
    if (more > 0) {
        term_spaces(term, LAYER_COLUMNS + 2);
        term_write(term, STYLE_FAINT, "and ");
        text_figure(text, STYLE_FAINT, UNIT_COUNT, more);
        term_write(term, STYLE_FAINT, " more transitions");
        text_newline(text);
    }
}

static void add_limits(struct remarks *remarks, const cJSON *concurrency)
{
    double low = text_number(concurrency, "limit_min");
    double high = text_number(concurrency, "limit_max");
    double end = text_number(concurrency, "limit_end");

    if (high > low) {
        remarks_add(remarks, STYLE_PLAIN, "limit %.0f to %.0f", low, high);
        remarks_add(remarks, STYLE_PLAIN, "%.4g at the end", end);
    } else if (end == end) {
        remarks_add(remarks, STYLE_PLAIN, "limit %.4g", end);
    }
}

static const struct {
    const char *member, *name;
    enum figure_group group;
} layers[] = {
    {"rate_limit", "rate limit", FIGURES_RATE_LIMIT},
    {"concurrency", "concurrency", FIGURES_CONCURRENCY},
    {"throttle", "throttle", FIGURES_THROTTLE},
    {"retry_budget", "retry budget", FIGURES_BUDGET},
    {"hedge", "hedge", FIGURES_HEDGE},
    {"breaker", "breaker", FIGURES_BREAKER},
};

static void add_layer(struct text *text, const char *name,
                      enum figure_group group, const cJSON *block)
{
    struct remarks remarks = start_layer(text, name);
    if (group == FIGURES_CONCURRENCY) {
        add_limits(&remarks, block);
    }
    remarks_add_figures(&remarks, group, block);
    text_newline(text);
    if (group == FIGURES_BREAKER && !text->is_short) {
        add_transitions(text, block);
    }
}

void text_policy(struct text *text)
{
    const cJSON *policy = text_find(text->document, "policy");
    bool any = false;

    for (size_t i = 0; i < array_length(layers); i++) {
        const cJSON *block = text_find(policy, layers[i].member);
        if (!cJSON_IsObject(block)) {
            continue;
        }
        if (!any) {
            text_heading(text, "Policy");
            term_write(&text->term, STYLE_FAINT,
                       "        what the clients' own policies did");
            text_newline(text);
        }
        any = true;
        add_layer(text, layers[i].name, layers[i].group, block);
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
    text_format(&figure, UNIT_COUNT, count);
    remarks_add(remarks, STYLE_WARN, "%s %s", words, figure.text);
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
            term_write(&text->term, STYLE_FAINT, "       because: ");
        }
        shed_remark(&remarks, reason, count);
    }
    if (remarks.any) {
        text_newline(text);
    }
}
