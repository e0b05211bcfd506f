/*
 * experiment: the same traffic under several client policies, round after
 * round, until it can be said which is better.
 *
 * Each round runs every variant once: with the same arrivals, requests and
 * faults in all of its runs, and other ones in the next round. Odd rounds are
 * shuffled, each even one is the mirror image of the one before it, so that
 * nobody always goes first. A run whose figures cannot be trusted voids its
 * whole round, which is made again at the end; to drop single runs would be to
 * select.
 */
#ifndef SQUALL_RUN_EXPERIMENT_H
#define SQUALL_RUN_EXPERIMENT_H

#include "base/error.h"
#include "compare/comparison.h"
#include "compare/looks.h"
#include "run/trial.h"

enum { EXPERIMENT_VARIANTS_MAX = 16 };

struct experiment_variant {
    const char *name;
    struct plan_input input; /* its seed and run number are not looked at */
};

struct experiment_progress {
    size_t rounds; /* whole and good */
    size_t void_rounds;
    size_t needed;        /* rounds, as far as is known now */
    const char *variant;  /* the one that is about to run */
    struct duration left; /* estimated; < 0: not known */
};

struct experiment_options {
    size_t variant_count; /* at least 2 */
    const struct experiment_variant *variants;
    size_t baseline;
    bool is_judged[COMPARED_COUNT];
    struct looks looks;
    struct trial_options trials; /* no round begins after their budget */
    void (*progress)(void *context, const struct experiment_progress *now);
    void *context;
};

/* Why an experiment has no words, or NULL. */
enum experiment_end {
    EXPERIMENT_JUDGED,
    EXPERIMENT_STOPPED, /* somebody asked for it: intervals, no words */
    EXPERIMENT_VOID, /* more than a fifth of the rounds was not to be used */
};

struct experiment_round {
    uint64_t seed;
    size_t order[EXPERIMENT_VARIANTS_MAX];
};

/* Everything is the arena's. */
struct experiment {
    enum experiment_end end;
    struct comparison comparison; /* of the rounds that were kept */
    struct comparison_input input;
    struct experiment_round *rounds; /* input.rounds of them */
    size_t void_rounds;
    size_t spoiled[EXPERIMENT_VARIANTS_MAX]; /* rounds, by whose run */
    char spoiled_by[800];                    /* why the last was */
    /* What a run must have for a measure, where one had fewer; else 0. */
    uint64_t operations_lacking[COMPARED_COUNT];
    struct duration took;
};

/* False after adding an error: a plan cannot be read, a run cannot be made, or
 * the service cannot be reset. */
bool experiment_make(struct experiment *experiment, struct arena *arena,
                     const struct experiment_options *options,
                     struct errors *errors);

#endif
