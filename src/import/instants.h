/* instants: the ways in which logs write a time, as nanoseconds since 1970.
 * Pure: the calendar is that of Gregory, without leap seconds. */
#ifndef SQUALL_IMPORT_INSTANTS_H
#define SQUALL_IMPORT_INSTANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each reads a text that ends where its time does, and says whether it is only
 * known to the second. */

/* "10/Oct/2026:13:55:36 +0200", "10/Oct/2026:13:55:36.123 +0200". */
bool instants_read_log(const char *text, int64_t *ns, bool *is_whole);

/* "2026-10-10T13:55:36.123456+02:00", with "Z", a blank for the "T", or no
 * zone, which is UTC. */
bool instants_read_iso(const char *text, int64_t *ns, bool *is_whole);

/* Seconds since 1970, "1760104536.123"; from 10^11 on milliseconds, from 10^14
 * microseconds, from 10^17 nanoseconds. */
bool instants_read_number(const char *text, int64_t *ns, bool *is_whole);

#endif
