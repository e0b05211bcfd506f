/*
 * document_effects: the block "effects" of the report: what the join with the
 * ledger, or the answers, showed, with examples that a person can follow.
 */
#ifndef SQUALL_REPORT_DOCUMENT_EFFECTS_H
#define SQUALL_REPORT_DOCUMENT_EFFECTS_H

#include "measure/result.h"
#include "plan/plan.h"

#include <cjson/cJSON.h>

/* Owned by the caller: cJSON_Delete. Without an oracle, or with an unverified
 * one, every figure is null. */
cJSON *document_effects(const struct figure_view *view,
                        const struct plan *plan);

#endif
