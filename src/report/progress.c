#include "report/progress.h"

#include "base/must.h"
#include "base/units.h"

enum {
    BAR_COLUMNS = 16,
    PLAIN_INTERVAL_S = 5,
    PLAIN_COLUMNS = 200,
    GAP_COLUMNS = 2
};

double progress_share(const struct progress *progress)
{
    double share = -1;
    if (progress->total.ns != INT64_MAX && progress->total.ns > 0) {
        share = (double)progress->elapsed.ns / (double)progress->total.ns;
    }
    if (progress->operations_total > 0) {
        double by_count =
            (double)progress->finished / (double)progress->operations_total;
        share = by_count > share ? by_count : share;
    }
    return share > 1 ? 1 : share;
}

/* What is left where that is known, else what has passed. */
static void add_time(struct term *term, const struct progress *progress)
{
    double elapsed = duration_in_seconds(progress->elapsed);
    if (progress->total.ns == INT64_MAX) {
        term_write(term, STYLE_PLAIN, "%.0f s", elapsed);
        return;
    }
    double left = duration_in_seconds(progress->total) - elapsed;
    term_write(term, STYLE_PLAIN, "%.0f s left", left > 0 ? left : 0.0);
}

static void add_rate(struct term *term, const struct progress *progress)
{
    struct str text = STR_INIT;
    units_format_rate(&text, progress->rate_per_s);
    term_write(term, STYLE_STRONG, "%s", text.text);
    str_release(&text);
}

static void add_errors(struct term *term, const struct progress *progress)
{
    struct str text = STR_INIT;
    units_format_count(&text, progress->errors);
    term_write(term, progress->errors > 0 ? STYLE_BAD : STYLE_PLAIN,
               "failed %s", text.text);
    str_release(&text);
}

static void add_p99(struct term *term, const struct progress *progress)
{
    struct str text = STR_INIT;
    if (progress->p99_us == INT64_MAX) {
        str_append(&text, "never");
    } else if (progress->p99_us >= 0) {
        units_format_duration(&text, duration_us(progress->p99_us));
    } else {
        str_append_char(&text, '-');
    }
    term_write(term, STYLE_PLAIN, "p99 %s", text.text);
    str_release(&text);
}

static void add_amplification(struct term *term,
                              const struct progress *progress)
{
    if (progress->amplification < 0) {
        term_write(term, STYLE_PLAIN, "x-");
        return;
    }
    term_write(term,
               progress->amplification > 1.005 ? STYLE_WARN : STYLE_PLAIN,
               "x%.2f", progress->amplification);
}

static void add_in_flight(struct term *term, const struct progress *progress)
{
    struct str text = STR_INIT;
    units_format_count(&text, progress->in_flight);
    term_write(term, STYLE_PLAIN, "in flight %s", text.text);
    str_release(&text);
}

/* Most important first: a narrow terminal loses the last ones. */
static void (*const parts[])(struct term *, const struct progress *) = {
    add_time, add_rate, add_p99, add_errors, add_in_flight, add_amplification,
};

void progress_line(struct term *term, const struct progress *progress,
                   bool has_bar)
{
    int used = term_untrusted(term, STYLE_STRONG,
                              progress->phase ? progress->phase : "run",
                              term->width < 16 ? term->width : 16);
    double share = progress_share(progress);
    if (share >= 0 && has_bar && term->width >= 60) {
        term_sign(term, STYLE_FAINT, " ▕", " [");
        term_bar(term, STYLE_GOOD, share, BAR_COLUMNS);
        term_sign(term, STYLE_FAINT, "▏", "]");
        used += BAR_COLUMNS + 3;
    }
    if (share >= 0 && used + 5 <= term->width) {
        term_write(term, STYLE_PLAIN, " %3d%%", (int)(share * 100));
        used += 5;
    }
    for (size_t i = 0; i < array_length(parts); i++) {
        /* Measured without colours, then written with them. */
        struct str plain = STR_INIT;
        struct term dry = {.out = &plain, .unicode = term->unicode};
        parts[i](&dry, progress);
        int columns = term_columns(plain.text) + GAP_COLUMNS;
        str_release(&plain);
        if (used + columns > term->width) {
            break;
        }
        term_spaces(term, GAP_COLUMNS);
        parts[i](term, progress);
        used += columns;
    }
}

void progress_show(struct progress_view *view, struct instant now,
                   const struct progress *progress)
{
    struct str line = STR_INIT;
    struct term term = {
        .out = &line,
        .color = view->color,
        .unicode = term_locale_is_utf8(),
        .width = PLAIN_COLUMNS,
    };

    if (instant_since(now, view->last).ns < PLAIN_INTERVAL_S * NS_PER_S) {
        return;
    }
    view->last = now;
    str_append(&line, "squall: ");
    progress_line(&term, progress, false);
    str_append_char(&line, '\n');
    fwrite(line.text, 1, line.length, view->stream);
    fflush(view->stream);
    str_release(&line);
}
