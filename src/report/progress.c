#include "report/progress.h"

#include "base/units.h"
#include "report/pen.h"

enum { BAR_COLUMNS = 16, PLAIN_INTERVAL_S = 5, PLAIN_COLUMNS = 200,
       GAP_COLUMNS = 2 };

/* How much of the run is over: by time or by operations, whichever is
 * further. */
static double share_done(const struct progress *progress)
{
    double share = -1;
    if (progress->total.ns != INT64_MAX && progress->total.ns > 0) {
        share = (double)progress->elapsed.ns / (double)progress->total.ns;
    }
    if (progress->operations_total > 0) {
        double by_count = (double)progress->finished /
                          (double)progress->operations_total;
        share = by_count > share ? by_count : share;
    }
    return share > 1 ? 1 : share;
}

/* What is left where that is known, else what has passed. */
static void add_time(struct pen *pen, const struct progress *progress)
{
    double elapsed = duration_in_seconds(progress->elapsed);
    if (progress->total.ns == INT64_MAX) {
        pen_write(pen, INK_PLAIN, "%.0f s", elapsed);
        return;
    }
    double left = duration_in_seconds(progress->total) - elapsed;
    pen_write(pen, INK_PLAIN, "%.0f s left", left > 0 ? left : 0.0);
}

static void add_rate(struct pen *pen, const struct progress *progress)
{
    struct str text = STR_INIT;
    units_format_rate(&text, progress->rate_per_s);
    pen_write(pen, INK_STRONG, "%s", text.text);
    str_release(&text);
}

static void add_errors(struct pen *pen, const struct progress *progress)
{
    struct str text = STR_INIT;
    units_format_count(&text, progress->errors);
    pen_write(pen, progress->errors > 0 ? INK_BAD : INK_PLAIN, "errors %s",
              text.text);
    str_release(&text);
}

static void add_p99(struct pen *pen, const struct progress *progress)
{
    struct str text = STR_INIT;
    if (progress->p99_us >= 0) {
        units_format_duration(&text, duration_us(progress->p99_us));
    } else {
        str_append_char(&text, '-');
    }
    pen_write(pen, INK_PLAIN, "p99 %s", text.text);
    str_release(&text);
}

static void add_amplification(struct pen *pen,
                              const struct progress *progress)
{
    if (progress->amplification < 0) {
        pen_write(pen, INK_PLAIN, "x-");
        return;
    }
    pen_write(pen, progress->amplification > 1.005 ? INK_WARN : INK_PLAIN,
              "x%.2f", progress->amplification);
}

static void add_in_flight(struct pen *pen, const struct progress *progress)
{
    struct str text = STR_INIT;
    units_format_count(&text, progress->in_flight);
    pen_write(pen, INK_PLAIN, "in flight %s", text.text);
    str_release(&text);
}

/* Most telling first: a narrow terminal loses the last ones. */
static void (*const parts[])(struct pen *, const struct progress *) = {
    add_time,          add_rate,   add_p99,
    add_errors,        add_in_flight, add_amplification,
};

/* Builds the line within the pen's width. */
static void compose(struct pen *pen, const struct progress *progress,
                    bool has_bar)
{
    int used = pen_foreign(pen, INK_STRONG,
                           progress->phase ? progress->phase : "run",
                           pen->width < 16 ? pen->width : 16);
    double share = share_done(progress);
    if (share >= 0 && has_bar && pen->width >= 60) {
        pen_sign(pen, INK_FAINT, " ▕", " [");
        pen_bar(pen, INK_GOOD, share, BAR_COLUMNS);
        pen_sign(pen, INK_FAINT, "▏", "]");
        used += BAR_COLUMNS + 3;
    }
    if (share >= 0 && used + 5 <= pen->width) {
        pen_write(pen, INK_PLAIN, " %3d%%", (int)(share * 100));
        used += 5;
    }
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        /* Measured without colours, then written with them. */
        struct str plain = STR_INIT;
        struct pen dry = {.out = &plain, .unicode = pen->unicode};
        parts[i](&dry, progress);
        int columns = pen_columns(plain.text) + GAP_COLUMNS;
        str_release(&plain);
        if (used + columns > pen->width) {
            break;
        }
        pen_spaces(pen, GAP_COLUMNS);
        parts[i](pen, progress);
        used += columns;
    }
}

void progress_show(struct progress_view *view, struct instant now,
                   const struct progress *progress)
{
    struct str line = STR_INIT;
    struct pen pen = {
        .out = &line,
        .color = view->color,
        .unicode = pen_locale_is_utf8(),
        .width = view->width,
    };

    if (view->live) {
        /* One write a redraw: from the left edge, over what was there, the
         * rest erased; the last column stays free so that nothing wraps. */
        pen.width = (view->width > 0 ? view->width : 80) - 1;
        str_append(&line, "\r");
        compose(&pen, progress, true);
        str_append(&line, "\033[K");
    } else {
        if (instant_since(now, view->last).ns < PLAIN_INTERVAL_S * NS_PER_S) {
            return;
        }
        pen.width = PLAIN_COLUMNS;
        view->last = now;
        str_append(&line, "squall: ");
        compose(&pen, progress, false);
        str_append_char(&line, '\n');
    }
    fwrite(line.text, 1, line.length, view->stream);
    fflush(view->stream);
    str_release(&line);
}

void progress_end(struct progress_view *view)
{
    if (view->live) {
        fputs("\r\033[K", view->stream);
        fflush(view->stream);
    }
}
