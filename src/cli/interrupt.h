/*
 * interrupt: SIGINT and SIGTERM, as something that the main thread waits for.
 *
 * The first asks for an orderly end, the second for one at once. After the
 * load, when only the ledger is read, interrupt_rearm makes the next signal
 * raise a flag that a blocking reader can poll.
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

/* Waits for a signal, at most so long. */
void interrupt_wait(struct interrupt *interrupt, struct duration most);

/* Signals since the start. */
unsigned interrupt_count(const struct interrupt *interrupt);

/* From now on the next signal raises the flag. */
void interrupt_rearm(struct interrupt *interrupt);
const atomic_bool *interrupt_flag(const struct interrupt *interrupt);

#endif
