/* explain: what the keys of a profile mean, in words. */
#ifndef SQUALL_PLAN_EXPLAIN_H
#define SQUALL_PLAN_EXPLAIN_H

#include "base/error.h"
#include "base/str.h"

#include <stdbool.h>

/* One key: meaning, type, unit, range, default, choices, and which profiles of
 * the library have it; of a section, its keys; of "slo" also the metrics.
 * Adds an error when there is no such key. */
bool explain_key(struct str *out, const char *path, struct errors *errors);

/* The names of the metrics of SLOs; explain_key has a sentence for each. */
void explain_metrics(struct str *out);

/* Appends what templates may have placeholders for, a line each. */
void explain_placeholders(struct str *out);

/* Every key, one a line. */
void explain_all(struct str *out);

/* The list of keys for the manual, in mdoc. */
void explain_mdoc(struct str *out);

#endif
