/* The section on what failed attempts were told. */
#include "report/text_part.h"

#include <math.h>
#include <stdio.h>

enum { COUNT_COLUMNS = 12, ERRORS_SHOWN = 5, INDENT = 14 };

/* "12,345  server_error 503  +1.00 s to +9.50 s", and the text below it. */
static void add_error(struct text *text, const cJSON *error)
{
    struct term *term = &text->term;
    const char *outcome = text_string(error, "outcome");
    const char *words = text_string(error, "text");
    double status = text_number(error, "status");
    double first = text_number(error, "first_us");
    double last = text_number(error, "last_us");

    text_right(text, STYLE_WARN, UNIT_COUNT, text_number(error, "count"),
               COUNT_COLUMNS);
    term_spaces(term, INDENT - COUNT_COLUMNS);
    term_untrusted(term, STYLE_PLAIN, outcome ? outcome : "?", 24);
    if (!isnan(status)) {
        term_write(term, STYLE_PLAIN, " %.0f", status);
    }
    term_write(term, STYLE_FAINT, "  +");
    text_figure(text, STYLE_FAINT, UNIT_DURATION, first);
    if (last > first) {
        term_write(term, STYLE_FAINT, " to +");
        text_figure(text, STYLE_FAINT, UNIT_DURATION, last);
    }
    text_newline(text);
    if (words) {
        term_spaces(term, INDENT);
        text_wrapped(text, STYLE_PLAIN, words, INDENT);
    }
}

void text_errors(struct text *text)
{
    const cJSON *errors = text_find(text->document, "errors");
    const cJSON *error;
    int count = cJSON_GetArraySize(errors);
    int shown = 0;

    if (count == 0) {
        return;
    }
    text_heading(text, "Errors");
    term_write(&text->term, STYLE_FAINT, "        of requests");
    if (count > ERRORS_SHOWN) {
        term_write(&text->term, STYLE_FAINT, ", the commonest %d of %d kinds",
                   ERRORS_SHOWN, count);
    }
    text_newline(text);
    cJSON_ArrayForEach(error, errors)
    {
        if (shown++ < ERRORS_SHOWN) {
            add_error(text, error);
        }
    }
}
