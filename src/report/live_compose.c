/* live_compose: the lines of what report/live.h shows. */
#include "base/must.h"
#include "report/live_marks.h"

#include <math.h>
#include <stddef.h>

/* The last whole second; NULL: there is none yet. */
static const struct live_point *last_point(const struct live *live)
{
    size_t count = live->figures.point_count;
    return count > 0 ? &live->figures.points[count - 1] : NULL;
}

/* What is left, where that is known; of how much, where there is room. */
static void add_time(struct term *term, const struct progress *progress,
                     int width)
{
    double elapsed = duration_in_seconds(progress->elapsed);
    double total = duration_in_seconds(progress->total);

    if (progress->total.ns != INT64_MAX && elapsed < total) {
        term_write(term, STYLE_PLAIN, "  %.0f s left", total - elapsed);
        if (width >= WIDE_COLUMNS) {
            term_write(term, STYLE_PLAIN, " of %.0f s", total);
        }
    } else {
        term_write(term, STYLE_PLAIN, "  %.0f s", elapsed);
    }
}

/* The phase, how much of the run is over, and how much of it succeeds. */
static void add_head(struct sheet *sheet)
{
    const struct live *live = sheet->live;
    struct term *term = sheet->term;
    struct str rest = STR_INIT;
    struct term part = {
        .out = &rest, .color = false, .unicode = term->unicode};
    double done = progress_share(&live->progress);
    int used = term_untrusted(
        term, STYLE_STRONG,
        live->progress.phase ? live->progress.phase : "run", BAR_COLUMNS);

    if (done >= 0 && term->width >= LIVE_COLUMNS_MIN + BAR_COLUMNS) {
        term_sign(term, STYLE_FAINT, " ▕", " [");
        term_bar(term, STYLE_GOOD, done, BAR_COLUMNS);
        term_sign(term, STYLE_FAINT, "▏", "]");
        used += BAR_COLUMNS + 3;
    }
    if (done >= 0) {
        term_write(&part, STYLE_PLAIN, " %3d %%", (int)(done * 100));
    }
    add_time(&part, &live->progress, term->width);
    used += term_columns(rest.text);
    str_append(term->out, rest.text);
    str_reset(&rest);
    sheet_put(&rest, FORM_RATIO,
              live->has_figures ? live->figures.success_rate : -1);
    str_append(&rest, " succeeded");
    if (used + GAP + term_columns(rest.text) <= term->width) {
        term_spaces(term, term->width - used - term_columns(rest.text));
        str_append(term->out, rest.text);
    }
    str_release(&rest);
    sheet_end_line(sheet);
}

static void add_heads(struct sheet *sheet)
{
    const struct live_point *points;
    size_t count = sheet_points(sheet, &points);
    struct term *term = sheet->term;
    struct str text = STR_INIT;

    term_spaces(term, LABEL_COLUMNS);
    term_right(term, STYLE_FAINT, "now", NOW_COLUMNS);
    term_right(term, STYLE_FAINT, "so far", SO_FAR_COLUMNS);
    str_printf(&text, "last %.0f s",
               (double)count *
                   duration_in_seconds(sheet->live->figures.interval));
    if (count > 0 && term_columns(text.text) <= sheet_course_columns(sheet)) {
        term_spaces(term, COURSE_AT - FIGURE_COLUMNS);
        term_write(term, STYLE_FAINT, "%s", text.text);
    }
    str_release(&text);
    sheet_end_line(sheet);
}

/* What an open load is to start a second, now; < 0: it is closed. */
static double target_of(const struct live *live)
{
    const struct load_config *load = &live->plan->load;
    struct duration at = live->progress.elapsed;
    struct duration start = DURATION_ZERO;

    for (size_t i = 0; load->model == LOAD_OPEN && i < load->stage_count;
         i++) {
        const struct stage_config *stage = &load->stages[i];
        struct duration end = duration_add(start, stage->length);
        if (at.ns < end.ns) {
            double part = end.ns == INT64_MAX ? 0
                                              : (double)(at.ns - start.ns) /
                                                    (double)stage->length.ns;
            return stage->from_per_s +
                   (stage->rate_per_s - stage->from_per_s) * part;
        }
        start = end;
    }
    return -1;
}

