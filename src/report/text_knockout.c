#include "report/text_knockout.h"

#include "base/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    PLACE_COLUMNS = 3,
    NAME_COLUMNS = 20,
    FIRST_COLUMNS = PLACE_COLUMNS + NAME_COLUMNS,
    VALUE_COLUMNS = 11
};

static const char *word_of(const cJSON *object, const char *path)
{
    const char *word = text_string(object, path);
    return word ? word : "";
}

static void add_head(struct text *text)
{
    struct term *term = &text->term;
    const cJSON *document = text->document;
    const char *target = text_string(document, "run.target");
    struct str took = STR_INIT;

    units_format_duration(
        &took,
        duration_from_ns(text_number(document, "run.duration_us") * 1e3));
    term_write(term, STYLE_STRONG, "squall compare --all");
    term_write(term, STYLE_PLAIN, "  %d strategies%s%.0f rounds%s%s%sseed %s",
               cJSON_GetArraySize(text_find(document, "ranking")),
               text_dot(text), text_number(document, "method.rounds"),
               text_dot(text), took.text, text_dot(text),
               word_of(document, "run.seed"));
    text_newline(text);
    (void)term_untrusted(
        term, STYLE_FAINT,
        target ? target : "the embedded target, anew for every run", -1);
    text_newline(text);
    str_release(&took);
}

static const cJSON *measure_of(const struct text *text, const char *name)
{
    const cJSON *measure;

    cJSON_ArrayForEach(measure, text_find(text->document, "measures"))
    {
        if (strcmp(word_of(measure, "name"), name) == 0) {
            return measure;
        }
    }
    return NULL;
}

/* As wide as what stands above it. */
static int columns_of(const char *criterion)
{
    int columns = (int)strnlen(criterion, 40) + 2;
    return columns > VALUE_COLUMNS ? columns : VALUE_COLUMNS;
}

static void add_value(struct text *text, const cJSON *ranked,
                      const char *criterion)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(
        text_find(ranked, "median"), criterion);
    enum metric_unit unit = UNIT_COUNT;

    (void)unit_find(word_of(measure_of(text, criterion), "unit"), &unit);
    if (cJSON_IsString(value)) {
        term_right(&text->term, STYLE_BAD, value->valuestring,
                   columns_of(criterion));
    } else {
        text_right(text, STYLE_PLAIN, unit,
                   cJSON_IsNumber(value) ? value->valuedouble : (double)NAN,
                   columns_of(criterion));
    }
}

/* Those that fit; a row of one of the ranking, or of their names. */
static void add_criteria(struct text *text, const cJSON *ranked)
{
    int left = text->term.width - FIRST_COLUMNS;
    const cJSON *criterion;

    cJSON_ArrayForEach(criterion, text_find(text->document, "method.criteria"))
    {
        const char *name =
            cJSON_IsString(criterion) ? criterion->valuestring : "";
        left -= columns_of(name);
        if (left < 0) {
            break;
        }
        if (ranked) {
            add_value(text, ranked, name);
        } else {
            term_right(&text->term, STYLE_FAINT, name, columns_of(name));
        }
    }
    text_newline(text);
}

/* "x 1.25", "+1.20 pt", "+3", or an end that has no bound. */
static void append_change(struct str *out, const cJSON *measure, double value)
{
    const char *scale = word_of(measure, "scale");

    if (isnan(value)) {
        str_append(out, "no bound");
    } else if (strcmp(scale, "ratio") == 0) {
        str_printf(out, "x %.3g", value);
    } else if (strcmp(scale, "difference") == 0) {
        str_printf(out, "%+.2f pt", value * 100);
    } else {
        str_printf(out, "%+.3g", value);
    }
}

static void add_drop(struct text *text, const cJSON *dropped)
{
    const cJSON *measure = measure_of(text, word_of(dropped, "criterion"));
    struct str out = STR_INIT;

    str_printf(&out, "after %.0f rounds: %s, [",
               text_number(dropped, "rounds"), word_of(dropped, "reason"));
    append_change(&out, measure, text_number(dropped, "low"));
    str_append(&out, ", ");
    append_change(&out, measure, text_number(dropped, "high"));
    str_append(&out, "]");
    term_spaces(&text->term, PLACE_COLUMNS + 2);
    text_wrapped(text, STYLE_FAINT, out.text, PLACE_COLUMNS + 2);
    str_release(&out);
}

static void add_ranking(struct text *text)
{
    struct term *term = &text->term;
    const cJSON *ranked;
    bool has_line = false;

    text_newline(text);
    term_cell(term, STYLE_FAINT, "median of the rounds", FIRST_COLUMNS);
    add_criteria(text, NULL);
    cJSON_ArrayForEach(ranked, text_find(text->document, "ranking"))
    {
        const cJSON *dropped = text_find(ranked, "dropped");
        bool is_left = !cJSON_IsObject(dropped);
        if (!is_left && !has_line) {
            term_write(term, STYLE_FAINT, "dropped");
            text_newline(text);
            has_line = true;
        }
        char place[24];
        snprintf(place, sizeof place, "%.0f", text_number(ranked, "place"));
        term_cell(term, STYLE_FAINT, place, PLACE_COLUMNS);
        int columns =
            term_untrusted(term, is_left ? STYLE_STRONG : STYLE_PLAIN,
                           word_of(ranked, "name"), NAME_COLUMNS - 1);
        term_spaces(term, NAME_COLUMNS - columns);
        add_criteria(text, ranked);
        if (!is_left) {
            add_drop(text, dropped);
        }
    }
}

static void add_remarks(struct text *text)
{
    const cJSON *document = text->document;
    const cJSON *criterion;
    double void_rounds = text_number(document, "method.void_rounds");
    double least = text_number(document, "method.least_rounds");
    struct str out = STR_INIT;
    bool is_first = true;

    str_append(&out, "By, in this order: ");
    cJSON_ArrayForEach(criterion, text_find(document, "method.criteria"))
    {
        str_append(&out, is_first ? "" : ", ");
        str_append(&out,
                   cJSON_IsString(criterion) ? criterion->valuestring : "");
        is_first = false;
    }
    str_printf(&out,
               ". In at most %.3g %% of knock-outs one is dropped that none "
               "beats; who is left is not shown to be equal. It ended with: "
               "%s.",
               text_number(document, "method.level") * 100,
               word_of(document, "method.end"));
    if (text_number(document, "method.rounds") < least) {
        str_printf(&out, " So few rounds drop nobody: it takes at least %.0f.",
                   least);
    }
    if (void_rounds > 0) {
        str_printf(&out, " %.0f more %s void: figures could not be trusted.",
                   void_rounds, void_rounds > 1 ? "rounds were" : "round was");
    }
    text_newline(text);
    text_wrapped(text, STYLE_FAINT, out.text, 0);
    str_release(&out);
}

void text_knockout(struct text *text)
{
    const cJSON *summary = text_find(text->document, "summary");

    add_head(text);
    add_ranking(text);
    if (cJSON_GetArraySize(summary) > 0) {
        text_newline(text);
    }
    text_sentences(text, summary, STYLE_STRONG);
    add_remarks(text);
    text_gates(text);
    text_ending(text);
}
