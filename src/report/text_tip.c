#include "report/text_tip.h"

#include "base/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SIZE_COLUMNS = 12, RUNS_COLUMNS = 14, TIME_COLUMNS = 16 };

static bool is_in_seconds(const struct text *text)
{
    const char *unit = text_string(text->document, "trigger.unit");
    return unit && strcmp(unit, "s") == 0;
}

static void append_us(struct str *out, const cJSON *document, const char *path)
{
    units_format_duration(out,
                          duration_from_ns(text_number(document, path) * 1e3));
}

static void add_head(struct text *text)
{
    struct term *term = &text->term;
    const cJSON *document = text->document;
    const char *kind = text_string(document, "trigger.kind");
    struct str out = STR_INIT;

    term_write(term, STYLE_STRONG, "squall tip");
    term_write(term, STYLE_PLAIN, "  ");
    (void)term_untrusted(term, STYLE_PLAIN, kind ? kind : "", 20);
    if (!isnan(text_number(document, "trigger.length_us"))) {
        str_append(&out, " of ");
        append_us(&out, document, "trigger.length_us");
    }
    str_append(&out, text_dot(text));
    units_format_rate(&out, text_number(document, "rate_per_s"));
    str_append(&out, " for ");
    append_us(&out, document, "trigger.before_us");
    str_append(&out, " before and ");
    append_us(&out, document, "trigger.after_us");
    str_append(&out, " after it");
    str_append(&out, text_dot(text));
    append_us(&out, document, "run.duration_us");
    term_write(term, STYLE_PLAIN, "%s", out.text);
    str_release(&out);
    text_newline(text);
    const char *target = text_string(document, "run.target");
    (void)term_untrusted(
        term, STYLE_FAINT,
        target ? target : "the embedded target, anew for every run", -1);
    term_write(term, STYLE_FAINT, "%sseed %s", text_dot(text),
               text_string(document, "run.seed"));
    text_newline(text);
}

/* The smallest size above one that runs of a variant had; NAN: none. */
static double next_size(const cJSON *variant, double above)
{
    const cJSON *run;
    double next = NAN;

    cJSON_ArrayForEach(run, text_find(variant, "runs"))
    {
        double size = text_number(run, "size");
        if (size > above && !(size >= next)) {
            next = size;
        }
    }
    return next;
}

/* All runs of a size in one line. */
static void add_size(struct text *text, const cJSON *variant, double size)
{
    const cJSON *run;
    int back = 0, counted = 0;
    double longest = NAN;
    char cell[60];

    cJSON_ArrayForEach(run, text_find(variant, "runs"))
    {
        const cJSON *is_back = text_find(run, "back");
        if (text_number(run, "size") == size && cJSON_IsBool(is_back)) {
            counted++;
            back += cJSON_IsTrue(is_back);
            longest = fmax(longest, text_number(run, "time_to_recover_us"));
        }
    }
    snprintf(cell, sizeof cell, is_in_seconds(text) ? "%.3g s" : "x %.3g",
             size);
    term_right(&text->term, STYLE_PLAIN, cell, SIZE_COLUMNS);
    snprintf(cell, sizeof cell, "%d of %d", back, counted);
    term_right(&text->term,
               counted == 0      ? STYLE_FAINT
               : back == counted ? STYLE_GOOD
                                 : STYLE_BAD,
               counted == 0 ? "no telling" : cell, RUNS_COLUMNS);
    if (counted > 0 && back < counted) {
        term_right(&text->term, STYLE_BAD, "never", TIME_COLUMNS);
    } else {
        text_right(text, STYLE_PLAIN, UNIT_DURATION, longest, TIME_COLUMNS);
    }
    text_newline(text);
}

static void add_variant(struct text *text, const cJSON *variant)
{
    struct term *term = &text->term;
    const char *name = text_string(variant, "name");
    double size = next_size(variant, 0);

    text_newline(text);
    (void)term_untrusted(term, STYLE_STRONG, name ? name : "", 60);
    text_newline(text);
    text_sentences(text, text_find(variant, "summary"), STYLE_PLAIN);
    if (isnan(size)) {
        return;
    }
    text_newline(text);
    term_right(term, STYLE_FAINT, "size", SIZE_COLUMNS);
    term_right(term, STYLE_FAINT, "came back", RUNS_COLUMNS);
    term_right(term, STYLE_FAINT, "after at most", TIME_COLUMNS);
    text_newline(text);
    for (; !isnan(size); size = next_size(variant, size)) {
        add_size(text, variant, size);
    }
}

void text_tip(struct text *text)
{
    const cJSON *variant;

    add_head(text);
    cJSON_ArrayForEach(variant, text_find(text->document, "variants"))
    {
        add_variant(text, variant);
    }
    if (cJSON_GetArraySize(text_find(text->document, "summary")) > 0) {
        text_newline(text);
    }
    text_sentences(text, text_find(text->document, "summary"), STYLE_STRONG);
    text_gates(text);
    text_ending(text);
}