static void add_traffic(struct sheet *sheet)
{
    const struct live *live = sheet->live;
    const struct live_point *point = last_point(live);
    double target = target_of(live);
    double now = point ? point->finished_per_s : live->progress.rate_per_s;
    struct str remark = STR_INIT;

    if (target >= 0) {
        str_append(&remark, "of ");
        sheet_put(&remark, FORM_RATE, target);
    }
    sheet_add_line(sheet,
                   &(struct line){
                       .label = "Traffic",
                       .form = FORM_RATE,
                       .style = now < 0.9 * target ? STYLE_WARN : STYLE_STRONG,
                       .now = now,
                       .so_far = live->has_figures ? live->figures.per_s : -1,
                       .remark = remark.text,
                       .member = offsetof(struct live_point, finished_per_s),
                       .has_course = true,
                   });
    str_release(&remark);
}

static void add_latency(struct sheet *sheet)
{
    const struct live *live = sheet->live;
    const struct live_figures *figures = &live->figures;
    const struct live_point *point = last_point(live);
    int64_t p99 = live->progress.p99_us;
    double own = p99 == INT64_MAX ? (double)INFINITY : (double)p99;

    sheet_add_line(sheet,
                   &(struct line){
                       .label = "Latency p50",
                       .form = FORM_US,
                       .style = STYLE_PLAIN,
                       .now = point ? point->p50_us : -1,
                       .so_far = live->has_figures ? figures->p50_us : -1,
                       .remark = "to success",
                   });
    sheet_add_line(sheet,
                   &(struct line){
                       .label = "        p99",
                       .form = FORM_US,
                       .style = STYLE_STRONG,
                       .now = point ? point->p99_us : own,
                       .so_far = live->has_figures ? figures->p99_us : -1,
                       .member = offsetof(struct live_point, p99_us),
                       .has_course = true,
                   });
}

static void add_failed(struct sheet *sheet)
{
    const struct live *live = sheet->live;
    const struct live_figures *figures = &live->figures;
    const struct live_point *point = last_point(live);
    double now = point ? point->failed_share : -1;
    double success = live->has_figures ? figures->success_rate : -1;
    struct str remark = STR_INIT;

    if (live->has_figures) {
        sheet_put(&remark, FORM_COUNT, (double)figures->failed);
        str_append(&remark, " failed");
    }
    sheet_add_line(sheet,
                   &(struct line){
                       .label = "Errors",
                       .form = FORM_RATIO,
                       .style = now > 0 ? STYLE_BAD : STYLE_PLAIN,
                       .now = now,
                       .so_far = success < 0 ? -1 : 1 - success,
                       .remark = remark.text,
                       .member = offsetof(struct live_point, failed_share),
                       .has_course = true,
                   });
    str_release(&remark);
}

static uint64_t limit_in_flight(const struct load_config *load)
{
    return load->model == LOAD_CLOSED ? load->connections
                                      : load->max_in_flight;
}

static void add_saturation(struct sheet *sheet)
{
    const struct live *live = sheet->live;
    const struct load_config *load = &live->plan->load;
    uint64_t in_flight = live->progress.in_flight;
    uint64_t limit = limit_in_flight(load);
    /* A closed load is always at its limit. */
    bool is_full = load->model == LOAD_OPEN && in_flight >= limit;
    struct str remark = STR_INIT;

    str_append(&remark, "of ");
    sheet_put(&remark, FORM_COUNT, (double)limit);
    sheet_add_line(sheet, &(struct line){
                              .label = "Saturation",
                              .form = FORM_COUNT,
                              .style = is_full ? STYLE_WARN : STYLE_STRONG,
                              .now = (double)in_flight,
                              .middle = "in flight",
                              .remark = remark.text,
                              .member = offsetof(struct live_point, in_flight),
                              .has_course = true,
                          });
    str_release(&remark);
}

