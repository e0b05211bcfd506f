#include "compare/summary.h"

#include "base/must.h"
#include "base/units.h"

#include <math.h>

enum { VARIANTS_TOLD = SUMMARY_MAX - 1, UNDECIDED_TOLD = 3 };

static const struct phrase {
    enum compared measure;
    const char *better, *worse;
} phrases[] = {
#define PHRASE(id, better, worse) {COMPARED_##id, better, worse},
#include "compare/phrase.def"
};

/* What a summary is made of. */
struct telling {
    const struct comparison_input *input;
    const struct comparison *comparison;
    const char *const *names;
};

static const char *baseline_name(const struct telling *telling)
{
    return telling->names[telling->input->baseline];
}

static size_t count_side(const struct telling *telling, size_t variant,
                         enum finding side)
{
    size_t count = 0;

    for (size_t i = 0; i < telling->comparison->row_count; i++) {
        const struct comparison_row *row = &telling->comparison->rows[i];
        count +=
            row->variant == variant && row->is_judged && row->finding == side;
    }
    return count;
}

static void append_time(struct str *out, double us)
{
    units_format_duration(out, duration_from_ns(us * 1e3));
}

/* By how much, in words: of a ratio, how much more or less than the
 * baseline's, or how many times. */
static void append_size(struct str *out, const struct telling *telling,
                        const struct comparison_row *row)
{
    double estimate = row->estimate;
    double times = estimate < 1 ? 1 / estimate : estimate;
    double own = comparison_median(telling->input, row->variant, row->measure);
    double other = comparison_median(telling->input, telling->input->baseline,
                                     row->measure);
    /* The finding is of pairs: medians may say nothing, or something else. */
    bool has_time = row->measure == COMPARED_TIME_TO_RECOVER &&
                    isfinite(own) && isfinite(other) && own != other &&
                    (own > other) == (estimate > 1);

    switch (compared_measure(row->measure)->scale) {
    case SCALE_POINTS:
        str_printf(out, "%.3g points", fabs(estimate) * 100);
        break;
    case SCALE_COUNT:
        str_printf(out, "%.3g", fabs(estimate));
        break;
    case SCALE_RATIO:
        if (has_time) {
            append_time(out, fabs(own - other));
        } else if (times >= 2) {
            str_printf(out, "%.2g times", times);
        } else {
            str_printf(out, "%.2g %%", fabs(estimate - 1) * 100);
        }
        break;
    }
}

/* Of a ratio to what is never, or of what is never. */
static void append_never(struct str *out, const struct telling *telling,
                         const struct comparison_row *row)
{
    const char *title = compared_measure(row->measure)->title;
    const char *base = baseline_name(telling);
    bool is_own = row->estimate > 0;
    size_t there = is_own ? telling->input->baseline : row->variant;

    if (row->measure == COMPARED_TIME_TO_RECOVER) {
        str_append(out, is_own ? "does not recover, where " : "recovers in ");
        str_append(out, is_own ? base : "");
        str_append(out, is_own ? " does in " : "");
    } else {
        str_printf(out, "has a %s of %s", title,
                   is_own ? "never, where " : "");
        str_append(out, is_own ? base : "");
        str_append(out, is_own ? " has " : "");
    }
    append_time(out, comparison_median(telling->input, there, row->measure));
    if (!is_own) {
        str_printf(out, ", where %s %s", base,
                   row->measure == COMPARED_TIME_TO_RECOVER ? "never does"
                                                            : "has never");
    }
}

static void append_phrase(struct str *out, const struct telling *telling,
                          const struct phrase *phrase,
                          const struct comparison_row *row)
{
    const char *words =
        row->finding == FOUND_BETTER ? phrase->better : phrase->worse;
    struct str size = STR_INIT;

    if (compared_measure(row->measure)->scale == SCALE_RATIO &&
        (isinf(row->estimate) || row->estimate == 0)) {
        append_never(out, telling, row);
        return;
    }
    append_size(&size, telling, row);
    for (const char *c = words; *c; c++) {
        if (c[0] == '%' && c[1] == 's') {
            str_append(out, size.text);
            c++;
        } else {
            str_append_char(out, *c);
        }
    }
    str_release(&size);
}

