#include "compare/comparison.h"

#include "compare/holm.h"
#include "compare/rounds.h"
#include "compare/signed_rank.h"

#include "base/must.h"
#include "base/sort.h"

#include <math.h>
#include <string.h>

static const struct compared_measure measures[COMPARED_COUNT] = {
#define HIGHER true
#define LOWER false
#define LEADS true
#define FOLLOWS false
#define MEASURE(id, metric, title, scale, least, better, ignore, detect, \
                judged, leads) \
    {metric, title, SCALE_##scale,     better, ignore, \
     detect, least, COMPARED_##judged, leads},
#include "compare/measure.def"
};

static const char *const words[FINDING_COUNT] = {
#define FINDING(id, word) word,
#include "compare/finding.def"
};

const struct compared_measure *compared_measure(enum compared which)
{
    return &measures[which];
}

bool compared_find(const char *name, size_t length, enum compared *which)
{
    for (size_t i = 0; i < COMPARED_COUNT; i++) {
        if (strlen(measures[i].metric) == length &&
            strncmp(measures[i].metric, name, length) == 0) {
            *which = (enum compared)i;
            return true;
        }
    }
    return false;
}

const char *finding_word(enum finding finding)
{
    return words[finding];
}

/* A row while it is worked out: its numbers, on the scale of the test. */
struct row_work {
    struct signed_rank ranks;
    size_t count;  /* of numbers; 0: there is nothing to rank */
    bool is_quiet; /* of counts: nothing was ever counted */
    double p;
    double spread;
};

double comparison_value(const struct comparison_input *input, size_t round,
                        size_t variant, enum compared measure)
{
    size_t run = round * input->variants + variant;
    return input->values[run * COMPARED_COUNT + measure];
}

/* Thresholds are the same in both directions. */
double compared_on_scale(enum compared measure, double share)
{
    return measures[measure].scale == SCALE_RATIO ? log1p(share) : share;
}

double compared_from_scale(enum compared measure, double difference)
{
    return measures[measure].scale == SCALE_RATIO ? exp(difference)
                                                  : difference;
}

/* Never beside never is the same; so is nothing beside nothing. */
double compared_difference(enum compared which, double value, double reference)
{
    const struct compared_measure *measure = &measures[which];

    value = value < measure->least ? measure->least : value;
    reference = reference < measure->least ? measure->least : reference;
    if (value == reference) {
        return 0;
    }
    return measure->scale == SCALE_RATIO ? log(value / reference)
                                         : value - reference;
}

/* The numbers of a row, into d; counts that are equal say nothing. */
static void collect(const struct comparison_input *input,
                    struct comparison_row *row, struct row_work *work,
                    double *d)
{
    const struct compared_measure *measure = &measures[row->measure];

    work->is_quiet = true;
    for (size_t round = 0; round < input->rounds; round++) {
        double value =
            comparison_value(input, round, row->variant, row->measure);
        double reference =
            comparison_value(input, round, input->baseline, row->measure);
        double number = compared_difference(row->measure, value, reference);
        if (isnan(value) || isnan(reference) || isnan(number)) {
            continue;
        }
        row->rounds++;
        work->is_quiet = work->is_quiet && value == 0 && reference == 0;
        if (measure->scale != SCALE_COUNT || number != 0) {
            d[work->count++] = number;
        }
    }
}

static void rank(struct arena *arena, const struct comparison_input *input,
                 struct comparison_row *row, struct row_work *work)
{
    double d[SIGNED_RANK_MAX];

    collect(input, row, work, d);
    work->p = 1;
    work->spread = NAN;
    if (work->count > 0) {
        work->ranks = signed_rank_make(arena, d, work->count);
        work->p = signed_rank_p(&work->ranks, 0);
        work->spread = rounds_spread(d, work->count);
    }
}

size_t comparison_family(const struct comparison_input *input)
{
    size_t judged = 0;

    for (size_t i = 0; i < COMPARED_COUNT; i++) {
        judged += input->is_judged[i];
    }
    return judged * (input->variants - 1);
}

/* Rounds until an undecided row has a word: whichever of the two is nearer, to
 * show what is estimated, or to exclude what should be seen. */
static size_t rounds_to_settle(const struct row_work *work, double estimate,
                               double detect, double level)
{
    double size = fabs(estimate);
    double apart = fmax(size, fabs(detect - size));
    size_t needed =
        apart > 0 ? rounds_needed(work->spread, apart, level, work->count) : 0;

    return needed == 0 || needed > work->count ? needed : work->count + 1;
}

