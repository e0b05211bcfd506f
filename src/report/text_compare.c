#include "report/text_compare.h"

#include "base/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    TITLE_COLUMNS = 22,
    VALUE_COLUMNS = 14,
    CHANGE_COLUMNS = 12,
    INTERVAL_COLUMNS = 18,
    FINDING_COLUMN = TITLE_COLUMNS + CHANGE_COLUMNS + 1 + INTERVAL_COLUMNS
};

static const char *word_of(const cJSON *object, const char *path)
{
    const char *word = text_string(object, path);
    return word ? word : "";
}

static bool is(const cJSON *object, const char *path, const char *word)
{
    return strcmp(word_of(object, path), word) == 0;
}

static bool is_true(const cJSON *object, const char *path)
{
    return cJSON_IsTrue(text_find(object, path));
}

static const cJSON *measure_of(const struct text *text, const cJSON *row)
{
    const cJSON *measure;
    cJSON_ArrayForEach(measure, text_find(text->document, "measures"))
    {
        if (strcmp(word_of(measure, "name"), word_of(row, "measure")) == 0) {
            return measure;
        }
    }
    return NULL;
}

/* "+1.20 pt", "x 1.25", "+3": a difference on the scale of its measure. */
static void append_change(struct str *out, const cJSON *measure, double value)
{
    if (is(measure, "scale", "ratio")) {
        str_printf(out, "%.3g", value);
    } else if (is(measure, "scale", "difference")) {
        str_printf(out, "%+.2f", value * 100);
    } else {
        str_printf(out, "%+.0f", value);
    }
}

static void add_estimate(struct text *text, const cJSON *measure,
                         const cJSON *row)
{
    struct str out = STR_INIT;
    double estimate = text_number(row, "estimate");

    if (is(row, "estimate", "never")) {
        str_append(&out, "never");
    } else if (isnan(estimate)) {
        str_append(&out, "-");
    } else if (is(measure, "scale", "ratio") && estimate == 0) {
        str_append(&out, "was never");
    } else {
        str_append(&out, is(measure, "scale", "ratio") ? "x " : "");
        append_change(&out, measure, estimate);
        str_append(&out, is(measure, "scale", "difference") ? " pt" : "");
    }
    term_right(&text->term, STYLE_PLAIN, out.text, CHANGE_COLUMNS);
    str_release(&out);
}

/* An end that is null has no bound. */
static void add_interval(struct text *text, const cJSON *measure,
                         const cJSON *row)
{
    struct str out = STR_INIT;
    double ends[] = {text_number(row, "low"), text_number(row, "high")};

    /* A ratio has no bound below where that is 0. */
    if (is(measure, "scale", "ratio") && isnan(ends[1]) && ends[0] == 0) {
        ends[0] = (double)NAN;
    }
    bool is_never = is(measure, "scale", "ratio") && ends[1] == 0;
    if (is_never || (isnan(ends[0]) && isnan(ends[1]))) {
        str_append(&out, "-");
    } else {
        for (int i = 0; i < 2; i++) {
            str_append(&out, i ? ", " : "[");
            if (isnan(ends[i])) {
                str_append(&out, "no bound");
            } else {
                append_change(&out, measure, ends[i]);
            }
        }
        str_append(&out, "]");
    }
    term_spaces(&text->term, 1);
    term_cell(&text->term, STYLE_FAINT, out.text, INTERVAL_COLUMNS);
    str_release(&out);
}

static void append_share(struct str *out, const cJSON *measure, double share)
{
    if (is(measure, "scale", "difference")) {
        str_printf(out, "%.3g points", share * 100);
    } else if (is(measure, "scale", "count")) {
        str_printf(out, "%.3g", share);
    } else {
        str_printf(out, "%.3g %%", share * 100);
    }
}

/* What an undecided row takes, and what "none" excludes. */
static void append_reason(struct str *out, const cJSON *measure,
                          const cJSON *row)
{
    double needed = text_number(row, "rounds_needed");
    double resolution = text_number(row, "resolution");
    double detect = text_number(measure, "detect");

    if (is(row, "finding", "none") && detect > 0) {
        str_append(out, ": ");
        append_share(out, measure, detect);
        str_append(out, " would have shown");
    }
    if (!is(row, "finding", "undecided")) {
        return;
    }
    if (!isnan(needed)) {
        str_printf(out, ": takes about %.0f rounds", needed);
        if (!isnan(resolution)) {
            str_append(out, ", these show ");
            append_share(out, measure, resolution);
        }
    }
}

