/*
 * effects_join: what was promised against what was done.
 *
 * After the run the entries of the ledger are fed in, and the logged
 * operations and the ledger are joined by the hash of an id that the request
 * carried. So duplicates, lost operations and phantoms are found and counted.
 * Ledger entries that no operation explains are foreign.
 *
 * Operations that carried one and the same id cannot be distinguished by
 * the ledger. Their effects are dealt out one each, to the succeeded first,
 * then those whose caller cannot know, the rejected and the shed; what is left
 * over goes to the first of them. So two succeeded orders with one effect are
 * one lost order, and nothing is blamed twice. They are counted as aliased.
 *
 *   verdict \ effects   0                     1                  2 or more
 *   succeeded               lost                  exactly once       duplicate
 *   rejected            clean                 phantom            duplicate
 *   ambiguous           unresolved, not done  unresolved, done   duplicate
 *   unanswered          as ambiguous; a safe request is not expected here
 *   shed                clean                 phantom            duplicate
 *
 * What the ledger had before the run (the baseline) is subtracted. An id that
 * had effects already is counted apart: of an operation that was done before,
 * nothing can be said.
 */
#ifndef SQUALL_EFFECTS_EFFECTS_JOIN_H
#define SQUALL_EFFECTS_EFFECTS_JOIN_H

#include "effects/baseline.h"
#include "effects/ledger_entry.h"
#include "effects/operation_log.h"
#include "effects/transitions.h"
#include "measure/effect_figures.h"

/* The join over all workers' logs. */
struct effects_join;

/* Allocates the index (10 to 16 bytes an operation; 4 more where ids are
 * shared). Borrows the logs, which must not grow any more. */
struct effects_join *effects_join_new(struct operation_log **logs,
                                      size_t log_count);
void effects_join_free(struct effects_join *join);

/* Bytes that the logs reserve and the join uses, for those who state them. */
size_t effects_join_bytes(const struct effects_join *join);

/* One entry of the ledger; entries of one id add up. */
void effects_join_entry(struct effects_join *join, const char *id,
                        size_t id_length, uint64_t count);

/* What else is known, before the first entry. All is borrowed. */
void effects_join_use_baseline(struct effects_join *join,
                               struct baseline *baseline);
/* Entries have times; 0 of the run clock was at origin_unix_ns. The logs must
 * keep times, too; 8 bytes an operation. */
void effects_join_use_times(struct effects_join *join, int64_t origin_unix_ns);
void effects_join_use_transitions(struct effects_join *join,
                                  const struct transition_config *config);

/* One entry of the ledger, with its time and state if it has them. */
void effects_join_take(struct effects_join *join,
                       const struct ledger_entry *entry);
/* An entry of a history that lies beside the ledger: it has no effect. */
void effects_join_history(struct effects_join *join,
                          const struct ledger_entry *entry);

/* One entry of the reading before the run. `config` says which states are
 * effects, where entries have states. */
void effects_join_add_baseline(struct baseline *baseline,
                               const struct transition_config *config,
                               const struct ledger_entry *entry);

/* Effects of this run's operations, and of others, in the reading so far. */
void effects_join_counts(const struct effects_join *join, uint64_t *own,
                         uint64_t *foreign);

/* Operations that succeeded and of which the reading so far shows no effect:
 * those may yet come. */
uint64_t effects_join_missing(const struct effects_join *join);

/* Starts over with another reading of the ledger. */
void effects_join_clear(struct effects_join *join);

/* A number that is equal for two equal readings: so it is seen that a ledger
 * has settled. */
uint64_t effects_join_fingerprint(const struct effects_join *join);

/* How one operation was classified, and whether an illegal transition was in
 * its history. */
struct effect_classification {
    uint64_t operation;
    enum effect_class class;
    uint64_t effects;
    bool illegal_transition;
};

/* Called for each operation while the join is finished, but for none of the
 * warm-up, and for none at all when the figures are unverified. */
typedef void effect_observer(void *context,
                             const struct effect_classification *one);
enum { EFFECT_OBSERVERS_MAX = 2 };
void effects_join_observe(struct effects_join *join, effect_observer *observer,
                          void *context);

/* Classifies every operation; oracle becomes LEDGER, or UNVERIFIED with the
 * problem when a log overflowed. Examples come gravest first: lost, duplicate,
 * phantom, and in order of operation within a class. */
void effects_join_finish(const struct effects_join *join,
                         struct effect_figures *effects);

#endif
