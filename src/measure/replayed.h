/*
 * replayed: operations of an earlier run, sent again in this one; what is
 * known of them over both.
 *
 * The verdict over both runs is the one that a single run with all these
 * attempts would have had: a definite yes acks; after attempts that nobody
 * knows of, only an answer that is a definite no refuses, and only where all
 * carried one key, since then the service would have answered as it did the
 * first time; and what did not reach it again stays as it was.
 */
#ifndef SQUALL_MEASURE_REPLAYED_H
#define SQUALL_MEASURE_REPLAYED_H

#include "measure/effects.h"

/* The verdict over both runs. `speaks_for_all`: the last answer of this one is
 * a definite no, and every attempt of both carried one and the same key. */
enum verdict replayed_verdict(enum verdict before, enum verdict now,
                              bool speaks_for_all);

struct replayed {
    uint64_t letters;
    uint64_t sent;      /* that a request went out for in this run */
    uint64_t unstarted; /* that an interruption or a limit kept from it */
    uint64_t before[VERDICT_COUNT]; /* the verdicts that the file tells */
    uint64_t after[VERDICT_COUNT];  /* those over both runs */
    bool has_classes;   /* the ledger was read, and tells of them */
    uint64_t classes[EFFECT_CLASS_COUNT];
    uint64_t ambiguous[EFFECT_CLASS_COUNT]; /* of those that were ambiguous */
};

/* One letter. `class` is EFFECT_CLASS_COUNT where the ledger tells nothing. */
void replayed_take(struct replayed *replayed, enum verdict before,
                   enum verdict after, enum effect_class class);

/* Letters of which nobody knows whether they were done, or their caller
 * cannot. */
uint64_t replayed_unresolved(const struct replayed *replayed);

#endif
