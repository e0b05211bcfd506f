#include "report/text_part.h"

#include "base/units.h"
#include "measure/effect_figures.h"

#include <math.h>
#include <string.h>

const cJSON *text_find(const cJSON *object, const char *path)
{
    char name[64];
    while (object && *path) {
        size_t length = strcspn(path, ".");
        if (length >= sizeof(name)) {
            return NULL;
        }
        memcpy(name, path, length);
        name[length] = '\0';
        object = cJSON_GetObjectItemCaseSensitive(object, name);
        path += length + (path[length] == '.');
    }
    return object;
}

double text_number(const cJSON *object, const char *path)
{
    const cJSON *item = text_find(object, path);
    return cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
}

const char *text_string(const cJSON *object, const char *path)
{
    const cJSON *item = text_find(object, path);
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

double text_span_us(const cJSON *document)
{
    double end = text_number(document, "run.measured_us");
    const cJSON *report;

    cJSON_ArrayForEach(report, text_find(document, "merge.reports"))
    {
        double until = text_number(report, "offset_us") +
                       text_number(report, "measured_us");
        end = until > end ? until : end;
    }
    return end;
}

bool text_is_never(const cJSON *point, double q)
{
    double finished = text_number(point, "finished");

    return finished > 0 && text_number(point, "succeeded") < q * finished;
}

enum metric_unit text_unit(const cJSON *slo)
{
    const char *word = text_string(slo, "unit");
    enum metric_unit unit;
    return word && unit_find(word, &unit) ? unit : UNIT_FACTOR;
}

void text_format(struct str *out, enum metric_unit unit, double value)
{
    if (!(value == value)) {
        str_append_char(out, '-');
        return;
    }
    switch (unit) {
    case UNIT_DURATION:
        units_format_duration(out, duration_from_ns(value * 1e3));
        break;
    case UNIT_RATIO:
        units_format_ratio(out, value);
        break;
    case UNIT_COUNT:
        if (value < 0) {
            str_printf(out, "%.0f", value);
        } else {
            units_format_count(out, value < 1.8e19 ? (uint64_t)(value + 0.5)
                                                   : UINT64_MAX);
        }
        break;
    case UNIT_PER_S:
        units_format_rate(out, value);
        break;
    case UNIT_BYTES:
        units_format_size(out, value);
        break;
    case UNIT_BYTES_PER_S:
        units_format_size(out, value);
        str_append(out, "/s");
        break;
    case UNIT_FACTOR:
        str_printf(out, "%.3f", value);
        break;
    }
}

void text_figure(struct text *text, enum style style, enum metric_unit unit,
                 double value)
{
    struct str out = STR_INIT;
    text_format(&out, unit, value);
    term_write(&text->term, style, "%s", out.text);
    str_release(&out);
}

void text_right(struct text *text, enum style style, enum metric_unit unit,
                double value, int columns)
{
    struct str out = STR_INIT;
    text_format(&out, unit, value);
    term_right(&text->term, style, out.text, columns);
    str_release(&out);
}

/* Columns of what was written, colours skipped. */
static int columns_of(const char *text, const char *end)
{
    int columns = 0;
    while (text < end) {
        if (*text == '\033') {
            text = strchr(text, 'm');
        } else if ((*text & 0xc0) != 0x80) {
            columns++;
        }
        text++;
    }
    return columns;
}

/* Breaks the current line at its last separator that fits, when it is too
 * long. */
static void break_line(struct text *text)
{
    struct str *out = text->term.out;
    const char *start = strrchr(out->text, '\n');
    start = start ? start + 1 : out->text;
    const char *end = out->text + out->length;
    const char *dot = text_dot(text);
    const char *best = NULL;

    if (columns_of(start, end) <= text->term.width) {
        return;
    }
    for (const char *at = strstr(start, dot); at; at = strstr(at + 1, dot)) {
        if (columns_of(start, at) <= text->term.width) {
            best = at;
        }
    }
    if (best) {
        struct str rest = STR_INIT;
        str_append(&rest, best + strlen(dot));
        out->length = (size_t)(best - out->text);
        out->text[out->length] = '\0';
        str_printf(out, "\n  %s", rest.text);
        str_release(&rest);
    }
}

void text_newline(struct text *text)
{
    break_line(text);
    /* No trailing blanks: they show in diffs and in selections. */
    struct str *out = text->term.out;
    while (out->length > 0 && out->text[out->length - 1] == ' ') {
        out->text[--out->length] = '\0';
    }
    str_append_char(out, '\n');
}

void text_wrapped(struct text *text, enum style style, const char *words,
                  int indent)
{
    struct term *term = &text->term;
    int used = indent;
    bool is_first = true;

    while (*words) {
        size_t length = strcspn(words, " ");
        struct str word = STR_INIT;
        str_append_bytes(&word, words, length);
        int columns = term_untrusted_columns(term, word.text);
        if (!is_first && used + 1 + columns > term->width) {
            text_newline(text);
            term_spaces(term, indent);
            used = indent;
        } else if (!is_first) {
            term_spaces(term, 1);
            used++;
        }
        used += term_untrusted(term, style, word.text, -1);
        str_release(&word);
        is_first = false;
        words += length;
        words += strspn(words, " ");
    }
    text_newline(text);
}

bool text_is_offence(const char *class)
{
    for (int c = 0; c < EFFECT_CLASS_COUNT; c++) {
        enum effect_class known = (enum effect_class)c;
        if (strcmp(class, effect_class_name(known)) == 0) {
            return effect_class_is_offence(known);
        }
    }
    return false;
}

void text_attempt_end(struct text *text, const cJSON *attempt)
{
    struct term *term = &text->term;
    const char *outcome = text_string(attempt, "outcome");
    const char *fault = text_string(attempt, "fault");
    double status = text_number(attempt, "status");
    double done = text_number(attempt, "done_us");
    double sent = text_number(attempt, "sent_us");
    bool good = outcome && strcmp(outcome, "ok") == 0;

    term_untrusted(term, good ? STYLE_GOOD : STYLE_WARN,
                   outcome ? outcome : "?", 24);
    if (!isnan(status)) {
        term_write(term, STYLE_PLAIN, " %.0f", status);
    }
    if (isnan(sent)) {
        term_write(term, STYLE_PLAIN, ", never sent");
    } else if (!isnan(done)) {
        term_write(term, STYLE_PLAIN, " after ");
        text_figure(text, STYLE_PLAIN, UNIT_DURATION, done - sent);
    }
    if (fault) {
        term_sign(term, STYLE_WARN, " ← ", " <- ");
        term_untrusted(term, STYLE_WARN, fault, 24);
    }
    if (cJSON_IsTrue(text_find(attempt, "delivered"))) {
        term_write(term, STYLE_PLAIN, ", delivered");
    }
    if (cJSON_IsTrue(text_find(attempt, "wasted"))) {
        term_write(term, STYLE_FAINT, ", wasted");
    }
    text_newline(text);
}

void text_heading(struct text *text, const char *title)
{
    if (!text->is_short) {
        text_newline(text);
    }
    term_write(&text->term, STYLE_STRONG, "%s", title);
}

const char *text_dot(const struct text *text)
{
    return text->term.unicode ? " · " : ", ";
}

void text_begin(struct text *text, struct str *out,
                const struct text_options *options)
{
    text->is_short = options->depth == TEXT_SHORT;
    text->is_verdict = options->depth == TEXT_VERDICT;
    text->term = (struct term){
        .out = out,
        .color = options->color,
        .unicode =
            options->charset == TEXT_UNICODE ||
            (options->charset == TEXT_BY_LOCALE && term_locale_is_utf8()),
        .width = options->width < 60 ? 60 : options->width,
    };
}
