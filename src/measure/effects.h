/*
 * effects: what was promised against what was done.
 *
 * During the run every finished operation is appended to a log (32 bytes an
 * operation; traces of the first of those with more than one attempt or a bad
 * ending are kept apart, in bounded memory). After the run the ledger's lines
 * are fed in, and operations and ledger are joined by the hash of an id that
 * the request carried. Ledger entries that no operation explains are foreign.
 *
 * Operations that carried one and the same id cannot be told apart by the
 * ledger. Their effects are dealt out one each, to the acked first, then the
 * ambiguous, the refused and the shed; what is left over goes to the first of
 * them. So two acked orders with one effect are one lost order, and nothing
 * is blamed twice. They are counted as aliased.
 *
 *   verdict \ effects   0                     1                  2 or more
 *   acked               lost                  exactly once       duplicate
 *   refused             clean                 phantom            duplicate
 *   ambiguous           unresolved, not done  unresolved, done   duplicate
 *   shed                clean                 phantom            duplicate
 *
 * What the ledger told before the run (the baseline) is taken off. An id that
 * had effects already is counted apart: of an operation that was done before,
 * nothing can be said.
 */
#ifndef SQUALL_MEASURE_EFFECTS_H
#define SQUALL_MEASURE_EFFECTS_H

#include "base/arena.h"
#include "measure/baseline.h"
#include "measure/fact.h"
#include "measure/hist.h"
#include "measure/ledger_entry.h"
#include "measure/transitions.h"

enum effect_class {
    EFFECT_EXACTLY_ONCE,
    EFFECT_DUPLICATE,
    EFFECT_LOST,
    EFFECT_PHANTOM,
    EFFECT_UNRESOLVED_DONE,
    EFFECT_UNRESOLVED_NOT_DONE,
    EFFECT_CLEAN,
    EFFECT_CLASS_COUNT
};

enum effect_oracle {
    ORACLE_NONE,   /* no ledger: nothing is known, "not measured" */
    ORACLE_LEDGER,
    ORACLE_EFFECT_ID, /* no ledger, but answers name effects: of the classes
                       * only duplicates are seen (measure/answers.h) */
    ORACLE_UNVERIFIED, /* there should be one; it could not be read or never
                        * settled, or the log overflowed */
};

enum { EFFECT_EXAMPLES_MAX = 20 };

struct effect_example {
    enum effect_class class;
    uint64_t operation;
    enum verdict verdict;
    uint64_t effects;
    unsigned attempts;
    bool single_attempt; /* a duplicate that no retry of ours can have made */
    bool aliased;        /* other operations carried the same id */
    bool late;           /* the effect appeared after the verdict */
    bool one_key;        /* every attempt carried the same key */
    bool divergent;      /* its caller was told of several effects */
    bool stuck;          /* its key was "in flight" to the end */
    struct instant intended;
    size_t note_count;   /* 0: the trace was not kept */
    struct attempt_note notes[ATTEMPT_NOTES_MAX];
};

/* What answers told, beside the oracle that judges (measure/answers.h). */
struct answer_figures {
    bool names_effects;      /* effect_id was looked for */
    bool knows_shared;       /* every named effect is in the log */
    bool compares;           /* answers to one key were compared */
    bool has_keys;           /* operations with a key: they can be stuck */
    uint64_t named_operations; /* an answer named an effect */
    uint64_t named_effects;  /* distinct within their operation */
    uint64_t unnamed;        /* answers that named none and should have */
    uint64_t duplicates;     /* operations of which two effects were named */
    uint64_t extra_effects;  /* beyond one an operation */
    uint64_t single_attempt; /* duplicates that were sent once */
    uint64_t divergent;      /* operations whose caller was told of two */
    uint64_t aliased;        /* operations whose effect another one named */
    uint64_t replay_mismatch; /* operations whose answers to one key differ */
    uint64_t stuck;          /* "in flight" to the end */
};

