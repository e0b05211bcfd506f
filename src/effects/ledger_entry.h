/* ledger_entry: one entry of a ledger. */
#ifndef SQUALL_EFFECTS_LEDGER_ENTRY_H
#define SQUALL_EFFECTS_LEDGER_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an entry holds beside its id. */
enum ledger_columns {
    LEDGER_HAS_COUNT,      /* effects */
    LEDGER_HAS_COUNT_TIME, /* and when there was the first of them */
    LEDGER_HAS_TIME,       /* one effect, and when it was */
    LEDGER_HAS_STATE_TIME, /* a state that it took on, and when */
};

struct ledger_entry {
    const char *id;
    size_t id_length;
    uint64_t count;
    bool has_time;
    int64_t unix_ns;
    const char *state; /* NULL: it has none */
    size_t state_length;
};

static inline bool ledger_has_time(enum ledger_columns columns)
{
    return columns != LEDGER_HAS_COUNT;
}

#endif