/* Its better sides, or its worse ones, joined. */
static void append_side(struct str *out, const struct telling *telling,
                        size_t variant, enum finding side)
{
    size_t left = count_side(telling, variant, side);

    for (size_t i = 0; i < array_length(phrases) && left > 0; i++) {
        const struct comparison_row *row =
            comparison_find(telling->comparison, phrases[i].measure, variant);
        if (row->is_judged && row->finding == side) {
            append_phrase(out, telling, &phrases[i], row);
            left--;
            str_append(out, left > 1 ? ", " : left == 1 ? ", and " : "");
        }
    }
}

static void tell_variant(struct str *out, const struct telling *telling,
                         size_t variant)
{
    bool is_mixed = count_side(telling, variant, FOUND_BETTER) > 0 &&
                    count_side(telling, variant, FOUND_WORSE) > 0;

    str_printf(out, "Beside %s, %s ", baseline_name(telling),
               telling->names[variant]);
    append_side(out, telling, variant, FOUND_BETTER);
    str_append(out, is_mixed ? "; but it " : "");
    append_side(out, telling, variant, FOUND_WORSE);
    str_append(out, ".");
}

/* The variant with the most findings of those not told yet; the baseline:
 * there is none. */
static size_t next_variant(const struct telling *telling, const bool *told)
{
    size_t chosen = telling->input->baseline;
    size_t most = 0;

    for (size_t v = 0; v < telling->input->variants; v++) {
        size_t findings = count_side(telling, v, FOUND_BETTER) +
                          count_side(telling, v, FOUND_WORSE);
        if (!told[v] && findings > most) {
            most = findings;
            chosen = v;
        }
    }
    return chosen;
}

static size_t tell_undecided(struct str *out, const struct telling *telling)
{
    size_t count = 0, most = 0;

    for (size_t i = 0; i < telling->comparison->row_count; i++) {
        const struct comparison_row *row = &telling->comparison->rows[i];
        if (!row->is_judged || row->finding != FOUND_UNDECIDED) {
            continue;
        }
        most = row->needed > most ? row->needed : most;
        if (count < UNDECIDED_TOLD) {
            str_append(out, count > 0 ? ", " : "Undecided: ");
            str_printf(out, "%s of %s", compared_measure(row->measure)->title,
                       telling->names[row->variant]);
        }
        count++;
    }
    if (count > UNDECIDED_TOLD) {
        str_printf(out, " and %zu more", count - UNDECIDED_TOLD);
    }
    if (count > 0 && most > 0) {
        str_printf(out, "; all of it takes about %zu rounds", most);
    }
    str_append(out, count > 0 ? "." : "");
    return count;
}

void summary_make(struct summary *summary,
                  const struct comparison_input *input,
                  const struct comparison *comparison,
                  const char *const *names)
{
    struct telling telling = {input, comparison, names};
    bool told[64] = {false};
    size_t variant;

    must(input->variants <= array_length(told));
    *summary = (struct summary){0};
    while (summary->count < VARIANTS_TOLD &&
           (variant = next_variant(&telling, told)) != input->baseline) {
        told[variant] = true;
        tell_variant(&summary->sentences[summary->count++], &telling, variant);
    }
    struct str *last = &summary->sentences[summary->count];
    if (tell_undecided(last, &telling) > 0) {
        summary->count++;
    } else if (summary->count == 0) {
        str_append(last, "Nothing that was judged differs by as much as it "
                         "was looked for.");
        summary->count++;
    }
}

void summary_append_finding(struct str *out,
                            const struct comparison_input *input,
                            const struct comparison_row *row,
                            const char *const *names)
{
    const struct telling telling = {.input = input, .names = names};

    for (size_t i = 0; i < array_length(phrases); i++) {
        if (phrases[i].measure == row->measure) {
            append_phrase(out, &telling, &phrases[i], row);
        }
    }
}

void summary_release(struct summary *summary)
{
    for (size_t i = 0; i < SUMMARY_MAX; i++) {
        str_release(&summary->sentences[i]);
    }
}
