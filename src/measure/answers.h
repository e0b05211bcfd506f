/*
 * answers: what the answers of operations tell about their effects.
 *
 * Where no ledger can be read, an answer that names what it made is the next
 * best witness (idempotency.effect_id): an operation whose answers name two
 * things was done twice, and two operations whose answers name one thing were
 * taken for each other. What no answer tells stays unseen: an effect whose
 * answer was never read, a lost operation, a phantom. And the answers to one
 * key should be one answer, whatever it says: replays are held against the
 * first.
 *
 * When all attempts of an operation have ended, those that outlive its verdict
 * and copies that a fault made of them too, a FACT_ANSWERS tells what was seen.
 * Named effects go to a log (24 bytes each), in which the shared ones are
 * looked for after the run; what speaks against the service is noted with its
 * operation (8 bytes).
 */
#ifndef SQUALL_MEASURE_ANSWERS_H
#define SQUALL_MEASURE_ANSWERS_H

#include "base/arena.h"
#include "measure/effects.h"
#include "measure/event.h"
#include "measure/fact.h"

struct answers_log;

/* Room for `operations_max` operations: for one note of each, and for two
 * effects that its answers name, if any `names_effects`. It costs nothing until
 * it is used; past it nothing is said of shared effects, and no note is kept.
 */
struct answers_log *answers_log_new(struct arena *arena,
                                    uint64_t operations_max,
                                    bool names_effects);

/* Counts a FACT_ANSWERS; no other fact is fed. */
void answers_log_take(struct answers_log *log, const struct fact *fact);

/* What answers tell against the service, of one operation. */
struct answers_told {
    uint64_t operation;
    uint8_t flags;  /* of enum event_flag */
    unsigned named; /* effects; past NAMED_EFFECTS_MAX, at least that */
};

typedef void answers_watcher(void *context, const struct answers_told *told);

/* The counts of all workers' logs together; the logs must not grow any more.
 * NULL logs are skipped. Takes memory while it works, 8 to 16 bytes for each
 * effect in the logs. `watcher`, if any, is told of each operation that has a
 * flag, but of none of the warm-up; twice, where its effect was named by
 * another one, too. */
void answers_merge(struct answers_log *const *logs, size_t count,
                   struct answer_figures *figures, answers_watcher *watcher,
                   void *context);

/* Says what the answers can say where there is no ledger: the oracle becomes
 * EFFECT_ID, or stays NONE with the reason. The examples are the first
 * duplicates, in order of operation. */
void answers_speak(struct answers_log *const *logs, size_t count,
                   struct effects *effects);

/* Sets the flags of an example that its notes tell: divergent and stuck. */
void answers_flag(struct effect_example *example);

#endif
