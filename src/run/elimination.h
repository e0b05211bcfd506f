/*
 * elimination: the same traffic under many client policies, in paired rounds
 * (run/paired.h), of which those that are beaten leave (compare/knockout.h),
 * until one is left or nothing more is to be expected.
 */
#ifndef SQUALL_RUN_ELIMINATION_H
#define SQUALL_RUN_ELIMINATION_H

#include "compare/knockout.h"
#include "run/paired.h"

struct elimination_options {
    struct paired_options paired;
    struct knockout_rules rules; /* variant_count is filled in */
};

enum elimination_end {
#define ELIMINATION_END(id, word, is_over) ELIMINATION_##id,
#include "run/elimination_end.def"
    ELIMINATION_END_COUNT
};

const char *elimination_end_word(enum elimination_end end);

/* Whether it came to an end of its own, so that it suggests one. */
bool elimination_is_over(enum elimination_end end);

/* Everything is the arena's. */
struct elimination {
    enum elimination_end end;
    struct paired paired;
    struct knockout knockout;
    struct duration took;
};

/* False after adding an error: a plan cannot be read, a run cannot be made, or
 * the service cannot be reset. */
bool elimination_make(struct elimination *elimination, struct arena *arena,
                      const struct elimination_options *options,
                      struct errors *errors);

#endif
