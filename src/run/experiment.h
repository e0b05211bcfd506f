/*
 * experiment: the same traffic under several client policies, in paired rounds
 * (run/paired.h), until it can be said which is better.
 */
#ifndef SQUALL_RUN_EXPERIMENT_H
#define SQUALL_RUN_EXPERIMENT_H

#include "compare/looks.h"
#include "run/paired.h"

struct experiment_options {
    struct paired_options paired;
    bool is_judged[COMPARED_COUNT];
    struct looks looks;
};

/* Why an experiment has no words, or NULL. */
enum experiment_end {
    EXPERIMENT_JUDGED,
    EXPERIMENT_STOPPED, /* somebody asked for it: intervals, no words */
    EXPERIMENT_VOID, /* more than a fifth of the rounds was not to be used */
};

/* Everything is the arena's. */
struct experiment {
    enum experiment_end end;
    struct paired paired;
    struct comparison comparison; /* of the rounds that were kept */
    struct duration took;
};

/* False after adding an error: a plan cannot be read, a run cannot be made, or
 * the service cannot be reset. */
bool experiment_make(struct experiment *experiment, struct arena *arena,
                     const struct experiment_options *options,
                     struct errors *errors);

#endif
