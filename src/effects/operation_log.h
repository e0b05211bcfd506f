/*
 * operation_log: the finished operations of a worker, to be joined with a
 * ledger after the run.
 *
 * 32 bytes an operation. The traces of the first of those with more than one
 * attempt or a bad ending are kept apart, in bounded memory.
 */
#ifndef SQUALL_EFFECTS_OPERATION_LOG_H
#define SQUALL_EFFECTS_OPERATION_LOG_H

#include "base/arena.h"
#include "measure/fact.h"

struct operation_log;

/* Room for `operations_max`; past it the log overflows and the figures of the
 * join are unverified, never wrong. */
struct operation_log *operation_log_new(struct arena *arena,
                                        uint64_t operations_max);

/* Remembers when operations had their verdict: 4 bytes each. */
void operation_log_keep_times(struct operation_log *log, struct arena *arena);

/* Appends a FACT_FINISHED; no other fact may be fed. */
void operation_log_take(struct operation_log *log, const struct fact *fact);

#endif