static void add_amplification(struct sheet *sheet)
{
    const struct live *live = sheet->live;
    const struct live_point *point = last_point(live);
    double now = point ? point->amplification : -1;
    double so_far = live->has_figures ? live->figures.amplification
                                      : live->progress.amplification;
    struct str remark = STR_INIT;

    if (live->has_figures) {
        str_append(&remark, "peak ");
        sheet_put(&remark, FORM_TIMES, live->figures.peak);
    }
    sheet_add_line(sheet,
                   &(struct line){
                       .label = "Amplification",
                       .form = FORM_TIMES,
                       .style = now > 1.005 ? STYLE_WARN : STYLE_STRONG,
                       .now = now,
                       .so_far = so_far,
                       .remark = remark.text,
                       .member = offsetof(struct live_point, amplification),
                       .has_course = true,
                   });
    str_release(&remark);
}

static void add_refusals(struct parts *parts, const char *label,
                         uint64_t count, uint64_t attempts)
{
    struct str after = STR_INIT;

    if (count > 0) {
        if (parts->sheet->term->width >= WIDE_COLUMNS) {
            str_append(&after, " (");
            sheet_put(&after, FORM_RATIO, (double)count / (double)attempts);
            str_append_char(&after, ')');
        }
        sheet_add_part(parts, STYLE_WARN, label, FORM_COUNT, (double)count,
                       after.text);
    } else {
        sheet_add_part(parts, STYLE_PLAIN, label, FORM_COUNT, 0, "");
    }
    str_release(&after);
}

/* What can be seen of it from outside. */
static void add_pressure(struct sheet *sheet)
{
    const struct live_figures *figures = &sheet->live->figures;
    struct parts parts = sheet_begin_parts(sheet, "");

    if (sheet->live->has_figures) {
        sheet_add_part(&parts, STYLE_PLAIN, "queueing ", FORM_TIMES,
                       figures->queueing, "");
        add_refusals(&parts, "429 ", figures->status_429, figures->attempts);
        add_refusals(&parts, "503 ", figures->status_503, figures->attempts);
        sheet_add_part(&parts, figures->shed > 0 ? STYLE_WARN : STYLE_PLAIN,
                       "shed ", FORM_COUNT, (double)figures->shed, "");
        if (figures->dropped > 0) {
            sheet_add_part(&parts, STYLE_WARN, "dropped ", FORM_COUNT,
                           (double)figures->dropped, "");
        }
        if (figures->waited_us > 0) {
            sheet_add_part(&parts, STYLE_PLAIN, "waited ", FORM_US,
                           figures->waited_us, "");
        }
    }
    sheet_end_parts(&parts);
}

static bool has_policy(const struct live *live)
{
    const struct policy *policy = &live->plan->policy;
    return policy_has_layer(policy, LAYER_BREAKER) ||
           policy_has_layer(policy, LAYER_CONCURRENCY) ||
           policy->budget.type != BUDGET_NONE;
}

static void add_policy(struct sheet *sheet)
{
    const struct live *live = sheet->live;
    const struct live_figures *figures = &live->figures;
    struct parts parts = sheet_begin_parts(sheet, "Clients");
    struct str after = STR_INIT;

    if (live->has_figures && figures->point_count > 0) {
        str_append(&after, " of ");
        sheet_put(&after, FORM_COUNT, (double)live->plan->load.clients);
        sheet_add_part(
            &parts, figures->breakers_open > 0 ? STYLE_WARN : STYLE_PLAIN,
            "breakers open ", FORM_COUNT, figures->breakers_open, after.text);
        str_reset(&after);
        sheet_add_part(
            &parts, figures->budget_level < 1 ? STYLE_WARN : STYLE_PLAIN,
            "retry budget ", FORM_COUNT, figures->budget_level, " left");
        sheet_add_part(&parts, STYLE_PLAIN, "limit ", FORM_COUNT,
                       figures->limit, " at once");
    }
    str_release(&after);
    sheet_end_parts(&parts);
}

