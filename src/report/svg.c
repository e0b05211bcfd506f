#include "report/svg.h"

#include <math.h>

void svg_curves(struct str *out, int height)
{
    str_printf(out,
               "<svg width=\"100%%\" height=\"%d\" viewBox=\"0 0 %d %d\" "
               "preserveAspectRatio=\"none\">\n",
               height, SVG_ACROSS, height);
}

void svg_curves_end(struct str *out)
{
    str_append(out, "</svg>\n");
}

/* A coordinate with at most one digit behind the point: a path of a thousand
 * points is to stay small. */
static void add_number(struct str *out, double value)
{
    double tenths = round(value * 10);

    if (fmod(tenths, 10) == 0) {
        str_printf(out, "%.0f", tenths / 10);
    } else {
        str_printf(out, "%.1f", tenths / 10);
    }
}

static void add_point(struct str *out, char command, double across,
                      double down)
{
    str_append_char(out, command);
    add_number(out, across * SVG_ACROSS);
    str_append_char(out, ' ');
    add_number(out, down);
}

void svg_line(struct str *out, const char *class, const double *across,
              const double *down, size_t count, double width)
{
    str_printf(out, "<path class=\"%s\" d=\"", class);
    for (size_t i = 0; i < count; i++) {
        bool follows = i > 0 && !isnan(down[i - 1]);
        bool goes_on = i + 1 < count && !isnan(down[i + 1]);
        if (isnan(down[i])) {
            continue;
        }
        if (!follows && !goes_on) {
            add_point(out, 'M', fmax(across[i] - width / 2, 0), down[i]);
            add_point(out, 'L', fmin(across[i] + width / 2, 1), down[i]);
        } else {
            add_point(out, follows ? 'L' : 'M', across[i], down[i]);
        }
    }
    str_append(out, "\"/>\n");
}

static bool is_filled(const double *top, const double *bottom, size_t i)
{
    return bottom[i] - top[i] > 0.05;
}

/* The run of filled steps from `first` to before `end`: its upper edge forth
 * and its lower edge back. */
static void add_run(struct str *out, const double *from, const double *top,
                    const double *bottom, size_t first, size_t end)
{
    add_point(out, 'M', from[first], bottom[first]);
    for (size_t i = first; i < end; i++) {
        if (i == first || top[i] != top[i - 1]) {
            str_append_char(out, 'V');
            add_number(out, top[i]);
        }
        if (i + 1 == end || top[i + 1] != top[i]) {
            str_append_char(out, 'H');
            add_number(out, from[i + 1] * SVG_ACROSS);
        }
    }
    for (size_t i = end; i > first; i--) {
        if (i == end || bottom[i - 1] != bottom[i]) {
            str_append_char(out, 'V');
            add_number(out, bottom[i - 1]);
        }
        if (i - 1 == first || bottom[i - 2] != bottom[i - 1]) {
            str_append_char(out, 'H');
            add_number(out, from[i - 1] * SVG_ACROSS);
        }
    }
    str_append_char(out, 'z');
}

void svg_steps(struct str *out, const char *class, const double *from,
               const double *top, const double *bottom, size_t count)
{
    str_printf(out, "<path class=\"%s\" d=\"", class);
    for (size_t first = 0; first < count;) {
        size_t end = first;
        while (end < count && is_filled(top, bottom, end)) {
            end++;
        }
        if (end > first) {
            add_run(out, from, top, bottom, first, end);
        }
        first = end > first ? end : first + 1;
    }
    str_append(out, "\"/>\n");
}

void svg_slots(struct str *out, const char *class, const bool *marks,
               size_t count, int height)
{
    double width = (double)SVG_ACROSS / (double)count;

    str_printf(out, "<path class=\"%s\" d=\"", class);
    for (size_t i = 0; i < count; i++) {
        size_t first = i;
        while (i < count && marks[i]) {
            i++;
        }
        if (i > first) {
            str_printf(out, "M%.4g 0H%.4gV%dH%.4gz", (double)first * width,
                       (double)i * width, height, (double)first * width);
        }
    }
    str_append(out, "\"/>\n");
}

void svg_box(struct str *out, const char *class, double across, double down,
             double width, double height)
{
    str_printf(out,
               "<rect class=\"%s\" x=\"%.2f%%\" y=\"%.1f\" width=\"%.2f%%\" "
               "height=\"%.1f\"",
               class, across * 100, down, width * 100, height);
    str_append(out, "/>\n");
}

void svg_text(struct str *out, const char *class, double across, double down)
{
    const char *anchor = across < 0.03   ? "start"
                         : across > 0.97 ? "end"
                                         : "middle";
    str_printf(out,
               "<text class=\"%s\" x=\"%.2f%%\" y=\"%.1f\" "
               "text-anchor=\"%s\">",
               class, across * 100, down, anchor);
}

void svg_text_end(struct str *out)
{
    str_append(out, "</text>\n");
}

void svg_dot(struct str *out, const char *class, double across, double down)
{
    str_printf(out,
               "<circle class=\"%s\" cx=\"%.2f%%\" cy=\"%.1f\" r=\"3.5\"/>\n",
               class, across * 100, down);
}
