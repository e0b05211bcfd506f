/*
 * slo_words: how an SLO of a document, or one of its terms, was judged, as all
 * writers say it.
 */
#ifndef SQUALL_REPORT_SLO_WORDS_H
#define SQUALL_REPORT_SLO_WORDS_H

#include "base/str.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

bool slo_words_passes(const cJSON *slo);

/* Squall's own lateness decides it. */
bool slo_words_undecided(const cJSON *slo);

/* It has terms of its own, and no value. */
bool slo_words_combined(const cJSON *slo);

/* What was measured, or why nothing was: "120 ms", "7 % at 23 s"; of a
 * combination, that of each term: "p99 < 250ms: 120 ms". */
void slo_words_measured(struct str *out, const cJSON *slo);

/* When the worst window ended: " at 23 s"; nothing where it is of none. */
void slo_words_time(struct str *out, const cJSON *slo);

/* What there is to say of one that was met, or NULL. */
const char *slo_words_remark(const cJSON *slo);

#endif
