/*
 * ledger_time: the times in ledgers.
 *
 * A number is seconds, milliseconds, microseconds or nanoseconds since 1970,
 * distinguished by its size (seconds may have a fraction); anything else is
 * RFC 3339, with a blank for the T, hours for the whole offset, or no offset
 * (UTC) allowed, as databases print it.
 */
#ifndef SQUALL_EFFECTS_LEDGER_TIME_H
#define SQUALL_EFFECTS_LEDGER_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* False when the text is no time, or one outside of 1970 to 2261. */
bool ledger_time_parse(const char *text, size_t length, int64_t *unix_ns);

#endif
