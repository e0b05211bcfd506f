/* ledger_entry: one thing that a ledger tells of an id. */
#ifndef SQUALL_MEASURE_LEDGER_ENTRY_H
#define SQUALL_MEASURE_LEDGER_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an entry tells beside its id. */
enum ledger_tells {
    LEDGER_TELLS_COUNT,      /* effects */
    LEDGER_TELLS_COUNT_TIME, /* and when there was the first of them */
    LEDGER_TELLS_TIME,       /* one effect, and when it was */
    LEDGER_TELLS_STATE_TIME, /* a state that it took on, and when */
};

struct ledger_entry {
    const char *id;
    size_t id_length;
    uint64_t count;
    bool has_time;
    int64_t unix_ns;
    const char *state; /* NULL: it tells none */
    size_t state_length;
};

static inline bool ledger_tells_time(enum ledger_tells tells)
{
    return tells != LEDGER_TELLS_COUNT;
}

#endif
