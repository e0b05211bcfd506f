/*
 * html_part: what the sections of the HTML report are made of: text, figures
 * and tables.
 *
 * Whatever comes from a document goes through html_text, so that it cannot
 * begin markup. Every figure of the document is a <data> element: its value is
 * the number as it stands there, its title the path of it, its text the number
 * in units for people. The page is well-formed XML behind its first line, has
 * no script, and asks for nothing.
 */
#ifndef SQUALL_REPORT_HTML_PART_H
#define SQUALL_REPORT_HTML_PART_H

#include "measure/figure.h"

#include "base/str.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

enum {
    HTML_ROWS_MAX = 100,   /* of one table; it says how many more there are */
    HTML_TEXT_MAX = 240,   /* bytes of one text */
    HTML_MARKUP_MAX = 480, /* and of what it takes as markup */
    HTML_LIST_ROOM = 2 * 1024, /* bytes that each list has, however many */
    HTML_COLUMNS_MAX = 16      /* of one table */
};

/* The list or table that is being written: where it began, how long it is as
 * far as that is known, and its rows. */
struct html_list {
    size_t start, length;
    int rows;
};

struct html {
    struct str *out;
    const cJSON *document;
    struct html_list list;
    size_t listed; /* bytes of the lists before it */
    size_t room;   /* of all lists together, but for that of each */
};

/* Markup of our own. */
void html_add(struct html *html, const char *markup);
void html_addf(struct html *html, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Untrusted text, in an element or an attribute; what is longer than
 * HTML_TEXT_MAX ends in an ellipsis. NULL is a dash. */
void html_text(struct html *html, const char *text);
/* The same with underscores as blanks: names of ours that a document has. */
void html_words(struct html *html, const char *name);

/* A part of the document and its path there, "requests[0]."; "" is the whole.
 */
struct html_place {
    const cJSON *object;
    const char *prefix;
};

/* A figure at a path below a place. Where it is not a number stands `missing`
 * instead: "never", "not measured". */
void html_figure(struct html *html, struct html_place place, const char *path,
                 enum metric_unit unit, const char *missing);

/* A figure in words of one's own around it. */
void html_data(struct html *html, struct html_place place, const char *path,
               double value, const char *words);

/* The figures of a group that have a label (measure/figure.def), as a list of
 * remarks; nothing of what was not measured. */
void html_figures(struct html *html, enum figure_group group,
                  struct html_place place);

/* Why a quantile of the time to success has no value: "never" where
 * operations were due. */
const char *html_missing_time(const cJSON *figures);

void html_section(struct html *html, const char *id, const char *title);
void html_section_end(struct html *html);

/* Begins a list; tables do so by themselves. */
void html_list(struct html *html);
/* Whether there is room for one more row, which is then counted; to be asked
 * before each. */
bool html_takes_row(struct html *html);
/* "and 12 more in the JSON report", of `total` rows those that were not
 * written; behind the end of the list. */
void html_left_out(struct html *html, int total);

/* A table that scrolls by itself where it is too wide. Headings that begin
 * with ">" are those of numbers. */
void html_table(struct html *html, const char *name,
                const char *const *headings, size_t count);
void html_table_end(struct html *html);
/* "and 12 more in the JSON report", below a table or list. */
void html_more(struct html *html, double count);

/* The word of a verdict on its colour: "good", "warn" or "bad". */
void html_verdict(struct html *html, const char *word, const char *class);

/* A bar of a share of its place, from 0 to 1; `class` is its colour. */
void html_bar(struct html *html, const char *class, double share);

#endif