static void add_finding(struct text *text, const cJSON *measure,
                        const cJSON *row)
{
    struct str out = STR_INIT;
    const char *finding = word_of(row, "finding");
    enum style style = strcmp(finding, "better") == 0  ? STYLE_GOOD
                       : strcmp(finding, "worse") == 0 ? STYLE_BAD
                                                       : STYLE_FAINT;

    str_append(&out, finding[0]               ? finding
                     : is_true(row, "judged") ? ""
                                              : "not judged");
    append_reason(&out, measure, row);
    text_wrapped(text, style, out.text, FINDING_COLUMN);
    str_release(&out);
}

static void add_row(struct text *text, const cJSON *row)
{
    const cJSON *measure = measure_of(text, row);

    if (is(row, "finding", "not measured")) {
        return;
    }
    term_spaces(&text->term, 2);
    term_cell(&text->term, STYLE_PLAIN, word_of(measure, "title"),
              TITLE_COLUMNS - 2);
    add_estimate(text, measure, row);
    add_interval(text, measure, row);
    add_finding(text, measure, row);
}

static bool is_found(const struct text *text, const cJSON *variant,
                     const char *measure, const char *finding)
{
    const cJSON *row;
    cJSON_ArrayForEach(row, text_find(text->document, "rows"))
    {
        if (strcmp(word_of(row, "variant"), word_of(variant, "name")) == 0 &&
            is(row, "measure", measure) && is(row, "finding", finding)) {
            return true;
        }
    }
    return false;
}

/* Who fails fast looks quick. */
static void warn_of_fast_failures(struct text *text, const cJSON *variant)
{
    bool is_quicker = is_found(text, variant, "p99", "better");
    bool is_less = is_found(text, variant, "success_rate", "worse") ||
                   is_found(text, variant, "goodput", "worse");

    if (is_quicker && is_less) {
        term_spaces(&text->term, 2);
        text_wrapped(text, STYLE_WARN,
                     "quicker, but fewer operations succeed: judge both", 2);
    }
}

static const char *baseline_of(const struct text *text)
{
    const cJSON *variant;
    cJSON_ArrayForEach(variant, text_find(text->document, "variants"))
    {
        if (is_true(variant, "baseline")) {
            return word_of(variant, "name");
        }
    }
    return "";
}

static void add_differences(struct text *text)
{
    const cJSON *variant;
    const cJSON *row;

    cJSON_ArrayForEach(variant, text_find(text->document, "variants"))
    {
        if (is_true(variant, "baseline")) {
            continue;
        }
        text_newline(text);
        (void)term_untrusted(&text->term, STYLE_STRONG,
                             word_of(variant, "name"), 30);
        term_write(&text->term, STYLE_FAINT, "  beside ");
        (void)term_untrusted(&text->term, STYLE_FAINT, baseline_of(text), 30);
        text_newline(text);
        cJSON_ArrayForEach(row, text_find(text->document, "rows"))
        {
            if (strcmp(word_of(row, "variant"), word_of(variant, "name")) ==
                0) {
                add_row(text, row);
            }
        }
        warn_of_fast_failures(text, variant);
    }
}

static void add_median(struct text *text, const cJSON *variant,
                       const cJSON *measure)
{
    const cJSON *medians = text_find(variant, "median");
    const cJSON *value =
        cJSON_GetObjectItemCaseSensitive(medians, word_of(measure, "name"));
    enum metric_unit unit = UNIT_COUNT;

    (void)unit_find(word_of(measure, "unit"), &unit);
    if (cJSON_IsString(value)) {
        term_right(&text->term, STYLE_BAD, value->valuestring, VALUE_COLUMNS);
    } else {
        text_right(text, STYLE_PLAIN, unit,
                   cJSON_IsNumber(value) ? value->valuedouble : NAN,
                   VALUE_COLUMNS);
    }
}

/* Of any variant. */
static bool is_measured(const struct text *text, const cJSON *measure)
{
    const cJSON *variant;
    cJSON_ArrayForEach(variant, text_find(text->document, "variants"))
    {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(
            text_find(variant, "median"), word_of(measure, "name"));
        if (value && !cJSON_IsNull(value)) {
            return true;
        }
    }
    return false;
}