struct effects {
    enum effect_oracle oracle;
    struct answer_figures answers;
    char problem[200]; /* why, when unverified */
    uint64_t operations_checked;
    uint64_t classes[EFFECT_CLASS_COUNT];
    uint64_t table[VERDICT_COUNT][3]; /* verdict by 0, 1, 2 or more effects */
    uint64_t total_effects;   /* of the operations checked */
    uint64_t extra_effects;   /* sum of effects beyond one an operation */
    uint64_t single_attempt;
    uint64_t aliased;         /* operations that share their id with others */
    uint64_t foreign_ids;     /* exact up to 700,000; past that an id that
                               * comes twice counts twice */
    uint64_t foreign_effects;
    uint64_t warmup_operations; /* known to the join, counted nowhere else */
    uint64_t seen_before; /* operations whose id had effects before the run;
                           * counted nowhere else, too */
    bool tells_time;      /* else the next two are not measured */
    uint64_t late;        /* operations whose first effect came after the
                           * verdict */
    const struct hist *effect_lag; /* of the acked: from the verdict to the
                                    * first effect, at least 0; of the join */
    struct transition_figures transitions; /* members are operations */
    size_t example_count;
    struct effect_example examples[EFFECT_EXAMPLES_MAX];
};

struct effects_log;

/* Room for `operations_max`; past it the log overflows and the verdict is
 * unverified, never wrong. */
struct effects_log *effects_log_new(struct arena *arena,
                                    uint64_t operations_max);

/* Remembers when operations had their verdict: 4 bytes each. */
void effects_log_keep_times(struct effects_log *log, struct arena *arena);

/* Appends a FACT_FINISHED; no other fact is fed. */
void effects_log_take(struct effects_log *log, const struct fact *fact);

/* The join over all workers' logs. */
struct effects_join;

/* Allocates the index (10 to 16 bytes an operation; 4 more where ids are
 * shared). Borrows the logs, which must not grow any more. */
struct effects_join *effects_join_new(struct effects_log **logs,
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
/* The ledger tells times; 0 of the run clock was at origin_unix_ns. The logs
 * keep times; 8 bytes an operation. */
void effects_join_use_times(struct effects_join *join,
                            int64_t origin_unix_ns);
void effects_join_use_transitions(struct effects_join *join,
                                  const struct transition_config *config);

/* One entry of the ledger with all that it tells. */
void effects_join_take(struct effects_join *join,
                       const struct ledger_entry *entry);
/* An entry of a history that lies beside the ledger: it has no effect. */
void effects_join_history(struct effects_join *join,
                          const struct ledger_entry *entry);

/* One entry of the reading before the run. `config` says which states are
 * effects, where the ledger tells states. */
void effects_baseline_take(struct baseline *baseline,
                           const struct transition_config *config,
                           const struct ledger_entry *entry);

/* Effects of this run's operations, and of others, in the reading so far. */
void effects_join_counts(const struct effects_join *join, uint64_t *own,
                         uint64_t *foreign);

/* Starts over with another reading of the ledger. */
void effects_join_clear(struct effects_join *join);

/* A number that is equal for two equal readings: to tell that a ledger has
 * settled. */
uint64_t effects_join_fingerprint(const struct effects_join *join);

/* Who is told how each operation was classified, while the join is finished,
 * and whether an illegal transition was in its history; those of the warm-up
 * are not, nor is anything that is unverified. */
enum { EFFECTS_WATCHERS_MAX = 2 };

struct effects_told {
    uint64_t operation;
    enum effect_class class;
    uint64_t effects;
    bool illegal_transition;
};

typedef void effects_watcher(void *context, const struct effects_told *told);
void effects_join_watch(struct effects_join *join, effects_watcher *watcher,
                        void *context);

/* Classifies every operation; oracle becomes LEDGER, or UNVERIFIED with the
 * problem when a log overflowed. Examples come gravest first: lost, duplicate,
 * phantom, and in order of operation within a class. */
void effects_join_finish(const struct effects_join *join,
                         struct effects *effects);

const char *effect_class_name(enum effect_class class);
const char *effect_oracle_name(enum effect_oracle oracle);

#endif
