/*
 * beaten: the evidence that one variant of a knock-out beats another
 * (compare/knockout.h): that it is better in a criterion, and not worse by
 * what is to be seen in those before it.
 *
 * One may be worse in a count by one a run and a tenth, since counts have no
 * `detect`. A criterion that no round has measured of both says nothing: it is
 * passed over.
 */
#ifndef SQUALL_COMPARE_BEATEN_H
#define SQUALL_COMPARE_BEATEN_H

#include "base/arena.h"
#include "compare/comparison.h"

struct beaten_evidence {
    bool is_measured;
    double p;           /* if the other were not better */
    double p_not_worse; /* if it were worse by what is to be seen */
    double advantage;   /* of the other, on the scale of the test */
};

struct beaten {
    size_t variant_count, criterion_count;
    const enum compared *criteria;
    struct beaten_evidence *evidence; /* by variant, other and criterion */
};

/* Two variants and a criterion. */
struct beaten_pair {
    size_t variant, other;
    size_t criterion; /* of the list */
};

/* Of all pairs without a variant that is out; borrows the criteria. */
struct beaten beaten_make(struct arena *arena,
                          const struct comparison_input *input,
                          const enum compared *criteria,
                          size_t criterion_count, const bool *is_out);

/* The probability of what was seen, or more, if the other did not beat the
 * variant by this criterion. */
double beaten_p(const struct beaten *beaten, const struct beaten_pair *pair);

/* How far the other is better, in units of what is to be seen. */
double beaten_advantage(const struct beaten *beaten,
                        const struct beaten_pair *pair);

/* Whether the other is shown to beat it at a level, by as much as is called a
 * difference. */
bool beaten_is_shown(const struct beaten *beaten,
                     const struct beaten_pair *pair, double level);

/* What a variant has beside another, on the scale of the measure, and the
 * interval that leaves out "no difference" where the test rejects. */
struct beaten_difference {
    double estimate, low, high;
};
struct beaten_difference beaten_difference(
    const struct comparison_input *input, size_t variant, size_t other,
    enum compared criterion, double level);

/* Whether so many rounds would have shown, in nine of ten cases, what is to be
 * seen in a criterion that leads (compare/measure.def). True where there is
 * nothing to be seen, or nothing was measured. */
bool beaten_would_show(const struct comparison_input *input, size_t variant,
                       size_t other, enum compared criterion, double level);

/* How much more than a count is not yet worse. */
double beaten_count_allowance(double count);

#endif
