/*
 * unit: the units that figures have.
 */
#ifndef SQUALL_MEASURE_UNIT_H
#define SQUALL_MEASURE_UNIT_H

#include <stdbool.h>

enum metric_unit {
#define UNIT(id, word, name, example) UNIT_##id,
#include "measure/unit.def"
#undef UNIT
};

enum {
#define UNIT(id, word, name, example) +1
    METRIC_UNIT_COUNT = 0
#include "measure/unit.def"
#undef UNIT
};

/* "us", as a report names it. */
const char *unit_word(enum metric_unit unit);

/* "duration", as help names it. */
const char *unit_name(enum metric_unit unit);

/* "a duration such as 250ms", which is a value of it in an SLO. */
const char *unit_example(enum metric_unit unit);

/* The unit of a report's word; false when there is none. */
bool unit_find(const char *word, enum metric_unit *unit);

#endif
