/* The section on recovery: how the service came back after each trigger. */
#include "report/text_remarks.h"

#include <math.h>

enum { LABEL_COLUMNS = 14, NAME_COLUMNS = 14, SHOWN = 8 /* triggers */ };

/* A figure, and words around it. */
static void add_figure(struct remarks *remarks, enum style style,
                       const char *before, enum metric_unit unit, double value,
                       const char *after)
{
    struct str out = STR_INIT;

    text_format(&out, unit, value);
    remarks_add(remarks, style, "%s%s%s", before, out.text, after);
    str_release(&out);
}

/* What became of the service; "ended_too_soon" is said as it is. */
static enum style describe(const cJSON *recovery, struct str *words)
{
    const char *outcome = text_string(recovery, "outcome");
    double back = text_number(recovery, "time_to_recover_us");

    if (cJSON_IsTrue(text_find(recovery, "metastable"))) {
        str_append(words, "METASTABLE, not back in the ");
        text_format(words, UNIT_DURATION, text_number(recovery, "watched_us"));
        str_append(words, " after it");
        return STYLE_BAD;
    }
    if (back > 0) {
        str_append(words, "back ");
        text_format(words, UNIT_DURATION, back);
        str_append(words, " after it");
        return STYLE_STRONG;
    }
    if (!isnan(back)) {
        str_append(words, "back at once");
        return STYLE_GOOD;
    }
    str_append(words, "recovery not measured, ");
    for (const char *c = outcome ? outcome : "?"; *c; c++) {
        str_append_char(words, *c == '_' ? ' ' : *c);
    }
    return STYLE_WARN;
}

static void add_before(struct remarks *remarks, const cJSON *recovery)
{
    double share = text_number(recovery, "baseline_share");
    double limit = text_number(recovery, "in_time_us");
    double goodput = text_number(recovery, "baseline_goodput_per_s");
    double window = text_number(recovery, "window_us");

    if (!isnan(share)) {
        add_figure(remarks, STYLE_FAINT, "before ", UNIT_RATIO, share,
                   isnan(limit) ? " succeeded" : " in time");
        if (!isnan(limit)) {
            add_figure(remarks, STYLE_FAINT, "in time is ", UNIT_DURATION,
                       limit, "");
        }
    } else if (!isnan(goodput)) {
        add_figure(remarks, STYLE_FAINT, "before ", UNIT_PER_S, goodput, "");
    }
    if (!isnan(window)) {
        add_figure(remarks, STYLE_FAINT, "window ", UNIT_DURATION, window, "");
    }
}

static void add_one(struct text *text, const cJSON *recovery, bool is_first)
{
    const char *name = text_string(recovery, "after");
    double triggers = text_number(recovery, "triggers");
    double depth = text_number(recovery, "depth");
    int indent = text->is_short ? LABEL_COLUMNS : NAME_COLUMNS + 3;
    struct remarks remarks = {.text = text, .indent = indent, .used = indent};
    struct str words = STR_INIT;
    enum style style = describe(recovery, &words);

    if (text->is_short) {
        term_write(&text->term, STYLE_STRONG, "%-*s", indent,
                   is_first ? "Recovery" : "");
        remarks_add_named(&remarks, style, name ? name : "?", words.text);
    } else {
        term_spaces(&text->term, 2);
        term_cell(&text->term, STYLE_PLAIN, name ? name : "?", NAME_COLUMNS);
        term_spaces(&text->term, 1);
        remarks_add(&remarks, style, "%s", words.text);
    }
    str_release(&words);
    if (triggers > 1) {
        add_figure(&remarks, STYLE_PLAIN, "", UNIT_COUNT, triggers,
                   " triggers");
    }
    if (depth > 0.005) {
        add_figure(&remarks, STYLE_WARN, "", UNIT_RATIO, depth,
                   " gone at the worst");
    }
    if (!text->is_short) {
        add_before(&remarks, recovery);
    }
    text_newline(text);
}

void text_recovery(struct text *text)
{
    const cJSON *list = text_find(text->document, "recovery");
    const cJSON *recovery;
    int shown = 0;

    if (cJSON_GetArraySize(list) == 0) {
        return;
    }
    if (!text->is_short) {
        text_heading(text, "Recovery");
        text_newline(text);
    }
    cJSON_ArrayForEach(recovery, list)
    {
        if (shown++ < SHOWN) {
            add_one(text, recovery, shown == 1);
        }
    }
    if (shown > SHOWN) {
        term_spaces(&text->term, text->is_short ? LABEL_COLUMNS : 2);
        term_write(&text->term, STYLE_FAINT, "and %d more", shown - SHOWN);
        text_newline(text);
    }
}
