/*
 * knockout: which of many variants are beaten, so that who is best is dropped
 * in at most 5 % of comparisons.
 *
 * Criteria have an order. One variant beats another in a criterion where it is
 * better there, and not worse by what is to be seen ("detect" of
 * compare/measure.def) in any criterion before it. A variant that none beats
 * is best; there may be several.
 *
 * Variants run in rounds, side by side. At a few looks, those that are shown
 * to be beaten by one that is still there are dropped, and run no more. Each
 * side of "beats" is a one-sided signed-rank test of the paired differences
 * (compare/signed_rank.h); both must reject, so that their probability is the
 * larger (an intersection-union test: Berger, Technometrics 24, 1982). That a
 * variant is best is one hypothesis; against it stand K - 1 others with C
 * criteria each, so its probability is (K - 1) C times the least of these
 * (Bonferroni). Over variants Holm's step-down is used (Scand. J. Stat. 6,
 * 1979): with k of K left, one is dropped when its probability is at most
 * level / k. Who was dropped rightly is not paid for again, and the order of
 * the drops is free: before the first wrong one all that are best are left.
 * The level is shared evenly by the looks, which may have anything to do with
 * each other. To race variants in blocks, and to drop the beaten, is due to
 * Maron and Moore (Artificial Intelligence Review 11, 1997) and Birattari and
 * others (GECCO 2002), whose tests hold no such level over all rounds.
 *
 * Who is left at the end is not told apart, which is not to say equal; for
 * ranking them, and the dropped of one look, there are no more than medians.
 */
#ifndef SQUALL_COMPARE_KNOCKOUT_H
#define SQUALL_COMPARE_KNOCKOUT_H

#include "compare/comparison.h"

enum { KNOCKOUT_VARIANTS_MAX = 32, KNOCKOUT_LOOKS_MAX = 4 };

struct knockout_rules {
    size_t variant_count; /* 2 to KNOCKOUT_VARIANTS_MAX */
    size_t criterion_count;
    enum compared criteria[COMPARED_COUNT]; /* the weightiest first */
    size_t fixed; /* rounds before the only look; 0: as many as it takes */
    size_t most;  /* of as many as it takes */
};

/* By whom a variant is beaten, and in what. */
struct knockout_drop {
    size_t look;   /* from 1 */
    size_t rounds; /* that had been made by then */
    size_t by;
    enum compared criterion;
    /* What the dropped has beside the other, on the scale of the measure: a
     * factor, points or a count. The interval leaves out "no difference", at
     * the level of the test. */
    double estimate, low, high;
    double p; /* adjusted: at most the level of a look */
};

struct knockout {
    struct knockout_rules rules;
    size_t looks; /* that were made */
    size_t left;  /* variants */
    bool is_dropped[KNOCKOUT_VARIANTS_MAX];
    struct knockout_drop drops[KNOCKOUT_VARIANTS_MAX]; /* of the dropped */
};

/* The criteria of criterion.def. */
void knockout_criteria(struct knockout_rules *rules, bool has_trigger);

void knockout_begin(struct knockout *knockout,
                    const struct knockout_rules *rules);

/* The level of the whole, that of a look, and that at which one variant is
 * tested against one other in one criterion, with so many left. */
double knockout_level(void);
double knockout_look_level(const struct knockout_rules *rules);
double knockout_test_level(const struct knockout_rules *rules, size_t left);

/* Rounds with which anything can be shown; rounds before the first look; and
 * before the one after a look at `rounds`, 0 where that was the last. */
size_t knockout_least(const struct knockout_rules *rules);
size_t knockout_first(const struct knockout_rules *rules);
size_t knockout_next(const struct knockout *knockout, size_t rounds);

/* And at most. */
size_t knockout_last(const struct knockout_rules *rules);

/* Drops who is shown to be beaten. The values of who was dropped before are
 * not looked at. */
void knockout_look(struct knockout *knockout,
                   const struct comparison_input *input);

/* Whether these rounds would have shown, in nine of ten knock-outs, whatever
 * is to be seen between those that are left: more make little sense. */
bool knockout_is_settled(const struct knockout *knockout,
                         const struct comparison_input *input);

/* All variants: those that are left, then by how long they lasted, and within
 * these by the medians of their runs, criterion by criterion, where what is
 * less than is to be seen does not count. */
void knockout_rank(const struct knockout *knockout,
                   const struct comparison_input *input, size_t *order);

/* 1 + how many lasted longer: those that are left share the first place. */
size_t knockout_place(const struct knockout *knockout, size_t variant);

#endif
