/*
 * paired: rounds of runs, side by side: the same traffic under several client
 * policies.
 *
 * Each round runs every variant that takes part once: with the same arrivals,
 * requests and faults in all of its runs, and other ones in the next round.
 * Rounds come in pairs: the first is shuffled, the second is its mirror image,
 * so that nobody always goes first. A run whose figures cannot be trusted
 * voids its whole round, which is made again at the end; to drop single runs
 * would be to select.
 */
#ifndef SQUALL_RUN_PAIRED_H
#define SQUALL_RUN_PAIRED_H

#include "base/error.h"
#include "base/rng.h"
#include "compare/comparison.h"
#include "run/trial.h"

enum { PAIRED_VARIANTS_MAX = 32 };

struct paired_variant {
    const char *name;
    struct plan_input input; /* its seed and run number are not looked at */
};

struct paired_progress {
    size_t rounds; /* whole and good */
    size_t void_rounds;
    size_t needed;        /* rounds, as far as is known now */
    const char *variant;  /* the one that is about to run */
    struct duration left; /* estimated; < 0: not known */
};

struct paired_options {
    size_t variant_count; /* at least 2 */
    const struct paired_variant *variants;
    size_t baseline;             /* asks whether the service is at rest, too */
    struct trial_options trials; /* no round begins after their budget */
    void (*progress)(void *context, const struct paired_progress *now);
    void *context;
};

struct paired_round {
    uint64_t seed;
    size_t count;
    size_t order[PAIRED_VARIANTS_MAX]; /* of those that ran */
};

/* Everything is the arena's. */
struct paired {
    struct comparison_input input; /* the rounds that were kept */
    struct paired_round *rounds;   /* input.rounds of them */
    size_t void_rounds;
    size_t spoiled[PAIRED_VARIANTS_MAX]; /* rounds, by whose run */
    char spoiled_by[800];                /* why the last was */
    /* What a run must have for a measure, where one had fewer; else 0. */
    uint64_t operations_lacking[COMPARED_COUNT];
    size_t needed; /* for progress: whoever looks at the rounds says it */

    /* While they are made. */
    const struct paired_options *options;
    struct slo_metric metrics[COMPARED_COUNT];
    double *values;                   /* of all rounds that can be kept */
    struct rng order;                 /* shuffles rounds */
    struct paired_round last;         /* its order */
    bool is_last_mirrored;            /* it was the second of its pair */
    bool is_out[PAIRED_VARIANTS_MAX]; /* who takes no part any more */
    struct trials trials;
    size_t begun; /* rounds, void ones too */
    size_t runs;
    struct instant began;
};

/* Before the first of at most `most` rounds. Borrows the options. */
void paired_begin(struct paired *paired, struct arena *arena,
                  const struct paired_options *options, size_t most);

/* Makes rounds until there are `count`, or the time is over. What is not
 * TRIAL_COUNTS ends them: TRIAL_FAILED after adding an error, TRIAL_IS_VOID
 * where more than a fifth of the rounds is not to be used. */
enum trial_use paired_reach(struct paired *paired, size_t count,
                            struct errors *errors);

bool paired_is_out_of_time(const struct paired *paired);

/* How long it has taken. */
struct duration paired_took(const struct paired *paired);

#endif
