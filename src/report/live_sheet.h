/*
 * live_sheet: what the lines of report/live are made of. For live_*.c.
 */
#ifndef SQUALL_REPORT_LIVE_SHEET_H
#define SQUALL_REPORT_LIVE_SHEET_H

#include "report/live.h"

/* A line is: what it is, the last second, so far, a remark, and the
 * course. */
enum {
    LABEL_COLUMNS = 13,
    NOW_COLUMNS = 9,
    SO_FAR_COLUMNS = 10,
    REMARK_COLUMNS = 14,
    GAP = 2,
    FIGURE_COLUMNS = LABEL_COLUMNS + NOW_COLUMNS + SO_FAR_COLUMNS,
    COURSE_AT = FIGURE_COLUMNS + GAP + REMARK_COLUMNS + GAP,
    COURSE_MIN = 6,
    BAR_COLUMNS = 16,
    WIDE_COLUMNS = 72,
    WORDS_MIN = 6
};

/* A terminal, and what is drawn on it. */
struct sheet {
    struct term *term;
    const struct live *live;
    int used; /* lines */
};

void sheet_end_line(struct sheet *sheet);

/* Columns for a course, 0: there is no room; and for a remark. */
int sheet_course_columns(const struct sheet *sheet);
int sheet_remark_columns(const struct sheet *sheet);

/* The points that there is room for. */
size_t sheet_points(const struct sheet *sheet,
                    const struct live_point **first);
bool sheet_has_course(const struct sheet *sheet);

/* How a figure is written. */
enum form { FORM_RATE, FORM_US, FORM_RATIO, FORM_TIMES, FORM_COUNT };

void sheet_put(struct str *out, enum form form, double value);

/* One signal. */
struct line {
    const char *label;
    enum form form;
    enum style style; /* of the last second */
    double now, so_far;
    const char *middle; /* instead of the figure so far, or NULL */
    const char *remark; /* from outside, too */
    size_t member;      /* of struct live_point, for the course */
    bool has_course;
};

void sheet_add_line(struct sheet *sheet, const struct line *line);

/* Parts of a line, as many as there is room for. */
struct parts {
    struct sheet *sheet;
    int used;
    bool any;
};

struct parts sheet_begin_parts(struct sheet *sheet, const char *label);

/* Nothing where the value is not known (< 0). */
void sheet_add_part(struct parts *parts, enum style style, const char *label,
                    enum form form, double value, const char *after);
void sheet_end_parts(struct parts *parts);

#endif
