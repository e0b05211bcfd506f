#include "report/live_marks.h"

#include <math.h>

bool live_marks_are_there(const struct live *live)
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
    size_t count = sheet_points(sheet, &points);
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

void live_marks_add(struct sheet *sheet)
{
    struct str text = STR_INIT;
    int columns = NOW_COLUMNS + SO_FAR_COLUMNS + sheet_remark_columns(sheet);

    put_trigger(&text, sheet->live);
    term_cell(sheet->term, STYLE_PLAIN, "Marks", LABEL_COLUMNS + GAP);
    columns -= term_untrusted(sheet->term, STYLE_WARN, text.text, columns);
    if (sheet_has_course(sheet)) {
        term_spaces(sheet->term, columns + GAP);
        draw_marks(sheet);
    }
    str_release(&text);
    sheet_end_line(sheet);
}
