/*
 * comparison: what rounds of paired runs show of the variants that ran.
 *
 * Each round has run every variant once, with the same traffic. A row is one
 * measure of one variant beside the baseline; it is one number a round, whose
 * middle is estimated and tested by compare/signed_rank. Words are read off
 * intervals of one level, which all rows of a family share, so that a whole
 * comparison claims a difference that is not there in at most `level` of
 * cases.
 */
#ifndef SQUALL_COMPARE_COMPARISON_H
#define SQUALL_COMPARE_COMPARISON_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

enum compared {
#define MEASURE(id, metric, title, scale, least, better, ignore, detect, \
                judged, leads) \
    COMPARED_##id,
#include "compare/measure.def"
    COMPARED_COUNT
};

enum finding {
#define FINDING(id, word) FOUND_##id,
#include "compare/finding.def"
    FINDING_COUNT
};

enum compared_scale { SCALE_RATIO, SCALE_POINTS, SCALE_COUNT };

/* What is judged where nothing is named. */
enum compared_by_default {
    COMPARED_JUDGED,
    COMPARED_WITH_TRIGGER, /* where the service recovers from something */
    COMPARED_DESCRIBED
};

struct compared_measure {
    const char *metric;
    const char *title;
    enum compared_scale scale;
    bool higher_is_better;
    double ignore, detect; /* shares: of a ratio, or points */
    double least;          /* values below are taken for it */
    enum compared_by_default by_default;
    bool leads;
};

const struct compared_measure *compared_measure(enum compared which);
/* The one whose metric is a name of that length; false: none is. */
bool compared_find(const char *name, size_t length, enum compared *which);

const char *finding_word(enum finding finding);

/* Rounds of runs. values[(round * variants + variant) * COMPARED_COUNT +
 * measure] is what a run had: NAN not measured, INFINITY never. */
struct comparison_input {
    size_t variants; /* at least 2 */
    size_t baseline;
    size_t rounds; /* at most SIGNED_RANK_MAX */
    const double *values;
    bool is_judged[COMPARED_COUNT];
};

/* Estimates are on the scale of the measure: factors for ratios, differences
 * for points and counts. */
struct comparison_row {
    enum compared measure;
    size_t variant;
    bool is_judged;
    enum finding finding;
    size_t rounds; /* that gave a number */
    double estimate, low, high;
    double p;          /* adjusted for the family, of judged rows */
    double resolution; /* what these rounds could have shown; NAN: nothing */
    size_t needed;     /* rounds that would settle it; 0: not known */
    size_t wanted;     /* rounds that find what should be seen; 0: not known */
};

struct comparison {
    double level;        /* of the family */
    double common_level; /* of every interval */
    size_t least;        /* rounds with which anything can be shown */
    size_t row_count;
    struct comparison_row *rows; /* by variant, then by measure */
};

/* How far one value is beyond another on the scale of a test: of ratios the
 * logarithm. 0 where both are never, or nothing; NAN: one was not measured. */
double compared_difference(enum compared measure, double value,
                           double reference);

/* A share, as `ignore` and `detect` are, on that scale; and a difference from
 * there as people are told it: a factor, points or a count. */
double compared_on_scale(enum compared measure, double share);
double compared_from_scale(enum compared measure, double difference);

/* What a run had. */
double comparison_value(const struct comparison_input *input, size_t round,
                        size_t variant, enum compared measure);

/* How many rows are judged together. */
size_t comparison_family(const struct comparison_input *input);

/* The rows are the arena's. */
struct comparison comparison_judge(struct arena *arena,
                                   const struct comparison_input *input,
                                   double level);

/* The middle of what the runs of a variant had; NAN: none had it. */
double comparison_median(const struct comparison_input *input, size_t variant,
                         enum compared measure);

/* The one of a measure and a variant. */
const struct comparison_row *comparison_find(
    const struct comparison *comparison, enum compared measure,
    size_t variant);

#endif
