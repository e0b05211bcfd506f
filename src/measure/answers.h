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
 * looked for after the run.
 */
#ifndef SQUALL_MEASURE_ANSWERS_H
#define SQUALL_MEASURE_ANSWERS_H

#include "base/arena.h"
#include "measure/effects.h"
#include "measure/fact.h"

struct answers_log;

/* Room for two effects of each of `operations_max` operations, which costs
 * nothing until it is used; past it nothing is said of shared ones. 0: no
 * answer names any. */
struct answers_log *answers_log_new(struct arena *arena,
                                    uint64_t operations_max);

/* Counts a FACT_ANSWERS; no other fact is fed. */
void answers_log_take(struct answers_log *log, const struct fact *fact);

/* The counts of all workers' logs together; the logs must not grow any more.
 * NULL logs are skipped. Takes memory while it works, 8 to 16 bytes for each
 * effect in the logs. */
void answers_merge(struct answers_log *const *logs, size_t count,
                   struct answer_figures *figures);

/* Says what the answers can say where there is no ledger: the oracle becomes
 * EFFECT_ID, or stays NONE with the reason. The examples are the first
 * duplicates, in order of operation. */
void answers_speak(struct answers_log *const *logs, size_t count,
                   struct effects *effects);

/* Names each operation of which several effects were named, and how many (past
 * NAMED_EFFECTS_MAX, at least that), but none of the warm-up. */
void answers_name_twice(struct answers_log *const *logs, size_t count,
                        void (*name)(void *user, uint64_t operation,
                                     uint64_t named),
                        void *user);

/* Sets the flags of an example that its notes tell: divergent and stuck. */
void answers_flag(struct effect_example *example);

#endif
