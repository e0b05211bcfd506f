/*
 * ledger: reads back what the service did, and waits until it settles.
 *
 * The answer is `id count` lines, a JSON object {"id": count}, or
 * {"effects": {"id": count}}. It is read until two equal readings, `settle`
 * apart, with nothing in flight. What cannot be read, parsed or settled is an
 * error (NO_LEDGER) that says where; the effects are then unverified.
 */
#ifndef SQUALL_TRANSPORT_LEDGER_H
#define SQUALL_TRANSPORT_LEDGER_H

#include "base/error.h"
#include "measure/effects.h"
#include "plan/plan.h"

#include <stdatomic.h>
#include <stdbool.h>

/* Parses one reading into the join (NULL: only checks it); on failure adds an
 * error with the line. A NUL must follow the text. */
bool ledger_parse(const char *text, size_t length, struct effects_join *join,
                  struct errors *errors);

/* Reads until settled. Gives up when *stop becomes true. */
bool ledger_read(const struct plan *plan, struct effects_join *join,
                 const atomic_bool *stop, struct errors *errors);

/* One reading, to find out before a run that the ledger can be read. */
bool ledger_probe(const struct plan *plan, const atomic_bool *stop,
                  struct errors *errors);

#endif
