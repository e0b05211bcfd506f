#include "report/live_sheet.h"

#include "base/units.h"

#include <math.h>

void sheet_end_line(struct sheet *sheet)
{
    str_append_char(sheet->term->out, '\n');
    sheet->used++;
}

int sheet_course_columns(const struct sheet *sheet)
{
    int columns = sheet->term->width - COURSE_AT;
    columns = columns < LIVE_POINTS_MAX ? columns : LIVE_POINTS_MAX;
    return columns >= COURSE_MIN ? columns : 0;
}

int sheet_remark_columns(const struct sheet *sheet)
{
    int columns = sheet->term->width - FIGURE_COLUMNS - GAP;
    return columns < REMARK_COLUMNS ? columns : REMARK_COLUMNS;
}

/* The points that there is room for. */
size_t sheet_points(const struct sheet *sheet, const struct live_point **first)
{
    const struct live_figures *figures = &sheet->live->figures;
    size_t room = (size_t)sheet_course_columns(sheet);
    size_t count = figures->point_count < room ? figures->point_count : room;

    *first = figures->points + figures->point_count - count;
    return count;
}

bool sheet_has_course(const struct sheet *sheet)
{
    const struct live_point *first;
    return sheet_points(sheet, &first) > 0;
}

/* A large number has as many digits as can be read, and columns: "12.3M". */
static void put_large(struct str *out, double value)
{
    bool is_huge = value >= 999.5e6;

    value /= is_huge ? 1e9 : 1e6;
    str_printf(out,
               value < 9.995   ? "%.2f"
               : value < 99.95 ? "%.1f"
                               : "%.0f",
               value);
    str_append_char(out, is_huge ? 'G' : 'M');
}

void sheet_put(struct str *out, enum form form, double value)
{
    bool is_number = form == FORM_RATE || form == FORM_COUNT;

    if (isinf(value)) {
        str_append(out, "never");
    } else if (value < 0) {
        str_append_char(out, '-');
    } else if (is_number && value >= 999999.5) {
        put_large(out, value);
        str_append(out, form == FORM_RATE ? "/s" : "");
    } else if (form == FORM_RATE) {
        units_format_rate(out, value);
    } else if (form == FORM_US) {
        units_format_duration(out, duration_us((int64_t)value));
    } else if (form == FORM_RATIO) {
        units_format_ratio(out, value);
    } else if (form == FORM_TIMES) {
        str_printf(out, "x%.2f", value);
    } else {
        units_format_count(out, (uint64_t)value);
    }
}

static void right(struct term *term, enum style style, enum form form,
                  double value, int columns)
{
    struct str text = STR_INIT;

    sheet_put(&text, form, value);
    term_right(term, style, text.text, columns);
    str_release(&text);
}

static double member_of(const struct live_point *point, size_t member)
{
    return *(const double *)(const void *)((const char *)point + member);
}

/* Never is as high as it goes. */
static void draw_course(struct sheet *sheet, const struct line *line)
{
    const struct live_point *points;
    size_t count = sheet_points(sheet, &points);
    double values[LIVE_POINTS_MAX];
    double highest = 0;

    for (size_t i = 0; i < count; i++) {
        double value = member_of(&points[i], line->member);
        highest = !isinf(value) && value > highest ? value : highest;
    }
    for (size_t i = 0; i < count; i++) {
        double value = member_of(&points[i], line->member);
        values[i] = !isinf(value) ? value : highest > 0 ? highest : 1;
    }
    term_sparkline(sheet->term,
                   line->style == STYLE_STRONG ? STYLE_GOOD : line->style,
                   values, (int)count);
}

void sheet_add_line(struct sheet *sheet, const struct line *line)
{
    struct term *term = sheet->term;

    term_cell(term, STYLE_PLAIN, line->label, LABEL_COLUMNS);
    right(term, line->style, line->form, line->now, NOW_COLUMNS);
    if (line->middle) {
        term_right(term, STYLE_FAINT, line->middle, SO_FAR_COLUMNS);
    } else {
        right(term, STYLE_PLAIN, line->form, line->so_far, SO_FAR_COLUMNS);
    }
    int used = 0;
    if (line->remark && line->remark[0]) {
        term_spaces(term, GAP);
        used = GAP + term_untrusted(term, STYLE_FAINT, line->remark,
                                    sheet_remark_columns(sheet));
    }
    if (line->has_course && sheet_has_course(sheet)) {
        term_spaces(term, COURSE_AT - FIGURE_COLUMNS - used);
        draw_course(sheet, line);
    }
    sheet_end_line(sheet);
}

struct parts sheet_begin_parts(struct sheet *sheet, const char *label)
{
    term_cell(sheet->term, STYLE_PLAIN, label, LABEL_COLUMNS);
    return (struct parts){.sheet = sheet, .used = LABEL_COLUMNS};
}

void sheet_add_part(struct parts *parts, enum style style, const char *label,
                    enum form form, double value, const char *after)
{
    struct term *term = parts->sheet->term;
    struct str text = STR_INIT;

    str_append(&text, label);
    sheet_put(&text, form, value);
    str_append(&text, after);
    int columns = term_columns(text.text) + GAP;
    if (value >= 0 && parts->used + columns <= term->width) {
        term_spaces(term, GAP);
        term_write(term, style, "%s", text.text);
        parts->used += columns;
        parts->any = true;
    }
    str_release(&text);
}

void sheet_end_parts(struct parts *parts)
{
    if (!parts->any) {
        term_spaces(parts->sheet->term, GAP);
        term_write(parts->sheet->term, STYLE_FAINT, "-");
    }
    sheet_end_line(parts->sheet);
}
