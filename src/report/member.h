/*
 * member: adding members to a JSON object, with the report's rules: counts
 * are whole numbers, and what was not measured is null, never 0.
 */
#ifndef SQUALL_REPORT_MEMBER_H
#define SQUALL_REPORT_MEMBER_H

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

static inline void member_count(cJSON *object, const char *name,
                                uint64_t count)
{
    cJSON_AddNumberToObject(object, name, (double)count);
}

/* Negative and not-a-number mean "not measured". */
static inline void member_measured(cJSON *object, const char *name,
                                   double value)
{
    if (value >= 0 && value - value == 0) {
        cJSON_AddNumberToObject(object, name, value);
    } else {
        cJSON_AddNullToObject(object, name);
    }
}

/* Whole microseconds. */
static inline void member_us(cJSON *object, const char *name, int64_t us)
{
    member_measured(object, name, (double)us);
}

/* Microseconds since 1970, in digits: as a number it would be printed with an
 * exponent, which many a reader of whole numbers refuses. */
static inline void member_unix_us(cJSON *object, const char *name, int64_t us)
{
    char digits[24];
    snprintf(digits, sizeof(digits), "%" PRId64, us);
    cJSON_AddRawToObject(object, name, digits);
}

/* NULL and "" are null. */
static inline void member_text(cJSON *object, const char *name,
                               const char *text)
{
    if (text && text[0]) {
        cJSON_AddStringToObject(object, name, text);
    } else {
        cJSON_AddNullToObject(object, name);
    }
}

#endif
