/* paired_document: the members that the documents of paired runs have in
 * common. What was not measured is null; where a value never came it is
 * "never". An end of an interval that is not bounded is null. */
#ifndef SQUALL_RUN_PAIRED_DOCUMENT_H
#define SQUALL_RUN_PAIRED_DOCUMENT_H

#include "run/paired.h"

#include <cjson/cJSON.h>

/* A value of a run, and an end of an interval, which may be negative. */
void paired_add_value(cJSON *object, const char *name, double value);
void paired_add_bound(cJSON *object, const char *name, double value);

/* "measures": all, and which of them are judged. */
void paired_add_measures(cJSON *document, const bool *is_judged);

/* "median": the middle of the runs of a variant, by measure. */
void paired_add_medians(cJSON *object, const struct comparison_input *input,
                        size_t variant);

/* "rounds": every run's figures. */
void paired_add_rounds(cJSON *document, const struct paired *paired,
                       const struct paired_variant *variants);

#endif