static void add_error(struct sheet *sheet, const struct live_error *error,
                      bool is_first)
{
    struct term *term = sheet->term;
    struct str count = STR_INIT;

    sheet_put(&count, FORM_COUNT, (double)error->count);
    term_cell(term, STYLE_PLAIN, is_first ? "Failures" : "", LABEL_COLUMNS);
    term_right(term, STYLE_WARN, count.text, NOW_COLUMNS);
    term_spaces(term, GAP);
    int used = LABEL_COLUMNS + NOW_COLUMNS + GAP;
    used += term_untrusted(term, STYLE_PLAIN, error->name, term->width - used);
    if (error->text[0] && used + GAP + WORDS_MIN <= term->width) {
        term_spaces(term, GAP);
        term_untrusted(term, STYLE_FAINT, error->text,
                       term->width - used - GAP);
    }
    str_release(&count);
    sheet_end_line(sheet);
}

static void add_slos(struct sheet *sheet)
{
    const struct live_figures *figures = &sheet->live->figures;
    struct term *term = sheet->term;
    int used = LABEL_COLUMNS + GAP;
    char text[60];

    term_cell(term, STYLE_PLAIN, "SLOs", used);
    used += snprintf(text, sizeof(text), "%zu met", figures->slos_met);
    term_write(term, STYLE_GOOD, "%s", text);
    if (figures->slos_missed > 0) {
        used += snprintf(text, sizeof(text),
                         ", %zu missed: ", figures->slos_missed);
        term_write(term, STYLE_BAD, "%s", text);
        term_untrusted(term, STYLE_BAD, figures->missed, term->width - used);
    }
    sheet_end_line(sheet);
}

/* Where there is not room for all: which of them are shown. */
struct choice {
    bool marks, pressure, policy, slos;
    size_t errors;
};

static struct choice choose(const struct live *live, int left)
{
    struct choice choice = {.pressure = left-- > 0};
    size_t errors = live->has_figures ? live->figures.error_count : 0;

    if (errors > 0 && left > 0) {
        choice.errors = 1;
        left--;
    }
    choice.marks = live_marks_are_there(live) && left > 0;
    left -= choice.marks;
    choice.policy = has_policy(live) && left > 0;
    left -= choice.policy;
    choice.slos =
        live->figures.slos_met + live->figures.slos_missed > 0 && left > 0;
    left -= choice.slos;
    for (; choice.errors < errors && left > 0; left--) {
        choice.errors++;
    }
    return choice;
}

int live_compose(const struct live *live, struct term *term, int rows)
{
    enum { FIXED = 8 }; /* lines that are always there */
    struct sheet sheet = {.term = term, .live = live};

    if (term->width < LIVE_COLUMNS_MIN || rows < LIVE_ROWS_MIN) {
        progress_line(term, &live->progress, true);
        sheet_end_line(&sheet);
        return sheet.used;
    }
    struct choice choice = choose(live, rows - FIXED);
    add_head(&sheet);
    add_heads(&sheet);
    add_traffic(&sheet);
    add_latency(&sheet);
    add_failed(&sheet);
    add_saturation(&sheet);
    if (choice.pressure) {
        add_pressure(&sheet);
    }
    add_amplification(&sheet);
    if (choice.marks) {
        live_marks_add(&sheet);
    }
    if (choice.policy) {
        add_policy(&sheet);
    }
    if (choice.slos) {
        add_slos(&sheet);
    }
    for (size_t i = 0; i < choice.errors; i++) {
        add_error(&sheet, &live->figures.errors[i], i == 0);
    }
    must(sheet.used <= rows);
    return sheet.used;
}
