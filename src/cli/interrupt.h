/*
 * interrupt: SIGINT and SIGTERM, as something that the main thread waits for.
 *
 * The first asks for an orderly end, the second for one at once. Before and
 * after the load, when the main thread may be reading the ledger, a signal
 * raises a flag that a blocking reader can poll.
 *
 * Where nobody listens, the listener ends the process itself, with status 130:
 * at the second signal before anything was measured (a name that is being
 * resolved cannot be called back), and at a later one when the second has not
 * helped for a second (a report that nobody reads).
 */
#ifndef SQUALL_CLI_INTERRUPT_H
#define SQUALL_CLI_INTERRUPT_H

#include "base/error.h"
#include "base/instant.h"

#include <stdatomic.h>

struct interrupt;

/* Blocks the signals in this thread and those it makes, ignores SIGPIPE, and
 * starts to listen. One at a time. NULL after adding an error. */
struct interrupt *interrupt_begin(struct errors *errors);
void interrupt_end(struct interrupt *interrupt);

/* The load begins: from now on there is something to lose, and a signal
 * raises no flag. */
void interrupt_measuring(struct interrupt *interrupt);

/* Waits for a signal, at most so long. */
void interrupt_wait(struct interrupt *interrupt, struct duration most);

/* How many signals came since the start. */
const atomic_uint *interrupt_stops(const struct interrupt *interrupt);

/* The load is over: from now on the next signal raises the flag. */
void interrupt_rearm(struct interrupt *interrupt);
const atomic_bool *interrupt_flag(const struct interrupt *interrupt);

#endif
