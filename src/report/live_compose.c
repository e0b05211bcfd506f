/* live_compose: the lines of what report/live.h shows. */
#include "base/must.h"
#include "base/units.h"
#include "report/live.h"

#include <math.h>
#include <stddef.h>

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

/* A terminal, and the lines that are left of it. */
struct sheet {
    struct term *term;
    const struct live *live;
    int rows, used;
};

static void end_line(struct sheet *sheet)
{
    str_append_char(sheet->term->out, '\n');
    sheet->used++;
}

static int course_columns(const struct sheet *sheet)
{
    int columns = sheet->term->width - COURSE_AT;
    columns = columns < LIVE_POINTS_MAX ? columns : LIVE_POINTS_MAX;
    return columns >= COURSE_MIN ? columns : 0;
}

static int remark_columns(const struct sheet *sheet)
{
    int columns = sheet->term->width - FIGURE_COLUMNS - GAP;
    return columns < REMARK_COLUMNS ? columns : REMARK_COLUMNS;
}

/* The points that there is room for. */
static size_t shown_points(const struct sheet *sheet,
                           const struct live_point **first)
{
    const struct live_figures *figures = &sheet->live->figures;
    size_t room = (size_t)course_columns(sheet);
    size_t count = figures->point_count < room ? figures->point_count : room;

    *first = figures->points + figures->point_count - count;
    return count;
}

static bool has_course(const struct sheet *sheet)
{
    const struct live_point *first;
    return shown_points(sheet, &first) > 0;
}

/* The last whole second; NULL: there is none yet. */
static const struct live_point *last_point(const struct live *live)
{
    size_t count = live->figures.point_count;
    return count > 0 ? &live->figures.points[count - 1] : NULL;
}

/* How a figure is written. */
enum form { FORM_RATE, FORM_US, FORM_RATIO, FORM_TIMES, FORM_COUNT };

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

static void put(struct str *out, enum form form, double value)
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

    put(&text, form, value);
    term_right(term, style, text.text, columns);
    str_release(&text);
}

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

static double member_of(const struct live_point *point, size_t member)
{
    return *(const double *)(const void *)((const char *)point + member);
}

/* Never is as high as it goes. */
static void draw_course(struct sheet *sheet, const struct line *line)
{
    const struct live_point *points;
    size_t count = shown_points(sheet, &points);
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

static void add_line(struct sheet *sheet, const struct line *line)
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
                                    remark_columns(sheet));
    }
    if (line->has_course && has_course(sheet)) {
        term_spaces(term, COURSE_AT - FIGURE_COLUMNS - used);
        draw_course(sheet, line);
    }
    end_line(sheet);
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
    put(&rest, FORM_RATIO,
        live->has_figures ? live->figures.success_rate : -1);
    str_append(&rest, " succeeded");
    if (used + GAP + term_columns(rest.text) <= term->width) {
        term_spaces(term, term->width - used - term_columns(rest.text));
        str_append(term->out, rest.text);
    }
    str_release(&rest);
    end_line(sheet);
}

