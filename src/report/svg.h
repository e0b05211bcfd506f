/*
 * svg: a plot that is as wide as its place, whose words and strokes keep their
 * size: what is placed across is a share of the width, what is placed down is
 * in pixels. Curves are paths in a box of SVG_ACROSS units that is stretched.
 */
#ifndef SQUALL_REPORT_SVG_H
#define SQUALL_REPORT_SVG_H

#include "base/str.h"
#include "report/axis.h"

#include <stdbool.h>

enum { SVG_ACROSS = 1000 };

/* Opens the box of curves, `height` pixels high, and closes it. */
void svg_curves(struct str *out, int height);
void svg_curves_end(struct str *out);

/* A path through points: across in shares from 0 to 1, down in pixels. A NAN
 * is a gap; a point alone between gaps is drawn `width` wide, a share. */
void svg_line(struct str *out, const char *class, const double *across,
              const double *down, size_t count, double width);

/* A filled path in steps between two edges, from[i] to from[i + 1] wide, in
 * pixels down; `from` has one more than `count`. Where the edges are one, or
 * NAN, nothing is filled. */
void svg_steps(struct str *out, const char *class, const double *from,
               const double *top, const double *bottom, size_t count);

/* A filled path of the slots that are marked, of `count` equal ones across,
 * from the top to `height` pixels down; neighbours are one. */
void svg_slots(struct str *out, const char *class, const bool *marks,
               size_t count, int height);

/* A rectangle; across and width are shares. */
void svg_box(struct str *out, const char *class, double across, double down,
             double width, double height);

/* The start of a text, that is: its place and anchor. Words at the ends of the
 * width do not leave it. The caller adds escaped text and svg_text_end. */
void svg_text(struct str *out, const char *class, double across, double down);
void svg_text_end(struct str *out);

/* A mark of a point. */
void svg_dot(struct str *out, const char *class, double across, double down);

#endif
