/*
 * effect_logs: what a worker keeps for the effects, beside its tally: the log
 * of its operations where a ledger will be read, and the log of what answers
 * named where their bodies are read. Both are fed the facts that the tally is
 * fed, those of the warm-up too, and read after the run.
 */
#ifndef SQUALL_EFFECTS_EFFECT_LOGS_H
#define SQUALL_EFFECTS_EFFECT_LOGS_H

#include "effects/answers.h"
#include "effects/effects_join.h"

struct effect_logs_config {
    bool keep_operations;    /* a ledger will be read */
    bool keep_times;         /* which has times of effects */
    bool keep_answers;       /* bodies of answers are read */
    bool names_effects;      /* and they name effects */
    uint64_t operations_max; /* room of both logs, this worker */
};

struct effect_logs {
    struct operation_log *operations; /* NULL unless keep_operations */
    struct answers_log *answers;      /* NULL unless keep_answers */
};

/* Memory from the arena, which costs nothing until it is used. */
void effect_logs_init(struct effect_logs *logs, struct arena *arena,
                      const struct effect_logs_config *config);

/* Any fact; those that say nothing of effects are ignored. No allocation. */
void effect_logs_take(struct effect_logs *logs, const struct fact *fact);

#endif
