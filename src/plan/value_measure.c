/* Values that are numbers, with a unit and without. */
#include "plan/value_inside.h"

#include "base/must.h"
#include "base/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a number without a unit may have been meant to be. */
static void hint_unit(struct error *error, enum value_type type, double value)
{
    if (type == TYPE_RATE) {
        error_hint(error, "write \"%g/s\"", value);
    } else if (type == TYPE_SIZE) {
        error_hint(error, "write \"%gB\" or \"%gKiB\"", value, value);
    } else if (value >= 100) {
        error_hint(error, "write \"%gms\" or \"%gs\"", value, value / 1000);
    } else {
        error_hint(error, "write \"%gs\" or \"%gms\"", value, value);
    }
}

/* What a measure says: as a double, which holds what a bound compares, and
 * exactly. */
struct measure {
    double number;
    int64_t ns;     /* of a duration */
    uint64_t whole; /* of a size or a count */
};

static bool parse_measure(enum value_type type, const char *text,
                          struct measure *measure, const char **problem)
{
    struct duration duration = DURATION_ZERO;
    bool good = true;

    if (type == TYPE_DURATION || type == TYPE_SPAN || type == TYPE_WHEN) {
        good = units_parse_duration(text, &duration, problem);
        measure->ns = duration.ns;
        measure->number = (double)duration.ns;
    } else if (type == TYPE_RATE) {
        good = units_parse_rate(text, &measure->number, problem);
    } else if (type == TYPE_RATIO) {
        good = units_parse_ratio(text, &measure->number, problem);
    } else if (type == TYPE_SIZE) {
        good = units_parse_size(text, &measure->whole, problem);
        measure->number = (double)measure->whole;
    } else if (type == TYPE_COUNT || type == TYPE_UNSIGNED) {
        good = units_parse_count(text, &measure->whole, problem);
        measure->number = (double)measure->whole;
    } else {
        measure->number = strtod(text, NULL);
    }
    return good;
}

static double bound(enum value_type type, const char *text)
{
    struct measure measure = {0};
    const char *problem;
    bool good = parse_measure(type, text, &measure, &problem);
    must(good);
    return measure.number;
}

bool value_in_range(struct reader *reader, const struct key *key,
                    double number, const char *written)
{
    bool low = key->min && number < bound(key->type, key->min);
    bool high = key->max && number > bound(key->type, key->max);
    if (!low && !high) {
        return true;
    }
    struct error *error = value_refuse(reader, "%s is out of range", written);
    if (key->min && key->max) {
        error_hint(error, "it may be from %s to %s", key->min, key->max);
    } else if (low) {
        error_hint(error, "it must be at least %s", key->min);
    } else {
        error_hint(error, "it must be at most %s", key->max);
    }
    return false;
}

/* A text with a unit, or a plain number where that has a meaning. */
static bool read_measure(struct reader *reader, const struct key *key,
                         const cJSON *value, struct measure *measure)
{
    char written[128];
    const char *problem;
    bool counts = key->type == TYPE_COUNT || key->type == TYPE_UNSIGNED;

    if (cJSON_IsNumber(value)) {
        double plain = value->valuedouble;
        bool zero = plain == 0 && key->type != TYPE_RATE;
        if (!counts && key->type != TYPE_RATIO && !zero) {
            struct error *error =
                value_refuse(reader, "%g has no unit", plain);
            hint_unit(error, key->type, plain);
            return false;
        }
        if (counts && (plain < 0 || plain != floor(plain) || plain > 9e15)) {
            struct error *error =
                value_refuse(reader, "%g is not a whole number from 0", plain);
            error_hint(error, "write %s", value_type_example(key->type));
            return false;
        }
        *measure = (struct measure){.number = plain,
                                    .whole = counts ? (uint64_t)plain : 0};
        snprintf(written, sizeof(written), "%g", plain);
        return value_in_range(reader, key, plain, written);
    }
    if (!cJSON_IsString(value)) {
        return value_wrong_type(reader, key, value);
    }
    const char *text = value->valuestring;
    if (!parse_measure(key->type, text, measure, &problem)) {
        struct error *error = value_refuse(reader, "\"%s\" %s", text, problem);
        if (strcmp(problem, "has no unit") == 0) {
            hint_unit(error, key->type, strtod(text, NULL));
        } else {
            error_hint(error, "write %s", value_type_example(key->type));
        }
        return false;
    }
    snprintf(written, sizeof(written), "\"%s\"", text);
    return value_in_range(reader, key, measure->number, written);
}

bool value_read_measure(struct reader *reader, const struct key *key,
                        const cJSON *value, void *field)
{
    struct measure measure = {0};

    if (!read_measure(reader, key, value, &measure)) {
        return false;
    }
    if (key->type == TYPE_DURATION || key->type == TYPE_WHEN) {
        *(struct duration *)field = (struct duration){measure.ns};
    } else if (key->type == TYPE_UNSIGNED) {
        *(unsigned *)field = (unsigned)measure.whole;
    } else if (key->type == TYPE_COUNT || key->type == TYPE_SIZE) {
        *(uint64_t *)field = measure.whole;
    } else {
        *(double *)field = measure.number;
    }
    return true;
}

bool value_read_duration(struct reader *reader, const cJSON *item,
                         struct duration *duration)
{
    static const struct key plain = {
        .path = "", .type = TYPE_DURATION, .max = "24h"};
    return value_read_measure(reader, &plain, item, duration);
}

bool value_read_number(struct reader *reader, const struct key *key,
                       const cJSON *value, void *field)
{
    char written[64];

    if (!cJSON_IsNumber(value)) {
        return value_wrong_type(reader, key, value);
    }
    double number = value->valuedouble;
    if (key->type != TYPE_NUMBER && number != floor(number)) {
        struct error *error =
            value_refuse(reader, "%g is not a whole number", number);
        error_hint(error, "write %s", value_type_example(key->type));
        return false;
    }
    snprintf(written, sizeof(written), "%g", number);
    if (!value_in_range(reader, key, number, written)) {
        return false;
    }
    if (key->type == TYPE_STATUS) {
        *(uint16_t *)field = (uint16_t)number;
    } else if (key->type == TYPE_INTEGER) {
        *(int *)field = (int)number;
    } else {
        *(double *)field = number;
    }
    return true;
}
