/*
 * lookup: one member of a document by its path, as SLOs name them:
 * "latency.operation.p99_us", "slo.0.pass". Elements of a list are numbered
 * from 0. A name may have dots in it: of those that fit, the longest that
 * leads on is taken.
 */
#ifndef SQUALL_REPORT_LOOKUP_H
#define SQUALL_REPORT_LOOKUP_H

#include "base/error.h"

#include <cjson/cJSON.h>

/* NULL after adding an error, which names where the path leads no further, and
 * what is like the name that was looked for there. */
const cJSON *lookup(const cJSON *document, const char *path,
                    struct errors *errors);

#endif
