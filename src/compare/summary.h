/*
 * summary: what a comparison found, in at most three sentences, by rule.
 *
 * The first two say of the variants with the most findings what each does
 * better and worse than the baseline, the weightiest first; the last says what
 * is undecided, and how many rounds that takes, or that nothing differs. Pure,
 * but for the memory of the sentences.
 */
#ifndef SQUALL_COMPARE_SUMMARY_H
#define SQUALL_COMPARE_SUMMARY_H

#include "base/str.h"
#include "compare/comparison.h"

enum { SUMMARY_MAX = 3 };

struct summary {
    size_t count;
    struct str sentences[SUMMARY_MAX];
};

/* `names` are those of the variants. Release it. */
void summary_make(struct summary *summary,
                  const struct comparison_input *input,
                  const struct comparison *comparison,
                  const char *const *names);

/* One finding beside the baseline: "has 3.1 points less success". */
void summary_append_finding(struct str *out,
                            const struct comparison_input *input,
                            const struct comparison_row *row,
                            const char *const *names);

void summary_release(struct summary *summary);

#endif
