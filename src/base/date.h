/*
 * date: instants of the calendar, as RFC 3339 writes them.
 */
#ifndef SQUALL_BASE_DATE_H
#define SQUALL_BASE_DATE_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* Appends "2026-11-25T13:00:00.000123Z" for microseconds since 1970 in UTC,
 * with `digits` digits after the second, 0 to 6: what is left is cut off. */
void date_append(struct str *out, int64_t unix_us, unsigned digits);

/* Reads such a text, with or without digits after the second; false where it
 * is none, or NULL. */
bool date_read(const char *text, int64_t *unix_us);

#endif
