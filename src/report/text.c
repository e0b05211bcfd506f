#include "report/text.h"

#include "base/units.h"
#include "report/text_part.h"

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

void text_format(struct str *out, enum form form, double value)
{
    if (!(value == value)) {
        str_append_char(out, '-');
        return;
    }
    switch (form) {
    case FORM_US:
        units_format_duration(out, duration_from_ns(value * 1e3));
        break;
    case FORM_RATIO:
        units_format_ratio(out, value);
        break;
    case FORM_COUNT:
        if (value < 0) {
            str_printf(out, "%.0f", value);
        } else {
            units_format_count(out, value < 1.8e19 ? (uint64_t)(value + 0.5)
                                                   : UINT64_MAX);
        }
        break;
    case FORM_PER_S:
        units_format_rate(out, value);
        break;
    case FORM_FACTOR:
        str_printf(out, "%.3f", value);
        break;
    }
}

void text_figure(struct text *text, enum ink ink, enum form form,
                 double value)
{
    struct str out = STR_INIT;
    text_format(&out, form, value);
    pen_write(&text->pen, ink, "%s", out.text);
    str_release(&out);
}

void text_right(struct text *text, enum ink ink, enum form form, double value,
                int columns)
{
    struct str out = STR_INIT;
    text_format(&out, form, value);
    pen_right(&text->pen, ink, out.text, columns);
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
    struct str *out = text->pen.out;
    const char *start = strrchr(out->text, '\n');
    start = start ? start + 1 : out->text;
    const char *end = out->text + out->length;
    const char *dot = text_dot(text);
    const char *best = NULL;

    if (columns_of(start, end) <= text->pen.width) {
        return;
    }
    for (const char *at = strstr(start, dot); at; at = strstr(at + 1, dot)) {
        if (columns_of(start, at) <= text->pen.width) {
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
    struct str *out = text->pen.out;
    while (out->length > 0 && out->text[out->length - 1] == ' ') {
        out->text[--out->length] = '\0';
    }
    str_append_char(out, '\n');
}

void text_wrapped(struct text *text, enum ink ink, const char *words,
                  int indent)
{
    struct pen *pen = &text->pen;
    int used = indent;
    bool is_first = true;

    while (*words) {
        size_t length = strcspn(words, " ");
        struct str word = STR_INIT;
        str_append_bytes(&word, words, length);
        int columns = pen_foreign_columns(pen, word.text);
        if (!is_first && used + 1 + columns > pen->width) {
            text_newline(text);
            pen_spaces(pen, indent);
            used = indent;
        } else if (!is_first) {
            pen_spaces(pen, 1);
            used++;
        }
        used += pen_foreign(pen, ink, word.text, -1);
        str_release(&word);
        is_first = false;
        words += length;
        words += strspn(words, " ");
    }
    text_newline(text);
}

void text_heading(struct text *text, const char *title)
{
    str_append_char(text->pen.out, '\n');
    pen_write(&text->pen, INK_STRONG, "%s", title);
}

const char *text_dot(const struct text *text)
{
    return text->pen.unicode ? " · " : ", ";
}

void text_begin(struct text *text, struct str *out,
                const struct text_options *options)
{
    text->pen = (struct pen){
        .out = out,
        .color = options->color,
        .unicode = options->charset == TEXT_UNICODE ||
                   (options->charset == TEXT_BY_LOCALE &&
                    pen_locale_is_utf8()),
        .width = options->width < 60 ? 60 : options->width,
    };
}

void text_render(const cJSON *document, const struct text_options *options,
                 FILE *stream)
{
    struct str out = STR_INIT;
    struct text text = {.document = document};

    text_begin(&text, &out, options);
    text_head(&text);
    text_slos(&text);
    text_operations(&text);
    text_latency(&text);
    text_histogram(&text);
    text_series(&text);
    text_attempts(&text);
    text_amplification(&text);
    text_policy(&text);
    text_parts(&text, "requests", "Requests");
    text_parts(&text, "phases", "Phases");
    text_faults(&text);
    text_effects(&text);
    text_replay(&text);
    text_generator(&text);
    text_closing(&text);
    fwrite(out.text, 1, out.length, stream);
    str_release(&out);
}
