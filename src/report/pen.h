/*
 * pen: writes for a terminal: colours when wanted, columns that line up,
 * drawings in Unicode or ASCII, and nothing from outside that could steer the
 * terminal.
 *
 * Widths are columns, not bytes: colours take none, East Asian wide characters
 * take two.
 */
#ifndef SQUALL_REPORT_PEN_H
#define SQUALL_REPORT_PEN_H

#include "base/str.h"

#include <stdbool.h>

enum ink { INK_PLAIN, INK_STRONG, INK_FAINT, INK_GOOD, INK_BAD, INK_WARN };

struct pen {
    struct str *out; /* borrowed */
    bool color;
    bool unicode;
    int width;
};

/* Whether the environment (LC_ALL, LC_CTYPE, LANG, in this order) names a
 * UTF-8 locale. */
bool pen_locale_is_utf8(void);

/* Writes trusted text, printf-like, in an ink. */
void pen_write(struct pen *pen, enum ink ink, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Writes `unicode` or, where that cannot be shown, `ascii`. */
void pen_sign(struct pen *pen, enum ink ink, const char *unicode,
              const char *ascii);

/* Writes untrusted text: control characters, directional overrides and bytes
 * that are not UTF-8 appear as \xNN or \u{NNNN}, and no more than `columns`
 * columns of it; what is longer ends in an ellipsis. columns < 0: no limit.
 * Returns the columns written. */
int pen_foreign(struct pen *pen, enum ink ink, const char *text, int columns);

/* The same, padded to `columns`. */
void pen_cell(struct pen *pen, enum ink ink, const char *text, int columns);

/* The columns that pen_foreign would take without a limit. */
int pen_foreign_columns(const struct pen *pen, const char *text);

/* Trusted text, right-aligned. */
void pen_right(struct pen *pen, enum ink ink, const char *text, int columns);

void pen_spaces(struct pen *pen, int count);

/* A bar that fills `fraction` of `columns`, padded; anything above 0 shows. */
void pen_bar(struct pen *pen, enum ink ink, double fraction, int columns);

/* The part of `columns` from `low` to `high`, both fractions, after a faint
 * line that leads to it; padded. It shows even where it has no length. */
void pen_range(struct pen *pen, enum ink ink, double low, double high,
               int columns);

/* One column a value, scaled from 0 to the largest; negative values are
 * gaps. */
void pen_sparkline(struct pen *pen, enum ink ink, const double *values,
                   int count);

/* Columns of trusted text that holds no colours. */
int pen_columns(const char *text);

#endif
