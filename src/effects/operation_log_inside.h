/*
 * operation_log_inside: the log of operations, for the two files that know it:
 * operation_log.c writes it during the run, effects_join.c joins it with the
 * ledger.
 */
#ifndef SQUALL_EFFECTS_OPERATION_LOG_INSIDE_H
#define SQUALL_EFFECTS_OPERATION_LOG_INSIDE_H

#include "base/hash.h"
#include "effects/operation_log.h"

/*
 * The log: 32 bytes an operation. Traces lie apart, in the order of their
 * operations, so that one is found by bisection and the entries need no
 * reference to it.
 */
struct entry {
    struct hash128 join;
    int64_t intended_ns;
    uint64_t operation : 48;
    uint64_t attempts : 11; /* saturates */
    uint64_t verdict : 3;
    uint64_t warmup : 1;
    uint64_t one_key : 1;
};

_Static_assert(sizeof(struct entry) == 32, "the manual states the size");
_Static_assert(VERDICT_COUNT <= 8, "the verdict has three bits");

/* A trace's notes are notes[first_note] and the note_count - 1 after it. */
struct trace {
    uint64_t entry;
    uint32_t first_note;
    uint32_t note_count;
};

struct operation_log {
    struct entry *entries;
    uint32_t *verdict_us; /* of each entry, since it was intended; or NULL */
    uint64_t count, capacity;
    uint64_t overflowed; /* operations that did not fit */
    struct trace *traces;
    size_t trace_count, trace_capacity;
    struct attempt_note *notes;
    size_t note_count, note_capacity;
};

/* What was kept of an entry's attempts, or NULL. */
const struct trace *operation_log_trace(const struct operation_log *log,
                                        uint64_t entry);

#endif
