/* What a report was merged from: files, when the runs were, in what they
 * differ, and what they could not tell together. */
#include "report/text_part.h"

#include <math.h>
#include <string.h>

enum { INDENT = 2, NAME_COLUMNS = 30, REPORTS_SHOWN = 6 };

static void add_times(struct text *text, const cJSON *merge)
{
    double overlap = text_number(merge, "overlap_us");
    int count = cJSON_GetArraySize(text_find(merge, "reports"));

    term_write(&text->term, STYLE_STRONG, "Merged        ");
    term_write(&text->term, STYLE_PLAIN, "%d reports, which cover ", count);
    text_figure(text, STYLE_PLAIN, UNIT_DURATION,
                text_number(merge, "covered_us"));
    if (overlap > 0) {
        term_write(&text->term, STYLE_PLAIN, "%sat the same time for ",
                   text_dot(text));
        text_figure(text, STYLE_PLAIN, UNIT_DURATION, overlap);
    }
    text_newline(text);
}

static void add_report(struct text *text, const cJSON *report)
{
    struct term *term = &text->term;
    const char *file = text_string(report, "file");
    const char *verdict = text_string(report, "verdict");

    term_spaces(term, INDENT);
    int used =
        term_untrusted(term, STYLE_PLAIN, file ? file : "?", NAME_COLUMNS);
    term_spaces(term, NAME_COLUMNS - used);
    term_write(term, STYLE_FAINT, "  from +");
    text_figure(text, STYLE_PLAIN, UNIT_DURATION,
                text_number(report, "offset_us"));
    term_write(term, STYLE_FAINT, " for ");
    text_figure(text, STYLE_PLAIN, UNIT_DURATION,
                text_number(report, "measured_us"));
    term_write(term, STYLE_FAINT, ": ");
    term_untrusted(term, STYLE_PLAIN, verdict ? verdict : "?", 12);
    text_newline(text);
}

static void add_wrapped(struct text *text, enum style style, const char *first,
                        const char *second)
{
    struct str words = STR_INIT;

    str_printf(&words, "%s: %s", first, second ? second : "?");
    term_spaces(&text->term, INDENT);
    text_wrapped(text, style, words.text, INDENT + 2);
    str_release(&words);
}

static void add_not_merged(struct text *text, const cJSON *merge)
{
    const cJSON *list = text_find(merge, "not_merged");
    struct str paths = STR_INIT;
    const cJSON *one;

    cJSON_ArrayForEach(one, list)
    {
        const char *path = text_string(one, "path");
        if (!text->is_short) {
            struct str words = STR_INIT;
            str_printf(&words, "not merged: %s", path ? path : "?");
            add_wrapped(text, STYLE_FAINT, words.text,
                        text_string(one, "reason"));
            str_release(&words);
        }
        str_printf(&paths, "%s%s", paths.length ? ", " : "",
                   path ? path : "?");
    }
    if (text->is_short && paths.length > 0) {
        add_wrapped(text, STYLE_FAINT, "not merged", paths.text);
    }
    str_release(&paths);
}

void text_merge(struct text *text)
{
    const cJSON *merge = text_find(text->document, "merge");
    const cJSON *one;
    int shown = 0;

    if (!cJSON_IsObject(merge)) {
        return;
    }
    add_times(text, merge);
    cJSON_ArrayForEach(one, text_find(merge, "reports"))
    {
        if (!text->is_short || shown++ < REPORTS_SHOWN) {
            add_report(text, one);
        }
    }
    if (shown > REPORTS_SHOWN) {
        term_spaces(&text->term, INDENT);
        term_write(&text->term, STYLE_FAINT, "and %d more",
                   shown - REPORTS_SHOWN);
        text_newline(text);
    }
    cJSON_ArrayForEach(one, text_find(merge, "differences"))
    {
        if (cJSON_IsString(one)) {
            add_wrapped(text, STYLE_WARN, "profiles differ", one->valuestring);
        }
    }
    add_not_merged(text, merge);
}
