/*
 * units: values that carry their unit, as people write and read them.
 *
 * Parsers take the whole string or refuse; on refusal they return false and
 * set *problem to a static sentence such as `has no unit; write "250ms" or
 * "0.25s"`. Formatters append to a string and never lose the unit.
 */
#ifndef SQUALL_BASE_UNITS_H
#define SQUALL_BASE_UNITS_H

#include "base/instant.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* "250ms", "1.5s", "80us", "10ns", "2m", "1h", "1m30s". "0" alone is allowed:
 * zero needs no unit. Negative values are refused. */
bool units_parse_duration(const char *text, struct duration *duration,
                          const char **problem);

/* "2000/s", "30/m", "5/h"; per second on return. */
bool units_parse_rate(const char *text, double *per_second,
                      const char **problem);

/* "10%", "0.1", "99.9%"; a fraction on return. Bounds are the caller's. */
bool units_parse_ratio(const char *text, double *ratio, const char **problem);

/* "64KiB", "1MB", "512B", "0". Bytes on return. */
bool units_parse_size(const char *text, uint64_t *bytes, const char **problem);

/* "5MB/s", "512KiB/s"; bytes per second on return. */
bool units_parse_flow(const char *text, double *per_second,
                      const char **problem);

/* A whole number with optional "k", "M" or "_" between digits: "100_000",
 * "10k". */
bool units_parse_count(const char *text, uint64_t *count,
                       const char **problem);

/* For people: three significant digits and the unit that fits: "850 us",
 * "12.3 ms", "1.40 s", "2 m 05 s". */
void units_format_duration(struct str *out, struct duration duration);

/* For profiles and explanations: exact, parses back to the same value:
 * "250ms", "1.5s", "0s". */
void units_format_duration_exact(struct str *out, struct duration duration);

/* "3.42 MB", "512 B": in powers of 1000. */
void units_format_size(struct str *out, double bytes);

/* "12,345" */
void units_format_count(struct str *out, uint64_t count);

/* "2,000/s", "0.5/s" */
void units_format_rate(struct str *out, double per_second);

/* A fraction as "12.3 %", "0.00 %", "99.95 %": enough digits to distinguish it
 * from 0 and from 100 when it is neither. */
void units_format_ratio(struct str *out, double ratio);

#endif
