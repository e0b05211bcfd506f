/*
 * replayed: operations of an earlier run, sent again in this one; what is
 * known of them over both.
 *
 * The verdict over both runs is the one that a single run with all these
 * attempts would have had: a definite yes succeeds; after attempts whose
 * result is unknown, only an answer that is a definite no rejects, and only
 * where all carried one key, since then the service would have answered as it
 * did the first time; and what did not reach it again stays as it was.
 */
#ifndef SQUALL_EFFECTS_REPLAYED_H
#define SQUALL_EFFECTS_REPLAYED_H

#include "measure/effect_figures.h"

/* The verdict over both runs. `rejects_all`: the last answer of this one is
 * a definite no, and every attempt of both carried one and the same key. */
enum verdict replayed_verdict(enum verdict before, enum verdict now,
                              bool rejects_all);

struct replayed {
    uint64_t dead_letters;
    uint64_t sent;      /* that a request went out for in this run */
    uint64_t unstarted; /* that an interruption or a limit kept from it */
    uint64_t before[VERDICT_COUNT]; /* the verdicts in the file */
    uint64_t after[VERDICT_COUNT];  /* those over both runs */
    bool has_classes;               /* the ledger was read */
    uint64_t classes[EFFECT_CLASS_COUNT];
    uint64_t ambiguous[EFFECT_CLASS_COUNT]; /* of those that were ambiguous */
};

/* One dead letter. `class` is EFFECT_CLASS_COUNT where there is no ledger. */
void replayed_take(struct replayed *replayed, enum verdict before,
                   enum verdict after, enum effect_class class);

/* Dead letters of which it is not known whether they were done, or not known
 * to their caller. */
uint64_t replayed_unresolved(const struct replayed *replayed);

#endif
