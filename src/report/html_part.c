#include "report/html_part.h"

#include "base/unicode.h"
#include "report/text_part.h"
#include "report/xml.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

void html_add(struct html *html, const char *markup)
{
    str_append(html->out, markup);
}

void html_addf(struct html *html, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    str_vprintf(html->out, format, arguments);
    va_end(arguments);
}

/* As many bytes as may be shown, without cutting a character in two. */
static size_t shown_length(const char *text)
{
    size_t length = strlen(text);

    if (length <= HTML_TEXT_MAX) {
        return length;
    }
    length = HTML_TEXT_MAX;
    while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) {
        length--;
    }
    return length;
}

void html_text(struct html *html, const char *text)
{
    struct str shown = STR_INIT;

    if (!text) {
        html_add(html, "-");
        return;
    }
    str_append_bytes(&shown, text, shown_length(text));
    size_t bytes = xml_escape_within(html->out, shown.text, HTML_MARKUP_MAX);
    if (bytes < strlen(text)) {
        html_add(html, "…");
    }
    str_release(&shown);
}

void html_words(struct html *html, const char *name)
{
    struct str words = STR_INIT;

    str_append(&words, name ? name : "-");
    for (char *c = words.text; *c; c++) {
        *c = (char)(*c == '_' ? ' ' : *c);
    }
    html_text(html, words.text);
    str_release(&words);
}

/* The value has as many digits as a saved report, so that the page of a run
 * and that of its report are one. */
void html_data(struct html *html, struct html_place place, const char *path,
               double value, const char *words)
{
    html_addf(html, "<data value=\"%.15g\" title=\"", value);
    html_text(html, place.prefix);
    html_text(html, path);
    html_add(html, "\">");
    html_text(html, words);
    html_add(html, "</data>");
}

void html_figure(struct html *html, struct html_place place, const char *path,
                 enum metric_unit unit, const char *missing)
{
    double value = text_number(place.object, path);
    struct str text = STR_INIT;

    if (isnan(value)) {
        html_addf(html, "<span class=\"%s\">",
                  strcmp(missing, "never") == 0 ? "bad" : "none");
        html_text(html, missing);
        html_add(html, "</span>");
        return;
    }
    text_format(&text, unit, value);
    html_data(html, place, path, value, text.text);
    str_release(&text);
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

/* The words of a label around its value. */
static void add_label(struct html *html, const struct figure *figure,
                      struct html_place place, double value)
{
    enum figure_look look = figure->label.look;
    const char *words = figure->label.words;
    const char *hole = strstr(words, "%s");
    bool is_loud = look == LOOK_WARNED || look == LOOK_WARNED_IF_ANY;
    struct str before = STR_INIT;
    struct str text = STR_INIT;

    /* A level need not be whole. */
    if (figure->unit == UNIT_COUNT && figure->form == FIGURE_NUMBER_OR_NULL) {
        str_printf(&text, "%.4g", value);
    } else {
        text_format(&text, figure->unit, value);
    }
    str_append_bytes(&before, words, (size_t)(hole - words));
    html_add(html, is_loud && value > 0 ? "<li class=\"warn\">" : "<li>");
    html_text(html, before.text);
    html_data(html, place, figure->member, value, text.text);
    html_text(html, hole + 2);
    html_add(html, "</li>");
    str_release(&before);
    str_release(&text);
}

void html_figures(struct html *html, enum figure_group group,
                  struct html_place place)
{
    const struct figure *figure;

    html_add(html, "<ul class=\"remarks\">");
    for (size_t i = 0; (figure = figure_at(i)); i++) {
        if (figure->group != group || !figure->member) {
            continue;
        }
        double value = text_number(place.object, figure->member);
        if (is_shown(figure->label.look, value)) {
            add_label(html, figure, place, value);
        }
    }
    html_add(html, "</ul>\n");
}

const char *html_missing_time(const cJSON *figures)
{
    return text_number(figures, "latency.time_to_success.count") > 0
               ? "never"
               : "not measured";
}

void html_section(struct html *html, const char *id, const char *title)
{
    html_addf(html,
              "<section id=\"%s\" aria-labelledby=\"%s-title\">\n"
              "<h2 id=\"%s-title\">%s</h2>\n",
              id, id, id, title);
}

void html_section_end(struct html *html)
{
    html_add(html, "</section>\n");
}

/* The one before is over. */
void html_list(struct html *html)
{
    html->listed += html->list.length;
    html->list = (struct html_list){.start = html->out->length};
}

bool html_takes_row(struct html *html)
{
    struct html_list *list = &html->list;

    list->length = html->out->length - list->start;
    if (list->rows == HTML_ROWS_MAX ||
        (list->length >= HTML_LIST_ROOM &&
         html->listed + list->length >= html->room)) {
        return false;
    }
    list->rows++;
    return true;
}

void html_left_out(struct html *html, int total)
{
    html_more(html, total - html->list.rows);
}

void html_table(struct html *html, const char *name,
                const char *const *headings, size_t count)
{
    html_list(html);
    html_addf(html,
              "<div class=\"scroll\" role=\"region\" tabindex=\"0\" "
              "aria-label=\"%s\"><table>\n<thead><tr>",
              name);
    for (size_t i = 0; i < count; i++) {
        bool is_number = headings[i][0] == '>';
        html_addf(html, "<th scope=\"col\"%s>%s</th>",
                  is_number ? " class=\"n\"" : "", headings[i] + is_number);
    }
    html_add(html, "</tr></thead>\n<tbody>\n");
}

void html_table_end(struct html *html)
{
    html->list.length = html->out->length - html->list.start;
    html_add(html, "</tbody></table></div>\n");
}

void html_more(struct html *html, double count)
{
    if (count > 0) {
        html_addf(html,
                  "<p class=\"soft\">and %.0f more in the JSON report"
                  "</p>\n",
                  count);
    }
}

void html_verdict(struct html *html, const char *word, const char *class)
{
    struct str upper = STR_INIT;

    str_append(&upper, word);
    for (char *c = upper.text; *c; c++) {
        *c = (char)toupper((unsigned char)*c);
    }
    html_addf(html, "<span class=\"verdict %s\">", class);
    html_text(html, upper.text);
    html_add(html, "</span> ");
    str_release(&upper);
}

void html_bar(struct html *html, const char *class, double share)
{
    html_addf(html,
              "<svg class=\"bar\" width=\"100%%\" height=\"10\" "
              "aria-hidden=\"true\"><rect class=\"f-%s\" width=\"%.2f%%\" "
              "height=\"10\"/></svg>",
              class, share >= 0 && share <= 1 ? share * 100 : 0);
}