/* `least`: of the family; `is_rejected`: by Holm. */
static enum finding find(const struct comparison_row *row,
                         const struct row_work *work, double middle,
                         struct interval interval, size_t least,
                         bool is_rejected)
{
    const struct compared_measure *measure = &measures[row->measure];
    double detect = compared_on_scale(row->measure, measure->detect);

    if (row->rounds == 0) {
        return FOUND_UNMEASURED;
    }
    if (measure->scale == SCALE_COUNT && work->is_quiet) {
        return FOUND_NONE;
    }
    if (work->count < least) {
        return FOUND_UNDECIDED;
    }
    if (is_rejected &&
        fabs(middle) >= compared_on_scale(row->measure, measure->ignore)) {
        return (middle > 0) == measure->higher_is_better ? FOUND_BETTER
                                                         : FOUND_WORSE;
    }
    return -detect < interval.low && interval.high < detect ? FOUND_NONE
                                                            : FOUND_UNDECIDED;
}

static void conclude(const struct comparison *comparison,
                     struct comparison_row *row, const struct row_work *work,
                     double row_level)
{
    const struct compared_measure *measure = &measures[row->measure];
    struct interval interval = {0, 0};
    double middle = 0;

    if (work->count > 0) {
        middle = signed_rank_estimate(&work->ranks);
        interval =
            signed_rank_interval(&work->ranks, comparison->common_level);
    }
    row->estimate =
        row->rounds > 0 ? compared_from_scale(row->measure, middle) : NAN;
    row->low = row->rounds > 0
                   ? compared_from_scale(row->measure, interval.low)
                   : NAN;
    row->high = row->rounds > 0
                    ? compared_from_scale(row->measure, interval.high)
                    : NAN;
    row->finding = find(row, work, middle, interval, comparison->least,
                        signed_rank_is_within(row->p, comparison->level) != 0);
    double resolution =
        rounds_resolution(work->spread, row_level, work->count);
    row->resolution =
        measure->scale == SCALE_RATIO ? expm1(resolution) : resolution;
    double detect = compared_on_scale(row->measure, measure->detect);
    if (detect > 0 && work->count > 0) {
        row->wanted =
            rounds_needed(work->spread, detect, row_level, work->count);
    }
    if (row->finding == FOUND_UNDECIDED) {
        row->needed = rounds_to_settle(work, middle, detect, row_level);
    }
}

/* Adjusts the judged rows' probabilities, and fixes the common level. */
static void adjust(struct arena *arena, struct comparison *comparison,
                   const struct row_work *works, size_t family)
{
    double *p = arena_array(arena, family, sizeof *p);
    double *adjusted = arena_array(arena, family, sizeof *p);
    size_t rejected = 0;
    size_t filled = 0;

    for (size_t i = 0; i < comparison->row_count; i++) {
        if (comparison->rows[i].is_judged) {
            p[filled++] = works[i].p;
        }
    }
    must(filled == family);
    holm_adjust(p, adjusted, family);
    filled = 0;
    for (size_t i = 0; i < comparison->row_count; i++) {
        struct comparison_row *row = &comparison->rows[i];
        row->p = row->is_judged ? adjusted[filled++] : works[i].p;
        rejected += row->is_judged &&
                    signed_rank_is_within(row->p, comparison->level) != 0;
    }
    comparison->common_level =
        holm_common_level(comparison->level, family, rejected);
}

struct comparison comparison_judge(struct arena *arena,
                                   const struct comparison_input *input,
                                   double level)
{
    size_t family = comparison_family(input);
    double row_level = level / (double)(family ? family : 1);
    struct comparison comparison = {
        .level = level,
        .least = rounds_least(row_level),
        .row_count = (input->variants - 1) * COMPARED_COUNT,
    };
    struct row_work *works =
        arena_array(arena, comparison.row_count, sizeof *works);
    size_t filled = 0;

    must(input->variants >= 2 && input->rounds <= SIGNED_RANK_MAX);
    comparison.rows =
        arena_array(arena, comparison.row_count, sizeof *comparison.rows);
    for (size_t variant = 0; variant < input->variants; variant++) {
        for (size_t i = 0; variant != input->baseline && i < COMPARED_COUNT;
             i++, filled++) {
            struct comparison_row *row = &comparison.rows[filled];
            row->measure = (enum compared)i;
            row->variant = variant;
            row->is_judged = input->is_judged[i];
            rank(arena, input, row, &works[filled]);
        }
    }
    adjust(arena, &comparison, works, family);
    for (size_t i = 0; i < comparison.row_count; i++) {
        conclude(&comparison, &comparison.rows[i], &works[i], row_level);
    }
    return comparison;
}

double comparison_median(const struct comparison_input *input, size_t variant,
                         enum compared measure)
{
    double values[SIGNED_RANK_MAX];
    size_t count = 0;

    for (size_t round = 0; round < input->rounds; round++) {
        double value = comparison_value(input, round, variant, measure);
        if (!isnan(value)) {
            values[count++] = value;
        }
    }
    if (count == 0) {
        return NAN;
    }
    sort_doubles(values, count);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

const struct comparison_row *comparison_find(
    const struct comparison *comparison, enum compared measure, size_t variant)
{
    for (size_t i = 0; i < comparison->row_count; i++) {
        const struct comparison_row *row = &comparison->rows[i];
        if (row->measure == measure && row->variant == variant) {
            return row;
        }
    }
    return NULL;
}