/* Columns of variants: as many as fit. */
static const cJSON *add_columns(struct text *text, const cJSON *first)
{
    int fit = (text->term.width - TITLE_COLUMNS) / VALUE_COLUMNS;
    const cJSON *variant = first;
    const cJSON *measure;

    term_cell(&text->term, STYLE_FAINT,
              is_true(text->document, "run.saved") ? ""
                                                   : "median of the "
                                                     "rounds",
              TITLE_COLUMNS);
    for (int i = 0; i < fit && variant; i++, variant = variant->next) {
        struct str name = STR_INIT;
        struct term cell = text->term;
        cell.out = &name;
        int columns = term_untrusted(
            &cell, STYLE_STRONG, word_of(variant, "name"), VALUE_COLUMNS - 1);
        term_spaces(&text->term, VALUE_COLUMNS - columns);
        str_append(text->term.out, name.text);
        str_release(&name);
    }
    text_newline(text);
    cJSON_ArrayForEach(measure, text_find(text->document, "measures"))
    {
        if (!is_measured(text, measure)) {
            continue;
        }
        term_spaces(&text->term, 2);
        term_cell(&text->term, STYLE_PLAIN, word_of(measure, "title"),
                  TITLE_COLUMNS - 2);
        variant = first;
        for (int i = 0; i < fit && variant; i++, variant = variant->next) {
            add_median(text, variant, measure);
        }
        text_newline(text);
    }
    return variant;
}

static void add_medians(struct text *text)
{
    const cJSON *variants = text_find(text->document, "variants");
    const cJSON *next = variants ? variants->child : NULL;

    while (next) {
        text_newline(text);
        next = add_columns(text, next);
    }
}

static void add_head(struct text *text)
{
    struct term *term = &text->term;
    const cJSON *document = text->document;
    struct str took = STR_INIT;

    units_format_duration(
        &took,
        duration_from_ns(text_number(document, "run.duration_us") * 1e3));
    term_write(term, STYLE_STRONG, "squall compare");
    if (is_true(document, "run.saved")) {
        term_write(term, STYLE_PLAIN, "  %d saved reports, of a run each",
                   cJSON_GetArraySize(text_find(document, "variants")));
        text_newline(text);
        str_release(&took);
        return;
    }
    term_write(term, STYLE_PLAIN, "  %d variants%s%.0f rounds%s%s%sseed %s",
               cJSON_GetArraySize(text_find(document, "variants")),
               text_dot(text), text_number(document, "family.rounds"),
               text_dot(text), took.text, text_dot(text),
               word_of(document, "run.seed"));
    text_newline(text);
    const char *target = text_string(document, "run.target");
    (void)term_untrusted(
        term, STYLE_FAINT,
        target ? target : "the embedded target, anew for every run", -1);
    text_newline(text);
    str_release(&took);
}

/* What it comes to. */
static void add_summary(struct text *text)
{
    const cJSON *sentence;

    if (cJSON_GetArraySize(text_find(text->document, "summary")) > 0) {
        text_newline(text);
    }
    cJSON_ArrayForEach(sentence, text_find(text->document, "summary"))
    {
        if (cJSON_IsString(sentence)) {
            text_wrapped(text, STYLE_STRONG, sentence->valuestring, 0);
        }
    }
}

static void add_remarks(struct text *text)
{
    const cJSON *document = text->document;
    double void_rounds = text_number(document, "family.void_rounds");
    double least = text_number(document, "family.least_rounds");
    struct str out = STR_INIT;

    text_newline(text);
    str_printf(&out,
               "Intervals are at %.4g %%: all words together are wrong in at "
               "most %.3g %% of comparisons.",
               text_number(document, "family.interval_level") * 100,
               text_number(document, "family.level") * 100);
    if (text_number(document, "family.rounds") < least) {
        str_printf(&out,
                   " So few rounds show no difference, however large: it "
                   "takes at least %.0f.",
                   least);
    }
    if (void_rounds > 0) {
        str_printf(&out, " %.0f more %s void: figures could not be trusted.",
                   void_rounds, void_rounds > 1 ? "rounds were" : "round was");
    }
    text_wrapped(text, STYLE_FAINT, out.text, 0);
    str_release(&out);
}

void text_comparison(struct text *text)
{
    add_head(text);
    add_medians(text);
    add_differences(text);
    add_summary(text);
    if (!is_true(text->document, "run.saved")) {
        add_remarks(text);
    }
    text_gates(text);
    text_ending(text);
}