static void add_heads(struct sheet *sheet)
{
    const struct live_point *points;
    size_t count = shown_points(sheet, &points);
    struct term *term = sheet->term;
    struct str text = STR_INIT;

    term_spaces(term, LABEL_COLUMNS);
    term_right(term, STYLE_FAINT, "now", NOW_COLUMNS);
    term_right(term, STYLE_FAINT, "so far", SO_FAR_COLUMNS);
    str_printf(&text, "last %.0f s",
               (double)count *
                   duration_in_seconds(sheet->live->figures.interval));
    if (count > 0 && term_columns(text.text) <= course_columns(sheet)) {
        term_spaces(term, COURSE_AT - FIGURE_COLUMNS);
        term_write(term, STYLE_FAINT, "%s", text.text);
    }
    str_release(&text);
    end_line(sheet);
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
        put(&remark, FORM_RATE, target);
    }
    add_line(sheet,
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

    add_line(sheet, &(struct line){
                        .label = "Latency p50",
                        .form = FORM_US,
                        .style = STYLE_PLAIN,
                        .now = point ? point->p50_us : -1,
                        .so_far = live->has_figures ? figures->p50_us : -1,
                        .remark = "to success",
                    });
    add_line(sheet, &(struct line){
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
        put(&remark, FORM_COUNT, (double)figures->failed);
        str_append(&remark, " failed");
    }
    add_line(sheet, &(struct line){
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
    put(&remark, FORM_COUNT, (double)limit);
    add_line(sheet, &(struct line){
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
        put(&remark, FORM_TIMES, live->figures.peak);
    }
    add_line(sheet, &(struct line){
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

/* Parts of a line, as many as there is room for. */
struct parts {
    struct sheet *sheet;
    int used;
    bool any;
};

static struct parts begin_parts(struct sheet *sheet, const char *label)
{
    term_cell(sheet->term, STYLE_PLAIN, label, LABEL_COLUMNS);
    return (struct parts){.sheet = sheet, .used = LABEL_COLUMNS};
}

static void add_part(struct parts *parts, enum style style, const char *label,
                     enum form form, double value, const char *after)
{
    struct term *term = parts->sheet->term;
    struct str text = STR_INIT;

    str_append(&text, label);
    put(&text, form, value);
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

static void end_parts(struct parts *parts)
{
    if (!parts->any) {
        term_spaces(parts->sheet->term, GAP);
        term_write(parts->sheet->term, STYLE_FAINT, "-");
    }
    end_line(parts->sheet);
}

static void add_refusals(struct parts *parts, const char *label,
                         uint64_t count, uint64_t attempts)
{
    struct str after = STR_INIT;

    if (count > 0) {
        if (parts->sheet->term->width >= WIDE_COLUMNS) {
            str_append(&after, " (");
            put(&after, FORM_RATIO, (double)count / (double)attempts);
            str_append_char(&after, ')');
        }
        add_part(parts, STYLE_WARN, label, FORM_COUNT, (double)count,
                 after.text);
    } else {
        add_part(parts, STYLE_PLAIN, label, FORM_COUNT, 0, "");
    }
    str_release(&after);
}

/* What can be seen of it from outside. */
static void add_pressure(struct sheet *sheet)
{
    const struct live_figures *figures = &sheet->live->figures;
    struct parts parts = begin_parts(sheet, "");

    if (sheet->live->has_figures) {
        add_part(&parts, STYLE_PLAIN, "queueing ", FORM_TIMES,
                 figures->queueing, "");
        add_refusals(&parts, "429 ", figures->status_429, figures->attempts);
        add_refusals(&parts, "503 ", figures->status_503, figures->attempts);
        add_part(&parts, figures->shed > 0 ? STYLE_WARN : STYLE_PLAIN, "shed ",
                 FORM_COUNT, (double)figures->shed, "");
        if (figures->dropped > 0) {
            add_part(&parts, STYLE_WARN, "dropped ", FORM_COUNT,
                     (double)figures->dropped, "");
        }
        if (figures->waited_us > 0) {
            add_part(&parts, STYLE_PLAIN, "waited ", FORM_US,
                     figures->waited_us, "");
        }
    }
    end_parts(&parts);
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
    struct parts parts = begin_parts(sheet, "Clients");
    struct str after = STR_INIT;

    if (live->has_figures && figures->point_count > 0) {
        str_append(&after, " of ");
        put(&after, FORM_COUNT, (double)live->plan->load.clients);
        add_part(&parts, figures->breakers_open > 0 ? STYLE_WARN : STYLE_PLAIN,
                 "breakers open ", FORM_COUNT, figures->breakers_open,
                 after.text);
        str_reset(&after);
        add_part(&parts, figures->budget_level < 1 ? STYLE_WARN : STYLE_PLAIN,
                 "retry budget ", FORM_COUNT, figures->budget_level, " left");
        add_part(&parts, STYLE_PLAIN, "limit ", FORM_COUNT, figures->limit,
                 " at once");
    }
    str_release(&after);
    end_parts(&parts);
}

static void add_error(struct sheet *sheet, const struct live_error *error,
                      bool is_first)
{
    struct term *term = sheet->term;
    struct str count = STR_INIT;

    put(&count, FORM_COUNT, (double)error->count);
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
    end_line(sheet);
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
    end_line(sheet);
}

static bool has_marks(const struct live *live)
{
    return live->trigger_count > 0 || live->plan->load.stage_count > 1;
}

/* Whether a stage begins in the time. */
static bool begins_stage(const struct load_config *load, struct duration from,
                         struct duration until)
{
    struct duration start = {-load->warmup.ns};

    for (size_t i = 0; i + 1 < load->stage_count; i++) {
        start = duration_add(start, load->stages[i].length);
        if (start.ns >= from.ns && start.ns < until.ns && start.ns > 0) {
            return true;
        }
    }
    return false;
}

static const struct trigger *trigger_in(const struct live *live,
                                        struct duration from,
                                        struct duration until)
{
    for (size_t i = 0; i < live->trigger_count; i++) {
        const struct trigger *trigger = &live->triggers[i];
        if (trigger->from.ns < until.ns && trigger->until.ns > from.ns) {
            return trigger;
        }
    }
    return NULL;
}

/* Below the courses: what was on in each of their seconds. */
static void draw_marks(struct sheet *sheet)
{
    const struct live *live = sheet->live;
    const struct live_point *points;
    size_t count = shown_points(sheet, &points);
    int64_t interval = live->figures.interval.ns;
    struct duration from = {live->figures.end.ns - (int64_t)count * interval};

    for (size_t i = 0; i < count; i++) {
        struct duration until = {from.ns + interval};
        if (begins_stage(&live->plan->load, from, until)) {
            term_sign(sheet->term, STYLE_STRONG, "┃", "|");
        } else if (trigger_in(live, from, until)) {
            term_sign(sheet->term, STYLE_WARN, "▀", "!");
        } else {
            term_sign(sheet->term, STYLE_FAINT, "·", ".");
        }
        from = until;
    }
}

/* What is on, or comes next. */
static void put_trigger(struct str *out, const struct live *live)
{
    int64_t now = live->progress.elapsed.ns - live->plan->load.warmup.ns;
    const struct trigger *on =
        trigger_in(live, (struct duration){now}, (struct duration){now + 1});
    const struct trigger *next = NULL;

    for (size_t i = 0; i < live->trigger_count; i++) {
        const struct trigger *one = &live->triggers[i];
        if (one->from.ns > now && (!next || one->from.ns < next->from.ns)) {
            next = one;
        }
    }
    if (on) {
        str_append(out, on->name);
        str_append(out, " is on");
        if (on->until.ns != INT64_MAX) {
            str_printf(out, ", %.0f s more",
                       ceil((double)(on->until.ns - now) / (double)NS_PER_S));
        }
    } else if (next) {
        str_append(out, next->name);
        str_printf(out, " in %.0f s",
                   ceil((double)(next->from.ns - now) / (double)NS_PER_S));
    } else if (live->trigger_count > 0) {
        str_append(out, "over");
    }
}

static void add_marks(struct sheet *sheet)
{
    struct str text = STR_INIT;
    int columns = NOW_COLUMNS + SO_FAR_COLUMNS + remark_columns(sheet);

    put_trigger(&text, sheet->live);
    term_cell(sheet->term, STYLE_PLAIN, "Marks", LABEL_COLUMNS + GAP);
    columns -= term_untrusted(sheet->term, STYLE_WARN, text.text, columns);
    if (has_course(sheet)) {
        term_spaces(sheet->term, columns + GAP);
        draw_marks(sheet);
    }
    str_release(&text);
    end_line(sheet);
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
    choice.marks = has_marks(live) && left > 0;
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
    struct sheet sheet = {.term = term, .live = live, .rows = rows};

    if (term->width < LIVE_COLUMNS_MIN || rows < LIVE_ROWS_MIN) {
        progress_line(term, &live->progress, true);
        end_line(&sheet);
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
        add_marks(&sheet);
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
