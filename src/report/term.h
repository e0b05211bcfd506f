/*
 * term: styled text for a terminal: colours when wanted, aligned columns,
 * drawings in Unicode or ASCII, and nothing from outside that could steer the
 * terminal.
 *
 * Widths are columns, not bytes: colours take none, East Asian wide characters
 * take two.
 */
#ifndef SQUALL_REPORT_TERM_H
#define SQUALL_REPORT_TERM_H

#include "base/str.h"

#include <stdbool.h>

enum style {
    STYLE_PLAIN,
    STYLE_STRONG,
    STYLE_FAINT,
    STYLE_GOOD,
    STYLE_BAD,
    STYLE_WARN
};

struct term {
    struct str *out; /* borrowed */
    bool color;
    bool unicode;
    int width;
};

/* Whether the environment (LC_ALL, LC_CTYPE, LANG, in this order) names a
 * UTF-8 locale. */
bool term_locale_is_utf8(void);

/* Writes trusted text, printf-like, in a style. */
void term_write(struct term *term, enum style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Writes `unicode` or, where that cannot be shown, `ascii`. */
void term_sign(struct term *term, enum style style, const char *unicode,
               const char *ascii);

/* Writes untrusted text: control characters, directional overrides and bytes
 * that are not UTF-8 appear as \xNN or \u{NNNN}, and no more than `columns`
 * columns of it; what is longer ends in an ellipsis. columns < 0: no limit.
 * Returns the columns written. */
int term_untrusted(struct term *term, enum style style, const char *text,
                   int columns);

/* The same, padded to `columns`. */
void term_cell(struct term *term, enum style style, const char *text,
               int columns);

/* The columns that term_untrusted would take without a limit. */
int term_untrusted_columns(const struct term *term, const char *text);

/* Trusted text, right-aligned. */
void term_right(struct term *term, enum style style, const char *text,
                int columns);

void term_spaces(struct term *term, int count);

/* A bar that fills `fraction` of `columns`, padded; anything above 0 shows. */
void term_bar(struct term *term, enum style style, double fraction,
              int columns);

/* The part of `columns` from `low` to `high`, both fractions, after a faint
 * line that leads to it; padded. It shows even where it has no length. */
void term_range(struct term *term, enum style style, double low, double high,
                int columns);

/* One column a value, scaled from 0 to the largest; negative values are
 * gaps. */
void term_sparkline(struct term *term, enum style style, const double *values,
                    int count);

/* Columns of trusted text that holds no colours. */
int term_columns(const char *text);

#endif
