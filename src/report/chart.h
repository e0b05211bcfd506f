/*
 * chart: plots of the HTML report: the frame that all have, and those of
 * the series, which share the axis of time and the shading of what was on.
 *
 * A long series is drawn in at most CHART_COLUMNS columns of several
 * intervals each: of a figure both the least and the largest of them is shown,
 * so that no peak is hidden, and counts are added up.
 */
#ifndef SQUALL_REPORT_CHART_H
#define SQUALL_REPORT_CHART_H

#include "report/axis.h"
#include "report/html_part.h"

enum {
    CHART_COLUMNS = 200,
    CHART_TIPS = 60,   /* what can be pointed at */
    CHART_SLOTS = 300, /* in which a window is shown */
    CHART_HEIGHT = 180
};

/* How ticks of an axis are written. */
enum chart_unit { CHART_TIME, CHART_COUNT, CHART_NUMBER };

/* A plot: its frame and its axes, which ticks stand beside. */
struct chart_frame {
    const char *id;      /* of the figure, unique in the page */
    const char *title;   /* in words of ours, as the next */
    const char *about;   /* what is measured, in what unit */
    const char *summary; /* what a reader hears who does not see it; untrusted
                          */
    int height;          /* of the plot, in pixels */
    struct axis y;
    enum chart_unit y_unit;
    const double *y_words; /* us that tick n stands for, [n]; NULL: itself */
};

/* Opens the figure, and the svg of the plot with its horizontal lines; closes
 * the plot, behind which a key may follow; ends the figure. Within the plot
 * come what is drawn and the ticks across. */
void chart_open(struct html *html, const struct chart_frame *frame);
void chart_close(struct html *html);
void chart_end(struct html *html);

/* Pixels from the top at which a value stands. */
double chart_down(const struct chart_frame *frame, double value);

/* A time of the run, in seconds: "45s", "1m30s", "2h". */
void chart_clock(struct str *out, double seconds);

/* The ticks of an axis of seconds. */
void chart_ticks_of_time(struct html *html, const struct chart_frame *frame,
                         const struct axis *x);

/* A tick below the plot. */
void chart_tick(struct html *html, const struct chart_frame *frame,
                double across, const char *words);

/* The key below a plot: begin, an entry each, end. A class is that of the
 * curve: "line-..." or "area-...". */
void chart_key(struct html *html);
void chart_key_entry(struct html *html, const char *class, const char *words);
void chart_key_end(struct html *html);

/* The series of the document, in columns. */
struct chart_series {
    struct html *html;
    const cJSON **points; /* owned */
    size_t count;         /* of them */
    size_t step;          /* points in a column */
    size_t columns;
    double interval_s;
    struct axis x; /* seconds */
};

/* One member of the series in columns; NAN where no point has it. */
struct chart_values {
    double low[CHART_COLUMNS], high[CHART_COLUMNS];
    double sum[CHART_COLUMNS];
    bool any; /* has a value */
};

/* False: the document has no series to draw. To be freed in any case. */
bool chart_series_make(struct chart_series *series, struct html *html);
void chart_series_free(struct chart_series *series);

void chart_values_read(const struct chart_series *series, const char *member,
                       struct chart_values *values);

/* Edges of the columns as shares of the width, one more than columns. */
void chart_edges(const struct chart_series *series, double *edges);

/* Marks the slots in which a window was on, each of its turns. */
void chart_mark(const struct chart_series *series, const cJSON *window,
                bool *slots);

/* Shades the windows of faults and marks where stages begin and the load
 * ends; to be drawn before the curves. Of the series only the axis is asked
 * for. */
void chart_windows(const struct chart_series *series, int height);

/* Draws a member as a line, both ends of a column where they differ. */
void chart_line(const struct chart_series *series,
                const struct chart_frame *frame, const char *class,
                const struct chart_values *values);

/* The ticks of time. */
void chart_times(const struct chart_series *series,
                 const struct chart_frame *frame);

/* What a column says when it is pointed at: a member each. */
struct chart_tip {
    const char *name, *member;
    enum metric_unit unit;
    double never; /* the quantile of time to success that it is, whose null
                   * may mean never; 0: it is another member */
};
void chart_tips(const struct chart_series *series, int height,
                const struct chart_tip *tips, size_t count);

/* A whole plot of one member, from 0; nothing where no point has it. The
 * frame's axis and summary are filled in. */
void chart_member(const struct chart_series *series,
                  const struct chart_frame *frame, const char *member,
                  enum metric_unit unit, const char *class);

#endif
