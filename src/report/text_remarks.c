#include "report/text_remarks.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { NAME_COLUMNS_MAX = 30 };

void remarks_add(struct remarks *remarks, enum style style, const char *format,
                 ...)
{
    struct text *text = remarks->text;
    const char *dot = text_dot(text);
    char words[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof(words), format, arguments);
    va_end(arguments);

    int columns = term_columns(words);
    int dot_columns = remarks->any ? term_columns(dot) : 0;
    if (remarks->any &&
        remarks->used + dot_columns + columns > text->term.width) {
        text_newline(text);
        term_spaces(&text->term, remarks->indent);
        remarks->used = remarks->indent;
    } else if (remarks->any) {
        term_write(&text->term, STYLE_FAINT, "%s", dot);
        remarks->used += dot_columns;
    }
    term_write(&text->term, style, "%s", words);
    remarks->used += columns;
    remarks->any = true;
}

void remarks_add_named(struct remarks *remarks, enum style style,
                       const char *name, const char *words)
{
    struct str out = STR_INIT;
    struct term term = remarks->text->term;

    term.out = &out;
    term.color = false;
    term_untrusted(&term, STYLE_PLAIN, name, NAME_COLUMNS_MAX);
    for (char *c = out.text; c && *c; c++) {
        *c = (char)(*c == '_' ? ' ' : *c);
    }
    remarks_add(remarks, style, "%s: %s", out.text ? out.text : "", words);
    str_release(&out);
}

static bool is_shown(enum figure_look look, double value)
{
    switch (look) {
    case LOOK_UNSHOWN:
        return false;
    case LOOK_SHOWN:
    case LOOK_WARNED:
        return !isnan(value);
    case LOOK_SHOWN_IF_ANY:
    case LOOK_WARNED_IF_ANY:
        return value > 0;
    }
    return false;
}

static void add_figure(struct remarks *remarks, const struct figure *figure,
                       double value)
{
    enum figure_look look = figure->label.look;
    const char *words = figure->label.words;
    const char *place = strstr(words, "%s");
    bool is_loud = look == LOOK_WARNED || look == LOOK_WARNED_IF_ANY;
    bool is_level =
        figure->unit == UNIT_COUNT && figure->form == FIGURE_NUMBER_OR_NULL;
    struct str out = STR_INIT;

    if (is_level) {
        str_printf(&out, "%.4g", value);
    } else {
        text_format(&out, figure->unit, value);
    }
    remarks_add(remarks, is_loud && value > 0 ? STYLE_WARN : STYLE_PLAIN,
                "%.*s%s%s", (int)(place - words), words, out.text, place + 2);
    str_release(&out);
}

void remarks_add_figures(struct remarks *remarks, enum figure_group group,
                         const cJSON *block)
{
    const struct figure *figure;
    for (size_t i = 0; (figure = figure_at(i)); i++) {
        if (figure->group != group || !figure->member) {
            continue;
        }
        double value = text_number(block, figure->member);
        if (is_shown(figure->label.look, value)) {
            add_figure(remarks, figure, value);
        }
    }
}
