/*
 * answers: what the answers of operations show of their effects.
 *
 * Where no ledger can be read, an answer that names what it made is the next
 * best evidence (idempotency.effect_id): an operation whose answers name two
 * things was done twice, and two operations whose answers name one thing were
 * taken for each other. What no answer names stays unseen: an effect whose
 * answer was never read, a lost operation, a phantom. And the answers to one
 * key should be one answer, whatever it says: later ones are compared with the
 * first.
 *
 * When all attempts of an operation have ended, those that outlive its verdict
 * and injected duplicates too, a FACT_ANSWERS says what was seen. Named
 * effects go to a log (24 bytes each), which is searched for shared ones after
 * the run; what counts against the service is flagged with its operation (8
 * bytes).
 */
#ifndef SQUALL_EFFECTS_ANSWERS_H
#define SQUALL_EFFECTS_ANSWERS_H

#include "base/arena.h"
#include "measure/effect_figures.h"
#include "measure/event.h"
#include "measure/fact.h"

struct answers_log;

/* Room for `operations_max` operations: for one note of each, and for two
 * effects that its answers name, if any `names_effects`. It costs nothing
 * until it is used; past it nothing is said of shared effects, and no note is
 * kept.
 */
struct answers_log *answers_log_new(struct arena *arena,
                                    uint64_t operations_max,
                                    bool names_effects);

/* Counts a FACT_ANSWERS; no other fact is fed. */
void answers_log_take(struct answers_log *log, const struct fact *fact);

/* What the answers of one operation show against the service. */
struct answer_flags {
    uint64_t operation;
    uint8_t flags;  /* of enum event_flag */
    unsigned named; /* effects; past NAMED_EFFECTS_MAX, at least that */
};

typedef void answers_observer(void *context, const struct answer_flags *one);

/* The counts of all workers' logs together; the logs must not grow any more.
 * NULL logs are skipped. Takes memory while it works, 8 to 16 bytes for each
 * effect in the logs. `observer`, if any, is called for each operation that
 * has a flag, but for none of the warm-up; twice, where another operation
 * named its effect, too. */
void answers_merge(struct answers_log *const *logs, size_t count,
                   struct answer_figures *figures, answers_observer *observer,
                   void *context);

/* Judges by the answers where there is no ledger: the oracle becomes
 * EFFECT_ID, or stays NONE with the reason. The examples are the first
 * duplicates, in order of operation. */
void answers_judge(struct answers_log *const *logs, size_t count,
                   struct effect_figures *effects);

/* Sets the flags of an example that follow from its notes: divergent and
 * stuck. */
void answers_flag_example(struct effect_example *example);

#endif
