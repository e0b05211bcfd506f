/* ledger_source: one reading of a ledger, entry by entry as its bytes arrive,
 * from an HTTP resource or from what a command prints. */
#ifndef SQUALL_LEDGER_LEDGER_SOURCE_H
#define SQUALL_LEDGER_LEDGER_SOURCE_H

#include "base/error.h"
#include "effects/ledger_entry.h"
#include "plan/plan.h"

#include <stdatomic.h>
#include <stdbool.h>

struct ledger_source {
    const char *url;     /* or a path of the target; NULL: see command */
    const char *url_key; /* what the profile calls it */
    const char *command;
    const char *command_key;
    enum ledger_columns columns;
    const atomic_bool *stop; /* ends it when true; may be NULL */
};

/* A Content-Type of JSON says how to read it; else its first byte does (see
 * effects/ledger_text.h). False after adding an error (NO_LEDGER); some
 * entries may have been taken by then. */
bool ledger_source_read(const struct plan *plan,
                        const struct ledger_source *source,
                        void (*take)(void *user,
                                     const struct ledger_entry *entry),
                        void *user, struct errors *errors);

#endif
